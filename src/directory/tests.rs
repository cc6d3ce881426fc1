//! The directory on a store in memory: imports that can be repeated, and who runs what.

use std::collections::BTreeSet;
use std::io::Cursor;

use super::osm::{PlaceDraft, PlaceFacts};
use super::*;
use crate::base::{Clock, Point, Timestamp};
use crate::directory::categories::Categories;
use crate::store::{self, Hooks, Options, Origin, Outcome, Stop, Store};

const HELSINKI: &[u8] = include_bytes!("../../assets/demo/Helsinki.osm.pbf");

fn memory() -> Store {
    let clock = |_| Clock::starting_at(Timestamp::from_millis(1_800_000_000_000));
    let options = Options {
        place: store::Place::Memory,
        cache_bytes: 1 << 20,
        schema: 1,
        origin: Origin::Real,
        hooks: Hooks::default(),
        clock: &clock,
    };
    Store::open(options).unwrap()
}

fn draft(number: u32, name: &str) -> PlaceDraft {
    PlaceDraft {
        source: format!("osm:node/{number}"),
        point: Point::new(60.17, 24.94).unwrap(),
        facts: PlaceFacts {
            name: PlaceName::parse(name).unwrap(),
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
    }
}

fn take_in(store: &Store, drafts: Vec<PlaceDraft>) -> Met {
    store.write_blocking(move |tx| import_chunk(tx, &drafts)).outcome.unwrap()
}

fn found(store: &Store, number: u32) -> (PlaceId, Place) {
    place_of_source(&store.snapshot().unwrap(), &format!("osm:node/{number}")).unwrap().unwrap()
}

#[test]
fn a_second_import_of_the_same_file_changes_nothing() {
    let store = memory();
    let take = Take::default();
    let first = import(&store, Cursor::new(HELSINKI), take, |_| {}).unwrap();
    assert_eq!((first.met, first.vanished), (Met { added: 1_186, updated: 0, unchanged: 0 }, 0));
    assert_eq!((first.read(), first.skipped()), (1_377, 191));
    let before = store.snapshot().unwrap().seq();
    let second = import(&store, Cursor::new(HELSINKI), take, |_| {}).unwrap();
    assert_eq!((second.met, second.vanished), (Met { added: 0, updated: 0, unchanged: 1_186 }, 0));
    assert_eq!(store.snapshot().unwrap().seq(), before, "nothing was written");
    let slugs: BTreeSet<String> =
        all_places(&store.snapshot().unwrap()).unwrap().map(|row| row.unwrap().1.slug).collect();
    assert_eq!(slugs.len(), 1_186);
}

#[test]
fn a_rehearsal_says_what_would_change_and_changes_nothing() {
    let store = memory();
    let take = Take { is_rehearsal: true, ..Take::default() };
    let report = import(&store, Cursor::new(HELSINKI), take, |_| {}).unwrap();
    assert_eq!(report.met.added, 1_186);
    assert_eq!(store.snapshot().unwrap().seq(), 0);
}

#[test]
fn a_box_takes_what_lies_in_it() {
    let store = memory();
    let within: Option<crate::base::BoundingBox> = "24.94,60.165,24.95,60.172".parse().ok();
    let report = import(&store, Cursor::new(HELSINKI), Take { within, ..Take::default() }, |_| {}).unwrap();
    assert!(report.met.added > 0 && report.outside > 0);
    assert_eq!(report.met.added + report.outside, 1_186);
    let snapshot = store.snapshot().unwrap();
    assert!(all_places(&snapshot).unwrap().all(|row| within.unwrap().contains(row.unwrap().1.point)));
}

#[test]
fn what_vanished_from_the_file_is_reported_and_kept() {
    let store = memory();
    take_in(&store, vec![draft(1, "Closed Down")]);
    let report = import(&store, Cursor::new(HELSINKI), Take::default(), |_| {}).unwrap();
    assert_eq!(report.vanished, 1);
    assert_eq!(found(&store, 1).1.name.as_str(), "Closed Down");
}

#[test]
fn a_changed_place_keeps_its_slug_its_merchant_and_its_id() {
    let store = memory();
    take_in(&store, vec![draft(1, "Old Name")]);
    let (id, before) = found(&store, 1);
    let name = MerchantName::parse("Somebody").unwrap();
    let merchant = store.write_blocking(move |tx| add_merchant(tx, &name, &[id])).outcome.unwrap();
    assert!(store.clock().move_to(before.changed.plus_seconds(60)));
    let met = take_in(&store, vec![draft(1, "New Name")]);
    assert_eq!(met, Met { added: 0, updated: 1, unchanged: 0 });
    let (same, after) = found(&store, 1);
    assert_eq!((same, &after.slug, after.merchant), (id, &before.slug, Some(merchant)));
    assert_eq!(after.name.as_str(), "New Name");
    assert!(after.changed > before.changed && after.since == before.since);
}

#[test]
fn places_of_one_name_have_slugs_of_their_own() {
    let store = memory();
    take_in(&store, (1..=15).map(|number| draft(number, "R-Kioski")).collect());
    let slugs: BTreeSet<String> = (1..=15).map(|number| found(&store, number).1.slug).collect();
    assert_eq!(slugs.len(), 15);
    assert!(slugs.contains("r-kioski") && slugs.contains("r-kioski-2"));
    let snapshot = store.snapshot().unwrap();
    let (id, _) = place_by_slug(&snapshot, "r-kioski").unwrap().unwrap();
    assert_eq!(id, found(&store, 1).0, "who came first has the plain one");
}

#[test]
fn a_place_has_one_merchant() {
    let store = memory();
    take_in(&store, vec![draft(1, "Corner")]);
    let id = found(&store, 1).0;
    let add = move |places: Vec<PlaceId>| {
        let name = MerchantName::parse("Somebody").unwrap();
        store.write_blocking(move |tx| add_merchant(tx, &name, &places)).outcome
    };
    assert!(add(vec![id]).is_ok());
    assert_eq!(add(vec![id]), Err(Stop::Refuse(Refusal::PlaceTaken)));
    assert_eq!(add(vec![PlaceId::from_bytes([9; 16])]), Err(Stop::Refuse(Refusal::NoPlace)));
}

#[test]
fn a_city_has_a_zone_that_there_is() {
    let store = memory();
    let set = |zone: &str| -> Outcome<(), Refusal> {
        let city = City {
            name: crate::base::Line::parse("Helsinki").unwrap(),
            zone: zone.to_owned(),
            currency: crate::base::Currency::EUR,
            center: Point::new(60.17, 24.94),
            country: Some("FI".to_owned()),
        };
        store.write_blocking(move |tx| set_city(tx, &city)).outcome
    };
    assert_eq!(set("Europe/Atlantis"), Err(Stop::Refuse(Refusal::UnknownZone)));
    assert_eq!(find_city(&store.snapshot().unwrap()).unwrap(), None);
    set("Europe/Helsinki").unwrap();
    assert_eq!(city(&store.snapshot().unwrap()).unwrap().name.as_str(), "Helsinki");
}

#[test]
fn a_city_that_was_never_set_up_has_a_name_a_zone_and_a_currency_all_the_same() {
    let city = crate::directory::city(&store_without_a_city()).unwrap();
    assert_eq!((city.name.as_str(), city.zone.as_str(), city.currency.code()), ("Highstreet", "UTC", "EUR"));
}

fn store_without_a_city() -> crate::store::Snapshot {
    memory().snapshot().unwrap()
}
