//! Tests of timers: each fires once, whatever fails beside it and however often the city is restarted.

use std::sync::Arc;
use std::time::Duration;

use crate::base::{Fault, Timestamp};
use crate::kernel::testing::{id, memory, on_disk, pass, write};
use crate::kernel::timers::*;
use crate::store::{Store, Table, Tx};

/// How often each timer fired.
static FIRED: Table<AnyId, u32> = Table::new(910, "fired", &[]);

fn count(tx: &mut Tx<'_>, id: AnyId) -> Result<(), Fault> {
    let fired = tx.get(&FIRED, &id)?.unwrap_or(0);
    tx.put(&FIRED, &id, &(fired + 1))
}

fn count_then_fail(tx: &mut Tx<'_>, id: AnyId) -> Result<(), Fault> {
    count(tx, id)?;
    Err(Fault::bug("a handler", "it fails"))
}

fn panics(_: &mut Tx<'_>, _: AnyId) -> Result<(), Fault> {
    panic!("it panics")
}

fn handlers() -> Arc<Handlers> {
    let mut handlers = Handlers::default();
    handlers.on("count", count);
    handlers.on("fail", count_then_fail);
    handlers.on("panic", panics);
    Arc::new(handlers)
}

fn set_in(store: &Store, kind: &'static str, number: u8, seconds: i64) {
    write(store, move |tx| set(tx, kind, id(number), tx.now().plus_seconds(seconds)));
}

fn fired(store: &Store, number: u8) -> u32 {
    let snapshot = store.snapshot().unwrap();
    let read: &dyn Read = &snapshot;
    read.get(&FIRED, &id(number)).unwrap().unwrap_or(0)
}

fn set_timers(store: &Store) -> Vec<(TimerKey, Timer)> {
    let snapshot = store.snapshot().unwrap();
    let read: &dyn Read = &snapshot;
    read.scan(&TIMERS, Span::all()).unwrap().map(Result::unwrap).collect()
}

/// Ticks until nothing is due.
fn settle(store: &Store) {
    while tick(store, &handlers()).unwrap() == Duration::ZERO {}
}

#[test]
fn a_timer_fires_when_it_is_due_and_only_once() {
    let store = memory();
    set_in(&store, "count", 1, 60);
    settle(&store);
    assert_eq!(fired(&store, 1), 0);
    pass(&store, 60);
    settle(&store);
    settle(&store);
    assert_eq!(fired(&store, 1), 1);
    assert!(set_timers(&store).is_empty());
}

#[test]
fn a_timer_fires_once_across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    {
        let store = on_disk(&path);
        set_in(&store, "count", 1, 0);
        set_in(&store, "count", 2, 3600);
    }
    {
        let store = on_disk(&path);
        settle(&store);
        assert_eq!((fired(&store, 1), fired(&store, 2)), (1, 0));
    }
    for _ in 0..2 {
        let store = on_disk(&path);
        pass(&store, 3600);
        settle(&store);
        assert_eq!((fired(&store, 1), fired(&store, 2)), (1, 1));
    }
}

#[test]
fn a_crash_before_the_commit_leaves_the_timer_to_fire_again() {
    let store = memory();
    set_in(&store, "count", 1, 0);
    let key = set_timers(&store)[0].0.clone();
    let wired = handlers();
    // A rehearsal does all that firing does, but for the commit: as a crash would.
    let (outcome, effects) = store
        .rehearse(store.clock().now(), [1; 32], |tx| -> Outcome<(), ()> { Ok(fire_in(tx, &wired, &key)?) })
        .unwrap();
    assert!(outcome.is_ok() && !effects.is_empty());
    assert_eq!(fired(&store, 1), 0);
    settle(&store);
    assert_eq!(fired(&store, 1), 1);
}

#[test]
fn a_timer_that_is_cancelled_does_not_fire_and_one_for_another_instant_does() {
    let store = memory();
    let soon = write(&store, |tx| Ok(tx.now().plus_seconds(60)));
    write(&store, move |tx| set(tx, "count", id(1), soon));
    write(&store, move |tx| set(tx, "count", id(2), soon));
    write(&store, move |tx| cancel(tx, "count", id(1), soon));
    write(&store, move |tx| cancel(tx, "count", id(2), soon.plus_seconds(1)));
    pass(&store, 60);
    settle(&store);
    assert_eq!((fired(&store, 1), fired(&store, 2)), (0, 1));
}

#[test]
fn a_timer_that_fails_or_panics_or_nobody_handles_does_not_hold_up_the_others() {
    let store = memory();
    for (number, kind) in (1..).zip(["fail", "count", "panic", "unheard-of", "count"]) {
        set_in(&store, kind, number, i64::from(number));
    }
    pass(&store, 10);
    settle(&store);
    assert_eq!([1, 2, 3, 4, 5].map(|number| fired(&store, number)), [0, 1, 0, 0, 1]);
    let waiting = set_timers(&store);
    assert_eq!(waiting.len(), 3);
    assert!(waiting.iter().all(|((due, _, _), timer)| *due > store.clock().now() && timer.faults == 1));
}

#[test]
fn a_timer_that_goes_on_failing_is_put_off_longer_each_time() {
    let store = memory();
    set_in(&store, "fail", 1, 0);
    for faults in 1..=3 {
        let before = store.clock().now();
        settle(&store);
        let [((due, _, _), timer)] = &set_timers(&store)[..] else { panic!() };
        let delay = delay_seconds(faults - 1);
        assert_eq!(timer.faults, faults);
        assert!((before..=store.clock().now()).contains(&due.plus_seconds(-delay)), "{due}");
        pass(&store, delay);
    }
    assert_eq!([0, 1, 2, 8, 9, u32::MAX].map(delay_seconds), [10, 20, 40, 2560, 3600, 3600]);
    assert_eq!(fired(&store, 1), 0, "nothing of a failed handler stays");
}

#[test]
fn more_timers_than_one_transaction_fires_all_fire() {
    let store = memory();
    for number in 0..100 {
        set_in(&store, "count", number, 0);
    }
    settle(&store);
    assert!((0..100).all(|number| fired(&store, number) == 1));
}

#[test]
fn the_ticker_sleeps_until_the_next_timer_but_never_long() {
    let store = memory();
    assert_eq!(tick(&store, &handlers()).unwrap(), LONGEST_SLEEP);
    write(&store, |tx| set(tx, "count", id(1), Timestamp::MAX));
    assert_eq!(tick(&store, &handlers()).unwrap(), LONGEST_SLEEP);
}

#[test]
fn the_ticker_stops_when_told() {
    let store = memory();
    set_in(&store, "count", 1, 0);
    let (stop, stopped) = std::sync::mpsc::channel();
    let city = store.clone();
    let ticker = std::thread::spawn(move || run(&city, &handlers(), &stopped));
    while fired(&store, 1) == 0 {
        std::thread::yield_now();
    }
    stop.send(()).unwrap();
    ticker.join().unwrap();
}
