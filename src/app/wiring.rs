//! What runs when something happens: hooks in the same transaction, timers when due, letters out of the outbox; and
//! upkeep.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use crate::app::upkeep;
use crate::base::Fault;
use crate::kernel::outbox::{self, Carriers};
use crate::kernel::timers::{self, Handlers};
use crate::payments::Refunds;
use crate::store::{Hooks, Store};
use crate::{accounts, orders, reviews, vouchers};

/// Every hook of the house: what a lower room causes above itself.
pub fn hooks() -> Hooks {
    let mut hooks = Hooks::default();
    hooks.on::<vouchers::Redeemed>(orders::after_redemption);
    hooks.on::<vouchers::RedemptionUndone>(orders::after_undo);
    hooks.on::<vouchers::VoucherExpired>(orders::after_expiry);
    hooks.on::<accounts::GuestJoined>(orders::after_guest_joined);
    hooks.on::<accounts::GuestJoined>(reviews::after_joining);
    hooks
}

/// Every timer of the house, by kind.
pub fn handlers() -> Handlers {
    let mut handlers = Handlers::default();
    handlers.on(vouchers::EXPIRY_TIMER, vouchers::expire);
    handlers.on(orders::HOLD_TIMER, orders::expire_hold);
    handlers.on(orders::JOINING_TIMER, orders::move_on);
    handlers
}

/// Every carrier of the outbox, by the kind of letter.
pub fn carriers(store: &Store) -> Carriers {
    let mut carriers = Carriers::default();
    carriers.on(Refunds::KIND, Refunds(store.clone()));
    carriers
}

/// The threads that fire timers, deliver letters and keep the city up, until this is dropped.
pub struct Engines {
    stops: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Engines {
    pub fn start(store: &Store) -> Result<Engines, Fault> {
        let mut engines = Engines { stops: Vec::new(), threads: Vec::new() };
        let (city, handlers) = (store.clone(), Arc::new(handlers()));
        engines.run("timers", move |stop| timers::run(&city, &handlers, stop))?;
        let (city, carriers) = (store.clone(), carriers(store));
        engines.run("outbox", move |stop| outbox::run(&city, &carriers, stop))?;
        let city = store.clone();
        engines.run("upkeep", move |stop| upkeep::run(&city, stop))?;
        Ok(engines)
    }

    fn run(&mut self, name: &str, work: impl FnOnce(&Receiver<()>) + Send + 'static) -> Result<(), Fault> {
        let (stop, stopped) = channel();
        let thread = Builder::new().name(name.to_owned()).spawn(move || work(&stopped));
        self.threads.push(thread.map_err(|error| Fault::io("starting an engine", error))?);
        self.stops.push(stop);
        Ok(())
    }
}

impl Drop for Engines {
    /// Lets each finish what it is at: a letter has half a minute at most.
    fn drop(&mut self) {
        self.stops.clear();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("an engine ended by a panic");
            }
        }
    }
}
