//! A store in a file: the same after it is opened again, and refused when it is not ours.

use crate::base::fault::FaultKind;

use super::*;

#[test]
fn a_store_that_is_opened_again_has_the_same_rows_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    let open = || Store::open(options(Place::File(&path))).unwrap();
    let store = open();
    put(&store, 1, "salt").unwrap();
    put(&store, 2, "bread").unwrap();
    let everything = |store: &Store| -> (Head, Vec<Pair>) {
        let snapshot = store.snapshot().unwrap();
        let rows = snapshot.all_rows().unwrap().map(Result::unwrap).collect();
        (snapshot.head().clone(), rows)
    };
    let before = everything(&store);
    drop(store);
    let store = open();
    assert_eq!(everything(&store), before);
    assert_eq!(store.batches_after(0, 10).unwrap().len(), 2);
    put(&store, 3, "butter").unwrap();
    assert_eq!(store.snapshot().unwrap().seq(), 3);
}

#[test]
fn time_goes_on_after_the_last_commit_though_the_clock_was_turned_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    let store = Store::open(options(Place::File(&path))).unwrap();
    store.clock().move_to(START.plus_seconds(3600));
    put(&store, 1, "salt").unwrap();
    drop(store);
    // This clock starts an hour before the last commit.
    let store = Store::open(options(Place::File(&path))).unwrap();
    let now: Outcome<Timestamp, String> = store.write_blocking(|tx| Ok(tx.now())).outcome;
    assert!(now.unwrap() >= START.plus_seconds(3600));
}

#[test]
fn an_existing_store_keeps_its_stamp_and_its_identity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    let first = Store::open(options(Place::File(&path))).unwrap().snapshot().unwrap().head().clone();
    let again = Store::open(Options { origin: Origin::Real, ..options(Place::File(&path)) }).unwrap();
    assert_eq!(again.snapshot().unwrap().head(), &first);
}

#[test]
fn a_store_of_a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    drop(Store::open(Options { schema: 7, ..options(Place::File(&path)) }).unwrap());
    let refused = Store::open(Options { schema: 6, ..options(Place::File(&path)) }).err();
    assert_eq!(refused, Some(OpenFault::Newer { found: 7, known: 6 }));
    assert!(Store::open(Options { schema: 7, ..options(Place::File(&path)) }).is_ok());
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    for content in [&b""[..], b"dear diary", &[0; 8192], &[0xA5; 70_000]] {
        std::fs::write(&path, content).unwrap();
        let Err(OpenFault::Fault(fault)) = Store::open(options(Place::File(&path))) else { panic!("it was opened") };
        assert_eq!(fault.kind, FaultKind::Corrupt, "{fault}");
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_file_that_another_has_open_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    let _first = Store::open(options(Place::File(&path))).unwrap();
    let Err(OpenFault::Fault(fault)) = Store::open(options(Place::File(&path))) else { panic!("it was opened twice") };
    assert_eq!(fault.kind, FaultKind::Busy, "{fault}");
}

#[test]
fn a_start_that_was_cut_off_while_the_file_was_made_leaves_nothing_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    std::fs::write(folder.path().join("city.redb.new"), [0; 100]).unwrap();
    let store = Store::open(options(Place::File(&path))).unwrap();
    put(&store, 1, "salt").unwrap();
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["city.redb"]);
}

#[test]
fn rows_without_a_head_are_no_new_city() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    let foreign = redb::Database::create(&path).unwrap();
    let write = foreign.begin_write().unwrap();
    let rows: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("rows");
    write.open_table(rows).unwrap().insert(&[0_u8, 9][..], &[1_u8][..]).unwrap();
    write.commit().unwrap();
    drop(foreign);
    assert!(Store::open(options(Place::File(&path))).is_err());
}
