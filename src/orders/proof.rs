//! The proof of the orders: each agrees with its vouchers, its claims on the stock and its payment.

use crate::base::{Fault, Money};
use crate::kernel::stock::{self, ClaimState};
use crate::orders::model::{Fulfilment, ORDERS, Order, OrderId, OrderLine, Unit};
use crate::orders::rules::{all_paid_at_till, fulfilment_of};
use crate::payments::{self, Method, PaymentState};
use crate::store::{Read, Span};
use crate::vouchers::{self, Voucher, VoucherState, VoucherTender};

/// Compares every order with what it is made of and says in one line each what does not agree.
pub fn check(read: &dyn Read) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    for row in read.scan(&ORDERS, Span::all())? {
        let (id, order) = row?;
        let mut vouchers = Vec::new();
        for (line, unit) in order.units() {
            let voucher = vouchers::require(read, unit.voucher)?;
            let claim = stock::get(read, unit.claim)?.state;
            faults.extend(unit_fault(id, &order, line, unit, &voucher, claim));
            vouchers.push(voucher);
        }
        faults.extend(fulfilment_fault(id, &order, &vouchers));
        faults.extend(payment_fault(read, id, &order, &vouchers)?);
    }
    Ok(faults)
}

fn unit_fault(
    id: OrderId,
    order: &Order,
    line: &OrderLine,
    unit: Unit,
    voucher: &Voucher,
    claim: ClaimState,
) -> Option<String> {
    let is_of_line = (voucher.order, voucher.offer, voucher.version) == (id.untyped(), line.offer, line.version);
    if !is_of_line || voucher.holder != order.buyer || voucher.value != line.unit_price {
        return Some(format!("order {id}: its voucher {} is another's", unit.voucher));
    }
    let has_stock = matches!(claim, ClaimState::Sold { .. });
    let is_right = match voucher.state {
        VoucherState::Issued => matches!(claim, ClaimState::Held { .. } | ClaimState::Expired { .. }),
        VoucherState::Valid | VoucherState::Redeemed { .. } => has_stock,
        // What was paid for stays sold until the money goes back; what the till never saw is anybody's again.
        VoucherState::Expired { .. } => has_stock == (voucher.tender == VoucherTender::Platform),
        VoucherState::Refunded { .. } | VoucherState::Void { .. } => matches!(claim, ClaimState::Returned { .. }),
    };
    let state = voucher.state.name();
    (!is_right).then(|| format!("order {id}: its voucher {} is {state}, its claim {claim:?}", unit.voucher))
}

fn fulfilment_fault(id: OrderId, order: &Order, vouchers: &[Voucher]) -> Option<String> {
    let states: Vec<VoucherState> = vouchers.iter().map(|voucher| voucher.state).collect();
    let derived = fulfilment_of(&states);
    let has_run_out = order.fulfilment == Fulfilment::Expired && order.hold_until.is_some();
    let is_right = order.fulfilment == derived || (has_run_out && states.contains(&VoucherState::Issued));
    let says = order.fulfilment.name();
    (!is_right).then(|| format!("order {id}: says {says}, its vouchers make it {}", derived.name()))
}

fn payment_fault(read: &dyn Read, id: OrderId, order: &Order, vouchers: &[Voucher]) -> Result<Option<String>, Fault> {
    let Some((_, payment)) = payments::of_order(read, id.untyped())? else { return Ok(None) };
    let states: Vec<VoucherState> = vouchers.iter().map(|voucher| voucher.state).collect();
    let gone_back = sum(vouchers.iter().filter(|voucher| matches!(voucher.state, VoucherState::Refunded { .. })));
    let is_unpaid = states.iter().all(|state| matches!(state, VoucherState::Issued | VoucherState::Void { .. }));
    let is_right = match (payment.method, payment.state) {
        (Method::Till, PaymentState::Paid { .. }) => all_paid_at_till(&states),
        (Method::Till, PaymentState::AtTill) => !all_paid_at_till(&states),
        (_, PaymentState::Awaiting | PaymentState::Failed { .. }) => is_unpaid && payment.refunded == 0,
        // What costs nothing stays paid even if it came too late: nothing went back.
        (_, PaymentState::Paid { .. }) => (!is_unpaid || order.total.amount == 0) && payment.refunded == gone_back,
        // All of it: bit by bit, or at once because it came too late.
        (_, PaymentState::Refunded { .. }) => {
            payment.refunded == payment.amount.amount && (is_unpaid || payment.refunded == gone_back)
        }
        (_, PaymentState::AtTill) => false,
    };
    let says = payment.state.name();
    if payment.amount != order.total || order.total.amount != sum(vouchers.iter()) {
        return Ok(Some(format!("order {id}: its payment, its total and its vouchers are of different amounts")));
    }
    Ok((!is_right).then(|| format!("order {id}: its payment says {says}, which its vouchers don't")))
}

fn sum<'a>(vouchers: impl Iterator<Item = &'a Voucher>) -> i64 {
    vouchers.map(|Voucher { value: Money { amount, .. }, .. }| amount).sum()
}
