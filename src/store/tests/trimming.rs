//! Trimming of the change log: what is old and folded goes, what somebody still needs stays, and who is too slow is
//! made anew.

use crate::base::Fault;
use crate::store::trim::Keeping;

use super::*;

const DAY: i64 = 24 * 3600;

fn write_some(store: &Store, times: u64) {
    for _ in 0..times {
        store.write_blocking(|tx| count(tx, 1)).outcome.unwrap();
    }
}

/// The first and the last batch of the log.
fn log(store: &Store) -> (u64, u64) {
    let first = store.batches_after(0, 1).unwrap()[0].seq;
    let last = store.snapshot().unwrap().seq();
    assert_eq!(store.batches_after(last - 1, 10).unwrap().len(), 1);
    (first, last)
}

fn trim_all(store: &Store) -> u64 {
    let mut gone = 0;
    loop {
        match store.trim_log().unwrap() {
            0 => return gone,
            some => gone += some,
        }
    }
}

#[test]
fn a_batch_is_kept_for_7_days_and_the_newest_are_kept_for_good() {
    let store = memory();
    write_some(&store, 600);
    assert_eq!(trim_all(&store), 0);
    store.clock().move_to(START.plus_seconds(6 * DAY));
    write_some(&store, 100);
    assert_eq!(trim_all(&store), 0);
    store.clock().move_to(START.plus_seconds(8 * DAY));
    assert_eq!(trim_all(&store), 700 - KEPT_BATCHES);
    assert_eq!(log(&store), (701 - KEPT_BATCHES, 700));
    write_some(&store, 300);
    assert_eq!(trim_all(&store), 600 - (700 - KEPT_BATCHES), "those of day 6 are younger");
    store.clock().move_to(START.plus_seconds(100 * DAY));
    trim_all(&store);
    assert_eq!(log(&store), (1001 - KEPT_BATCHES, 1000));
}

#[test]
fn one_turn_forgets_a_bounded_number() {
    let store = memory();
    write_some(&store, 1200);
    store.clock().move_to(START.plus_seconds(8 * DAY));
    assert_eq!([(); 3].map(|()| store.trim_log().unwrap()), [512, 1200 - 512 - KEPT_BATCHES, 0]);
}

#[test]
fn what_a_projection_lacks_is_kept_until_it_is_too_slow() {
    let keeping = |slowest, days| Keeping { head: 1000, slowest, now: START.plus_seconds(days * DAY + 1) };
    assert!(!keeping(None, 6).lets_go(1, START));
    assert!(keeping(None, 7).lets_go(1, START));
    assert!(keeping(Some(9), 7).lets_go(9, START));
    assert!(!keeping(Some(9), 7).lets_go(10, START));
    assert!(!keeping(Some(9), 29).lets_go(10, START));
    assert!(keeping(Some(9), 30).lets_go(10, START));
    assert!(!keeping(Some(9), 3000).lets_go(1001 - KEPT_BATCHES, START));
}

/// How often it was made anew and how far it folded, and a gate that holds it up.
#[derive(Clone, Default)]
struct Slow(Arc<std::sync::Mutex<(Option<u64>, u32)>>, Arc<std::sync::Mutex<()>>);

impl Projection for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn seq(&self) -> Option<u64> {
        self.0.lock().unwrap().0
    }

    fn rebuild(&mut self, snapshot: &Snapshot) -> Result<(), Fault> {
        let mut state = self.0.lock().unwrap();
        *state = (Some(snapshot.seq()), state.1 + 1);
        Ok(())
    }

    fn fold(&mut self, batches: &[Batch], _: &Snapshot) -> Result<(), Fault> {
        let _gate = self.1.lock().unwrap();
        self.0.lock().unwrap().0 = batches.last().map(|batch| batch.seq);
        Ok(())
    }
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it did not come to pass: {what}");
}

#[test]
fn one_that_lags_keeps_its_batches_and_one_that_lags_too_long_is_made_anew() {
    let store = memory();
    let slow = Slow::default();
    store.follow(Box::new(slow.clone())).unwrap();
    wait_until("it is made", || store.followers().slowest() == Some(0));
    let gate = slow.1.lock().unwrap();
    write_some(&store, 1000);
    store.clock().move_to(START.plus_seconds(8 * DAY));
    assert_eq!(trim_all(&store), 0, "it has folded nothing yet");
    drop(gate);
    wait_until("it has caught up", || store.followers().slowest() == Some(1000));
    assert_eq!(slow.0.lock().unwrap().1, 1, "it folded what was kept for it");
    assert_eq!(trim_all(&store), 1000 - KEPT_BATCHES);
    // Now it lags for more than a month.
    let gate = slow.1.lock().unwrap();
    write_some(&store, 1000);
    store.clock().move_to(START.plus_seconds(39 * DAY));
    assert!(trim_all(&store) > 0, "nobody waits for it any more");
    assert_eq!(log(&store), (2001 - KEPT_BATCHES, 2000));
    drop(gate);
    wait_until("it has caught up again", || store.followers().slowest() == Some(2000));
    assert_eq!(slow.0.lock().unwrap().1, 2, "it was made anew");
}

#[test]
fn after_a_restart_the_log_goes_on_where_it_was_cut() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city.redb");
    let open = || Store::open(options(Place::File(&path))).unwrap();
    let store = open();
    write_some(&store, 400);
    store.clock().move_to(START.plus_seconds(8 * DAY));
    assert_eq!(trim_all(&store), 400 - KEPT_BATCHES);
    drop(store);
    let store = open();
    assert_eq!(log(&store), (401 - KEPT_BATCHES, 400));
    write_some(&store, 1);
    assert_eq!(log(&store), (401 - KEPT_BATCHES, 401));
    // One that comes late finds a gap, and one that comes in time finds none.
    let late = Slow::default();
    late.0.lock().unwrap().0 = Some(100);
    assert_eq!(store.catch_up(&mut late.clone()).unwrap(), 401);
    assert_eq!(late.0.lock().unwrap().1, 1);
    let in_time = Slow::default();
    in_time.0.lock().unwrap().0 = Some(400 - KEPT_BATCHES);
    assert_eq!(store.catch_up(&mut in_time.clone()).unwrap(), 401);
    assert_eq!(in_time.0.lock().unwrap().1, 0);
}
