//! Engines that every capability is made of: stock, ledger, outbox, timers, audit.
//!
//! An engine knows quantities, states and instants, never what they stand for: what a pool sells or a timer ends is the
//! business of the rooms above, whose ids come in as [`AnyId`].

pub mod audit;
#[cfg(test)]
mod golden;
pub mod ledger;
pub mod outbox;
pub mod stock;
pub mod timers;

#[cfg(test)]
mod testing;

use crate::base::{Fault, Id};
use crate::store::{Described, Read};

/// The id of something in a room above: kept, compared and given back, never followed.
pub type AnyId = Id<()>;

/// Every table of this room, for `schema.rs`.
pub fn tables() -> Vec<Described> {
    [stock::tables(), ledger::tables(), outbox::tables(), timers::tables(), audit::tables()]
        .into_iter()
        .flatten()
        .collect()
}

/// Proves the engines' books from their rows: stock from its claims, balances from the postings, the audit from its
/// chain. One line a fault.
pub fn check(read: &dyn Read) -> Result<Vec<String>, Fault> {
    Ok([stock::check(read)?, ledger::check(read)?, audit::check(read)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tables_or_indexes_of_the_engines_share_a_number_or_a_name() {
        let tables = tables();
        let indexes = tables.iter().flat_map(|table| table.indexes.iter().map(|(number, name, _)| (*number, *name)));
        let all: Vec<(u16, &str)> = tables.iter().map(|table| (table.number, table.name)).chain(indexes).collect();
        for (at, (number, name)) in all.iter().enumerate() {
            assert!((10..60).contains(number), "{name}");
            assert!(all[at + 1..].iter().all(|(other, alias)| other != number && alias != name), "{name}");
        }
    }

    #[test]
    fn an_empty_city_has_no_faults() {
        assert!(check(&testing::memory().snapshot().unwrap()).unwrap().is_empty());
    }
}
