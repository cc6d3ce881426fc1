//! One conformance suite for every committer, and what a shared log adds: others who write, lost answers, a new lead.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::base::Fault;
use crate::base::fault::FaultKind;

use super::*;

fn in_file() -> Store {
    with_committer(|disk| Ok(InFile::new(disk)))
}

fn following(log: &MemoryLog) -> Store {
    with_committer(|disk| Shared::following(disk, log.clone()))
}

fn leading(log: &MemoryLog) -> Store {
    with_committer(|disk| Shared::leading(disk, log.clone()))
}

/// The committers, each on a store of its own.
fn each(test: impl Fn(Store)) {
    test(in_file());
    test(following(&MemoryLog::default()));
    test(leading(&MemoryLog::default()));
}

fn add(store: &Store) -> Outcome<u64, String> {
    store.write_blocking(|tx| count(tx, 1)).outcome
}

#[test]
fn the_log_is_gap_free_and_has_only_what_was_to_stay() {
    each(|store| {
        for turn in 0..30_u64 {
            let answer = store.write_blocking(move |tx| {
                count(tx, 1)?;
                match turn % 3 {
                    0 => Ok(()),
                    1 => Err(Stop::Refuse("no".to_owned())),
                    _ => Err(Stop::RefuseKeeping("no, and noted".to_owned())),
                }
            });
            assert_eq!(answer.outcome.is_ok(), turn % 3 == 0);
        }
        let batches = store.batches_after(0, 100).unwrap();
        assert_eq!(batches.iter().map(|batch| batch.seq).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
        assert!(batches.windows(2).all(|pair| pair[0].at <= pair[1].at && pair[0].id != pair[1].id));
        assert_eq!(store.snapshot().unwrap().seq(), 20);
        assert_eq!(counted(&store, 1), 20);
        assert_eq!(store.batches_after(15, 2).unwrap().first().map(|batch| batch.seq), Some(16));
    });
}

#[test]
fn effects_are_seen_by_those_after_in_the_batch_at_once_and_by_readers_after_the_commit() {
    each(|store| {
        let before = store.snapshot().unwrap();
        let reader = store.downgrade();
        let look = move |tx: &mut Tx<'_>| -> Outcome<(u64, u64), String> {
            let reader = reader.upgrade().unwrap();
            Ok((tx.get(&COUNTS, &1)?.unwrap_or(0), counted(&reader, 1)))
        };
        type Looking = Box<dyn Fn(&mut Tx<'_>) -> Outcome<(u64, u64), String> + Send>;
        let adding = |tx: &mut Tx<'_>| count(tx, 1).map(|count| (count, 0));
        let commands: Vec<Looking> = vec![Box::new(adding), Box::new(look)];
        let answers = in_one_batch(&store, commands);
        assert_eq!(answers[1].outcome, Ok((1, 0)));
        assert_eq!(counted(&store, 1), 1);
        assert_eq!(before.get(&COUNTS, &1).unwrap(), None, "a snapshot stays as it was");
    });
}

#[test]
fn nothing_remains_of_what_was_refused_and_of_a_fault() {
    each(|store| {
        let outcomes: [fn() -> Stop<String>; 2] =
            [|| Stop::Refuse("no".to_owned()), || Stop::Fault(Fault::bug("a test", "as planned"))];
        for stop in outcomes {
            let answer: Answer<(), String> = store.write_blocking(move |tx| {
                count(tx, 1)?;
                Err(stop())
            });
            assert!(answer.outcome.is_err());
        }
        assert_eq!((counted(&store, 1), store.snapshot().unwrap().seq()), (0, 0));
    });
}

/// Holds each commit until it is told to go on.
struct Held {
    inner: InFile,
    reached: SyncSender<()>,
    go_on: Receiver<()>,
}

impl Committer for Held {
    fn commit(&mut self, batch: &Batch) -> Result<Committed, Fault> {
        self.reached.send(()).unwrap();
        self.go_on.recv().unwrap();
        self.inner.commit(batch)
    }

    fn head(&self) -> Result<Head, Fault> {
        self.inner.head()
    }
}

#[test]
fn nobody_is_answered_before_the_commit_not_even_who_was_refused_on_its_effects() {
    let ((reached, commits), (go_on, told)) = (sync_channel(0), sync_channel(0));
    let store = with_committer(|disk| Ok(Held { inner: InFile::new(disk), reached, go_on: told }));
    let gate = Gate::close(&store);
    let mut granted = submit(&store, |tx| count(tx, 1));
    let mut refused = submit(&store, |tx| -> Outcome<(), u64> { Err(Stop::Refuse(count(tx, 1).unwrap())) });
    gate.open();
    commits.recv().unwrap();
    assert!(granted.try_recv().is_err() && refused.try_recv().is_err());
    assert_eq!(counted(&store, 1), 0);
    go_on.send(()).unwrap();
    assert_eq!(granted.blocking_recv().unwrap().outcome, Ok(1));
    assert_eq!(refused.blocking_recv().unwrap().outcome, Err(Stop::Refuse(2)));
    assert_eq!(counted(&store, 1), 1);
}

/// Panics at the first commit.
struct Clumsy(InFile, bool);

impl Committer for Clumsy {
    fn commit(&mut self, batch: &Batch) -> Result<Committed, Fault> {
        assert!(std::mem::replace(&mut self.1, true), "as planned");
        self.0.commit(batch)
    }

    fn head(&self) -> Result<Head, Fault> {
        self.0.head()
    }
}

#[test]
fn a_panic_below_the_commands_does_not_end_all_writing() {
    let store = with_committer(|disk| Ok(Clumsy(InFile::new(disk), false)));
    assert!(matches!(add(&store), Err(Stop::Fault(fault)) if fault.kind == FaultKind::Bug));
    assert_eq!(add(&store), Ok(1));
}

#[test]
fn who_is_behind_decides_anew_on_the_newer_state() {
    let log = MemoryLog::default();
    let (one, other) = (following(&log), following(&log));
    assert_eq!((add(&one), add(&one)), (Ok(1), Ok(2)));
    let runs = Arc::new(AtomicU64::new(0));
    let counting = runs.clone();
    let outcome = other.write_blocking(move |tx| {
        counting.fetch_add(1, Ordering::SeqCst);
        count(tx, 1)
    });
    assert_eq!((outcome.outcome, outcome.position.seq), (Ok(3), 3));
    assert_eq!(runs.load(Ordering::SeqCst), 2, "once on the old state, once on the newer one");
    assert_eq!(add(&one), Ok(4));
}

#[test]
fn two_stores_on_one_log_lose_nothing_and_come_to_the_same_rows() {
    let log = MemoryLog::default();
    let stores = [following(&log), following(&log)];
    let threads = stores
        .clone()
        .map(|store| std::thread::spawn(move || (0..200).map(|_| add(&store).unwrap()).collect::<Vec<_>>()));
    let mut answers: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    answers.sort_unstable();
    assert_eq!(answers, (1..=400).collect::<Vec<_>>(), "every answer was given once");
    let everything = |store: &Store| -> Vec<Pair> {
        // A last write each, so that each has caught up.
        store.write_blocking(|tx| count(tx, 2)).outcome.unwrap();
        store.snapshot().unwrap().all_rows().unwrap().map(Result::unwrap).collect()
    };
    everything(&stores[0]);
    assert_eq!(everything(&stores[1]).len(), 2);
    assert_eq!(counted(&stores[1], 1), 400);
    assert_eq!(stores[0].batches_after(0, 1000).unwrap(), stores[1].batches_after(0, 401).unwrap());
}

#[test]
fn an_append_of_unknown_outcome_is_settled_before_anyone_is_answered() {
    let log = MemoryLog::default();
    let store = following(&log);
    for (turn, mishaps) in (1..).zip([
        vec![Mishap::AnswerLost],
        vec![Mishap::RequestLost],
        vec![Mishap::AnswerLost, Mishap::RequestLost, Mishap::RequestLost],
    ]) {
        log.plan(mishaps);
        assert_eq!(add(&store), Ok(turn));
        assert_eq!(store.batches_after(0, 100).unwrap().len() as u64, turn, "each is in the log once");
    }
}

#[test]
fn an_answer_lost_while_another_writes_is_settled_by_its_id() {
    let log = MemoryLog::default();
    let (one, other) = (following(&log), following(&log));
    assert_eq!(add(&other), Ok(1));
    // Behind, then stored without an answer.
    log.plan(vec![Mishap::AnswerLost, Mishap::RequestLost]);
    assert_eq!(add(&one), Ok(2));
    assert_eq!(add(&other), Ok(3));
}

#[test]
fn a_deposed_leader_is_refused_before_and_after_the_new_one_has_written() {
    let log = MemoryLog::default();
    let old = leading(&log);
    assert_eq!(add(&old), Ok(1));
    let new = leading(&log);
    let is_refused = |store: &Store| matches!(add(store), Err(Stop::Fault(fault)) if fault.kind == FaultKind::Busy);
    assert!(is_refused(&old), "though nothing is written in the new epoch yet");
    assert_eq!(add(&new), Ok(2));
    assert!(is_refused(&old));
    assert!(is_refused(&old), "also after it has seen what the new one wrote");
    assert_eq!(add(&new), Ok(3));
    let epochs: Vec<_> = new.batches_after(0, 10).unwrap().iter().map(|batch| batch.epoch).collect();
    assert!(epochs.windows(2).all(|pair| pair[0] <= pair[1]) && epochs[0] < epochs[1], "{epochs:?}");
    assert_eq!(epochs.len(), 3);
}

#[test]
fn a_log_that_does_not_lead_to_the_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    let open = |log: &MemoryLog| {
        let log = log.clone();
        Store::open_with(options(Place::File(&path)), |disk| Ok(Box::new(Shared::following(disk, log)?)))
    };
    let (log, short, foreign) = (MemoryLog::default(), MemoryLog::default(), MemoryLog::default());
    let store = open(&log).unwrap();
    assert_eq!((add(&store), add(&store)), (Ok(1), Ok(2)));
    drop(store);
    assert!(open(&short).is_err(), "the file has commits that the log has not");
    let stranger = following(&foreign);
    for _ in 0..3 {
        add(&stranger).unwrap();
    }
    assert!(open(&foreign).is_err(), "the log has other commits");
    assert_eq!(add(&open(&log).unwrap()), Ok(3));
}

#[test]
fn a_log_that_forgot_what_the_file_lacks_is_a_fault_and_not_a_gap() {
    let log = MemoryLog::default();
    let (ahead, behind) = (following(&log), following(&log));
    assert_eq!((add(&ahead), add(&ahead)), (Ok(1), Ok(2)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(log.trim(1)).unwrap();
    assert!(matches!(add(&behind), Err(Stop::Fault(_))));
    assert_eq!(behind.snapshot().unwrap().seq(), 0);
    assert_eq!(add(&ahead), Ok(3));
}

#[test]
fn the_memory_log_takes_what_follows_and_wakes_who_waits() {
    let log = MemoryLog::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let batch = |seq: u64, epoch: u64| Batch { seq, epoch, id: [seq as u8; 16], at: START, effects: vec![] };
    runtime.block_on(async {
        let brief = std::time::Duration::from_millis(1);
        assert_eq!(log.wait(0, brief).await.unwrap(), 0);
        assert_eq!(log.append(&batch(2, 1)).await, Appended::Behind);
        assert_eq!(log.append(&batch(1, 1)).await, Appended::Done);
        assert_eq!(log.append(&batch(1, 1)).await, Appended::Behind);
        assert_eq!(log.wait(0, brief).await.unwrap(), 1);
        let lead = log.lead(7).await.unwrap();
        assert!(lead > 7);
        assert_eq!(log.append(&batch(2, 7)).await, Appended::Behind);
        assert_eq!(log.append(&batch(2, lead)).await, Appended::Done);
        assert_eq!(log.read(0, 1).await.unwrap(), [batch(1, 1)]);
        log.trim(1).await.unwrap();
        assert!(log.read(0, 9).await.is_err());
        assert_eq!((log.read(1, 9).await.unwrap(), log.head().await.unwrap()), (vec![batch(2, lead)], 2));
    });
}
