//! Engines that every capability is made of: stock, ledger, outbox, timers, audit.
//!
//! An engine knows quantities, states and instants, never what they stand for: what a pool sells or a timer ends is the
//! business of the rooms above, whose ids come in as [`AnyId`].

pub mod audit;
pub mod ledger;
pub mod outbox;
pub mod stock;
pub mod timers;

#[cfg(test)]
mod testing;

use crate::base::Id;
use crate::store::Described;

/// The id of something in a room above: kept, compared and given back, never followed.
pub type AnyId = Id<()>;

/// Every table of this room, for `schema.rs`.
pub fn tables() -> Vec<Described> {
    [stock::tables(), ledger::tables(), outbox::tables(), timers::tables(), audit::tables()]
        .into_iter()
        .flatten()
        .collect()
}
