//! The folder of the search index, from outside: whatever happens to it, no page fails, and search heals.

use std::path::{Path, PathBuf};
use std::time::Duration;

use highstreet::base::clock::monotonic;

use crate::kit::{Launch, Server};

const HEALED_WITHIN: Duration = Duration::from_secs(90);
const PLACES: u64 = 1_186;

fn files(folder: &Path) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    all.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// Other bytes, seeded by the number; shorter than before for every second one.
fn scramble(file: &Path, number: usize) {
    let Ok(len) = std::fs::metadata(file).map(|found| found.len() as usize) else { return };
    let len = if number.is_multiple_of(2) { len } else { len / 2 };
    let mut state = number as u64 + 1;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    })
    .take(len)
    .collect();
    // The server may have removed it meanwhile.
    let _ = std::fs::write(file, bytes);
}

/// Asks as people do; every answer is a page.
fn ask(server: &Server) -> bool {
    let guest = server.guest();
    guest.get("/").expect(200);
    guest.get("/search?q=sushi").expect(200);
    guest.get("/search?category=cafe&open=now").expect(200);
    guest.api_get("/suggest?q=ka").expect(200);
    let everything = guest.api_get("/places").expect(200).json();
    let sushi = guest.api_get("/places?q=sushi").expect(200).json();
    let ekberg = guest.api_get("/places?q=ekberg").expect(200).json();
    let names = ekberg["items"].as_array().map_or(0, Vec::len);
    everything["total"] == PLACES && sushi["partial"] == false && sushi["total"].as_u64() > Some(3) && names > 0
}

fn heals(server: &Server, what: &str) {
    let started = monotonic();
    while !ask(server) {
        assert!(started.elapsed() < HEALED_WITHIN, "{what}: search has not healed");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Until the index on disk is whole: what is written there was read back, table included.
fn is_kept(server: &Server, index: &Path) {
    let started = monotonic();
    while !(index.join("places").exists() && index.join("words/meta.json").exists()) {
        assert!(started.elapsed() < HEALED_WITHIN, "the index is not on disk");
        assert!(ask(server) || started.elapsed() < HEALED_WITHIN);
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn an_index_that_is_lost_or_damaged_while_the_server_runs_gives_no_error_page_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let server = Launch::demo().start_on(folder.path());
    let index = folder.path().join("index");
    heals(&server, "at first");
    is_kept(&server, &index);
    for (number, file) in files(&index).iter().enumerate() {
        scramble(file, number);
        heals(&server, &file.display().to_string());
    }
    std::fs::remove_dir_all(&index).unwrap();
    heals(&server, "the folder");
    is_kept(&server, &index);
    server.stop();
    let again = Launch::demo().start_on(folder.path());
    heals(&again, "after a start");
}

#[test]
fn an_index_that_is_lost_or_damaged_while_the_server_is_stopped_heals() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("index");
    let server = Launch::demo().start_on(folder.path());
    heals(&server, "at first");
    is_kept(&server, &index);
    server.stop();
    // All of them in turn is what the tests inside do; from outside, one of each kind.
    let mut kinds = std::collections::BTreeSet::new();
    let found = files(&index);
    let one_each = found.iter().filter(|file| kinds.insert(file.extension().map(ToOwned::to_owned)));
    for (number, file) in one_each.enumerate() {
        scramble(file, number);
        let server = Launch::demo().start_on(folder.path());
        heals(&server, &file.display().to_string());
        server.stop();
    }
    std::fs::remove_dir_all(&index).unwrap();
    let server = Launch::demo().start_on(folder.path());
    heals(&server, "the folder");
}
