//! The proof that nothing is sold or used twice, and that what is owed equals what is outstanding.

use std::collections::BTreeMap;

use crate::base::{Currency, Fault};
use crate::kernel::ledger::{self, Account, AccountKind};
use crate::orders::model::ORDERS;
use crate::orders::queries::payment_of;
use crate::payments::PaymentState;
use crate::store::{Read, Span};
use crate::vouchers::{self, REDEMPTIONS, VoucherState, VoucherTender};

/// What does not hold of orders, vouchers and redemptions, one line each; nothing if all is well.
pub fn check(read: &dyn Read) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    let mut outstanding: BTreeMap<Currency, i64> = BTreeMap::new();
    for row in read.scan(&ORDERS, Span::all())? {
        let (id, order) = row?;
        let is_paid = matches!(payment_of(read, id)?, Some(PaymentState::Paid { .. } | PaymentState::Refunded { .. }));
        for (_, unit) in order.units() {
            let voucher = vouchers::require(read, unit.voucher)?;
            if voucher.order != id.untyped() {
                faults.push(format!("order {}: one of its vouchers names another order", order.public));
            }
            if let VoucherState::Redeemed { redemption } = voucher.state {
                let used = vouchers::require_redemption(read, redemption)?;
                if used.voucher != unit.voucher || used.undone.is_some() {
                    faults.push(format!("order {}: a used voucher's redemption is not its own", order.public));
                }
            }
            let is_owed = matches!(voucher.state, VoucherState::Valid | VoucherState::Expired { .. });
            if is_paid && is_owed && voucher.tender == VoucherTender::Platform {
                *outstanding.entry(voucher.value.currency).or_default() += voucher.value.amount;
            }
        }
    }
    for row in read.scan(&REDEMPTIONS, Span::all())? {
        let (id, redemption) = row?;
        let state = vouchers::require(read, redemption.voucher)?.state;
        if redemption.undone.is_none() && state != (VoucherState::Redeemed { redemption: id }) {
            faults.push(format!("redemption {id}: its voucher does not know of it"));
        }
    }
    for (account, owed) in ledger::balances_of(read, ledger::Owner::Platform)? {
        if account.kind == AccountKind::VoucherLiability {
            let expected = outstanding.remove(&account.currency).unwrap_or(0);
            if owed != expected {
                faults.push(format!("{account}: {owed} is owed, but vouchers for {expected} are outstanding"));
            }
        }
    }
    for (currency, missing) in outstanding.into_iter().filter(|(_, amount)| *amount != 0) {
        let account = Account::platform(AccountKind::VoucherLiability, currency);
        faults.push(format!("{account}: nothing is owed, but vouchers for {missing} are outstanding"));
    }
    Ok(faults)
}
