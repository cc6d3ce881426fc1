//! Every table on one page: what it holds, under which number, for `highstreet check` and for whoever wonders.
//!
//! A number names a table or an index for ever, also when the table is gone.

use crate::kernel::{audit, ledger, outbox, stock, timers};
use crate::store::{Described, Migration, index_rows};
use crate::{accounts, directory, offers, orders, payments, reviews, store, vouchers};

/// The schema that this build writes. Raised by a migration only; a newer store is refused.
pub const NUMBER: u32 = 4;

/// How a city of an older schema grows, in order. A table that begins empty needs none.
pub static MIGRATIONS: [Migration; 3] = [
    Migration {
        number: 2,
        name: "sessions by when they end",
        through: accounts::SESSIONS.number(),
        fills: &[104],
        step: |tx, from| index_rows(tx, &accounts::SESSIONS, &accounts::SESSIONS_BY_END, from),
    },
    Migration {
        number: 3,
        name: "letters by when they were done",
        through: outbox::LETTERS.number(),
        fills: &[34],
        step: |tx, from| index_rows(tx, &outbox::LETTERS, &outbox::BY_DONE, from),
    },
    Migration {
        number: 4,
        name: "vouchers that the till takes the money for",
        through: vouchers::VOUCHERS.number(),
        fills: &[510],
        step: |tx, from| index_rows(tx, &vouchers::VOUCHERS, &vouchers::VOUCHERS_AT_TILL, from),
    },
];

/// All tables, by number: the store's from 1, the kernel's from 10, then a hundred for each capability.
pub fn tables() -> Vec<Described> {
    vec![
        // store
        store::REMEMBERED.described(),
        store::MIGRATING.described(),
        // kernel
        stock::POOLS.described(),
        stock::CLAIMS.described(),
        stock::CAPS.described(),
        ledger::POSTINGS.described(),
        ledger::BALANCES.described(),
        outbox::LETTERS.described(),
        timers::TIMERS.described(),
        audit::RECORDS.described(),
        audit::HEAD.described(),
        audit::SALTS.described(),
        // accounts
        accounts::PERSONS.described(),
        accounts::SESSIONS.described(),
        // directory
        directory::MERCHANTS.described(),
        directory::PLACES.described(),
        directory::CITY.described(),
        // offers
        offers::OFFERS.described(),
        offers::TERMS.described(),
        // payments
        payments::PAYMENTS.described(),
        payments::REFUNDS.described(),
        // vouchers
        vouchers::VOUCHERS.described(),
        vouchers::VOUCHER_EDGES.described(),
        vouchers::REDEMPTIONS.described(),
        // orders
        orders::ORDERS.described(),
        orders::JOINED_GUESTS.described(),
        // reviews
        reviews::REVIEWS.described(),
        reviews::RATINGS.described(),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{MIGRATIONS, NUMBER, tables};

    #[test]
    fn no_two_tables_or_indexes_share_a_number_or_a_name() {
        let mut seen = BTreeSet::new();
        let mut names = BTreeSet::new();
        for table in tables() {
            for (number, name, _) in table.indexes.into_iter().chain([(table.number, table.name, true)]) {
                assert!(seen.insert(number), "{name} takes the number {number}, which is taken");
                assert!(names.insert(name), "two are called {name}");
            }
        }
    }

    #[test]
    fn migrations_lead_from_the_first_schema_to_this_one_and_fill_what_is_there() {
        let numbers: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, (2..=NUMBER).collect::<Vec<_>>());
        let tables = tables();
        let known: Vec<u16> = tables
            .iter()
            .flat_map(|table| table.indexes.iter().map(|(number, ..)| *number).chain([table.number]))
            .collect();
        for migration in &MIGRATIONS {
            let named = migration.fills.iter().chain([&migration.through]);
            assert!(named.into_iter().all(|number| known.contains(number)), "{}", migration.name);
        }
    }

    #[test]
    fn the_page_is_in_order() {
        assert!(tables().is_sorted_by_key(|table| table.number));
    }

    #[test]
    fn every_table_has_rows_that_must_be_read_for_ever() {
        for table in tables() {
            let path = format!("{}/tests/golden/{}", env!("CARGO_MANIFEST_DIR"), table.name);
            let lines = std::fs::read_to_string(&path).unwrap_or_default();
            let has = |part: &str| lines.lines().any(|line| line.split(": ").next().is_some_and(|l| l.ends_with(part)));
            assert!(has(", key") && has(", row"), "{path} has no row: give the table one with store::golden");
        }
    }
}
