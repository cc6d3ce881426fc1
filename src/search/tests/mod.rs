//! Search as a whole, through its door. What each part promises alone is tested beside it.

mod browse;
mod lifecycle;
mod text;

use std::collections::BTreeSet;

use tempfile::TempDir;

use crate::base::{Interval, Locale, Point, Timestamp};
use crate::search::{Categories, Category, Change, Document, Flags, Hours, OpenState, Query, Rating, Search, Whose};

const STORE: [u8; 16] = [7; 16];
const FOOD: u16 = 1;
const RESTAURANT: u16 = 2;
const SUSHI: u16 = 3;
const CAFE: u16 = 4;
const HAIRDRESSER: u16 = 5;

fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

fn tree() -> Categories {
    let category = |id, parent, names: &[&str]| Category {
        id,
        parent,
        names: names.iter().map(|name| (Locale::En, (*name).to_owned())).collect(),
    };
    Categories::new(&[
        category(FOOD, None, &["Food and drink", "Essen und Trinken"]),
        category(RESTAURANT, Some(FOOD), &["Restaurant", "Ravintola", "餐馆"]),
        category(SUSHI, Some(RESTAURANT), &["Sushi restaurant", "寿司"]),
        category(CAFE, Some(FOOD), &["Café", "Kahvila"]),
        category(HAIRDRESSER, None, &["Hairdresser", "Friseur", "Parturi-kampaamo", "理发店"]),
    ])
}

fn id(number: u8) -> [u8; 16] {
    let mut id = [0; 16];
    id[15] = number;
    id
}

fn place(number: u8, name: &str) -> Document {
    Document {
        id: id(number),
        name: name.to_owned(),
        point: Point::new(60.17, 24.94).unwrap(),
        category: CAFE,
        price_level: None,
        rating: Rating::default(),
        flags: Flags::NONE,
        hours: Hours::Unknown,
        language: None,
        words: Vec::new(),
    }
}

const fn whose(store_id: [u8; 16]) -> Whose {
    Whose { store_id, head: 1000, now: Timestamp::from_millis(1_700_000_000_000) }
}

/// Open in this hour.
fn open_now() -> Hours {
    Hours::Known(Interval::new(now(), now().plus_seconds(3600)).into_iter().collect())
}

fn query(words: &str) -> Query {
    Query { words: Some(words.to_owned()), ..Query::all(now()) }
}

/// A search in a folder of its own.
struct City {
    folder: TempDir,
    search: Search,
    seq: u64,
}

impl City {
    fn with(documents: impl IntoIterator<Item = Document>) -> City {
        let folder = tempfile::tempdir().unwrap();
        let (search, state) = Search::open(&folder.path().join("index"), &whose(STORE)).unwrap();
        assert!(matches!(state, OpenState::NeedsRebuild(_)));
        search.set_categories(tree());
        let mut city = City { folder, search, seq: 0 };
        city.load([]);
        city.put(documents);
        city
    }

    fn put(&mut self, documents: impl IntoIterator<Item = Document>) {
        self.apply(documents.into_iter().map(Change::Put).collect());
    }

    fn delete(&mut self, number: u8) {
        self.apply(vec![Change::Delete(id(number))]);
    }

    fn apply(&mut self, changes: Vec<Change>) {
        self.seq += 1;
        self.search.apply(&changes, self.seq).unwrap();
        self.search.commit().unwrap();
    }

    /// The process ends and starts again; the caller loads.
    fn reopen(self, store: [u8; 16]) -> (City, OpenState) {
        let City { folder, search, seq } = self;
        drop(search);
        let (search, state) = Search::open(&folder.path().join("index"), &whose(store)).unwrap();
        search.set_categories(tree());
        (City { folder, search, seq }, state)
    }

    fn load(&self, documents: impl IntoIterator<Item = Document>) {
        self.search.begin_load().unwrap();
        let changes: Vec<Change> = documents.into_iter().map(Change::Put).collect();
        self.search.apply(&changes, 0).unwrap();
        self.search.finish_load(self.seq).unwrap();
    }

    /// What the feeding thread does when nothing waits, a while later.
    fn rest(&self) {
        if let Some(home) = &self.search.home {
            home.forget();
        }
        self.search.look_after(now(), &BTreeSet::from([(now(), id(1))]));
    }

    /// The last bytes of the ids found, in order.
    fn finds(&self, query: &Query) -> Vec<u8> {
        self.search.find(query).items.iter().map(|hit| hit.id[15]).collect()
    }

    fn finds_words(&self, words: &str) -> Vec<u8> {
        self.finds(&query(words))
    }
}
