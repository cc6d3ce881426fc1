//! Upkeep: what is over is deleted and the change log trimmed, in small commands, while the city is served.

use std::convert::Infallible;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::accounts::{self, PersonId};
use crate::base::Fault;
use crate::kernel::outbox;
use crate::store::{self, Outcome, Read, Stop, Store, Tx};
use crate::{orders, reviews, vouchers};

/// How long after a round the next one begins: nothing here is urgent, and the demo's clock can be moved.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(60);
/// How long after a turn of a round the next one begins, so that people's writes come in between.
const BETWEEN_TURNS: Duration = Duration::from_millis(100);
/// Turns of one kind in a round; what is left has its turn in the next.
const MAX_TURNS: u32 = 1000;

/// One bounded turn; whether there may be more.
type Turn = fn(&Store) -> Result<bool, Fault>;

/// Everything that is kept up, and what it is called in the log.
const WORKS: [(&str, Turn); 4] = [
    ("remembered answers", |store| swept(store, store::forget_old_answers)),
    ("sessions", |store| swept(store, |tx| accounts::forget_old_sessions(tx, has_something))),
    ("letters", |store| swept(store, outbox::forget_done)),
    ("change log", |store| Ok(store.trim_log()? > 0)),
];

/// Keeps the city up until told to stop, or until whoever could tell is gone. Runs on a thread of its own.
pub fn run(store: &Store, stop: &Receiver<()>) {
    let goes_on = |pause| matches!(stop.recv_timeout(pause), Err(RecvTimeoutError::Timeout));
    while round(store, || goes_on(BETWEEN_TURNS)) && goes_on(BETWEEN_ROUNDS) {}
}

/// One round of everything. One that fails does not keep the others from their turn, and is tried again with the next
/// round. `goes_on` is asked after each turn that may have left something; answers what it said last.
pub fn round(store: &Store, goes_on: impl Fn() -> bool) -> bool {
    for (name, turn) in WORKS {
        for _ in 0..MAX_TURNS {
            match turn(store) {
                Ok(true) if goes_on() => {}
                Ok(true) => return false,
                Ok(false) => break,
                Err(fault) => {
                    tracing::warn!(%fault, name, "upkeep waits");
                    break;
                }
            }
        }
    }
    true
}

/// Whether anything in the books names this person; a guest who has nothing is nobody.
pub fn has_something(read: &dyn Read, person: PersonId) -> Result<bool, Fault> {
    Ok(!orders::of_buyer(read, person, None, 1)?.is_empty()
        || !vouchers::of_holder(read, person, None, 1)?.is_empty()
        || reviews::has_written(read, person)?)
}

/// A sweep refuses nothing.
fn swept(store: &Store, sweep: fn(&mut Tx<'_>) -> Result<bool, Fault>) -> Result<bool, Fault> {
    let outcome: Outcome<bool, Infallible> = store.write_blocking(move |tx| Ok(sweep(tx)?)).outcome;
    outcome.map_err(|stop| match stop {
        Stop::Fault(fault) => fault,
        Stop::Refuse(never) | Stop::RefuseKeeping(never) => match never {},
    })
}
