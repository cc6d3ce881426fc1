//! Queries without words against a plain scan of all documents, and the snapshot that a reader holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::base::BoundingBox;
use crate::search::{Facets, Flag, Sort};

/// Towns where arithmetic goes wrong: the date line, both poles, the null island.
const TOWNS: [(f64, f64); 6] =
    [(60.17, 24.94), (-16.8, 180.0), (-16.8, -179.99), (89.99, 30.0), (-90.0, 0.0), (0.0, 0.0)];

fn points() -> impl Strategy<Value = Point> {
    (select(&TOWNS[..]), -0.03..0.03f64, -0.05..0.05f64).prop_map(|((lat, lon), north, east)| {
        let lon = lon + east;
        let lon = if lon > 180.0 {
            lon - 360.0
        } else if lon < -180.0 {
            lon + 360.0
        } else {
            lon
        };
        Point::new((lat + north).clamp(-90.0, 90.0), lon).unwrap()
    })
}

fn flags() -> impl Strategy<Value = Flags> {
    subsequence(&Flag::ALL[..4], 0..=4).prop_map(|flags| flags.into_iter().collect())
}

fn hours() -> impl Strategy<Value = Hours> {
    let spans = prop::collection::vec((-20i64..20, 1i64..10), 0..3).prop_map(|spans| {
        let hour = |hours: i64| now().plus_seconds(hours * 3600);
        Hours::Known(
            spans.iter().filter_map(|(start, hours)| Interval::new(hour(*start), hour(start + hours))).collect(),
        )
    });
    prop_oneof![Just(Hours::Unknown), spans]
}

fn documents() -> impl Strategy<Value = Document> {
    let rating = (200u16..500, 0u32..3).prop_map(|(mean, count)| match count {
        0 => Rating::default(),
        count => Rating { mean, score: mean / 100 * 100, count },
    });
    let facts = (prop::option::of(1u8..=4), rating, flags(), hours());
    (0u8..80, points(), 1u16..=6, facts).prop_map(|(number, point, category, (price_level, rating, flags, hours))| {
        Document { point, category, price_level, rating, flags, hours, ..place(number, "Place") }
    })
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![6 => documents().prop_map(Change::Put), 1 => (0u8..80).prop_map(|number| Change::Delete(id(number)))]
}

fn boxes() -> impl Strategy<Value = BoundingBox> {
    (points(), points()).prop_map(|(a, b)| {
        let (low, high) = if a.lat_e7() <= b.lat_e7() { (a, b) } else { (b, a) };
        BoundingBox::new(low, high).unwrap()
    })
}

fn queries() -> impl Strategy<Value = Query> {
    let area = (prop::option::of((points(), prop::option::of(0u32..9000))), prop::option::weighted(0.3, boxes()));
    let choices = (
        prop::collection::vec(1u16..=6, 0..3),
        flags(),
        prop::option::weighted(0.3, 250u16..450),
        prop::collection::vec(1u8..=4, 0..3),
        prop::option::weighted(0.3, -20i64..20),
    );
    let order = (select(&[Sort::Relevance, Sort::Distance, Sort::Rating][..]), 1usize..30);
    (area, choices, order).prop_map(
        |((around, bounding_box), (categories, flags, min_rating, price_levels, hour), (sort, limit))| Query {
            near: around.map(|(near, _)| near),
            within_m: around.and_then(|(_, within_m)| within_m),
            bounding_box,
            categories,
            flags,
            min_rating,
            price_levels,
            open_at: hour.map(|hour| now().plus_seconds(hour * 3600)),
            sort,
            limit,
            ..Query::all(now())
        },
    )
}

fn is_open(document: &Document, at: Timestamp) -> bool {
    match &document.hours {
        Hours::Unknown => false,
        Hours::Known(intervals) => intervals.iter().any(|interval| interval.contains(at)),
    }
}

/// The filters of a query, said plainly.
fn matches(query: &Query, document: &Document, categories: &Categories) -> bool {
    let is_near = match (query.near, query.within_m) {
        (Some(near), Some(within_m)) => near.distance_m(document.point) <= within_m,
        _ => true,
    };
    is_near
        && query.bounding_box.is_none_or(|area| area.contains(document.point))
        && (query.categories.is_empty()
            || categories.line(document.category).any(|category| query.categories.contains(&category)))
        && Flag::ALL.iter().all(|flag| flag.is_diet() || !query.flags.has(*flag) || document.flags.has(*flag))
        && (query.flags.and(Flags::DIETS).is_empty()
            || Flag::ALL.iter().any(|flag| flag.is_diet() && query.flags.has(*flag) && document.flags.has(*flag)))
        && query.min_rating.is_none_or(|least| document.rating.count > 0 && document.rating.mean >= least)
        && (query.price_levels.is_empty()
            || document.price_level.is_some_and(|level| query.price_levels.contains(&level)))
        && query.open_at.is_none_or(|at| is_open(document, at))
}

type Model = BTreeMap<[u8; 16], Document>;

fn scan(query: &Query, model: &Model) -> BTreeSet<[u8; 16]> {
    let categories = tree();
    model.values().filter(|document| matches(query, document, &categories)).map(|document| document.id).collect()
}

/// A facet's count is what the query would find with that one choice in place of the facet's own.
fn scan_facets(query: &Query, model: &Model) -> Facets {
    let count = |changed: Query| scan(&changed, model).len() as u32;
    let mut categories: Vec<(u16, u32)> =
        (1..=6).map(|id| (id, count(Query { categories: vec![id], ..query.clone() }))).collect();
    categories.sort_by_key(|(id, count)| (std::cmp::Reverse(*count), *id));
    categories.retain(|(_, count)| *count > 0);
    let some = |count: u32| (count > 0).then_some(count);
    let instead = |flag: Flag| {
        let others = |other: &Flag| query.flags.has(*other) && !(flag.is_diet() && other.is_diet());
        Flag::ALL.into_iter().filter(others).chain([flag]).collect::<Flags>()
    };
    Facets {
        categories,
        flags: Flag::ALL
            .into_iter()
            .filter_map(|flag| Some((flag, some(count(Query { flags: instead(flag), ..query.clone() }))?)))
            .collect(),
        open: count(Query { open_at: Some(query.open_at.unwrap_or(query.now)), ..query.clone() }),
        prices: (1..=4)
            .filter_map(|level| Some((level, some(count(Query { price_levels: vec![level], ..query.clone() }))?)))
            .collect(),
        ratings: [300, 350, 400, 450]
            .into_iter()
            .filter_map(|least| Some((least, some(count(Query { min_rating: Some(least), ..query.clone() }))?)))
            .collect(),
    }
}

fn check(city: &City, query: &Query, model: &Model) -> Result<(), TestCaseError> {
    let first = city.search.find(query);
    let expected = scan(query, model);
    prop_assert_eq!(first.total, expected.len());
    prop_assert_eq!(&first.facets, &scan_facets(query, model));
    let mut items = Vec::new();
    while items.len() < first.total {
        let page = city.search.find(&Query { offset: items.len(), ..query.clone() });
        prop_assert_eq!(page.items.len(), query.limit.min(first.total - items.len()));
        items.extend(page.items);
    }
    prop_assert_eq!(items.iter().map(|hit| hit.id).collect::<BTreeSet<_>>(), expected);
    for hit in &items {
        let document = &model[&hit.id];
        prop_assert_eq!(hit.distance_m, query.near.map(|near| near.distance_m(document.point)));
        let at = query.open_at.unwrap_or(query.now);
        prop_assert_eq!(hit.open, (document.hours != Hours::Unknown).then(|| is_open(document, at)));
    }
    for pair in items.windows(2) {
        let [a, b] = pair else { continue };
        let rating = |id| (std::cmp::Reverse((model[id].rating.score, model[id].rating.count)),);
        if query.sort == Sort::Rating || query.near.is_none() {
            prop_assert!((rating(&a.id), a.ordinal) < (rating(&b.id), b.ordinal));
        } else {
            prop_assert!(a.distance_m <= b.distance_m);
            if model[&a.id].point == model[&b.id].point {
                prop_assert!((rating(&a.id), a.ordinal) < (rating(&b.id), b.ordinal));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn dir_05_dir_06_answers_equal_a_plain_scan(
        batches in prop::collection::vec(prop::collection::vec(changes(), 0..60), 1..4),
        queries in prop::collection::vec(queries(), 16),
    ) {
        let mut city = City::with([]);
        let mut model = Model::new();
        for batch in batches {
            for change in &batch {
                match change {
                    Change::Put(document) => { model.insert(document.id, document.clone()); }
                    Change::Delete(id) => { model.remove(id); }
                }
            }
            city.apply(batch);
        }
        prop_assert_eq!(city.search.count(), model.len());
        for query in &queries {
            check(&city, query, &model)?;
        }
    }
}

#[test]
fn dir_05_nearest_first_across_the_date_line() {
    let at = |number, lon| Document { point: Point::new(0.0, lon).unwrap(), ..place(number, "Atoll") };
    let city = City::with([at(1, 179.9), at(2, -179.99), at(3, 179.999), at(4, 170.0)]);
    let near = Query { near: Point::new(0.0, -179.999), within_m: Some(20_000), ..Query::all(now()) };
    assert_eq!(city.finds(&near), [3, 2, 1]);
    let hits = city.search.find(&near).items;
    assert_eq!(hits[0].distance_m, Some(222));
}

#[test]
fn dir_05_list_and_map_show_the_same_set() {
    let at = |number, lat, lon| Document { point: Point::new(lat, lon).unwrap(), ..place(number, "Kahvila") };
    let city = City::with([at(1, 60.0, 24.0), at(2, 60.5, 24.5), at(3, 61.5, 24.5)]);
    let bounding_box = "23.9,59.9,25.0,61.0".parse().ok();
    let list = Query { bounding_box, ..Query::all(now()) };
    let by_words = Query { words: Some("kahvila".to_owned()), ..list.clone() };
    assert_eq!(city.finds(&list), [1, 2]);
    assert_eq!(city.finds(&by_words), [1, 2]);
}

#[test]
fn dir_06_two_choices_in_one_facet_are_or_and_facets_are_and() {
    let cafe = Document { flags: Flags::NONE.with(Flag::Vegan), ..place(1, "A") };
    let sushi = Document { category: SUSHI, flags: Flags::NONE.with(Flag::Vegan), ..place(2, "B") };
    let barber = Document { category: HAIRDRESSER, ..place(3, "C") };
    let city = City::with([cafe, sushi, barber]);
    let chosen = Query { categories: vec![CAFE, HAIRDRESSER], ..Query::all(now()) };
    assert_eq!(city.finds(&chosen), [1, 3]);
    let vegan = Query { flags: Flags::NONE.with(Flag::Vegan), ..chosen };
    assert_eq!(city.finds(&vegan), [1]);
    let counts = city.search.find(&vegan).facets.categories;
    assert_eq!(counts, [(FOOD, 2), (RESTAURANT, 1), (SUSHI, 1), (CAFE, 1)], "as many as one more choice would add");
    let halal = Document { flags: Flags::NONE.with(Flag::Halal), ..place(4, "D") };
    let city = City::with([Document { flags: vegan.flags, ..place(1, "A") }, halal, place(3, "C")]);
    let diets = Query { flags: vegan.flags.with(Flag::Halal), ..Query::all(now()) };
    assert_eq!(city.finds(&diets), [1, 4], "a second diet widens");
    let flags = city.search.find(&Query { flags: vegan.flags, ..Query::all(now()) }).facets.flags;
    assert_eq!(flags, [(Flag::Vegan, 1), (Flag::Halal, 1)], "counted without the choice within the same facet");
}

#[test]
fn dir_03_open_now_and_open_at() {
    let city = City::with([
        Document { hours: open_now(), ..place(1, "Open") },
        Document { hours: Hours::Known(Vec::new()), ..place(2, "Closed") },
        place(3, "Nobody knows"),
    ]);
    let open_at = |at| city.finds(&Query { open_at: Some(at), ..Query::all(now()) });
    assert_eq!(open_at(now()), [1]);
    assert_eq!(open_at(now().plus_seconds(3599)), [1]);
    assert!(open_at(now().plus_seconds(3600)).is_empty());
    let all = city.search.find(&Query::all(now()));
    assert_eq!(all.items.iter().map(|hit| hit.open).collect::<Vec<_>>(), [Some(true), Some(false), None]);
    assert_eq!(all.facets.open, 1);
}

#[test]
fn a_reader_keeps_its_snapshot_while_the_writer_goes_on() {
    let mut city = City::with((0..40).map(|number| place(number, "Before")));
    let held: Arc<_> = city.search.view();
    let before = crate::search::sieve::browse(&Query::all(now()), &held.table, &held.categories);
    city.put((0..20).map(|number| Document { point: Point::new(-33.0, 151.0).unwrap(), ..place(number, "Moved") }));
    for number in 20..40 {
        city.delete(number);
    }
    city.put((50..90).map(|number| Document { hours: open_now(), ..place(number, "New") }));
    let after = crate::search::sieve::browse(&Query::all(now()), &held.table, &held.categories);
    assert_eq!(before, after);
    assert_eq!((before.total, city.search.count()), (40, 60));
}

#[test]
fn limits_hold_whatever_is_asked() {
    let city = City::with((0..150).map(|number| place(number, "Place")));
    let page = |offset, limit| city.finds(&Query { offset, limit, ..Query::all(now()) }).len();
    assert_eq!(page(0, usize::MAX), 100);
    assert_eq!(page(140, 100), 10);
    assert_eq!(page(usize::MAX, usize::MAX), 0);
    assert_eq!(page(0, 0), 0);
    let far = Query { near: Point::new(60.0, 24.0), within_m: Some(u32::MAX), ..Query::all(now()) };
    assert_eq!(city.search.find(&far).total, 150);
}
