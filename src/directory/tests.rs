//! The directory on a store in memory: imports that can be repeated, and who runs what.

use std::collections::BTreeSet;
use std::io::Cursor;

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

fn helsinki(store: &Store, take: &Take) -> ImportReport {
    import(store, Cursor::new(HELSINKI), Format::Osm, take, |_| {}).unwrap()
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
    let first = helsinki(&store, &Take::default());
    assert_eq!((first.met, first.vanished.count), (Met { added: 1_186, updated: 0, unchanged: 0 }, 0));
    assert_eq!((first.read(), first.skipped()), (1_377, 191));
    let before = store.snapshot().unwrap().seq();
    let second = helsinki(&store, &Take::default());
    assert_eq!((second.met, second.vanished.count), (Met { added: 0, updated: 0, unchanged: 1_186 }, 0));
    assert_eq!(store.snapshot().unwrap().seq(), before, "nothing was written");
    let slugs: BTreeSet<String> =
        all_places(&store.snapshot().unwrap()).unwrap().map(|row| row.unwrap().1.slug).collect();
    assert_eq!(slugs.len(), 1_186);
}

#[test]
fn a_rehearsal_says_what_would_change_and_changes_nothing() {
    let store = memory();
    let take = Take { is_rehearsal: true, ..Take::default() };
    let report = helsinki(&store, &take);
    assert_eq!(report.met.added, 1_186);
    assert_eq!(store.snapshot().unwrap().seq(), 0);
}

#[test]
fn a_box_takes_what_lies_in_it() {
    let store = memory();
    let within: Option<crate::base::BoundingBox> = "24.94,60.165,24.95,60.172".parse().ok();
    let report = helsinki(&store, &Take { within, ..Take::default() });
    assert!(report.met.added > 0 && report.outside > 0);
    assert_eq!(report.met.added + report.outside, 1_186);
    let snapshot = store.snapshot().unwrap();
    assert!(all_places(&snapshot).unwrap().all(|row| within.unwrap().contains(row.unwrap().1.point)));
}

#[test]
fn what_vanished_from_the_file_is_reported_and_kept() {
    let store = memory();
    take_in(&store, vec![draft(1, "Closed Down")]);
    let report = helsinki(&store, &Take::default());
    assert_eq!(report.vanished.count, 1);
    assert_eq!(report.vanished.told, [("/p/closed-down".to_owned(), "Closed Down".to_owned())]);
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

fn edit(store: &Store, number: u32, change: impl FnOnce(&mut PlaceDraft)) {
    let (id, _) = found(store, number);
    let mut said = draft(number, "Old Name");
    change(&mut said);
    store.write_blocking(move |tx| edit_place(tx, id, said.point, &said.facts)).outcome.unwrap();
}

#[test]
fn dir_12_what_people_have_edited_stays_as_they_said_field_by_field() {
    let store = memory();
    let phone = |digits: &str| crate::base::Line::parse(digits).ok();
    take_in(&store, vec![draft(1, "Old Name")]);
    edit(&store, 1, |said| {
        said.facts.name = PlaceName::parse("Our Name").unwrap();
        said.facts.contact.phone = phone("09 111");
    });
    let (_, edited) = found(&store, 1);
    let fields = [PlaceField::Name, PlaceField::Phone, PlaceField::Email, PlaceField::Point, PlaceField::Names];
    assert_eq!(fields.map(|field| edited.edited.has(field)), [true, true, false, false, false]);

    let mut newer = draft(1, "Source's Name");
    newer.facts.contact.phone = phone("09 222");
    newer.facts.contact.email = Some("hei@kala.fi".to_owned());
    newer.point = Point::new(60.18, 24.95).unwrap();
    assert_eq!(take_in(&store, vec![newer.clone()]), Met { added: 0, updated: 1, unchanged: 0 });
    let (_, place) = found(&store, 1);
    assert_eq!((place.name.as_str(), &place.contact.phone), ("Our Name", &phone("09 111")));
    assert_eq!((place.contact.email.as_deref(), place.point), (Some("hei@kala.fi"), newer.point));
    assert_eq!(take_in(&store, vec![newer]), Met { added: 0, updated: 0, unchanged: 1 });

    // What was taken away stays away, and what is said twice is said once.
    edit(&store, 1, |said| {
        said.facts.name = PlaceName::parse("Our Name").unwrap();
        said.point = place.point;
    });
    take_in(&store, vec![draft(1, "Source's Name")]);
    let (_, place) = found(&store, 1);
    assert_eq!((&place.contact.phone, &place.contact.email), (&None, &None));
    assert!(place.edited.has(PlaceField::Email) && !place.edited.has(PlaceField::Point));
}

/// A table of these rows: id, name, degrees north of the first in ten-thousandths (11 m each).
fn table(rows: &[(u32, &str, u32)]) -> Vec<u8> {
    let row = |(id, name, north): &(u32, &str, u32)| format!("{id},{name},cafe,60.17{north:02},24.94\n");
    let rows: String = rows.iter().map(row).collect();
    format!("id,name,category,lat,lon\n{rows}").into_bytes()
}

fn csv(store: &Store, table: &[u8], take: &Take) -> Result<ImportReport, ImportFault> {
    import(store, Cursor::new(table), Format::Csv, take, |_| {})
}

#[test]
fn dir_12_duplicates_are_told_in_the_file_and_in_the_city_and_a_rehearsal_tells_the_same() {
    let store = memory();
    take_in(&store, vec![draft(1, "Café Kala")]);
    let table = table(&[(1, "Cafe Kala", 50), (2, "Pulla", 1), (3, "CAFÉ KALA", 1), (4, "Pulla", 2), (5, "Pulla", 50)]);
    let rehearsal = Take { is_rehearsal: true, ..Take::default() };
    let told = csv(&store, &table, &rehearsal).unwrap();
    let pairs: Vec<_> = told.twins.told.iter().map(|twin| (twin.one.as_str(), twin.other.as_str())).collect();
    assert_eq!(pairs, [("csv:2", "csv:4"), ("csv:3", "/p/cafe-kala")]);
    assert_eq!(csv(&store, &table, &Take::default()).unwrap(), told, "nothing is merged unasked");
    assert_eq!(all_places(&store.snapshot().unwrap()).unwrap().count(), 6);
    let again = csv(&store, &table, &rehearsal).unwrap();
    assert_eq!((&again.twins, again.met.unchanged), (&told.twins, 5));
}

#[test]
fn dir_12_on_request_one_of_two_listings_leads_to_the_other_and_no_import_brings_it_back() {
    let store = memory();
    take_in(&store, vec![draft(1, "Kala")]);
    let (old, _) = found(&store, 1);
    let table = table(&[(1, "Kala", 1), (2, "Pulla", 1), (3, "Pulla", 2), (4, "Pulla", 3)]);
    let take = Take { merges: true, ..Take::default() };
    let report = csv(&store, &table, &take).unwrap();
    assert_eq!((report.met.added, report.twins.count, report.merged), (4, 4, 3));
    let snapshot = store.snapshot().unwrap();
    let mut left: Vec<String> = all_places(&snapshot).unwrap().map(|row| row.unwrap().1.source.unwrap()).collect();
    left.sort();
    assert_eq!(left, ["csv:2", "osm:node/1"], "the older stays");
    assert_eq!(place_by_slug(&snapshot, "kala-2").unwrap().unwrap().0, old, "old links lead on");
    let again = csv(&store, &table, &take).unwrap();
    assert_eq!((again.met.unchanged, again.twins.count, again.merged, again.vanished.count), (4, 0, 0, 0));
    assert_eq!(all_places(&store.snapshot().unwrap()).unwrap().count(), 2);
}

#[test]
fn dir_12_a_merchants_listing_stays_and_two_merchants_keep_theirs() {
    let store = memory();
    take_in(&store, (1..=3).map(|number| draft(number, "Kala")).collect());
    let id = |number| found(&store, number).0;
    let run = |number| {
        let name = MerchantName::parse("Somebody").unwrap();
        let place = id(number);
        store.write_blocking(move |tx| add_merchant(tx, &name, &[place])).outcome
    };
    let merge = |one: PlaceId, other: PlaceId| store.write_blocking(move |tx| merge_places(tx, one, other)).outcome;
    run(2).unwrap();
    assert_eq!(merge(id(1), id(2)), Ok(id(2)));
    assert_eq!(merge(id(1), id(2)), Err(Stop::Refuse(Refusal::MergedAlready)));
    assert_eq!(run(1), Err(Stop::Refuse(Refusal::NoPlace)));
    run(3).unwrap();
    assert_eq!(merge(id(1), id(3)), Err(Stop::Refuse(Refusal::PlaceTaken)));
    let gone = id(1);
    let edited = draft(1, "Kala");
    let edit = store.write_blocking(move |tx| edit_place(tx, gone, edited.point, &edited.facts)).outcome;
    assert_eq!(edit, Err(Stop::Refuse(Refusal::NoPlace)));
}

#[test]
fn dir_12_an_id_that_comes_twice_is_told_and_taken_once() {
    let store = memory();
    let report = csv(&store, &table(&[(1, "Kala", 1), (2, "Pulla", 1), (1, "Other", 1)]), &Take::default()).unwrap();
    assert_eq!((report.met.added, report.read(), report.skipped()), (2, 3, 1));
    let told = &report.errors().told[..];
    assert!(matches!(told, [RowError { row: 4, wrong: Wrong::Twice }]), "{told:?}");
}

#[test]
fn dir_12_a_file_that_is_damaged_at_its_end_writes_nothing() {
    let store = memory();
    let mut long = table(&(1..2_000).map(|number| (number, "Kala", 1)).collect::<Vec<_>>());
    long.extend(b"9999,\"Ka");
    long.extend(b"la\n".repeat(40_000));
    assert!(csv(&store, &long, &Take::default()).is_err());
    assert_eq!(store.snapshot().unwrap().seq(), 0);
}

#[test]
fn dir_12_two_sources_with_the_same_ids_never_meet() {
    let store = memory();
    csv(&store, &table(&[(1, "Kala", 1), (2, "Pulla", 1)]), &Take::default()).unwrap();
    let mapping = Mapping { source: "chamber".parse().ok(), ..Mapping::default() };
    let report = csv(&store, &table(&[(1, "Sauna", 50)]), &Take { mapping, ..Take::default() }).unwrap();
    assert_eq!((report.met.added, report.vanished.count), (1, 0));
    let less = csv(&store, &table(&[(1, "Kala", 1)]), &Take::default()).unwrap();
    assert_eq!((less.met.unchanged, less.vanished.count), (1, 1));
}
