//! Compaction: the file shrinks, and the rows are as they were, also if it is killed meanwhile.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;

const CHILD: &str = "store::tests::compaction::a_child_compacts_until_it_is_killed";
const FOLDER: &str = "HIGHSTREET_COMPACT_FOLDER";
const ROWS: u32 = 400;

/// A city that was ten times as large once.
fn shrunken_city(path: &Path) {
    let folder = Folder::open(path, Expect::Real).unwrap();
    let store = folder.store(1, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let write = |from: u32, is_there: bool| {
        let write = move |tx: &mut Tx<'_>| -> Outcome<(), String> {
            for key in from..from + ROWS {
                match is_there {
                    true => tx.put(&WORDS, &key, &format!("{key} {}", "x".repeat(5000)))?,
                    false => tx.delete(&WORDS, &key)?,
                }
            }
            Ok(())
        };
        store.write_blocking(write).outcome.unwrap();
    };
    (0..10).for_each(|tenth| write(tenth * ROWS, true));
    (0..9).for_each(|tenth| write(tenth * ROWS, false));
}

fn everything(path: &Path) -> (Head, Vec<Pair>) {
    let folder = Folder::open(path, Expect::Real).unwrap();
    let store = folder.store(1, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(store.batches_after(0, 100).unwrap().len() as u64, snapshot.seq());
    (snapshot.head().clone(), snapshot.all_rows().unwrap().map(Result::unwrap).collect())
}

fn compact(path: &Path) -> Result<(u64, u64), FolderFault> {
    Folder::open(path, Expect::Any)?.compact(1, 1 << 20)
}

#[test]
fn the_file_shrinks_and_everything_is_as_it_was() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city");
    shrunken_city(&path);
    let was = everything(&path);
    let (before, after) = compact(&path).unwrap();
    assert_eq!(after, std::fs::metadata(path.join("city.redb")).unwrap().len());
    assert!(after < before, "{before} bytes before, {after} after");
    assert!(everything(&path) == was);
}

#[test]
fn a_folder_without_a_city_in_use_or_of_a_newer_schema_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city");
    assert!(matches!(compact(&path), Err(FolderFault::NoCity { .. })));
    shrunken_city(&path);
    let newer = Folder::open(&path, Expect::Any).unwrap().compact(0, 1 << 20);
    assert!(matches!(newer, Err(FolderFault::Store { cause: OpenFault::Newer { found: 1, known: 0 }, .. })));
    let _open = Folder::open(&path, Expect::Real).unwrap();
    assert!(matches!(compact(&path), Err(FolderFault::Locked { .. })));
}

/// The child's side; without its parent it is no test.
#[test]
fn a_child_compacts_until_it_is_killed() {
    if let Some(path) = std::env::var_os(FOLDER) {
        compact(Path::new(&path)).unwrap();
    }
}

#[test]
fn whenever_it_is_killed_everything_is_as_it_was() {
    let mut chance = seed();
    let parent = tempfile::tempdir().unwrap();
    let (whole, path) = (parent.path().join("whole"), parent.path().join("city"));
    shrunken_city(&whole);
    let was = everything(&whole);
    let mut killed = 0;
    for round in 0..10 {
        shrunken_copy(&whole, &path);
        let before = std::fs::read(path.join("city.redb")).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--test-threads", "1"])
            .env(FOLDER, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // It has begun when the file is another one.
        while child.try_wait().unwrap().is_none() && std::fs::read(path.join("city.redb")).unwrap() == before {}
        std::thread::sleep(Duration::from_micros(below(&mut chance, 30_000)));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        assert!(everything(&path) == was, "round {round}");
    }
    println!("{killed} killed while they were at it");
    assert!(killed > 0);
}

fn shrunken_copy(whole: &Path, path: &Path) {
    drop(Folder::open(path, Expect::Real).unwrap());
    std::fs::copy(whole.join("city.redb"), path.join("city.redb")).unwrap();
}
