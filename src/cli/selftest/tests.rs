//! The races with and without the guard: without it every one of them must find what it is there for.

use std::thread::sleep;

use indicatif::ProgressBar;

use super::*;
use crate::base::Chance;
use crate::cli::config::{Common, Config};
use crate::store::{Effect, Once, OnceRefusal, Outcome, Row, Stop, Store, Tx};

/// Decides on what is there, and writes later what was decided then, whatever has happened since.
struct Unguarded;

const MOST_ROUNDS: usize = 5;
const LATER: Duration = Duration::from_millis(20);

impl Door for Unguarded {
    fn run<T, R>(&self, store: &Store, command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static) -> Outcome<T, R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let seed = Chance::from_system()?.bytes();
        let (outcome, effects) = store.rehearse(store.clock().now(), seed, command)?;
        sleep(LATER);
        if outcome.is_ok() {
            write(store, effects).map_err(Stop::Fault)?;
        }
        outcome
    }

    fn run_once<T, R>(
        &self,
        store: &Store,
        _: Once,
        command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static,
    ) -> Outcome<T, OnceRefusal<R>>
    where
        T: Row + Send + 'static,
        R: Send + 'static,
    {
        self.run(store, command).map_err(|stop| stop.map(OnceRefusal::Own))
    }
}

fn write(store: &Store, effects: Vec<Effect>) -> Result<(), Fault> {
    let written: Outcome<(), ()> = store.write_blocking(move |tx| Ok(tx.write_blindly(&effects)?)).outcome;
    written.map_err(|stop| match stop {
        Stop::Fault(fault) => fault,
        Stop::Refuse(()) | Stop::RefuseKeeping(()) => unreachable!("nothing refuses"),
    })
}

fn config(folder: &tempfile::TempDir) -> Config {
    let common = Common { data: Some(folder.path().to_owned()), ..Common::default() };
    Config::load(common).unwrap()
}

fn report(door: impl Door) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let test = Selftest { seconds: 1 };
    let report = test.report(&config(&folder), door, &AtomicBool::new(false), &ProgressBar::hidden()).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folder of its own is gone");
    report
}

#[test]
fn every_rule_holds_on_this_build() {
    let report = report(StoreDoor);
    assert_eq!(report.exit(), Exit::Done, "{}", report.as_text(false));
}

#[test]
fn many_rounds_leave_nothing_that_breaks_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::beside(folder.path()).unwrap();
    let shop = Shop::found(ground.folder(), 1 << 20, StoreDoor).unwrap();
    for race in races() {
        // Whoever takes part holds some units a round: together far beyond what one may hold at once.
        let rounds = if ["caps", "stock"].contains(&race.name) { 40 } else { 3 };
        for _ in 0..rounds {
            let (raced, _) = raced(&shop, &race, Duration::ZERO, &AtomicBool::new(false)).unwrap();
            assert!(raced.held, "{raced:?}");
        }
    }
}

#[test]
fn without_the_guard_the_test_ends_in_a_no() {
    let report = report(Unguarded);
    assert_eq!(report.exit(), Exit::No, "{}", report.as_text(false));
    assert!(report.as_text(true).contains("BROKEN  highstreet check: "), "the books show it as well");
}

#[test]
fn without_the_guard_every_single_race_sees_its_rule_broken() {
    for race in races::<Unguarded>() {
        let folder = tempfile::tempdir().unwrap();
        let ground = Ground::beside(folder.path()).unwrap();
        let shop = Shop::found(ground.folder(), 1 << 20, Unguarded).unwrap();
        let mut found = Found::default();
        for _ in 0..MOST_ROUNDS {
            // That rows stop making sense is another matter than the rule.
            if (race.round)(&shop, &mut found).is_ok_and(|()| sees_it(&found)) {
                break;
            }
        }
        assert!(sees_it(&found), "{} sees nothing: {found:?}", race.name);
    }
}

fn sees_it(found: &Found) -> bool {
    found.faults.iter().any(|fault| !fault.ends_with(" was told fault"))
}

#[test]
fn a_test_that_is_stopped_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let test = Selftest { seconds: 60 };
    let stopped = test.report(&config(&folder), StoreDoor, &AtomicBool::new(true), &ProgressBar::hidden());
    assert_eq!(stopped.unwrap_err().exit, Exit::TryAgain);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn everybody_in_a_crowd_acts_once_and_is_answered_in_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::beside(folder.path()).unwrap();
    let shop = Shop::found(ground.folder(), 1 << 20, StoreDoor).unwrap();
    for _ in 0..3 {
        let numbers = shop.crowd(|number, member| (number, member.person == shop.member(number).person)).unwrap();
        assert_eq!(numbers, (0..shop::CROWD).map(|number| (number, true)).collect::<Vec<_>>());
    }
}
