//! The peer: SQLite with FTS5 for words and an R*Tree for places, in memory, where it is fastest.

use highstreet::base::{BoundingBox, Locale, Point};
use highstreet::directory::Categories;
use rusqlite::Connection;

use super::city::City;
use super::{NEAREST, RADIUS_M};

pub struct Sqlite(Connection);

const SCHEMA: &str = "
    CREATE TABLE places (id INTEGER PRIMARY KEY, category INTEGER, lat REAL, lon REAL);
    CREATE VIRTUAL TABLE area USING rtree(id, south, north, west, east);
    CREATE VIRTUAL TABLE words USING fts5(name, others, category, street, content = '', detail = column,
                                          tokenize = 'unicode61 remove_diacritics 2');
    BEGIN";

const WORDS: &str = "
    SELECT p.id FROM words w JOIN places p ON p.id = w.rowid
    WHERE w.words MATCH ?1 AND p.lat BETWEEN ?2 AND ?3 AND p.lon BETWEEN ?4 AND ?5
    ORDER BY (p.lat - ?6) * (p.lat - ?6) + (p.lon - ?7) * (p.lon - ?7) * ?8 LIMIT ?9";

/// `CROSS JOIN` has SQLite begin with the R*Tree, which its planner does not always see to be faster.
const NEAR: &str = "
    SELECT p.id FROM area a CROSS JOIN places p ON p.id = a.id
    WHERE a.south >= ?1 AND a.north <= ?2 AND a.west >= ?3 AND a.east <= ?4
    ORDER BY (p.lat - ?5) * (p.lat - ?5) + (p.lon - ?6) * (p.lon - ?6) * ?7 LIMIT ?8";

const FACETS: &str = "
    SELECT p.category, count(*) FROM area a CROSS JOIN places p ON p.id = a.id
    WHERE a.south >= ?1 AND a.north <= ?2 AND a.west >= ?3 AND a.east <= ?4 GROUP BY p.category";

impl Sqlite {
    pub fn of(city: &City) -> Sqlite {
        let database = Connection::open_in_memory().expect("SQLite");
        database.execute_batch(SCHEMA).expect("a schema");
        {
            let mut place = database.prepare("INSERT INTO places VALUES (?1, ?2, ?3, ?4)").expect("a statement");
            let mut area = database.prepare("INSERT INTO area VALUES (?1, ?2, ?2, ?3, ?3)").expect("a statement");
            let mut words = database
                .prepare("INSERT INTO words (rowid, name, others, category, street) VALUES (?1, ?2, ?3, ?4, ?5)")
                .expect("a statement");
            city.each(|number, row| {
                let (id, lat, lon) = (number as i64 + 1, row.point.lat(), row.point.lon());
                place.execute((id, row.category.0, lat, lon)).expect("a place");
                area.execute((id, lat, lon)).expect("a point");
                let category = Categories::get().by_id(row.category).map_or("", |category| category.name(Locale::En));
                let others: Vec<&str> = row.cuisines.iter().map(|line| line.as_str()).collect();
                let street = row.address.street_line();
                words.execute((id, row.name.as_str(), others.join(" "), category, street)).expect("words");
            });
        }
        database.execute_batch("COMMIT; ANALYZE").expect("a commit");
        Sqlite(database)
    }

    pub fn words(&self, near: Point, word: &str) -> usize {
        let (area, shrink) = around(near);
        let [south, north, west, east] = area;
        let quoted = format!("\"{}\"", word.replace('"', ""));
        let mut ask = self.0.prepare_cached(WORDS).expect("a question");
        let values = (quoted, south, north, west, east, near.lat(), near.lon(), shrink, NEAREST as i64);
        ask.query_map(values, |row| row.get::<_, i64>(0)).expect("an answer").count()
    }

    pub fn browse(&self, near: Point) -> usize {
        let (area, shrink) = around(near);
        let [south, north, west, east] = area;
        let mut facets = self.0.prepare_cached(FACETS).expect("a question");
        let counts = facets.query_map((south, north, west, east), |row| row.get::<_, i64>(1)).expect("an answer");
        let counted = counts.count();
        let mut ask = self.0.prepare_cached(NEAR).expect("a question");
        let values = (south, north, west, east, near.lat(), near.lon(), shrink, NEAREST as i64);
        counted.min(1) + ask.query_map(values, |row| row.get::<_, i64>(0)).expect("an answer").count()
    }
}

/// South, north, west, east; and the square by which a degree of longitude is shorter.
fn around(near: Point) -> ([f64; 4], f64) {
    let area = BoundingBox::around(near, RADIUS_M);
    let (south_west, north_east) = (area.south_west(), area.north_east());
    let shrink = near.lat().to_radians().cos().powi(2);
    ([south_west.lat(), north_east.lat(), south_west.lon(), north_east.lon()], shrink)
}
