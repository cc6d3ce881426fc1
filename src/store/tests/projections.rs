//! Projections: made anew when they must be, folded forward otherwise, and gone with the store.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::base::Fault;

use super::*;

/// The sum of all counts, and how it came about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum {
    seq: Option<u64>,
    total: u64,
    rebuilds: u32,
    folds: Vec<u64>,
}

#[derive(Clone, Default)]
struct Summing {
    sum: Arc<Mutex<Sum>>,
    is_lazy: bool,
}

impl Summing {
    fn at(seq: Option<u64>) -> Summing {
        let summing = Summing::default();
        summing.sum.lock().unwrap().seq = seq;
        summing
    }

    fn sum(&self) -> Sum {
        self.sum.lock().unwrap().clone()
    }
}

impl Projection for Summing {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn seq(&self) -> Option<u64> {
        self.sum().seq
    }

    fn rebuild(&mut self, snapshot: &Snapshot) -> Result<(), Fault> {
        let rows = snapshot.scan(&COUNTS, Span::all())?.collect::<Result<Vec<_>, Fault>>()?;
        let mut sum = self.sum.lock().unwrap();
        sum.total = rows.iter().map(|(_, count)| count).sum();
        sum.seq = if self.is_lazy { None } else { Some(snapshot.seq()) };
        sum.rebuilds += 1;
        Ok(())
    }

    /// Each commit adds one to one count.
    fn fold(&mut self, batches: &[Batch], snapshot: &Snapshot) -> Result<(), Fault> {
        let mut sum = self.sum.lock().unwrap();
        assert_eq!(sum.seq.map(|seq| seq + 1), batches.first().map(|batch| batch.seq));
        for batch in batches {
            assert!(batch.seq <= snapshot.seq());
            sum.total += batch.effects.len() as u64;
            sum.seq = Some(batch.seq);
            sum.folds.push(batch.seq);
        }
        Ok(())
    }
}

fn add(store: &Store, times: u32) {
    for key in 0..times {
        store.write_blocking(move |tx| count(tx, key)).outcome.unwrap();
    }
}

#[test]
fn one_that_was_never_made_is_made_anew_and_then_folds() {
    let store = memory();
    add(&store, 3);
    let mut summing = Summing::default();
    assert_eq!(store.catch_up(&mut summing).unwrap(), 3);
    assert_eq!(summing.sum(), Sum { seq: Some(3), total: 3, rebuilds: 1, folds: vec![] });
    add(&store, 2);
    assert_eq!(store.catch_up(&mut summing).unwrap(), 5);
    assert_eq!(summing.sum(), Sum { seq: Some(5), total: 5, rebuilds: 1, folds: vec![4, 5] });
    assert_eq!(store.catch_up(&mut summing).unwrap(), 5);
}

#[test]
fn one_that_is_far_behind_folds_everything_once() {
    let store = memory();
    add(&store, 600);
    let mut summing = Summing::at(Some(0));
    assert_eq!(store.catch_up(&mut summing).unwrap(), 600);
    assert_eq!(summing.sum(), Sum { seq: Some(600), total: 600, rebuilds: 0, folds: (1..=600).collect() });
}

#[test]
fn one_from_an_undone_future_is_made_anew() {
    let store = memory();
    add(&store, 2);
    let mut summing = Summing::at(Some(9));
    assert_eq!(store.catch_up(&mut summing).unwrap(), 2);
    assert_eq!(summing.sum().rebuilds, 1);
}

#[test]
fn one_that_the_log_does_not_reach_back_to_is_made_anew() {
    // A restored store: rows at a seq, and no log before it.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    let disk = Disk::open(Place::File(&path), 1 << 20).unwrap();
    let head = Head { store_id: [1; 16], schema: 1, epoch: 2, seq: 70, at: START, origin: Origin::Real };
    let key = [&COUNTS.number().to_bytes()[..], &1_u32.to_bytes()].concat();
    disk.seed(&head, &mut std::iter::once(Ok((key, 5_u64.to_row())))).unwrap();
    drop(disk);
    let store = Store::open(options(Place::File(&path))).unwrap();
    let mut summing = Summing::at(Some(60));
    assert_eq!(store.catch_up(&mut summing).unwrap(), 70);
    assert_eq!(summing.sum(), Sum { seq: Some(70), total: 5, rebuilds: 1, folds: vec![] });
    add(&store, 1);
    assert_eq!(store.catch_up(&mut summing).unwrap(), 71);
    assert_eq!(summing.sum().folds, [71]);
}

#[test]
fn one_that_does_not_reach_what_it_is_made_from_is_a_fault_and_no_endless_loop() {
    let store = memory();
    let mut lazy = Summing { is_lazy: true, ..Summing::default() };
    assert!(store.catch_up(&mut lazy).is_err());
}

/// Tells when it is dropped, which is when its thread has ended.
struct Watched(Summing, Arc<AtomicBool>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
    }
}

impl Projection for Watched {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn seq(&self) -> Option<u64> {
        self.0.seq()
    }

    fn rebuild(&mut self, snapshot: &Snapshot) -> Result<(), Fault> {
        self.0.rebuild(snapshot)
    }

    fn fold(&mut self, batches: &[Batch], snapshot: &Snapshot) -> Result<(), Fault> {
        self.0.fold(batches, snapshot)
    }
}

fn soon(is_so: impl Fn() -> bool) -> bool {
    (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        is_so()
    })
}

#[test]
fn one_that_follows_hears_of_every_commit_and_ends_with_the_store() {
    let (store, summing, ended) = (memory(), Summing::default(), Arc::new(AtomicBool::new(false)));
    store.follow(Box::new(Watched(summing.clone(), ended.clone()))).unwrap();
    assert!(soon(|| summing.seq() == Some(0)));
    add(&store, 3);
    assert!(soon(|| summing.sum().total == 3));
    assert_eq!(summing.sum().rebuilds, 1);
    let weak = store.downgrade();
    drop(store);
    assert!(soon(|| ended.load(Ordering::SeqCst)));
    assert!(weak.upgrade().is_none());
}

#[test]
fn one_that_panics_is_made_anew_and_follows_on() {
    struct Nervous(Summing, bool);
    impl Projection for Nervous {
        fn name(&self) -> &'static str {
            "nervous"
        }
        fn seq(&self) -> Option<u64> {
            self.0.seq()
        }
        fn rebuild(&mut self, snapshot: &Snapshot) -> Result<(), Fault> {
            self.0.rebuild(snapshot)
        }
        fn fold(&mut self, batches: &[Batch], snapshot: &Snapshot) -> Result<(), Fault> {
            assert!(std::mem::replace(&mut self.1, true), "as planned");
            self.0.fold(batches, snapshot)
        }
    }
    let (store, summing) = (memory(), Summing::default());
    store.follow(Box::new(Nervous(summing.clone(), false))).unwrap();
    assert!(soon(|| summing.seq() == Some(0)));
    add(&store, 3);
    assert!(soon(|| summing.sum().total == 3));
    assert_eq!(summing.sum().rebuilds, 2);
}
