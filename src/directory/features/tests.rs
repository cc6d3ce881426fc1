//! Collections written by hand, and files that are none or lie.

use crate::directory::columns::Mapping;
use crate::directory::reading::PlaceDraft;

use super::*;

fn read_all(json: &[u8], mapping: &Mapping) -> Result<(Vec<(u64, PlaceDraft)>, FileReport), FileFault> {
    let mut drafts = Vec::new();
    let keep = |row, draft| {
        drafts.push((row, draft));
        Ok::<_, FileFault>(())
    };
    let report = read(json, mapping, &mut Gatherer::default(), |_| {}, keep)?;
    Ok((drafts, report))
}

fn collection(features: &str) -> String {
    format!(r#"{{"_made": {{"by": ["hand"]}}, "features": [{features}], "type": "FeatureCollection"}}"#)
}

fn at(geometry: &str) -> Result<(f64, f64), Wrong> {
    let properties = r#""properties": {"id": 1, "name": "Kala", "category": "cafe"}"#;
    let json = collection(&format!(r#"{{"type": "Feature", {properties}, "geometry": {geometry}}}"#));
    let (mut drafts, mut report) = read_all(json.as_bytes(), &Mapping::default()).unwrap();
    match (drafts.pop(), report.errors.told.pop()) {
        (Some((1, draft)), None) => Ok((draft.point.lat(), draft.point.lon())),
        (None, Some(error)) => Err(error.wrong),
        other => panic!("{other:?}"),
    }
}

fn fault_of(json: &[u8]) -> String {
    read_all(json, &Mapping::default()).err().map(|fault| fault.to_string()).unwrap_or_default()
}

#[test]
fn features_become_places_whatever_their_properties_are_called() {
    let json = collection(
        r#"{"type": "Feature", "geometry": {"coordinates": [24.94, 60.17, 12.5], "type": "Point"}, "properties": {
              "_id": 123, "name": "K\u0061la", "category": "vegan_friendly", "icon": "restaurant",
              "addr_street": "Kalakatu",
              "addr_postcode": 100, "cuisine": ["fish", "sushi"], "diet_vegan": true, "wheelchair": "limited",
              "contact_phone": "+358 9 123", "empty": null, "deep": {"a": [1, {"b": 2}]}, "opening_hours": "24/7"}},
           {"id": "node/7", "properties": {"shop": "bakery", "name": "Pulla"},
            "geometry": {"type": "Point", "coordinates": [24, 60]}}"#,
    );
    let mapping = Mapping { renamed: vec!["category=icon".parse().unwrap()], ..Mapping::default() };
    let (drafts, report) = read_all(json.as_bytes(), &mapping).unwrap();
    assert_eq!((report.read, report.kept, report.errors.count), (2, 2, 0), "{report:?}");
    let (_, kala) = &drafts[0];
    assert_eq!((kala.source.as_str(), kala.facts.name.as_str()), ("geojson:123", "Kala"));
    assert_eq!(kala.facts.address.postcode.as_ref().unwrap().as_str(), "100");
    assert_eq!(kala.facts.cuisines.len(), 2);
    assert_eq!(kala.facts.diets[0].as_str(), "vegan");
    let (row, pulla) = &drafts[1];
    assert_eq!((*row, pulla.source.as_str()), (2, "geojson:node/7"));
}

#[test]
fn of_what_has_an_extent_the_middle_is_taken() {
    assert_eq!(at(r#"{"type": "Point", "coordinates": [24.5, 60]}"#), Ok((60.0, 24.5)));
    assert_eq!(at(r#"{"type": "LineString", "coordinates": [[24, 60], [26, 62]]}"#), Ok((61.0, 25.0)));
    let ring = "[[24, 60], [26, 60], [26, 62], [24, 62], [24, 60]]";
    let hole = "[[25, 61], [25.1, 61], [25.1, 61.1], [25, 61]]";
    assert_eq!(at(&format!(r#"{{"type": "Polygon", "coordinates": [{ring}, {hole}]}}"#)), Ok((61.0, 25.0)));
    let far = "[[[0, 0], [1, 0], [1, 1], [0, 0]]]";
    assert_eq!(at(&format!(r#"{{"coordinates": [[{ring}], {far}], "type": "MultiPolygon"}}"#)), Ok((61.0, 25.0)));
    assert_eq!(at(r#"{"type": "MultiPoint", "coordinates": [[24, 60], [26, 62]]}"#), Ok((61.0, 25.0)));
}

#[test]
fn a_geometry_that_is_no_point_on_earth_is_told() {
    for geometry in [
        "null",
        "7",
        "[]",
        "{}",
        r#"{"coordinates": []}"#,
        r#"{"coordinates": [24]}"#,
        r#"{"coordinates": ["a", "b"]}"#,
    ] {
        assert_eq!(at(geometry), Err(Wrong::NoPoint), "{geometry}");
    }
    for pair in ["[1e308, 60]", "[24, -1e308]", "[24, 91]", "[180.1, 0]", "[9223372036854775807, 0]"] {
        assert_eq!(at(&format!(r#"{{"coordinates": {pair}}}"#)), Err(Wrong::OffTheEarth), "{pair}");
    }
    let many = vec!["[24, 60]"; MAX_POSITIONS + 1].join(",");
    assert_eq!(at(&format!(r#"{{"coordinates": [{many}]}}"#)), Err(Wrong::TooManyPoints));
}

#[test]
fn what_is_wrong_with_a_feature_is_told_and_the_others_are_read() {
    let point = r#""geometry": {"type": "Point", "coordinates": [24, 60]}"#;
    let many: Vec<String> = (0..=MAX_PROPERTIES).map(|number| format!(r#""key{number}": 1"#)).collect();
    let json = collection(&format!(
        r#"null, 7, "text", [1], {{}}, {{"properties": {{{}}}, {point}}}, {{"properties": 5, {point}}},
           {{"properties": {{"id": 8, "name": "Kala", "shop": "bakery"}}, {point}}}"#,
        many.join(","),
    ));
    let (drafts, report) = read_all(json.as_bytes(), &Mapping::default()).unwrap();
    let told: Vec<_> = report.errors.told.iter().map(|error| (error.row, error.wrong.clone())).collect();
    let none = Wrong::NoFeature;
    assert_eq!(
        told,
        [
            (1, none.clone()),
            (2, none.clone()),
            (3, none.clone()),
            (4, none),
            (5, Wrong::NoId),
            (6, Wrong::TooManyProperties),
            (7, Wrong::NoId)
        ]
    );
    assert_eq!((drafts[0].0, report.read, report.kept), (8, 8, 1));
}

#[test]
fn what_is_no_collection_or_breaks_off_is_refused() {
    for json in ["{}", "[]", "7", r#"{"type": "Feature"}"#, r#"{"features": 5}"#] {
        assert_eq!(fault_of(json.as_bytes()), "this is no GeoJSON with a collection of features", "{json}");
    }
    let whole = collection(r#"{"properties": {"id": 8, "name": "Kala", "shop": "bakery"}}"#);
    assert_eq!(fault_of(whole.as_bytes()), "");
    for length in [0, 1, 10, 40, whole.len() - 1] {
        assert!(fault_of(&whole.as_bytes()[..length]).contains("ends in the middle"), "{length}");
    }
    for bad in [
        &b"id,name"[..],
        b"{\"features\": [NaN]}",
        b"{\"features\": [\"\xFF\"]}",
        b"\0\0",
        b"{\"features\": [{\"id\": 1e999}]}",
    ] {
        let fault = fault_of(bad);
        assert!(fault.starts_with("line 1 can't be read: "), "{fault}");
    }
    assert!(fault_of([whole.as_str(), "x"].concat().as_bytes()).starts_with("line 1 can't be read: trailing"));
}

#[test]
fn depth_texts_and_numbers_are_bounded() {
    let deep = |open: &str| fault_of(collection(&open.repeat(200_000)).as_bytes());
    assert!(deep("[").ends_with("lie more than 32 deep in each other"), "{}", deep("["));
    assert!(deep("{\"a\":").ends_with("lie more than 32 deep in each other"));
    let long = format!("{{\"{}", "a".repeat(70_000));
    assert!(fault_of(long.as_bytes()).ends_with("a text is longer than 64 KiB"));
    let escaped = format!("{{\"{}", "\\\"".repeat(70_000));
    assert!(fault_of(escaped.as_bytes()).ends_with("a text is longer than 64 KiB"));
    let digits = collection(&"1".repeat(2_000));
    assert!(fault_of(digits.as_bytes()).ends_with("longer than 1024 characters"));
}

#[test]
fn the_sink_stops_the_reading() {
    let json = collection(
        r#"{"id": 1, "properties": {"name": "Kala", "shop": "bakery"}, "geometry": {"coordinates": [24, 60]}}, {}"#,
    );
    let stopped =
        read(json.as_bytes(), &Mapping::default(), &mut Gatherer::default(), |_| {}, |_, _| Err(FileFault::TooLarge));
    assert!(matches!(stopped, Err(FileFault::TooLarge)));
}
