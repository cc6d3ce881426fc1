//! What orders and the desk read of payments.

use crate::base::{Fault, Id};
use crate::payments::model::{PAYMENTS, Payment, PaymentId, REFUNDS, REFUNDS_BY_PAYMENT, Refund, RefundId, payment_of};
use crate::store::{Read, Span};

/// A payment that another row names.
pub fn require(read: &dyn Read, id: PaymentId) -> Result<Payment, Fault> {
    read.must_get(&PAYMENTS, &id)
}

/// The payment of an order, if the buyer has chosen how to pay.
pub fn of_order(read: &dyn Read, order: Id<()>) -> Result<Option<(PaymentId, Payment)>, Fault> {
    let id = payment_of(order);
    Ok(read.get(&PAYMENTS, &id)?.map(|payment| (id, payment)))
}

/// What has gone back of a payment, oldest first.
pub fn refunds_of(read: &dyn Read, payment: PaymentId) -> Result<Vec<(RefundId, Refund)>, Fault> {
    read.scan_by(&REFUNDS, &REFUNDS_BY_PAYMENT, Span::prefix(&payment))?.collect()
}
