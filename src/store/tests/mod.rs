//! Tests of the store: a small city in memory, and what must hold of it.

mod backup;
mod basics;
mod committers;
mod frail;
mod files;
mod folder;
mod formats;
mod kill;
mod limits;
mod model;
mod once;
mod projections;
mod scans;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use crate::base::{Chance, Clock, Timestamp};
use crate::store::writer::command;
use crate::store::*;

pub(crate) static WORDS: Table<u32, String> = Table::new(900, "words", &[&BY_LENGTH, &BY_WORD]);
pub(crate) static BY_LENGTH: Index<u32, String, u64> =
    Index::new(901, "words_by_length", |_, word| vec![word.len() as u64]);
pub(crate) static BY_WORD: Index<u32, String, String> =
    Index::unique(902, "words_by_word", |_, word| vec![word.clone()]);
/// Plain numbers, without an index.
pub(crate) static COUNTS: Table<u32, u64> = Table::new(903, "counts", &[]);

pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) fn options(place: Place<'_>) -> Options<'_> {
    Options {
        place,
        cache_bytes: 1 << 20,
        schema: 1,
        origin: Origin::Demo,
        hooks: Hooks::default(),
        clock: &|_| Clock::starting_at(START),
    }
}

pub(crate) fn memory() -> Store {
    Store::open(options(Place::Memory)).unwrap()
}

/// A store in memory that commits in this way.
fn with_committer<C: Committer + 'static>(committer: impl FnOnce(Arc<Disk>) -> Result<C, crate::base::Fault>) -> Store {
    Store::open_with(options(Place::Memory), |disk| Ok(Box::new(committer(disk)?))).unwrap()
}

fn put(store: &Store, key: u32, word: &str) -> Outcome<(), String> {
    let word = word.to_owned();
    store.write_blocking(move |tx| Ok(tx.put(&WORDS, &key, &word)?)).outcome
}

/// Adds one to a count and answers the new value.
fn count(tx: &mut Tx<'_>, key: u32) -> Outcome<u64, String> {
    let next = tx.get(&COUNTS, &key)?.unwrap_or(0) + 1;
    tx.put(&COUNTS, &key, &next)?;
    Ok(next)
}

fn counted(store: &Store, key: u32) -> u64 {
    store.snapshot().unwrap().get(&COUNTS, &key).unwrap().unwrap_or(0)
}

/// Every row of a table.
fn rows<K: Key, V: Row>(store: &Store, table: &'static Table<K, V>) -> Vec<(K, V)> {
    let snapshot = store.snapshot().unwrap();
    snapshot.scan(table, Span::all()).unwrap().map(Result::unwrap).collect()
}

/// Keeps the writer busy until it is dropped, so that what is submitted meanwhile is one batch.
struct Gate {
    _open: Sender<()>,
    waiting: Option<std::thread::JoinHandle<()>>,
}

impl Gate {
    fn close(store: &Store) -> Gate {
        let ((open, opened), (enter, entered)) = (channel::<()>(), channel());
        let (store, opened) = (store.clone(), std::sync::Mutex::new(opened));
        let wait = move || {
            let command = move |_: &mut Tx<'_>| -> Outcome<(), String> {
                let _ = enter.send(());
                let _ = opened.lock().unwrap().recv();
                Ok(())
            };
            store.write_blocking(command).outcome.unwrap();
        };
        let waiting = Some(std::thread::spawn(wait));
        entered.recv().unwrap();
        Gate { _open: open, waiting }
    }

    fn open(mut self) {
        let waiting = self.waiting.take().unwrap();
        drop(self);
        waiting.join().unwrap();
    }
}

/// Submits all commands while the writer is held up, and answers what they came to, in the order of submission.
fn in_one_batch<F, T, R>(store: &Store, commands: Vec<F>) -> Vec<Answer<T, R>>
where
    F: Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static,
    T: Send + 'static,
    R: Send + 'static,
{
    let gate = Gate::close(store);
    let waiting: Vec<_> = commands.into_iter().map(|command| submit(store, command)).collect();
    gate.open();
    waiting.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect()
}

/// Hands a command in, and does not wait for its answer.
fn submit<F, T, R>(store: &Store, closure: F) -> tokio::sync::oneshot::Receiver<Answer<T, R>>
where
    F: Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static,
    T: Send + 'static,
    R: Send + 'static,
{
    let (job, answer) = command(closure);
    store.submit(job);
    answer
}

/// A number that says what a random test does: `HIGHSTREET_SEED`, or a new one; printed when the test fails.
fn seed() -> Chance {
    let given = std::env::var("HIGHSTREET_SEED").ok().map(|text| text.parse::<u64>().unwrap());
    let seed = given.unwrap_or_else(|| Chance::from_system().unwrap().u64());
    println!("HIGHSTREET_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    Chance::from_seed(bytes)
}

/// A number below `end`.
fn below(chance: &mut Chance, end: u64) -> u64 {
    chance.u64() % end
}
