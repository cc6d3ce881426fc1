//! The runner of the outbox: takes what is due, delivers it outside any transaction, and writes down what came of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::base::Fault;
use crate::kernel::outbox::model::Letter;
use crate::kernel::outbox::rules::LETTERS_A_ROUND;
use crate::kernel::outbox::{Failure, lease, next_due, record};
use crate::store::{Outcome, Stop, Store};

/// How long the runner sleeps at most: letters are written meanwhile, and the demo's clock can be moved.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Takes a letter to where it belongs. It may be called again for a letter that was delivered, if we crashed
/// before we could write that down: so it hands on the dedupe key. It runs on the runner's thread and may block,
/// but no longer than [`crate::kernel::outbox::DELIVER_WITHIN_SECONDS`].
pub trait Deliver: Send + Sync {
    fn deliver(&self, letter: &Letter) -> Result<(), Failure>;
}

/// Who delivers what, by kind; wired in `app.rs`, nowhere else.
#[derive(Default)]
pub struct Carriers(HashMap<&'static str, Box<dyn Deliver>>);

impl Carriers {
    /// Lets `carrier` deliver letters of this kind.
    pub fn on(&mut self, kind: &'static str, carrier: impl Deliver + 'static) {
        self.0.insert(kind, Box::new(carrier));
    }

    /// A carrier that panics has failed, and must not take the runner with it.
    fn deliver(&self, letter: &Letter) -> Result<(), Failure> {
        let Some(carrier) = self.0.get(letter.kind.as_str()) else {
            return Err(Failure::Later(format!("nobody delivers {}", letter.kind)));
        };
        catch_unwind(AssertUnwindSafe(|| carrier.deliver(letter)))
            .unwrap_or_else(|_| Err(Failure::Later("the deliverer panicked".to_owned())))
    }
}

/// Delivers until told to stop, or until whoever could tell is gone. Runs on a thread of its own; several may.
pub fn run(store: &Store, carriers: &Carriers, stop: &Receiver<()>) {
    loop {
        let pause = match run_once(store, carriers) {
            Ok(0) => LONGEST_SLEEP,
            Ok(_) => Duration::ZERO,
            Err(fault) => {
                tracing::warn!(%fault, "the outbox waits");
                LONGEST_SLEEP
            }
        };
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// One round: answers how many letters were attempted.
pub fn run_once(store: &Store, carriers: &Carriers) -> Result<usize, Fault> {
    let due = next_due(&store.snapshot()?)?;
    if due.is_none_or(|due| due > store.clock().now()) {
        return Ok(0);
    }
    let letters = outcome(store.write_blocking(|tx| Ok(lease(tx, LETTERS_A_ROUND)?)).outcome)?;
    let count = letters.len();
    for (id, letter) in letters {
        let result = carriers.deliver(&letter);
        if let Err(failure) = &result {
            tracing::warn!(%id, kind = letter.kind, ?failure, "a letter was not delivered");
        }
        let write = store.write_blocking(move |tx| Ok(record(tx, id, letter.attempts, result.clone())?));
        outcome(write.outcome)?;
    }
    Ok(count)
}

/// The outbox refuses nothing.
fn outcome<T>(outcome: Outcome<T, Infallible>) -> Result<T, Fault> {
    outcome.map_err(|stop| match stop {
        Stop::Fault(fault) => fault,
        Stop::Refuse(never) | Stop::RefuseKeeping(never) => match never {},
    })
}
