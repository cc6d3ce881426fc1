//! The commands of `directory`, each run twice.

use highstreet::base::{Currency, Line, Point};
use highstreet::directory::Categories;
use highstreet::directory::{self, Address, City, Contact, MerchantName, PlaceHours, PlaceName, place_ids};
use highstreet::directory::{PlaceDraft, PlaceFacts};

use super::{does_the_same_twice, memory};

fn drafts() -> Vec<PlaceDraft> {
    let draft = |number: u32| PlaceDraft {
        source: format!("osm:node/{number}"),
        point: Point::new(60.17, 24.94).unwrap(),
        facts: PlaceFacts {
            name: PlaceName::parse("R-Kioski").unwrap(),
            names: Vec::new(),
            category: Categories::get().by_slug("cafe").unwrap().id,
            address: Address::default(),
            contact: Contact::default(),
            hours: PlaceHours::Unknown,
            wheelchair: None,
            cuisines: Vec::new(),
            diets: Vec::new(),
            brand: None,
            level: None,
        },
    };
    // More than have slugs by a counter.
    (0..15).map(draft).collect()
}

pub fn set_city() {
    let city = City {
        name: Line::parse("Helsinki").unwrap(),
        zone: "Europe/Helsinki".to_owned(),
        currency: Currency::EUR,
        center: Point::new(60.17, 24.94),
        country: Some("FI".to_owned()),
    };
    does_the_same_twice(&memory(), |tx| directory::set_city(tx, &city));
}

pub fn add_merchant() {
    let store = memory();
    let drafts = drafts();
    store.write_blocking(move |tx| directory::import_chunk(tx, &drafts)).outcome.unwrap();
    let places = place_ids(&store.snapshot().unwrap(), None, 2).unwrap();
    let name = MerchantName::parse("Somebody").unwrap();
    does_the_same_twice(&store, |tx| directory::add_merchant(tx, &name, &places));
}

pub fn edit_place() {
    let store = memory();
    let drafts = drafts();
    let PlaceDraft { point, mut facts, .. } = drafts[0].clone();
    store.write_blocking(move |tx| directory::import_chunk(tx, &drafts)).outcome.unwrap();
    let places = place_ids(&store.snapshot().unwrap(), None, 1).unwrap();
    facts.name = PlaceName::parse("Our own").unwrap();
    does_the_same_twice(&store, |tx| directory::edit_place(tx, places[0], point, &facts));
}

pub fn merge_places() {
    let store = memory();
    let drafts = drafts();
    store.write_blocking(move |tx| directory::import_chunk(tx, &drafts)).outcome.unwrap();
    let places = place_ids(&store.snapshot().unwrap(), None, 2).unwrap();
    does_the_same_twice(&store, |tx| directory::merge_places(tx, places[0], places[1]));
}

pub fn import_chunk() {
    let drafts = drafts();
    does_the_same_twice(&memory(), |tx| directory::import_chunk(tx, &drafts));
}
