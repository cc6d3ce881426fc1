//! The law of double entry: what balances, and what a mirror is. No store, no clock.

use std::collections::BTreeMap;

use crate::base::{Currency, Fault};
use crate::kernel::ledger::model::{Account, Entry};

/// Most entries of one posting.
pub const MAX_ENTRIES: usize = 200;

/// So much from one account to another: `flow(clearing, voucher_liability, 1250)`. Both are of one currency.
pub fn flow(from: Account, to: Account, amount: i64) -> [Entry; 2] {
    // The smallest i64 has no opposite; saturated it does not balance, and is refused when posted.
    [Entry { account: from, amount: amount.saturating_neg() }, Entry { account: to, amount }]
}

/// Whether the entries sum to zero in each currency.
pub(super) fn balanced(entries: &[Entry]) -> Result<(), Fault> {
    if entries.len() < 2 || entries.len() > MAX_ENTRIES {
        return Err(Fault::bug("posting", format!("{} entries", entries.len())));
    }
    // So few i64 can't overflow an i128.
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    for entry in entries {
        *sums.entry(entry.account.currency).or_default() += i128::from(entry.amount);
    }
    match sums.into_iter().find(|(_, sum)| *sum != 0) {
        Some((currency, sum)) => {
            Err(Fault::bug("posting", format!("its entries in {} sum to {sum}, not to zero", currency.code())))
        }
        None => Ok(()),
    }
}

/// The entries that undo these.
pub(super) fn mirrored(entries: &[Entry]) -> Result<Vec<Entry>, Fault> {
    let mirror = |entry: &Entry| {
        let amount = entry.amount.checked_neg();
        let amount = amount.ok_or_else(|| Fault::bug("reversing a posting", "an amount has no opposite"))?;
        Ok(Entry { amount, ..*entry })
    };
    entries.iter().map(mirror).collect()
}
