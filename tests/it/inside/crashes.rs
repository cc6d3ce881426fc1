//! The store through crashes: power cuts, failing disks, and both again while it recovers, under real commands, against
//! what people were told. A failure prints its seed: `HIGHSTREET_SEED` runs that one alone, `HIGHSTREET_LONG` many.

mod city;
mod ground;
mod record;
mod run;
mod together;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use highstreet::base::Chance;

use self::city::{Answers, City};
use self::ground::{Honesty, Mishap};
use self::run::{COMMANDS, CUTS, Sabotage, Tally, run, strike_once};

const SEEDS: u64 = 1000;
const MANY_SEEDS: u64 = 100_000;
/// The cores that this may keep busy.
const THREADS: usize = 2;
/// Seeds in which a sabotaged product must be found out.
const CONTROL_SEEDS: u64 = 30;
const MOST_CONTROL_SEEDS: usize = 20;
const LOST: &str = "was acknowledged and is lost";

/// Runs a seed; a panic is a failure as well.
fn outcome_of(city: &City, seed: u64, sabotage: Sabotage) -> Result<Tally, String> {
    let ran = catch_unwind(AssertUnwindSafe(|| run(city, seed, sabotage)));
    ran.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        Err(said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    })
}

/// Runs them all, on two threads; answers what each has been through, or the first that failed.
fn run_all(city: &City, first: u64, count: u64) -> Result<Vec<Tally>, (u64, String)> {
    let (next, tallies) = (AtomicU64::new(0), Mutex::new(Ok(Vec::new())));
    let work = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return;
        }
        let seed = first.wrapping_add(number);
        let outcome = outcome_of(city, seed, Sabotage::default());
        let mut tallies = tallies.lock().unwrap();
        match (&mut *tallies, outcome) {
            (Ok(tallies), Ok(tally)) => tallies.push(tally),
            (Ok(_), Err(fault)) => {
                *tallies = Err((seed, fault));
                next.store(count, Ordering::Relaxed);
            }
            (Err(_), _) => return,
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    tallies.into_inner().unwrap()
}

#[test]
fn what_anybody_was_told_holds_through_power_cuts_and_failing_disks() {
    let chosen = std::env::var("HIGHSTREET_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let count = if std::env::var_os("HIGHSTREET_LONG").is_some() { MANY_SEEDS } else { SEEDS };
    let (first, count) = chosen.map_or_else(|| (Chance::from_system().unwrap().u64(), count), |seed| (seed, 1));
    let tallies = run_all(&City::found(), first, count).unwrap_or_else(|(seed, fault)| {
        panic!("{fault}\nalone: HIGHSTREET_SEED={seed} cargo test --test it inside::crashes::what")
    });
    report(first, &tallies);
    assert_eq!(tallies.len() as u64, count);
    assert!(tallies.iter().all(|tally| tally.commands >= COMMANDS && tally.cuts >= CUTS));
    if chosen.is_none() {
        let ever = |of: fn(&Tally) -> usize| tallies.iter().any(|tally| of(tally) > 0);
        let kinds: [fn(&Tally) -> usize; 6] =
            [|t| t.batches, |t| t.refused, |t| t.errors, |t| t.in_recovery, |t| t.happened, |t| t.vanished];
        assert!(kinds.into_iter().all(ever), "not everything was tried");
    }
}

fn report(first: u64, tallies: &[Tally]) {
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let least = |of: fn(&Tally) -> usize| tallies.iter().map(of).min().unwrap_or(0);
    println!(
        "{} seeds from {first}: {} commands (at least {} a seed), {} of them refused, {} batches of several; \
         {} power cuts (at least {} a seed) and {} failing calls, {} more of both while recovering; \
         of the commands that nobody was told of {} had happened and {} had not",
        tallies.len(),
        sum(|tally| tally.commands),
        least(|tally| tally.commands),
        sum(|tally| tally.refused),
        sum(|tally| tally.batches),
        sum(|tally| tally.cuts),
        least(|tally| tally.cuts),
        sum(|tally| tally.errors),
        sum(|tally| tally.in_recovery),
        sum(|tally| tally.happened),
        sum(|tally| tally.vanished),
    );
}

#[test]
fn the_same_seed_does_the_same_again() {
    let city = City::found();
    for seed in 0..3 {
        let twice = [(); 2].map(|()| outcome_of(&city, seed, Sabotage::default()).unwrap());
        assert_eq!(twice[0], twice[1], "seed {seed}");
    }
}

#[test]
fn every_call_may_fail_or_be_the_last_before_a_power_cut() {
    let city = City::found();
    for mishap in [Mishap::Error, Mishap::PowerCut] {
        let calls = (0..).take_while(|number| {
            strike_once(&city, *number, mishap).unwrap_or_else(|fault| panic!("{mishap:?} at call {number}: {fault}"))
        });
        let calls = calls.count();
        println!("{mishap:?}: {calls} calls");
        assert!(calls > 50, "{calls} calls are no commits");
    }
}

/// Seeds in which the harness finds a sabotaged product out, and those in which it says so in these words.
fn found_out(sabotage: Sabotage, words: &str) -> (usize, usize) {
    let city = City::found();
    let faults: Vec<_> = (0..CONTROL_SEEDS).filter_map(|seed| outcome_of(&city, seed, sabotage).err()).collect();
    let so_said = faults.iter().filter(|fault| fault.contains(words)).count();
    println!(
        "found out in {} of {CONTROL_SEEDS} seeds, in {so_said} by {words:?}; the first: {:?}",
        faults.len(),
        faults.first()
    );
    (faults.len(), so_said)
}

#[test]
fn a_disk_that_ignores_syncs_is_found_out() {
    let (found, lost) = found_out(Sabotage { honesty: Honesty::IgnoresSyncs, ..Sabotage::default() }, LOST);
    assert!(found > MOST_CONTROL_SEEDS && lost > 0);
}

#[test]
fn an_answer_before_the_commit_is_found_out() {
    let (found, lost) = found_out(Sabotage { answers: Answers::TooEarly, ..Sabotage::default() }, LOST);
    assert!(found > MOST_CONTROL_SEEDS && lost > 0);
}

#[test]
fn a_sector_that_is_lost_although_it_was_synced_is_found_out() {
    let (found, _) = found_out(Sabotage { honesty: Honesty::LosesASector, ..Sabotage::default() }, "");
    assert!(found > MOST_CONTROL_SEEDS);
}

#[test]
fn a_refusal_that_leaves_half_of_what_it_did_is_found_out() {
    let (found, _) = found_out(Sabotage { keeps_refused: true, ..Sabotage::default() }, "");
    assert!(found > MOST_CONTROL_SEEDS);
}
