//! What several use cases of orders end in: a unit's stock goes back, and the order says what it has come to.

use crate::base::Fault;
use crate::kernel::stock::{self, ClaimId};
use crate::kernel::timers;
use crate::orders::commands::HOLD_TIMER;
use crate::orders::model::{Fulfilment, ORDERS, Order, OrderId};
use crate::orders::queries::vouchers_of;
use crate::orders::rules::{all_paid_at_till, fulfilment_of};
use crate::payments;
use crate::store::Tx;
use crate::vouchers::VoucherState;

/// A claim goes back to its pool, whether it is held or sold; a second time changes nothing.
pub(super) fn return_claim(tx: &mut Tx<'_>, claim: ClaimId) -> Result<(), Fault> {
    if !stock::release(tx, claim)? {
        stock::give_back(tx, claim)?;
    }
    Ok(())
}

/// Nobody waits for the end of the order's hold any more.
pub(super) fn stop_hold(tx: &mut Tx<'_>, id: OrderId, order: &Order) -> Result<(), Fault> {
    match order.hold_until {
        Some(until) => timers::cancel(tx, HOLD_TIMER, id.untyped(), until),
        None => Ok(()),
    }
}

/// Writes down what the order has come to after its vouchers changed, and whether the till has its money.
pub(super) fn after_change(tx: &mut Tx<'_>, id: OrderId, order: &Order) -> Result<(), Fault> {
    let states: Vec<VoucherState> = vouchers_of(&**tx, order)?.into_iter().map(|(_, voucher)| voucher.state).collect();
    let fulfilment = fulfilment_of(&states);
    if fulfilment != Fulfilment::Open {
        stop_hold(tx, id, order)?;
    }
    if fulfilment != order.fulfilment {
        tx.put(&ORDERS, &id, &Order { fulfilment, hold_until: None, ..order.clone() })?;
    }
    payments::till_has(tx, id.untyped(), all_paid_at_till(&states))
}
