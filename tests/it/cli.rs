//! The command line: what programs read of it, and how it refuses. Backup and restore are in `backup.rs`.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use highstreet::base::Clock;
use highstreet::store::{Expect, Folder, Hooks};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::kit::{Finished, Launch, Server, run};

/// A few hundred places in the middle of the bundled city.
const BOX: &str = "24.935,60.165,24.955,60.175";

fn extract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/Helsinki.osm.pbf")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn import(file: &Path, data: &Path, more: &[&str]) -> Finished {
    run(&[&["import", "osm", text(file), "--data", text(data), "--json"], more].concat())
}

/// One line on standard error, that says this, with this exit code, and nothing on standard output.
#[track_caller]
fn refused(finished: &Finished, code: i32, part: &str) {
    let said = finished.stderr.trim_end();
    assert_eq!(finished.code, Some(code), "{finished:?}");
    assert!(said.contains(part) && said.lines().count() == 1, "{said}");
    assert!(said.starts_with("highstreet: ") && finished.stdout.is_empty(), "{finished:?}");
}

#[track_caller]
fn counts(finished: Finished) -> Value {
    let told = finished.expect(0).json();
    for name in ["read", "added", "updated", "unchanged", "vanished", "skipped"] {
        assert!(told[name].is_u64(), "{name} of {told}");
    }
    assert_eq!(told["errors"], json!([]));
    told
}

/// The commit that a city has reached, as its rebuilt index tells.
#[track_caller]
fn seq(data: &Path) -> u64 {
    run(&["reindex", "--json", "--data", text(data)]).expect(0).json()["seq"].as_u64().unwrap()
}

#[test]
fn a_misused_command_line_is_one_line_that_names_what_is_wrong() {
    for (args, part) in [
        (&["serve", "--lissten", "x"][..], "--lissten"),
        (&["unheard-of"], "unheard-of"),
        (&["--data"], "--data"),
        (&["backup"], "<FILE>"),
        (&["restore"], "<FILE>"),
        (&["import"], "--help"),
        (&["import", "osm"], "<FILE>"),
        (&["import", "osm", "x", "--bbox", "1,2,3"], "west,south,east,north"),
        (&["import", "geojson", "x", "--column", "name"], "OURS=THEIRS"),
        (&["import", "csv", "x", "--source", "A b"], "small letters"),
        (&["import", "csv", "x", "--category", "no such thing"], "no such thing"),
        (&["import", "csv", "x", "--dry-run", "--merge-duplicates"], "--merge-duplicates"),
        (&["check", "--verbose"], "--verbose"),
        (&["reindex", "now"], "now"),
        (&["token", "create", "--scope", "own"], "--user"),
        (&["demo", "--now", "yesterday"], "yesterday"),
        (&["demo", "--listen", "0.0.0.0:0"], "loopback"),
    ] {
        refused(&run(args), 2, part);
    }
    for help in [&["--help"][..], &["import", "osm", "--help"], &["--version"]] {
        let shown = run(help).expect(0);
        assert!(shown.stdout.contains("highstreet") && shown.stderr.is_empty(), "{shown:?}");
    }
}

#[test]
fn an_import_tells_what_it_did_and_a_second_one_changes_nothing() {
    let city = TempDir::new().unwrap();
    let rehearsed = counts(import(&extract(), city.path(), &["--bbox", BOX, "--dry-run"]));
    let first = counts(import(&extract(), city.path(), &["--bbox", BOX]));
    assert_eq!(rehearsed, first);
    let added = first["added"].as_u64().unwrap();
    assert!(added > 100, "{first}");
    let reached = seq(city.path());
    let again = counts(import(&extract(), city.path(), &["--bbox", BOX]));
    assert_eq!((&again["added"], &again["updated"], &again["unchanged"]), (&json!(0), &json!(0), &json!(added)));
    assert_eq!(seq(city.path()), reached, "nothing was written");
    assert_eq!(
        run(&["check", "--json", "--data", text(city.path())]).expect(0).json(),
        json!({ "ok": true, "faults": [] })
    );
}

#[test]
fn import_reindex_and_check_work_beside_a_running_server() {
    let server = Launch::serve().start();
    let first = counts(import(&extract(), server.data(), &["--bbox", BOX]));
    let added = first["added"].as_u64().unwrap();
    assert!(added > 100, "{first}");
    let again = counts(import(&extract(), server.data(), &["--bbox", BOX]));
    assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(added)));
    assert!(!server.data().join("incoming").exists());
    let rebuilt = run(&["reindex", "--json", "--data", text(server.data())]).expect(0).json();
    assert_eq!(rebuilt["places"], json!(added), "{rebuilt}");
    let checked = run(&["check", "--json", "--data", text(server.data())]).expect(0).json();
    assert_eq!(checked, json!({ "ok": true, "faults": [] }));
    server.guest().get("/readyz").expect(200);
    refused(&import(&half(server.data()), server.data(), &[]), 74, "cut short");
}

/// The first half of the extract, beside a data folder.
fn half(data: &Path) -> PathBuf {
    let file = data.join("media/half.osm.pbf");
    let whole = std::fs::read(extract()).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    file
}

#[test]
fn files_that_are_no_extract_are_refused_and_what_was_there_stays() {
    let (city, files) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let before = counts(import(&extract(), city.path(), &["--bbox", BOX]));
    let whole = std::fs::read(extract()).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2..].iter_mut().step_by(97).for_each(|byte| *byte ^= 0x55);
    let file = |name: &str, bytes: &[u8]| {
        let path = files.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let bad = [
        (file("empty.osm.pbf", b""), "empty.osm.pbf: "),
        (file("cut.osm.pbf", &whole[..whole.len() / 2]), "cut short"),
        (file("page.osm.pbf", b"<!doctype html><title>404</title>"), "page.osm.pbf: "),
        (file("long.osm.pbf", &[0xFF; 4096]), "long.osm.pbf: "),
        (file("damaged.osm.pbf", &flipped), "damaged.osm.pbf: "),
        (files.path().join("missing.osm.pbf"), "missing.osm.pbf: No such file"),
        (files.path().to_owned(), "is no file"),
    ];
    for (path, part) in &bad {
        refused(&import(path, city.path(), &["--bbox", BOX]), 74, part);
    }
    let after = counts(import(&extract(), city.path(), &["--bbox", BOX]));
    assert_eq!((&after["added"], &after["unchanged"]), (&json!(0), &before["added"]));
}

#[test]
fn a_file_that_can_not_be_read_founds_no_city() {
    let parent = TempDir::new().unwrap();
    let data = parent.path().join("city");
    refused(&import(&parent.path().join("missing"), &data, &[]), 74, "missing");
    assert!(!data.exists());
}

#[test]
fn a_newer_city_is_refused_and_stays_as_it_was() {
    let city = TempDir::new().unwrap();
    let folder = Folder::open(city.path(), Expect::Real).unwrap();
    drop(folder.store(highstreet::schema::NUMBER + 1, 1 << 20, Hooks::default(), &Clock::anchored).unwrap());
    drop(folder);
    let head = || Folder::open(city.path(), Expect::Real).unwrap().head(1 << 20).unwrap();
    let before = head();
    let data = ["--data", text(city.path())];
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"], &["reindex"], &["user", "list"]] {
        refused(&run(&[args, &data].concat()), 74, "newer Highstreet");
    }
    refused(&import(&extract(), city.path(), &[]), 74, "newer Highstreet");
    assert_eq!(head(), before);
}

#[test]
fn a_folder_that_can_not_be_written_is_refused() {
    refused(&import(&extract(), Path::new("/proc/city"), &[]), 74, "/proc/city");
    let parent = TempDir::new().unwrap();
    let data = parent.path().join("city");
    std::fs::create_dir(&data).unwrap();
    // Nothing is read-only for root, who in turn can give the folder away.
    if chown(&data, Some(4711), None).is_ok() {
        refused(&run(&["serve", "--listen", "127.0.0.1:0", "--data", text(&data)]), 2, "belongs to user 4711");
    } else {
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o500)).unwrap();
        refused(&run(&["serve", "--listen", "127.0.0.1:0", "--data", text(&data)]), 74, text(&data));
    }
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
}

#[test]
fn a_damaged_city_is_refused_and_stays_as_it_was() {
    let city = TempDir::new().unwrap();
    std::fs::write(city.path().join("city.redb"), vec![0xA5; 8192]).unwrap();
    refused(&run(&["check", "--data", text(city.path())]), 74, "city.redb");
    refused(&run(&["serve", "--listen", "127.0.0.1:0", "--data", text(city.path())]), 74, "city.redb");
    assert_eq!(std::fs::read(city.path().join("city.redb")).unwrap(), vec![0xA5; 8192]);
}

#[test]
fn a_demo_takes_places_and_is_rebuilt_while_it_is_served() {
    let demo = Server::demo();
    let told = counts(import(&extract(), demo.data(), &[]));
    assert_eq!((&told["added"], &told["updated"]), (&json!(0), &json!(0)), "{told}");
    let places = run(&["reindex", "--json", "--data", text(demo.data())]).expect(0).json()["places"].clone();
    assert!(places.as_u64() >= told["unchanged"].as_u64(), "{places} {told}");
}
