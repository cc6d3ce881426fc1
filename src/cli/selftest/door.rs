//! How what races reaches the store. The product has one way, the writer; the tests have another, without its guard, to
//! show that the races would see what the writer prevents.

use tokio::runtime;

use crate::base::Fault;
use crate::store::{Once, OnceRefusal, Outcome, Row, Stop, Store, Tx};

pub(super) trait Door: Sync + 'static {
    /// Has a command decided and made durable.
    fn run<T, R>(
        &self,
        store: &Store,
        command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static,
    ) -> Outcome<T, R>
    where
        T: Send + 'static,
        R: Send + 'static;

    /// The same at most once for its key.
    fn run_once<T, R>(
        &self,
        store: &Store,
        once: Once,
        command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static,
    ) -> Outcome<T, OnceRefusal<R>>
    where
        T: Row + Send + 'static,
        R: Send + 'static;
}

/// The store's own: one writer, one command after the other.
pub(super) struct StoreDoor;

impl Door for StoreDoor {
    fn run<T, R>(&self, store: &Store, command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static) -> Outcome<T, R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        store.write_blocking(command).outcome
    }

    fn run_once<T, R>(
        &self,
        store: &Store,
        once: Once,
        command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static,
    ) -> Outcome<T, OnceRefusal<R>>
    where
        T: Row + Send + 'static,
        R: Send + 'static,
    {
        let runtime = runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| Stop::Fault(Fault::io("waiting for an answer", error)))?;
        runtime.block_on(store.write_once(once, command)).outcome
    }
}
