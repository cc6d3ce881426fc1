//! A city of so many places in a store of its own: categories, cuisines, hours and streets are those of the demo's real
//! places, in their shares; names are of a vocabulary with a long tail; points stand in clusters of one density, so
//! that a larger city is a wider one. The same from every run.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use highstreet::app::{following_search, open_store};
use highstreet::base::clock::monotonic;
use highstreet::base::{Clock, Currency, Line, Point, Timestamp};
use highstreet::directory::{self, Categories, PLACES, Place, Take, import};
use highstreet::search::Search;
use highstreet::store::{Expect, Folder, Outcome, Read, Span, Store, Tx};
use tempfile::TempDir;

use crate::size::folder_on_disk;

const EXTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo/Helsinki.osm.pbf");
const CACHE_BYTES: usize = 64 * 1024 * 1024;
const CENTER: (f64, f64) = (60.17, 24.94);
const PLACES_A_CLUSTER: usize = 2_500;
/// Each cluster has so many square kilometres to itself, and most of its places within 1.5 km of its middle.
const CLUSTER_SIDE_KM: f64 = 4.0;
const CLUSTER_SPREAD_KM: f64 = 0.75;
/// Words that names are made of, beside those of the demo.
const VOCABULARY: usize = 60_000;
const CHUNK: usize = 500;
const LOADED_WITHIN: Duration = Duration::from_secs(1_800);
const KM_A_DEGREE: f64 = 111.2;

/// SplitMix64.
pub struct Draw(pub u64);

impl Draw {
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Between 0 and 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Around 0, most within 1: the sum of four throws.
    fn around(&mut self) -> f64 {
        ((0..4).map(|_| self.unit()).sum::<f64>() - 2.0) * 1.732
    }

    /// Small numbers are likely, large ones rare: as words are in a language.
    fn rank(&mut self, bound: usize) -> usize {
        ((bound as f64).powf(self.unit()) as usize).saturating_sub(1).min(bound - 1)
    }
}

/// What a question is made of.
pub struct Known {
    pub point: Point,
    pub words: Vec<String>,
}

pub struct City {
    folder: TempDir,
    data: Folder,
    store: Store,
    search: Arc<Search>,
    known: Vec<Known>,
}

impl City {
    pub fn make(places: usize) -> City {
        let demo = demo_places();
        let folder = folder_on_disk();
        let (data, store) = open(folder.path());
        let town = directory::City {
            name: Line::parse("Benchtown").expect("a name"),
            zone: "Europe/Helsinki".to_owned(),
            currency: Currency::EUR,
            center: Point::new(CENTER.0, CENTER.1).expect("a point"),
            country: Some("FI".to_owned()),
        };
        write(&store, move |tx| tx.put(&directory::CITY, &(), &town));
        let mut maker = Maker { draw: Draw(places as u64), demo, clusters: clusters(places) };
        let mut known = Vec::new();
        for first in (0..places).step_by(CHUNK) {
            let made: Vec<Place> = (first..places.min(first + CHUNK)).map(|number| maker.place(number)).collect();
            known.extend(made.iter().step_by((places / 10_000).max(1)).map(known_of));
            write(&store, move |tx| {
                for place in &made {
                    let id = tx.new_id();
                    tx.put(&PLACES, &id, place)?;
                }
                Ok(())
            });
        }
        let search = following_search(&store, &data).expect("search");
        wait_for(|| search.is_loaded() && folder.path().join("index/places").exists());
        City { folder, data, store, search, known }
    }

    pub fn search(&self) -> &Search {
        &self.search
    }

    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    /// A word that some place has, and the point of another one.
    pub fn question(&self, draw: &mut Draw) -> (Point, String) {
        let point = self.known[draw.below(self.known.len())].point;
        let words = &self.known[draw.below(self.known.len())].words;
        (point, words[draw.below(words.len())].clone())
    }

    pub fn each(&self, mut take: impl FnMut(usize, &Place)) {
        let snapshot = self.store.snapshot().expect("a snapshot");
        let read: &dyn Read = &snapshot;
        for (number, row) in read.scan(&PLACES, Span::all()).expect("places").enumerate() {
            take(number, &row.expect("a place").1);
        }
    }

    /// Leaves the folder to another process.
    pub fn close(self) -> TempDir {
        let City { folder, data, store, search, .. } = self;
        let weak = Arc::downgrade(&search);
        drop((search, store));
        // The thread that follows the store lets go of both when it next looks.
        wait_for(|| weak.strong_count() == 0);
        drop(data);
        folder
    }
}

fn known_of(place: &Place) -> Known {
    let category = place.category_name().to_owned();
    let cuisines = place.cuisines.iter().map(ToString::to_string);
    let words = place.name.as_str().split(' ').map(str::to_owned).chain(cuisines).chain([category]);
    Known { point: place.point, words: words.filter(|word| word.chars().count() > 2).collect() }
}

struct Maker {
    draw: Draw,
    demo: Vec<Place>,
    clusters: Vec<(f64, f64)>,
}

impl Maker {
    fn place(&mut self, number: usize) -> Place {
        let like = self.demo[self.draw.below(self.demo.len())].clone();
        let (north_km, east_km) = self.clusters[self.draw.below(self.clusters.len())];
        let north = (north_km + self.draw.around() * CLUSTER_SPREAD_KM) / KM_A_DEGREE;
        let east = (east_km + self.draw.around() * CLUSTER_SPREAD_KM) / (KM_A_DEGREE * CENTER.0.to_radians().cos());
        let street_of = self.draw.below(self.demo.len());
        let mut address = like.address.clone();
        address.street = self.demo[street_of].address.street.clone();
        Place {
            name: Line::parse(&self.name(&like)).unwrap_or_else(|_| like.name.clone()),
            slug: format!("p{number}"),
            point: Point::new(CENTER.0 + north, CENTER.1 + east).expect("near the center"),
            merchant: None,
            address,
            source: Some(format!("bench:{number}")),
            ..like
        }
    }

    /// A word of its own, and in a third of the cases one of a real name before it.
    fn name(&mut self, like: &Place) -> String {
        let own = word(self.draw.rank(VOCABULARY));
        let real = like.name.as_str().split(' ').next().unwrap_or_default();
        match self.draw.below(3) {
            0 => format!("{real} {own}"),
            1 => format!("{own} {}", word(self.draw.rank(VOCABULARY))),
            _ => own,
        }
    }
}

/// The word of a rank: syllables as digits.
fn word(rank: usize) -> String {
    const SYLLABLES: [&str; 40] = [
        "ka", "lo", "mi", "sa", "ri", "tu", "ve", "no", "pi", "la", "he", "su", "ko", "ma", "ne", "ta", "jo", "ro",
        "li", "va", "ba", "de", "fi", "go", "ha", "in", "ke", "lu", "mo", "na", "or", "pa", "re", "si", "to", "ul",
        "vi", "wa", "ya", "zo",
    ];
    let mut rest = rank + SYLLABLES.len() * SYLLABLES.len();
    let mut word = String::new();
    while rest > 0 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word
}

/// Middles of clusters on a grid around the center, in kilometres north and east.
fn clusters(places: usize) -> Vec<(f64, f64)> {
    let count = places.div_ceil(PLACES_A_CLUSTER);
    let side = (count as f64).sqrt().ceil() as usize;
    let at = |number: usize| (number as f64 - side as f64 / 2.0) * CLUSTER_SIDE_KM;
    (0..count).map(|number| (at(number / side), at(number % side))).collect()
}

fn demo_places() -> Vec<Place> {
    let folder = folder_on_disk();
    let (_data, store) = open(folder.path());
    import(&store, File::open(EXTRACT).expect("the extract"), Take::default(), |_| ()).expect("a good extract");
    let snapshot = store.snapshot().expect("a snapshot");
    let read: &dyn Read = &snapshot;
    let places: Vec<Place> =
        read.scan(&PLACES, Span::all()).expect("places").map(|row| row.expect("a place").1).collect();
    assert!(places.len() > 1_000 && Categories::get().by_id(places[0].category).is_some());
    places
}

fn open(path: &Path) -> (Folder, Store) {
    let folder = Folder::open(path, Expect::Real).expect("a folder of our own");
    let store = open_store(&folder, CACHE_BYTES, &Clock::anchored).expect("a new store");
    (folder, store)
}

fn write(store: &Store, change: impl Fn(&mut Tx<'_>) -> Result<(), highstreet::base::Fault> + Send + Sync + 'static) {
    let answer = store.write_blocking(move |tx| -> Outcome<(), std::convert::Infallible> {
        change(tx)?;
        Ok(())
    });
    assert!(answer.outcome.is_ok(), "a write failed");
}

fn wait_for(mut is_so: impl FnMut() -> bool) {
    let started = monotonic();
    while !is_so() {
        assert!(started.elapsed() < LOADED_WITHIN, "search does not load");
        std::thread::sleep(Duration::from_millis(50));
    }
}
