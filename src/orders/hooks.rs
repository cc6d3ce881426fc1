//! What orders do when vouchers change at a till or by a timer; wired in `app.rs`, in the same transaction.

use crate::base::{Fault, Id};
use crate::orders::commands::{after_change, return_claim};
use crate::orders::model::OrderId;
use crate::orders::queries::require;
use crate::orders::rules::all_paid_at_till;
use crate::payments::{self, Method};
use crate::store::Tx;
use crate::vouchers::{Redeemed, RedemptionUndone, VoucherExpired, VoucherTender};

/// A voucher was used: the order may be fulfilled, and paid if the till takes the money.
pub fn after_redemption(tx: &mut Tx<'_>, event: &Redeemed) -> Result<(), Fault> {
    let states = recount(tx, event.order)?;
    if is_till_order(tx, event.order)? && all_paid_at_till(&states) {
        payments::till_paid(tx, event.order)?;
    }
    Ok(())
}

/// A use was taken back: the order is open again, and the till gave the money back.
pub fn after_undo(tx: &mut Tx<'_>, event: &RedemptionUndone) -> Result<(), Fault> {
    recount(tx, event.order)?;
    if is_till_order(tx, event.order)? {
        payments::till_unpaid(tx, event.order)?;
    }
    Ok(())
}

/// A voucher ran out: what nobody paid for goes back to its pool; what was paid stays owed.
pub fn after_expiry(tx: &mut Tx<'_>, event: &VoucherExpired) -> Result<(), Fault> {
    let order = require(&**tx, OrderId::from_bytes(*event.order.as_bytes()))?;
    let unit = order.units().find(|(_, unit)| unit.voucher == event.voucher);
    let unpaid = crate::vouchers::require(&**tx, event.voucher)?.tender == VoucherTender::Till;
    if let Some((_, unit)) = unit.filter(|_| unpaid) {
        return_claim(tx, unit.claim)?;
    }
    recount(tx, event.order).map(drop)
}

fn recount(tx: &mut Tx<'_>, order: Id<()>) -> Result<Vec<crate::vouchers::VoucherState>, Fault> {
    let id = OrderId::from_bytes(*order.as_bytes());
    let order = require(&**tx, id)?;
    after_change(tx, id, &order)
}

fn is_till_order(tx: &Tx<'_>, order: Id<()>) -> Result<bool, Fault> {
    Ok(payments::of_order(&**tx, order)?.is_some_and(|(_, payment)| payment.method == Method::Till))
}
