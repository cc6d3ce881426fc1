//! What buyers and desks read of orders.

use crate::accounts::{MerchantId, PersonId};
use crate::base::{Fault, Timestamp};
use crate::orders::model::{
    Fulfilment, ORDER_BY_PUBLIC, ORDERS, ORDERS_BY_BUYER, ORDERS_BY_MERCHANT, Order, OrderId, PublicOrderId,
};
use crate::orders::refusal::Refusal;
use crate::orders::rules::{fulfilment_at, may_take_at_till, most_at_till};
use crate::payments::{self, PaymentState};
use crate::store::{Outcome, Read, Span};
use crate::vouchers::{self, Voucher, VoucherId};

/// An order that another row names.
pub fn require(read: &dyn Read, id: OrderId) -> Result<Order, Fault> {
    read.must_get(&ORDERS, &id)
}

/// The order, if this person placed it.
pub fn order(read: &dyn Read, buyer: PersonId, public: PublicOrderId) -> Result<Option<(OrderId, Order)>, Fault> {
    Ok(by_public(read, public)?.filter(|(_, order)| order.buyer == buyer))
}

/// The order, whosever it is: for whoever has shown a right to it.
pub fn order_by_public(read: &dyn Read, public: PublicOrderId) -> Result<Option<(OrderId, Order)>, Fault> {
    by_public(read, public)
}

pub(super) fn by_public(read: &dyn Read, public: PublicOrderId) -> Result<Option<(OrderId, Order)>, Fault> {
    let Some(id) = read.find(&ORDER_BY_PUBLIC, &public)? else { return Ok(None) };
    Ok(Some((id, require(read, id)?)))
}

/// A person's orders, newest first, from after `after` on.
pub fn of_buyer(
    read: &dyn Read,
    buyer: PersonId,
    after: Option<OrderId>,
    limit: usize,
) -> Result<Vec<(OrderId, Order)>, Fault> {
    let span = Span::prefix(&buyer).reversed();
    let span = match after {
        Some(last) => span.beyond(&(buyer, last)),
        None => span,
    };
    read.scan_by(&ORDERS, &ORDERS_BY_BUYER, span)?.take(limit).collect()
}

/// The orders in which a merchant has a line, newest first, from after `after` on.
pub fn of_merchant(
    read: &dyn Read,
    merchant: MerchantId,
    after: Option<OrderId>,
    limit: usize,
) -> Result<Vec<(OrderId, Order)>, Fault> {
    let span = Span::prefix(&merchant).reversed();
    let span = match after {
        Some(last) => span.beyond(&(merchant, last)),
        None => span,
    };
    read.scan_by(&ORDERS, &ORDERS_BY_MERCHANT, span)?.take(limit).collect()
}

/// The vouchers that an order has yielded, in the order in which they were issued.
pub fn vouchers_of(read: &dyn Read, order: &Order) -> Result<Vec<(VoucherId, Voucher)>, Fault> {
    order.units().map(|(_, unit)| Ok((unit.voucher, vouchers::require(read, unit.voucher)?))).collect()
}

/// Whether a buyer may take so many units more that are paid for at the till.
pub fn fits_at_till(
    read: &dyn Read,
    buyer: PersonId,
    is_guest: bool,
    units: usize,
    now: Timestamp,
) -> Outcome<(), Refusal> {
    let open = vouchers::open_at_till(read, buyer, now, most_at_till(is_guest))?;
    Ok(may_take_at_till(open, units, is_guest)?)
}

/// How the order's payment stands; `None` while the buyer has not chosen how to pay.
pub fn payment_of(read: &dyn Read, id: OrderId) -> Result<Option<PaymentState>, Fault> {
    Ok(payments::of_order(read, id.untyped())?.map(|(_, payment)| payment.state))
}

/// How far the order is now.
pub fn fulfilment_now(read: &dyn Read, id: OrderId, order: &Order, now: Timestamp) -> Result<Fulfilment, Fault> {
    let payment = payments::of_order(read, id.untyped())?.map(|(_, payment)| payment.state);
    Ok(fulfilment_at(order.fulfilment, payment, order.hold_until, now))
}

/// How the order is paid, as the API spells it; an order without a payment yet awaits one.
pub fn payment_name(read: &dyn Read, id: OrderId) -> Result<&'static str, Fault> {
    Ok(payment_of(read, id)?.unwrap_or(PaymentState::Awaiting).name())
}
