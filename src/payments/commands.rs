//! What happens to payments. Orders call this; nobody else does.

use crate::base::{Fault, Id, Money};
use crate::kernel::ledger::{self, Account, AccountKind, Cause, CauseKind, Draft, Event, flow};
use crate::kernel::outbox;
use crate::payments::model::{
    Method, PAYMENTS, Payment, PaymentId, PaymentState, REFUNDS, Refund, RefundId, RefundReason, RefundState,
    payment_of,
};
use crate::payments::providers::{Collects, REFUND_LETTER, provider_of};
use crate::payments::queries::{of_order, require};
use crate::payments::rules::{Settled, after_refund, after_report};
use crate::store::{Row, Tx};

/// Begins the payment of an order; answers how it stands at once. An order that awaits may change its method.
pub fn begin(tx: &mut Tx<'_>, order: Id<()>, method: Method, amount: Money) -> Result<PaymentState, Fault> {
    let now = tx.now();
    let id = payment_of(order);
    if of_order(&**tx, order)?.is_some_and(|(_, payment)| payment.state != PaymentState::Awaiting) {
        return Err(Fault::bug("beginning a payment", "the order has one that is decided"));
    }
    let state = provider_of(method).begin(now);
    let payment = Payment { order, method, amount, state, refunded: 0, since: now };
    tx.put(&PAYMENTS, &id, &payment)?;
    if let PaymentState::Paid { .. } = state {
        post_received(tx, id, &payment)?;
    }
    Ok(state)
}

/// Takes a provider's report; answers the new state, or `None` if the report changes nothing.
pub fn settle(tx: &mut Tx<'_>, id: PaymentId, report: Settled) -> Result<Option<PaymentState>, Fault> {
    let payment = require(&**tx, id)?;
    let Some(state) = after_report(payment.state, report, tx.now()) else { return Ok(None) };
    tx.put(&PAYMENTS, &id, &Payment { state, ..payment.clone() })?;
    if let PaymentState::Paid { .. } = state {
        post_received(tx, id, &payment)?;
    }
    Ok(Some(state))
}

/// Whether the till has all the money of an order that is paid there; of any other order it is no news.
pub fn till_has(tx: &mut Tx<'_>, order: Id<()>, all: bool) -> Result<(), Fault> {
    let Some((id, payment)) = of_order(&**tx, order)? else { return Ok(()) };
    let had_all = matches!(payment.state, PaymentState::Paid { .. });
    if payment.method != Method::Till || all == had_all {
        return Ok(());
    }
    let state = if all { PaymentState::Paid { at: tx.now() } } else { PaymentState::AtTill };
    tx.put(&PAYMENTS, &id, &Payment { state, ..payment })
}

/// Sends money back, never more than came in. What a till will collect, or did, has nothing to send back here, and
/// neither has what cost nothing.
pub fn refund(tx: &mut Tx<'_>, order: Id<()>, amount: Money, reason: RefundReason) -> Result<Option<RefundId>, Fault> {
    let Some((payment_id, payment)) = of_order(&**tx, order)?.filter(|_| amount.amount != 0) else { return Ok(None) };
    let Collects::Platform(tender) = provider_of(payment.method).collects() else { return Ok(None) };
    let now = tx.now();
    let after = after_refund(&payment, amount.amount, now);
    let after = after.ok_or_else(|| Fault::bug("a refund", "it is more than was paid"))?;
    let id: RefundId = tx.new_id();
    let refund = Refund { payment: payment_id, amount, reason, state: RefundState::Requested, at: now };
    tx.put(&REFUNDS, &id, &refund)?;
    tx.put(&PAYMENTS, &payment_id, &after)?;
    let liability = Account::platform(AccountKind::VoucherLiability, amount.currency);
    let clearing = Account::platform(AccountKind::Clearing(tender), amount.currency);
    let cause = Cause { kind: CauseKind::Refund, id: id.untyped() };
    post_flow(tx, Event::Refunded, cause, liability, clearing, amount)?;
    outbox::enqueue(tx, REFUND_LETTER, &id.to_string(), id.to_row())?;
    Ok(Some(id))
}

/// Money came in: it is owed to whoever holds the vouchers until they are used.
fn post_received(tx: &mut Tx<'_>, id: PaymentId, payment: &Payment) -> Result<(), Fault> {
    let Collects::Platform(tender) = provider_of(payment.method).collects() else { return Ok(()) };
    let currency = payment.amount.currency;
    let clearing = Account::platform(AccountKind::Clearing(tender), currency);
    let liability = Account::platform(AccountKind::VoucherLiability, currency);
    let cause = Cause { kind: CauseKind::Payment, id: id.untyped() };
    post_flow(tx, Event::Paid, cause, clearing, liability, payment.amount)
}

fn post_flow(
    tx: &mut Tx<'_>,
    event: Event,
    cause: Cause,
    from: Account,
    to: Account,
    amount: Money,
) -> Result<(), Fault> {
    if amount.amount == 0 {
        return Ok(());
    }
    let entries = flow(from, to, amount.amount).to_vec();
    ledger::post(tx, Draft { event, cause, entries }).map(drop)
}
