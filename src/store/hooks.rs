//! Hooks: how a lower room causes something above it, in the same transaction, without knowing what.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use crate::base::Fault;
use crate::store::Tx;

/// What runs on an event. It can't refuse: the command that emits the event has decided already.
pub type Hook<E> = fn(&mut Tx<'_>, &E) -> Result<(), Fault>;

/// Every hook of the house, by the type of its event; wired in `app.rs`, nowhere else.
#[derive(Default)]
pub struct Hooks {
    by_event: HashMap<TypeId, Vec<Box<dyn Any + Send + Sync>>>,
}

impl Hooks {
    /// Runs `hook` whenever an `E` is emitted, after those that were wired before it.
    pub fn on<E: 'static>(&mut self, hook: Hook<E>) {
        self.by_event.entry(TypeId::of::<E>()).or_default().push(Box::new(hook));
    }

    pub(crate) fn run<E: 'static>(&self, tx: &mut Tx<'_>, event: &E) -> Result<(), Fault> {
        let wired = self.by_event.get(&TypeId::of::<E>()).map(Vec::as_slice).unwrap_or_default();
        for hook in wired.iter().filter_map(|hook| hook.downcast_ref::<Hook<E>>()) {
            hook(tx, event)?;
        }
        Ok(())
    }
}
