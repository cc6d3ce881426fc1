//! What orders and the desk read of payments.

use crate::base::{Fault, Id};
use crate::payments::model::{
    PAYMENT_BY_ORDER, PAYMENTS, Payment, PaymentId, REFUNDS, REFUNDS_BY_PAYMENT, Refund, RefundId,
};
use crate::store::{Read, Span};

/// A payment that another row names.
pub fn require(read: &dyn Read, id: PaymentId) -> Result<Payment, Fault> {
    read.must_get(&PAYMENTS, &id)
}

/// The payment of an order, if the buyer has chosen how to pay.
pub fn of_order(read: &dyn Read, order: Id<()>) -> Result<Option<(PaymentId, Payment)>, Fault> {
    let Some(id) = read.find(&PAYMENT_BY_ORDER, &order)? else { return Ok(None) };
    Ok(Some((id, require(read, id)?)))
}

/// What has gone back of a payment, oldest first.
pub fn refunds_of(read: &dyn Read, payment: PaymentId) -> Result<Vec<(RefundId, Refund)>, Fault> {
    read.scan_by(&REFUNDS, &REFUNDS_BY_PAYMENT, Span::prefix(&payment))?.collect()
}
