//! A disk that fails under an open store: nothing answered is lost, nothing refused comes back, and readers go on.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redb::StorageBackend;

use crate::base::Fault;
use crate::base::fault::FaultKind;
use crate::store::disk::{Disk, Mended, Opener};

use super::*;

/// A file in memory that outlives its openings and fails on request.
#[derive(Clone, Debug, Default)]
struct Frail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: Mutex<Vec<u8>>,
    /// Writes, resizings and syncs that still go well.
    good_calls: AtomicI64,
    /// Writes of the header after which syncs fail: a commit has two.
    good_headers: AtomicI64,
    fails_reads: AtomicBool,
    kind: Mutex<io::ErrorKind>,
}

impl Default for Inner {
    fn default() -> Inner {
        Inner {
            bytes: Mutex::default(),
            good_calls: AtomicI64::new(i64::MAX),
            good_headers: AtomicI64::new(i64::MAX),
            fails_reads: AtomicBool::new(false),
            kind: Mutex::new(io::ErrorKind::Other),
        }
    }
}

impl Frail {
    fn fail_after(&self, calls: i64) {
        self.0.good_calls.store(calls, Ordering::SeqCst);
    }

    fn fail_at_the_end_of_a_commit(&self) {
        self.0.good_headers.store(2, Ordering::SeqCst);
    }

    fn fail_with(&self, kind: io::ErrorKind) {
        *self.0.kind.lock().unwrap() = kind;
    }

    fn fail_reads(&self) {
        self.0.fails_reads.store(true, Ordering::SeqCst);
    }

    fn heal(&self) {
        self.fail_after(i64::MAX);
        self.0.good_headers.store(i64::MAX, Ordering::SeqCst);
        self.0.fails_reads.store(false, Ordering::SeqCst);
    }

    fn call(&self) -> io::Result<()> {
        let left = self.0.good_calls.fetch_sub(1, Ordering::SeqCst);
        if left > 0 { Ok(()) } else { Err(self.error()) }
    }

    fn error(&self) -> io::Error {
        (*self.0.kind.lock().unwrap()).into()
    }

    /// What a crash at this moment leaves, if the operating system lives on.
    fn copy(&self) -> Frail {
        let copy = Frail::default();
        *copy.0.bytes.lock().unwrap() = self.0.bytes.lock().unwrap().clone();
        copy
    }

    fn disk(&self) -> Disk {
        let frail = self.clone();
        let opener: Opener = Box::new(move || Ok(Box::new(frail.clone())));
        // A small cache, so that reads reach the file.
        Disk::over(opener, 64 << 10, None).unwrap()
    }

    fn store(&self) -> Store {
        let disk = self.disk();
        let chance = Chance::from_system().unwrap();
        Store::open_on(disk, options(Place::Memory), chance, |disk| Ok(Box::new(InFile::new(disk)))).unwrap()
    }
}

impl StorageBackend for Frail {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.bytes.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.0.fails_reads.load(Ordering::SeqCst) {
            return Err(self.error());
        }
        out.copy_from_slice(&self.0.bytes.lock().unwrap()[offset as usize..][..out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.call()?;
        self.0.bytes.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.call()?;
        if self.0.good_headers.load(Ordering::SeqCst) > 0 { Ok(()) } else { Err(self.error()) }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.call()?;
        if offset == 0 {
            self.0.good_headers.fetch_sub(1, Ordering::SeqCst);
        }
        self.0.bytes.lock().unwrap()[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

fn batch(seq: u64, rows: u32) -> Batch {
    let effect = |row: u32| Effect { key: (row + (1 << 20)).to_be_bytes().to_vec(), value: Some(vec![seq as u8; 300]) };
    Batch { seq, epoch: 1, id: [seq as u8; 16], at: START, effects: (0..rows).map(effect).collect() }
}

/// Every row that a snapshot shows, all of them from one commit.
fn shown(disk: &Disk) -> u64 {
    let snapshot = disk.snapshot().unwrap();
    let values: Vec<u8> = snapshot.all_rows().unwrap().map(|row| row.unwrap().1[0]).collect();
    assert!(
        values.iter().all(|value| u64::from(*value) == snapshot.seq()),
        "rows of another commit than {}",
        snapshot.seq()
    );
    snapshot.seq()
}

fn seeded(frail: &Frail) -> Disk {
    let disk = frail.disk();
    let head =
        Head { store_id: [7; 16], schema: 1, epoch: 1, seq: 0, at: Timestamp::from_millis(0), origin: Origin::Demo };
    disk.seed(&head, &mut std::iter::empty()).unwrap();
    disk.apply(&batch(1, 400)).unwrap();
    disk.apply(&batch(2, 400)).unwrap();
    disk
}

#[test]
fn whatever_call_of_a_commit_fails_readers_go_on_and_its_fate_is_told_truly() {
    let (mut refused, mut lost, mut kept) = (0, 0, 0);
    for calls in 0.. {
        let frail = Frail::default();
        let disk = seeded(&frail);
        frail.fail_after(calls);
        let applied = disk.apply(&batch(3, 400)).map_err(|fault| fault.kind);
        if applied.is_ok() {
            break;
        }
        for _ in 0..3 {
            assert_eq!(shown(&disk), 2, "after {calls} calls");
            assert!(disk.check_well().is_err() && disk.apply(&batch(3, 1)).is_err() && disk.mend().is_err());
            assert_eq!(disk.has(3, &[3; 16]), Ok(None));
        }
        let after_a_crash = shown(&frail.copy().disk());
        frail.heal();
        assert_eq!(disk.mend(), Ok(Mended::IsWellAgain), "after {calls} calls");
        assert_eq!(disk.mend(), Ok(Mended::WasWell));
        let seen = shown(&disk);
        assert_eq!(disk.has(3, &[3; 16]), Ok(Some(seen == 3)));
        assert_eq!(disk.has(3, &[9; 16]), Ok(Some(false)), "somebody else's batch");
        match applied {
            Err(FaultKind::Unsettled) => (lost, kept) = if seen == 3 { (lost, kept + 1) } else { (lost + 1, kept) },
            Err(FaultKind::Io) => {
                refused += 1;
                assert_eq!((seen, after_a_crash), (2, 2), "after {calls} calls: what was refused came back");
            }
            other => panic!("{other:?}"),
        }
        for seq in seen + 1..seen + 4 {
            disk.apply(&batch(seq, 300 + 100 * seq as u32)).unwrap();
            assert_eq!(shown(&frail.copy().disk()), seq);
        }
    }
    println!("refused {refused}, unsettled and lost {lost}, unsettled and kept {kept}");
    assert!(refused > 3 && lost > 0 && kept > 0, "refused {refused}, lost {lost}, kept {kept}: the faults did not hit");
}

#[test]
fn a_reader_from_before_the_fault_reads_on_until_others_write_again_and_never_reads_what_they_wrote() {
    let frail = Frail::default();
    let disk = seeded(&frail);
    let before = disk.snapshot().unwrap();
    let read =
        |snapshot: &Snapshot| -> Result<Vec<u8>, Fault> { snapshot.all_rows()?.map(|row| Ok(row?.1[0])).collect() };
    frail.fail_after(2);
    assert!(disk.apply(&batch(3, 400)).is_err());
    assert_eq!(read(&before).unwrap(), [2; 400]);
    frail.heal();
    // It waits for the reader, and then goes on without it.
    assert_eq!(disk.mend(), Ok(Mended::IsWellAgain));
    for seq in 3..20 {
        disk.apply(&batch(seq, 400)).unwrap();
    }
    // What was in the cache may still be read; what is on the disk is not the reader's any more.
    assert!(read(&before).is_err());
    assert_eq!(shown(&disk), 19);
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let started = crate::base::clock::monotonic();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(5), "not within 5 s: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn add(store: &Store) -> Outcome<u64, String> {
    store.write_blocking(|tx| count(tx, 1)).outcome
}

fn fault_of<T: std::fmt::Debug>(outcome: Outcome<T, String>) -> FaultKind {
    match outcome {
        Err(Stop::Fault(fault)) => fault.kind,
        other => panic!("no fault: {other:?}"),
    }
}

#[test]
fn a_store_whose_disk_fails_refuses_serves_and_comes_back_without_help() {
    for (kind, told) in [(io::ErrorKind::Other, FaultKind::Io), (io::ErrorKind::StorageFull, FaultKind::Full)] {
        let frail = Frail::default();
        let store = frail.store();
        assert_eq!(add(&store), Ok(1));
        frail.fail_with(kind);
        frail.fail_after(0);
        assert_eq!(fault_of(add(&store)), told);
        assert_eq!(fault_of(add(&store)), told);
        assert_eq!(counted(&store, 1), 1);
        assert_eq!(store.condition().refusal.map(|fault| fault.kind), Some(told));
        frail.heal();
        until("it takes writes", || store.condition().refusal.is_none());
        assert_eq!(add(&store), Ok(2));
        assert_eq!((counted(&store, 1), store.condition().failures), (2, 1));
        drop(store);
        assert_eq!(counted(&frail.store(), 1), 2);
    }
}

#[test]
fn a_disk_that_can_not_be_read_is_read_again_once_it_can() {
    let frail = Frail::default();
    let store = frail.store();
    for key in 0..500 {
        put(&store, key, &format!("{key:0300}")).unwrap();
    }
    let all =
        |store: &Store| store.snapshot().and_then(|snapshot| snapshot.all_rows()?.try_for_each(|row| row.map(drop)));
    assert_eq!(all(&store), Ok(()));
    frail.fail_reads();
    assert!(all(&store).is_err(), "the cache is too small for all");
    frail.heal();
    until("it is read", || all(&store).is_ok());
    until("it takes writes", || store.condition().refusal.is_none());
    put(&store, 1, "again").unwrap();
}

#[test]
fn a_commit_of_unknown_outcome_is_answered_when_it_is_known_and_others_are_refused_meanwhile() {
    let frail = Frail::default();
    let store = frail.store();
    assert_eq!(add(&store), Ok(1));
    // The second sync of the commit: its root is in force for the operating system, and perhaps for the disk.
    frail.fail_at_the_end_of_a_commit();
    let mut unknown = submit(&store, |tx| count(tx, 1));
    until("it has failed", || store.condition().refusal.is_some());
    assert_eq!(fault_of(add(&store)), FaultKind::Io);
    std::thread::sleep(Duration::from_millis(600));
    assert!(unknown.try_recv().is_err(), "nobody can know yet");
    assert_eq!(counted(&store, 1), 1);
    frail.heal();
    let answer = unknown.blocking_recv().unwrap();
    assert_eq!((answer.outcome, answer.position), (Ok(2), Position { seq: 2, index: 0 }));
    assert_eq!((counted(&store, 1), add(&store)), (2, Ok(3)));
    let ids: std::collections::HashSet<_> = store.batches_after(0, 9).unwrap().iter().map(|batch| batch.id).collect();
    assert_eq!(ids.len(), 3, "each commit is in the log once");
}

#[test]
fn a_store_that_closes_before_an_outcome_is_known_says_that_nobody_knows() {
    let frail = Frail::default();
    let store = frail.store();
    frail.fail_at_the_end_of_a_commit();
    let unknown = submit(&store, |tx| count(tx, 1));
    until("it has failed", || store.condition().refusal.is_some());
    drop(store);
    assert_eq!(fault_of(unknown.blocking_recv().unwrap().outcome), FaultKind::Unsettled);
}

#[test]
fn a_clock_in_doubt_stops_writes_until_it_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    let open =
        |clock: &dyn Fn(Timestamp) -> Clock| Store::open(Options { clock, ..options(Place::File(&path)) }).unwrap();
    let years_ago = crate::base::clock::wall_time().plus_seconds(-2 * 366 * 86_400);
    assert_eq!(add(&open(&|_| Clock::starting_at(years_ago))), Ok(1));
    let store = open(&Clock::careful);
    assert_eq!(fault_of(add(&store)), FaultKind::Stopped);
    assert_eq!((counted(&store, 1), store.condition().lacking()), (1, Some("clock")));
    assert!(store.clock().accept());
    assert_eq!(add(&store), Ok(2));
    drop(store);
    assert_eq!(add(&open(&Clock::careful)), Ok(3), "the commit since tells the time");
}
