//! Timers: durable rows that are due at an instant and then run a command, in the transaction that deletes the row, so
//! that each fires once whatever crashes. What a timer ends is up to the handler that `app.rs` wires for its kind.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use minicbor::{Decode, Encode};

use crate::base::fault::FaultKind;
use crate::base::{Fault, Timestamp};
use crate::kernel::AnyId;
use crate::store::{Described, Index, Outcome, Read, Span, Stop, Store, Table, Tx};

/// Most timers that one transaction fires.
const FIRE_AT_ONCE: usize = 32;
/// How long the ticker sleeps at most: the demo's clock can be moved, and timers can be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How long a timer is put off after its first fault; twice as long after each further one.
const FIRST_DELAY_SECONDS: i64 = 10;
const LONGEST_DELAY_SECONDS: i64 = 3600;

/// The tables of this engine, for `schema.rs`.
pub fn tables() -> Vec<Described> {
    vec![TIMERS.described()]
}

/// When a timer is due, its kind, and whom it is for.
pub type TimerKey = (Timestamp, String, AnyId);

/// What is known of a timer beyond its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Timer {
    /// How often its handler has failed.
    #[n(0)]
    pub faults: u32,
}

/// Timers that have not fired.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | due, kind, id | faults so far | `set`, `cancel`; firing deletes | the ticker |
pub static TIMERS: Table<TimerKey, Timer> = Table::new(40, "timers", &[&BY_SUBJECT]);

/// The one timer of a kind for an id, so that it can be moved or cancelled.
pub static BY_SUBJECT: Index<TimerKey, Timer, (String, AnyId)> =
    Index::unique(41, "timers_by_subject", |(_, kind, id), _| vec![(kind.clone(), *id)]);

/// Sets the timer of this kind for this id; moves it if there is one. `kind` is a stable kebab-case name.
pub fn set(tx: &mut Tx<'_>, kind: &str, id: AnyId, due: Timestamp) -> Result<(), Fault> {
    cancel(tx, kind, id)?;
    tx.put(&TIMERS, &(due, kind.to_owned(), id), &Timer::default())
}

/// Forgets the timer. Answers whether there was one.
pub fn cancel(tx: &mut Tx<'_>, kind: &str, id: AnyId) -> Result<bool, Fault> {
    match tx.find(&BY_SUBJECT, &(kind.to_owned(), id))? {
        Some(key) => tx.delete(&TIMERS, &key).map(|()| true),
        None => Ok(false),
    }
}

/// When the timer of this kind for this id is due, if it is set.
pub fn due(read: &dyn Read, kind: &str, id: AnyId) -> Result<Option<Timestamp>, Fault> {
    Ok(read.find(&BY_SUBJECT, &(kind.to_owned(), id))?.map(|(due, _, _)| due))
}

/// What a timer runs. It finds out for itself whether there is still something to do.
pub type Handler = fn(&mut Tx<'_>, AnyId) -> Result<(), Fault>;

/// Every handler of the house, by kind; wired in `app.rs`, nowhere else.
#[derive(Clone, Default)]
pub struct Handlers(HashMap<&'static str, Handler>);

impl Handlers {
    /// Runs `handler` for timers of this kind.
    pub fn on(&mut self, kind: &'static str, handler: Handler) {
        self.0.insert(kind, handler);
    }
}

/// Fires timers until told to stop, or until whoever could tell is gone. Runs on a thread of its own.
pub fn run(store: &Store, handlers: &Arc<Handlers>, stop: &Receiver<()>) {
    loop {
        let pause = tick(store, handlers).unwrap_or_else(|fault| {
            tracing::warn!(%fault, "timers wait");
            LONGEST_SLEEP
        });
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Fires what is due now, at most one transaction's worth; answers how long to sleep.
pub fn tick(store: &Store, handlers: &Arc<Handlers>) -> Result<Duration, Fault> {
    let now = store.clock().now();
    let keys = next(&store.snapshot()?, FIRE_AT_ONCE)?;
    let due: Vec<TimerKey> = keys.iter().filter(|(due, _, _)| *due <= now).cloned().collect();
    if due.is_empty() {
        let wait = keys.first().map_or(i64::MAX, |(due, _, _)| due.millis().saturating_sub(now.millis()));
        return Ok(Duration::from_millis(wait.unsigned_abs()).min(LONGEST_SLEEP));
    }
    if let Err(fault) = fire(store, handlers, due.clone()) {
        only_ours(fault)?;
        for key in due {
            fire_alone(store, handlers, key)?;
        }
    }
    Ok(Duration::ZERO)
}

/// The timers that are due first.
fn next(read: &dyn Read, limit: usize) -> Result<Vec<TimerKey>, Fault> {
    read.scan(&TIMERS, Span::all())?.take(limit).map(|row| Ok(row?.0)).collect()
}

/// One that fails must not hold up the others, so each has a transaction of its own.
fn fire_alone(store: &Store, handlers: &Arc<Handlers>, key: TimerKey) -> Result<(), Fault> {
    let Err(fault) = fire(store, handlers, vec![key.clone()]) else { return Ok(()) };
    let fault = only_ours(fault)?;
    tracing::error!(%fault, kind = key.1, "a timer failed and is put off");
    outcome(store.write_blocking(move |tx| Ok(put_off(tx, &key)?)).outcome)
}

/// A full queue or a disk that fails is no fault of a timer: it stays due.
fn only_ours(fault: Fault) -> Result<Fault, Fault> {
    match fault.kind {
        FaultKind::Bug | FaultKind::Corrupt => Ok(fault),
        FaultKind::Busy | FaultKind::Full | FaultKind::Io | FaultKind::Unsettled | FaultKind::Stopped => Err(fault),
    }
}

fn fire(store: &Store, handlers: &Arc<Handlers>, keys: Vec<TimerKey>) -> Result<(), Fault> {
    let handlers = handlers.clone();
    let answer = store.write_blocking(move |tx| {
        for key in &keys {
            fire_in(tx, &handlers, key)?;
        }
        Ok(())
    });
    outcome(answer.outcome)
}

/// Deletes the row and runs its handler, if the timer was not moved or cancelled meanwhile.
fn fire_in(tx: &mut Tx<'_>, handlers: &Handlers, key: &TimerKey) -> Result<(), Fault> {
    if !tx.contains(&TIMERS, key)? {
        return Ok(());
    }
    tx.delete(&TIMERS, key)?;
    let (_, kind, id) = key;
    let handler = handlers.0.get(kind.as_str());
    let handler = handler.ok_or_else(|| Fault::bug("firing a timer", format!("nobody handles {kind}")))?;
    handler(tx, *id)
}

fn put_off(tx: &mut Tx<'_>, key: &TimerKey) -> Result<(), Fault> {
    let Some(Timer { faults }) = tx.get(&TIMERS, key)? else { return Ok(()) };
    tx.delete(&TIMERS, key)?;
    let (_, kind, id) = key;
    let due = tx.now().plus_seconds(delay_seconds(faults));
    tx.put(&TIMERS, &(due, kind.clone(), *id), &Timer { faults: faults.saturating_add(1) })
}

fn delay_seconds(faults: u32) -> i64 {
    FIRST_DELAY_SECONDS.saturating_mul(1 << faults.min(30)).min(LONGEST_DELAY_SECONDS)
}

/// A timer's transaction refuses nothing.
fn outcome<T>(outcome: Outcome<T, std::convert::Infallible>) -> Result<T, Fault> {
    outcome.map_err(|stop| match stop {
        Stop::Fault(fault) => fault,
        Stop::Refuse(never) | Stop::RefuseKeeping(never) => match never {},
    })
}
