//! Imports by the real binary: tables and features, duplicates and their redirects, a kill in the middle, people who go
//! on using the city meanwhile, and files that are out to do harm.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use highstreet::app::open_store;
use highstreet::base::Clock;
use highstreet::directory::all_places;
use highstreet::store::{Expect, Folder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kit::{Finished, Launch, run};

const CACHE_BYTES: usize = 16 << 20;
/// What no file may make an import take.
const MAX_PEAK_KIB: u64 = 128 * 1024;

fn import(format: &str, file: &Path, data: &Path, more: &[&str]) -> Finished {
    run(&[&["import", format, text(file), "--data", text(data), "--json"], more].concat())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder for files, and one for a city.
struct Room {
    folder: TempDir,
}

impl Room {
    fn new() -> Room {
        Room { folder: TempDir::new().unwrap() }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn city(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What is kept of every place but what differs from one import to the next: ids and times.
fn places(data: &Path) -> BTreeSet<String> {
    let folder = Folder::open(data, Expect::Any).unwrap();
    let store = open_store(&folder, CACHE_BYTES, &Clock::anchored).unwrap();
    let snapshot = store.snapshot().unwrap();
    let kept = all_places(&snapshot).unwrap().map(|row| {
        let place = row.unwrap().1;
        format!(
            "{} {} {:?} {} {:?} {:?}",
            place.slug, place.name, place.source, place.point, place.address, place.contact
        )
    });
    kept.collect()
}

/// A table of cafes with names that many share.
fn cafes(count: usize) -> String {
    let mut table = "id,name,category,lat,lon,street,phone\n".to_owned();
    for number in 0..count {
        let lat = 60.0 + number as f64 * 0.001;
        writeln!(table, "{number},Kahvila {},cafe,{lat:.4},24.9,Katu {},09 {number:07}", number % 40, number % 7)
            .unwrap();
    }
    table
}

#[test]
fn dir_12_a_table_is_taken_in_rehearsed_first_and_unchanged_the_second_time() {
    let room = Room::new();
    let table = room.file(
        "town.csv",
        "ID;Title;Category;Lat;Lon;Street;Housenumber;Phone;Website;Opening_hours;Wheelchair;Diet\n\
         a1;Kahvila Kala;cafe;60,17;24,94;Kalakatu;4 A;+358 9 123;kala.example;Mo-Fr 08:00-16:00;yes;vegan\n\
         a2;Pulla;Bäckerei;60,18;24,95;;;;;;;\n\
         a3;;cafe;60,18;24,95;;;;;;;\n",
    );
    let city = room.city("city");
    let columns = ["--column", "name=Title", "--source", "chamber"];
    let rehearsed = import("csv", &table, &city, &[&columns[..], &["--dry-run"]].concat()).expect(0).json();
    let first = import("csv", &table, &city, &columns).expect(0).json();
    assert_eq!(rehearsed, first, "a rehearsal prints the same report");
    let counts =
        |told: &Value| ["read", "added", "updated", "unchanged", "skipped"].map(|name| told[name].as_u64().unwrap());
    assert_eq!(counts(&first), [3, 2, 0, 0, 1]);
    assert_eq!(first["errors"], json!([{ "row": 4, "reason": "it has no name" }]));
    assert_eq!(counts(&import("csv", &table, &city, &columns).expect(0).json()), [3, 0, 0, 2, 1]);

    let newer = "id,name,lat,lon,category\na1,Kahvila Kala,60.17,24.94,cafe\n";
    let packed = room.file("newer.csv.gz", gzip(newer.as_bytes()));
    let told = import("csv", &packed, &city, &["--source", "chamber"]).expect(0).json();
    assert_eq!((&told["updated"], &told["vanished"]), (&json!(1), &json!(1)));
    assert_eq!(told["vanished_places"], json!([{ "url": "/p/pulla", "name": "Pulla" }]));
    let server = Launch::serve().start_on(&city);
    let place = server.guest().api_get("/places/kahvila-kala").expect(200).json();
    assert_eq!((&place["name"], &place["category"]["slug"]), (&json!("Kahvila Kala"), &json!("cafe")), "{place}");
    let _ = server.guest().get("/p/pulla").expect(200);
}

#[test]
fn dir_12_features_are_taken_in_within_a_box() {
    let room = Room::new();
    let feature = |id: u32, lon: f64| {
        json!({ "type": "Feature", "id": id, "geometry": { "type": "Point", "coordinates": [lon, 60.17] },
                "properties": { "name": format!("Pulla {id}"), "shop": "bakery" } })
    };
    let collection = json!({ "type": "FeatureCollection", "features": [feature(1, 24.94), feature(2, 25.5), {}] });
    let file = room.file("town.geojson", collection.to_string());
    let told = import("geojson", &file, &room.city("city"), &["--bbox", "24,60,25,61"]).expect(0).json();
    assert_eq!((&told["read"], &told["added"], &told["skipped"]), (&json!(3), &json!(1), &json!(2)));
    assert_eq!(told["errors"][0]["row"], json!(3));
}

#[test]
fn dir_12_a_merged_listing_leads_to_the_one_that_stays() {
    let room = Room::new();
    let table = "id,name,category,lat,lon\n1,Kahvila Kala,cafe,60.17,24.94\n2,KAHVILA KALA,cafe,60.1701,24.94\n";
    let table = room.file("town.csv", table);
    let server = Launch::serve().start();
    let told = import("csv", &table, server.data(), &[]).expect(0).json();
    let pair = json!([{ "name": "Kahvila Kala", "one": "csv:1", "other": "csv:2" }]);
    assert_eq!((&told["duplicate_places"], &told["merged"]), (&pair, &json!(0)));
    let guest = server.guest();
    let found = || {
        let _ = run(&["reindex", "--data", text(server.data())]).expect(0);
        guest.api_get("/places?q=kahvila").expect(200).json()["total"].clone()
    };
    assert_eq!(found(), json!(2));
    let told = import("csv", &table, server.data(), &["--merge-duplicates"]).expect(0).json();
    assert_eq!((&told["unchanged"], &told["merged"]), (&json!(2), &json!(1)));
    assert_eq!(found(), json!(1));
    let moved = guest.get("/p/kahvila-kala-2").expect(303);
    assert_eq!(moved.header("location"), Some("/p/kahvila-kala"));
    assert_eq!(guest.api_get("/places/kahvila-kala-2").expect(200).json()["slug"], "kahvila-kala");
    let checked = run(&["check", "--json", "--data", text(server.data())]).expect(0).json();
    assert_eq!(checked, json!({ "ok": true, "faults": [] }));
}

#[test]
fn dir_12_an_import_that_was_killed_goes_on_to_the_same_end() {
    let room = Room::new();
    let table = room.file("town.csv", cafes(6_000));
    let whole = room.city("whole");
    assert_eq!(import("csv", &table, &whole, &[]).expect(0).json()["added"], 6_000);
    let whole = places(&whole);
    let mut in_the_middle = 0;
    for round in 0..60 {
        let city = room.city(&format!("city-{round}"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_highstreet"))
            .args(["import", "csv", text(&table), "--data", text(&city), "-q"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        // Later from round to round, until the import is over before the kill.
        std::thread::sleep(Duration::from_millis(150 + 50 * round));
        let is_over = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        if is_over {
            break;
        }
        if !city.join("city.redb").exists() {
            continue;
        }
        let half = places(&city);
        if half.is_empty() || half == whole {
            continue;
        }
        in_the_middle += 1;
        // What is half must be seen to be, or the comparison proves nothing.
        assert!(half.is_subset(&whole) && half.len() < whole.len(), "{} of {}", half.len(), whole.len());
        let told = import("csv", &table, &city, &[]).expect(0).json();
        assert_eq!((told["unchanged"].as_u64(), &told["read"]), (Some(half.len() as u64), &json!(6_000)));
        assert!(places(&city) == whole, "round {round} came to another end");
        if in_the_middle == 3 {
            break;
        }
    }
    assert!(in_the_middle > 0, "no kill fell into the middle of an import");
}

#[test]
fn dir_12_people_go_on_using_the_city_while_places_come_in() {
    let room = Room::new();
    let table = room.file("town.csv", cafes(3_000));
    let server = Launch::serve().start();
    let is_over = AtomicBool::new(false);
    let answered = std::thread::scope(|scope| {
        let people = scope.spawn(|| {
            let mut answered = 0;
            while !is_over.load(Ordering::Relaxed) {
                let guest = server.guest();
                let fields =
                    [("name", "Anna"), ("email", &format!("a{answered}@example.org")), ("password", "correct horse")];
                assert_eq!(guest.fill("/sign-up", "main form", &fields).status, 303);
                let _ = guest.get("/search?q=kahvila").expect(200);
                answered += 1;
            }
            answered
        });
        let told = import("csv", &table, server.data(), &[]);
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(told.expect(0).json()["added"], 3_000);
        people.join().unwrap()
    });
    assert!(answered > 0);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A gzip file of so many MiB of one byte.
fn bomb(byte: u8, mib: usize) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    let piece = vec![byte; 1 << 20];
    (0..mib).for_each(|_| packer.write_all(&piece).unwrap());
    packer.finish().unwrap()
}

/// A file of these bytes and as many zeros as make it so long, which take no room on the disk.
fn sparse(path: &Path, bytes: &[u8], length: u64) {
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    file.set_len(length).unwrap();
}

#[track_caller]
fn refused(format: &str, file: &Path, code: i32, part: &str) {
    let city = TempDir::new().unwrap();
    let finished = import(format, file, city.path(), &[]);
    let said = finished.stderr.trim_end();
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(code), ""), "{file:?}: {finished:?}");
    assert!(said.contains(part) && said.lines().count() == 1, "{file:?}: {said}");
    assert!(finished.peak_kib > 1024 && finished.peak_kib < MAX_PEAK_KIB, "{file:?}: {} KiB", finished.peak_kib);
    println!("{}: {} KiB, {said}", file.file_name().unwrap().to_string_lossy(), finished.peak_kib);
}

#[test]
fn dir_12_hostile_features_are_refused_in_one_line_and_little_memory() {
    let room = Room::new();
    let features = |text: &str| format!("{{\"features\": [{text}");
    for (name, bytes, part) in [
        ("deep.geojson", "[".repeat(200_000).into_bytes(), "more than 32 deep"),
        ("deep-feature.geojson", features(&"{\"properties\":".repeat(200_000)).into_bytes(), "more than 32 deep"),
        ("spaces.geojson", bomb(b' ', 400), "more than text ever does"),
        ("open.geojson", features(&format!("\"{}", "a".repeat(10 << 20))).into_bytes(), "longer than 64 KiB"),
        ("nan.geojson", features("{\"geometry\": {\"coordinates\": [NaN, 1]}}]}").into_bytes(), "line 1 can't be read"),
        ("zeros.geojson", vec![0; 1 << 20], "longer than 1024 characters"),
        ("latin.geojson", b"{\"features\": [{\"id\": \"\xE4\"}]}".to_vec(), "line 1 can't be read"),
        ("cut.geojson", features("{\"id\": 1}").into_bytes(), "ends in the middle"),
    ] {
        refused("geojson", &room.file(name, bytes), 74, part);
    }
}

#[test]
fn dir_12_hostile_tables_are_refused_in_one_line_and_little_memory() {
    let room = Room::new();
    let header = b"id,name,category,lat,lon\n1,Kala,cafe,60,24\n";
    refused("csv", &room.file("bomb.csv.gz", bomb(b'a', 400)), 74, "longer than 64 KiB");
    refused("csv", &room.file("lines.csv.gz", gzip_lines(header, 400 << 20)), 74, "more than text ever does");
    let line = room.folder.path().join("line.csv");
    sparse(&line, header, 500 << 20);
    refused("csv", &line, 74, "line 3 can't be read: a row is longer than 64 KiB");
    refused("csv", &room.file("columns.csv", ",".repeat(100_000)), 74, "more than 256 columns");
    refused(
        "csv",
        &room.file("wide.csv", "\u{FEFF}id\tname\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
        74,
        "UTF-8",
    );
    let bad: &[u8] = b"id,name,category,lat,lon\n\
        1,Kala,cafe,NaN,24\n2,Kala,cafe,1e308,24\n3,Kala,cafe,60,-180.1\n\
        4,Ka\0la,cafe,60,24\n5,K\xFFla,cafe,60,24\n6\n";
    let told = import("csv", &room.file("rows.csv", bad), &room.city("city"), &[]).expect(1).json();
    let rows: Vec<u64> =
        told["errors"].as_array().unwrap().iter().map(|error| error["row"].as_u64().unwrap()).collect();
    assert_eq!((rows, &told["error_count"], &told["added"]), (vec![2, 3, 4, 5, 6, 7], &json!(6), &json!(0)));
}

/// Short lines that pack to nearly nothing.
fn gzip_lines(header: &[u8], bytes: usize) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(header).unwrap();
    let piece = b"\n".repeat(1 << 20);
    (0..bytes >> 20).for_each(|_| packer.write_all(&piece).unwrap());
    packer.finish().unwrap()
}

/// A field of a message: number and bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2][..], &varint(bytes.len() as u64), bytes].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A block of an extract: what its head says of its length, and what it holds.
fn framed(kind: &str, says: u64, blob: &[u8]) -> Vec<u8> {
    let head = [field(1, kind.as_bytes()), vec![3 << 3], varint(says)].concat();
    [&u32::try_from(head.len()).unwrap().to_be_bytes()[..], &head, blob].concat()
}

fn extract(block: &[u8]) -> Vec<u8> {
    let head = field(1, &field(4, b"OsmSchema-V0.6"));
    [framed("OSMHeader", head.len() as u64, &head), block.to_vec()].concat()
}

fn packed_block(says: u64, content: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(content).unwrap();
    let blob = [vec![2 << 3], varint(says), field(3, &packer.finish().unwrap())].concat();
    framed("OSMData", blob.len() as u64, &blob)
}

#[test]
fn dir_12_hostile_extracts_are_refused_in_one_line_and_little_memory() {
    let room = Room::new();
    const FULL: usize = 32 << 20;
    let texts = field(1, &[0x0A, 0].repeat(FULL / 2 - 16));
    let nodes = field(2, &field(1, &[]).repeat(FULL / 2 - 16));
    for (name, block, part) in [
        ("long.osm.pbf", framed("OSMData", 31 << 20, b"short"), "ends in the middle"),
        ("longer.osm.pbf", framed("OSMData", 33 << 20, b"short"), "impossible size"),
        ("negative.osm.pbf", framed("OSMData", u64::MAX, b"short"), "impossible size"),
        ("small-lie.osm.pbf", packed_block(100, &vec![0; FULL]), "another size than it says"),
        ("large-lie.osm.pbf", packed_block(FULL as u64, &[0; 100]), "another size than it says"),
        ("huge-lie.osm.pbf", packed_block(1 << 40, &[0; 100]), "impossible size"),
        ("texts.osm.pbf", packed_block(texts.len() as u64, &texts), "contradicts itself"),
        ("zeros.osm.pbf", packed_block(FULL as u64, &vec![0; FULL]), "contradicts itself"),
    ] {
        refused("osm", &room.file(name, extract(&block)), 74, part);
    }
    // Sixteen million empty nodes are no place, and no harm.
    let file = room.file("nodes.osm.pbf", extract(&packed_block(nodes.len() as u64, &nodes)));
    let finished = import("osm", &file, &room.city("city"), &[]).expect(0);
    assert!(finished.peak_kib < MAX_PEAK_KIB, "{} KiB", finished.peak_kib);
    assert_eq!(finished.json()["read"], 0);
}
