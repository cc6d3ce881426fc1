//! The proof of the books: everything derived again from the posting rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Currency, Fault};
use crate::kernel::ledger::model::{Account, BALANCES, Balance, POSTINGS, Posting, PostingId};
use crate::kernel::ledger::rules::{balanced, mirrored};
use crate::store::{Read, Span};

/// Derives every balance again from the postings and says in one line each what does not add up.
pub fn check(read: &dyn Read) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    let mut posted: BTreeMap<Account, i128> = BTreeMap::new();
    for row in read.scan(&POSTINGS, Span::all())? {
        let (id, posting) = row?;
        if let Err(fault) = balanced(&posting.entries) {
            faults.push(format!("posting {id}: {}", fault.cause));
        }
        if let Some(original) = posting.reverses {
            faults.extend(reversal_fault(read, id, &posting, original)?);
        }
        for entry in &posting.entries {
            *posted.entry(entry.account).or_default() += i128::from(entry.amount);
        }
    }
    faults.extend(balance_faults(read, posted)?);
    Ok(faults)
}

/// The currencies whose balances do not sum to zero; quick, since it believes the balances. `check` does not.
pub fn unbalanced(read: &dyn Read) -> Result<Vec<Currency>, Fault> {
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    for row in read.scan(&BALANCES, Span::all())? {
        let (account, Balance { amount }) = row?;
        *sums.entry(account.currency).or_default() += i128::from(amount);
    }
    Ok(sums.into_iter().filter(|(_, sum)| *sum != 0).map(|(currency, _)| currency).collect())
}

/// The currencies that anything was ever posted in.
pub fn currencies(read: &dyn Read) -> Result<BTreeSet<Currency>, Fault> {
    read.scan(&BALANCES, Span::all())?.map(|row| row.map(|(account, _)| account.currency)).collect()
}

fn balance_faults(read: &dyn Read, mut posted: BTreeMap<Account, i128>) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    for row in read.scan(&BALANCES, Span::all())? {
        let (account, Balance { amount }) = row?;
        *sums.entry(account.currency).or_default() += i128::from(amount);
        let derived = posted.remove(&account).unwrap_or_default();
        if derived != i128::from(amount) {
            faults.push(format!("account {account}: says {amount}, its postings make {derived}"));
        }
    }
    faults.extend(posted.iter().map(|(account, derived)| format!("account {account}: has no balance for {derived}")));
    let unequal = sums.iter().filter(|(_, sum)| **sum != 0);
    faults.extend(unequal.map(|(currency, sum)| format!("balances in {} sum to {sum}, not to zero", currency.code())));
    Ok(faults)
}

fn reversal_fault(
    read: &dyn Read,
    id: PostingId,
    reversal: &Posting,
    original: PostingId,
) -> Result<Option<String>, Fault> {
    let is_mirror = match read.get(&POSTINGS, &original)? {
        Some(posting) => mirrored(&posting.entries).is_ok_and(|entries| entries == reversal.entries),
        None => false,
    };
    Ok((!is_mirror).then(|| format!("posting {id}: is not the mirror of {original}, which it reverses")))
}
