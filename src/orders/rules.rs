//! The decisions of orders: what may be ordered, and what an order has come to.

use crate::base::{Money, Timestamp};
use crate::kernel::stock;
use crate::orders::model::Fulfilment;
use crate::orders::refusal::Refusal;
use crate::payments::PaymentState;
use crate::vouchers::VoucherState;

/// How long units are held while the buyer pays.
pub const HOLD_SECONDS: i64 = 600;
/// Most lines of one order.
pub const MAX_LINES: usize = 20;
/// Most units of one order.
pub const MAX_UNITS: u32 = 50;
/// Most units that one person holds without having paid: bots reserve what they never buy.
pub const MAX_HELD_UNITS: usize = 50;

/// Whether an order of these quantities makes sense.
pub fn check_quantities(quantities: &[u32]) -> Result<(), Refusal> {
    if quantities.is_empty() || quantities.len() > MAX_LINES {
        return Err(Refusal::Lines);
    }
    let sum = quantities.iter().fold(0u32, |sum, quantity| sum.saturating_add(*quantity));
    if quantities.contains(&0) || sum > MAX_UNITS {
        return Err(Refusal::Quantity);
    }
    Ok(())
}

/// Whether who holds so many units may hold these as well.
pub fn may_hold(held: usize, quantities: &[u32]) -> Result<(), Refusal> {
    let wanted = quantities.iter().fold(held, |sum, quantity| sum.saturating_add(*quantity as usize));
    if wanted > MAX_HELD_UNITS { Err(Refusal::TooManyHolds) } else { Ok(()) }
}

/// What the lines come to.
pub fn total(lines: &[(Money, u32)]) -> Result<Money, Refusal> {
    let first = lines.first().ok_or(Refusal::Lines)?;
    lines.iter().try_fold(Money::zero(first.0.currency), |sum, (price, quantity)| {
        let line = price.checked_times(*quantity).map_err(|_| Refusal::Quantity)?;
        sum.checked_add(line).map_err(|_| Refusal::Currencies)
    })
}

/// Whether the buyer can still pay: the payment is undecided and the hold has not run out.
pub fn payable(
    fulfilment: Fulfilment,
    payment: Option<PaymentState>,
    hold_until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let is_undecided = matches!(payment, None | Some(PaymentState::Awaiting));
    if !is_undecided || fulfilment == Fulfilment::Cancelled {
        return Err(Refusal::NotAwaiting);
    }
    if fulfilment == Fulfilment::Expired || hold_until.is_some_and(|until| until <= now) {
        return Err(Refusal::Stock(stock::Refusal::HoldExpired));
    }
    Ok(())
}

/// How far the order is at an instant: a hold that ran out is over, whether or not its timer has been there.
pub fn fulfilment_at(
    fulfilment: Fulfilment,
    payment: Option<PaymentState>,
    hold_until: Option<Timestamp>,
    now: Timestamp,
) -> Fulfilment {
    match payable(fulfilment, payment, hold_until, now) {
        Err(Refusal::Stock(stock::Refusal::HoldExpired)) => Fulfilment::Expired,
        Ok(()) | Err(_) => fulfilment,
    }
}

/// What the vouchers of a paid order come to: open while any can be used, then whatever became of them.
pub fn fulfilment_of(states: &[VoucherState]) -> Fulfilment {
    let any = |wanted: fn(&VoucherState) -> bool| states.iter().any(wanted);
    if any(|state| matches!(state, VoucherState::Issued | VoucherState::Valid)) {
        Fulfilment::Open
    } else if any(|state| matches!(state, VoucherState::Redeemed { .. })) {
        Fulfilment::Fulfilled
    } else if any(|state| matches!(state, VoucherState::Expired { .. })) {
        Fulfilment::Expired
    } else {
        Fulfilment::Cancelled
    }
}

/// Whether every voucher that was not given back has been used: then a till has all the money of the order.
pub fn all_paid_at_till(states: &[VoucherState]) -> bool {
    let kept = states.iter().filter(|state| {
        !matches!(state, VoucherState::Void { .. } | VoucherState::Refunded { .. } | VoucherState::Expired { .. })
    });
    let mut kept = kept.peekable();
    kept.peek().is_some() && kept.all(|state| matches!(state, VoucherState::Redeemed { .. }))
}
