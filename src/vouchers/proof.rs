//! The proof of the vouchers: no use counts twice, and what the platform owes is what can still be used or refunded.

use std::collections::BTreeMap;

use crate::base::{Currency, Fault};
use crate::kernel::ledger::{self, Account, AccountKind, Owner};
use crate::store::{Read, Span};
use crate::vouchers::model::{
    REDEMPTIONS, RedemptionId, VOUCHER_EDGES, VOUCHERS, Voucher, VoucherId, VoucherState, VoucherTender,
};

/// Derives uses and debts again from the rows and says in one line each what is wrong.
pub fn check(read: &dyn Read) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    let mut owed: BTreeMap<Currency, i64> = BTreeMap::new();
    for row in read.scan(&VOUCHERS, Span::all())? {
        let (id, voucher) = row?;
        if is_owed(&voucher) {
            let sum = owed.entry(voucher.value.currency).or_default();
            *sum = sum.saturating_add(voucher.value.amount);
        }
        faults.extend(voucher_faults(read, id, &voucher)?);
    }
    faults.extend(use_faults(read)?);
    faults.extend(debt_faults(read, owed)?);
    Ok(faults)
}

/// Whether the platform has money for it that is neither earned nor gone back.
fn is_owed(voucher: &Voucher) -> bool {
    voucher.tender == VoucherTender::Platform
        && matches!(voucher.state, VoucherState::Valid | VoucherState::Expired { .. })
}

fn voucher_faults(read: &dyn Read, id: VoucherId, voucher: &Voucher) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    if let VoucherState::Redeemed { redemption } = voucher.state {
        let counts =
            read.get(&REDEMPTIONS, &redemption)?.is_some_and(|use_| use_.undone.is_none() && use_.voucher == id);
        if !counts {
            faults.push(format!("voucher {id}: is redeemed, but its use {redemption} does not count"));
        }
    }
    let edges = read.scan(&VOUCHER_EDGES, Span::prefix(&id))?.count();
    if edges != voucher.edges as usize {
        faults.push(format!("voucher {id}: says {} edges, there are {edges}", voucher.edges));
    }
    Ok(faults)
}

/// Every use that was not taken back is the one that its voucher names.
fn use_faults(read: &dyn Read) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    for row in read.scan(&REDEMPTIONS, Span::all())? {
        let (id, redemption) = row?;
        let voucher = read.must_get(&VOUCHERS, &redemption.voucher)?;
        if redemption.undone.is_none() && !is_use(&voucher, id) {
            faults.push(format!(
                "use {id}: counts, but its voucher {} is {}",
                redemption.voucher,
                voucher.state.name()
            ));
        }
    }
    Ok(faults)
}

fn is_use(voucher: &Voucher, id: RedemptionId) -> bool {
    matches!(voucher.state, VoucherState::Redeemed { redemption } if redemption == id)
}

fn debt_faults(read: &dyn Read, mut owed: BTreeMap<Currency, i64>) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    let mut compare = |currency: Currency, balance: i64, owed: i64| {
        if balance != owed {
            let code = currency.code();
            faults.push(format!("voucher liability in {code}: the books say {balance}, the vouchers make {owed}"));
        }
    };
    for (Account { kind, currency, .. }, balance) in ledger::balances_of(read, Owner::Platform)? {
        if kind == AccountKind::VoucherLiability {
            compare(currency, balance, owed.remove(&currency).unwrap_or_default());
        }
    }
    for (currency, sum) in owed {
        compare(currency, 0, sum);
    }
    Ok(faults)
}
