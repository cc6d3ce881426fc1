//! A small city in memory for the engines' tests, whose clock stands at a fixed instant until it is moved.

use std::fmt::Debug;
use std::path::Path;

use crate::base::{Chance, Clock, Fault, Id, Timestamp};
use crate::store::{Hooks, Options, Origin, Outcome, Place, Stop, Store, Tx};

/// Where the clock of a new city starts.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) fn memory() -> Store {
    open(Place::Memory)
}

pub(crate) fn on_disk(path: &Path) -> Store {
    open(Place::File(path))
}

fn open(place: Place<'_>) -> Store {
    let hooks = Hooks::default();
    let clock = |last: Timestamp| Clock::starting_at(last.max(START));
    Store::open(Options { place, cache_bytes: 1 << 20, schema: 1, origin: Origin::Demo, hooks, clock: &clock }).unwrap()
}

/// Moves the city's clock forward.
pub(crate) fn pass(store: &Store, seconds: i64) {
    assert!(store.clock().move_to(store.clock().now().plus_seconds(seconds)));
}

/// Runs a command that can be refused; a fault fails the test.
pub(crate) fn attempt<T, R>(
    store: &Store,
    command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static,
) -> Result<T, R>
where
    T: Send + 'static,
    R: Send + 'static,
{
    store.write_blocking(command).outcome.map_err(|stop| match stop {
        Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => refusal,
        Stop::Fault(fault) => panic!("{fault}"),
    })
}

/// Runs a command that must succeed.
pub(crate) fn write<T>(store: &Store, command: impl Fn(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static) -> T
where
    T: Debug + Send + 'static,
{
    try_write(store, command).unwrap()
}

/// Runs a command that may fault.
pub(crate) fn try_write<T>(
    store: &Store,
    command: impl Fn(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault>
where
    T: Send + 'static,
{
    let outcome: Outcome<T, ()> = store.write_blocking(move |tx| Ok(command(tx)?)).outcome;
    outcome.map_err(|stop| match stop {
        Stop::Refuse(()) | Stop::RefuseKeeping(()) => panic!("it refuses nothing"),
        Stop::Fault(fault) => fault,
    })
}

/// An id that a test can name by a number.
pub(crate) fn id<T>(number: u8) -> Id<T> {
    Id::from_bytes([number; 16])
}

/// Numbers below a bound, from a seed that is printed so that a failure can be seen again.
pub(crate) struct Dice(Chance);

impl Dice {
    pub(crate) fn new() -> Dice {
        let seed = match std::env::var("HIGHSTREET_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => Chance::from_system().unwrap().u64(),
        };
        println!("HIGHSTREET_SEED={seed}");
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Dice(Chance::from_seed(bytes))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.0.u64() % bound as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
