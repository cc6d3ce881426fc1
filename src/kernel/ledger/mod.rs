//! The ledger: double entry over accounts by owner, kind and currency. A posting is immutable, names its cause,
//! and sums to zero per currency; a mistake is undone by its reversal. Which event posts what is the capabilities'
//! business.

mod keys;
mod model;
mod proof;
mod rules;

#[cfg(test)]
mod tests;

pub use model::{
    Account, AccountKind, BALANCES, Balance, Cause, CauseKind, Draft, Entry, Event, Owner, POSTINGS, Posting,
    PostingId, Tender,
};
pub use proof::{check, currencies, unbalanced};
pub use rules::{MAX_ENTRIES, flow};

use crate::base::{Fault, Timestamp};
use crate::kernel::ledger::model::{BY_ACCOUNT, BY_CAUSE, REVERSAL_OF};
use crate::kernel::ledger::rules::{balanced, mirrored};
use crate::store::{Described, Read, Span, Tx};

/// The tables of this engine, for `schema.rs`.
pub fn tables() -> Vec<Described> {
    vec![POSTINGS.described(), BALANCES.described()]
}

/// Posts entries that sum to zero per currency, and moves the balances with them. Anything else is a fault of ours.
pub fn post(tx: &mut Tx<'_>, draft: Draft) -> Result<PostingId, Fault> {
    let Draft { event, cause, entries } = draft;
    let at = tx.now();
    record(tx, Posting { at, event, cause, entries, reverses: None })
}

/// Posts the mirror of a posting, exactly once: a second call answers the first one's id and posts nothing.
pub fn reverse(tx: &mut Tx<'_>, id: PostingId, event: Event, cause: Cause) -> Result<PostingId, Fault> {
    if let Some(reversal) = tx.find(&REVERSAL_OF, &id)? {
        return Ok(reversal);
    }
    let original = tx.must_get(&POSTINGS, &id)?;
    if original.reverses.is_some() {
        return Err(Fault::bug("reversing a posting", "it is a reversal itself"));
    }
    let entries = mirrored(&original.entries)?;
    let at = tx.now();
    record(tx, Posting { at, event, cause, entries, reverses: Some(id) })
}

fn record(tx: &mut Tx<'_>, posting: Posting) -> Result<PostingId, Fault> {
    balanced(&posting.entries)?;
    for entry in &posting.entries {
        let moved = balance(&**tx, entry.account)?.checked_add(entry.amount);
        let amount = moved.ok_or_else(|| Fault::bug("posting", "a balance is too large to count"))?;
        tx.put(&BALANCES, &entry.account, &Balance { amount })?;
    }
    let id = tx.new_id();
    tx.put(&POSTINGS, &id, &posting)?;
    Ok(id)
}

/// What an account comes to, in minor units; credits count up.
pub fn balance(read: &dyn Read, account: Account) -> Result<i64, Fault> {
    Ok(read.get(&BALANCES, &account)?.unwrap_or_default().amount)
}

/// Every account of an owner that was ever posted to.
pub fn balances_of(read: &dyn Read, owner: Owner) -> Result<Vec<(Account, i64)>, Fault> {
    let rows = read.scan(&BALANCES, Span::prefix(&owner))?;
    rows.map(|row| row.map(|(account, balance)| (account, balance.amount))).collect()
}

pub fn posting(read: &dyn Read, id: PostingId) -> Result<Option<Posting>, Fault> {
    read.get(&POSTINGS, &id)
}

/// The posting that reverses this one, if one does.
pub fn reversal_of(read: &dyn Read, id: PostingId) -> Result<Option<PostingId>, Fault> {
    read.find(&REVERSAL_OF, &id)
}

/// Postings that touch an account, newest first; `after` is the last one of the page before.
pub fn by_account(
    read: &dyn Read,
    account: Account,
    after: Option<(Timestamp, PostingId)>,
    limit: usize,
) -> Result<Vec<(PostingId, Posting)>, Fault> {
    let newest_first = Span::prefix(&account).reversed();
    let span = match after {
        Some((at, id)) => newest_first.beyond(&(account, at, id)),
        None => newest_first,
    };
    read.scan_by(&POSTINGS, &BY_ACCOUNT, span)?.take(limit).collect()
}

/// What an order, a redemption or a refund has posted, oldest first; at most `limit`.
pub fn by_cause(read: &dyn Read, cause: Cause, limit: usize) -> Result<Vec<(PostingId, Posting)>, Fault> {
    read.scan_by(&POSTINGS, &BY_CAUSE, Span::prefix(&cause))?.take(limit).collect()
}
