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

/// Most units that somebody with an account has open who pays at the till: as many as one order has. Nobody has paid
/// for them, so whoever takes more keeps from others what may never be used.
pub const MAX_AT_TILL: usize = 50;
/// The same for a guest, whom nobody can ask: enough for a table of friends, too few to empty a deal with.
pub const MAX_AT_TILL_AS_GUEST: usize = 10;

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

/// Most open units of somebody who pays at the till.
pub const fn most_at_till(is_guest: bool) -> usize {
    if is_guest { MAX_AT_TILL_AS_GUEST } else { MAX_AT_TILL }
}

/// Whether who has so many units open at the till may take these as well.
pub fn may_take_at_till(open: usize, units: usize, is_guest: bool) -> Result<(), Refusal> {
    let most = most_at_till(is_guest);
    if open.saturating_add(units) > most { Err(Refusal::TooManyAtTill { most, is_guest }) } else { Ok(()) }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::{Currency, Id};
    use crate::vouchers::VoidReason;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn states() -> impl Strategy<Value = Vec<VoucherState>> {
        let all = vec![
            VoucherState::Issued,
            VoucherState::Valid,
            VoucherState::Redeemed { redemption: Id::from_bytes([1; 16]) },
            VoucherState::Expired { at: NOW },
            VoucherState::Refunded { at: NOW },
            VoucherState::Void { at: NOW, reason: VoidReason::Cancelled },
        ];
        proptest::collection::vec(proptest::sample::select(all), 1..6)
    }

    proptest! {
        #[test]
        fn quantities_pass_if_none_is_empty_and_all_fit(quantities in proptest::collection::vec(0u32..30, 0..25)) {
            let fits = (1..=MAX_LINES).contains(&quantities.len())
                && quantities.iter().all(|quantity| *quantity > 0)
                && quantities.iter().sum::<u32>() <= MAX_UNITS;
            prop_assert_eq!(check_quantities(&quantities).is_ok(), fits);
        }

        #[test]
        fn hostile_quantities_do_not_overflow(quantities in proptest::collection::vec(any::<u32>(), 0..25), held: u8) {
            let sum: u64 = quantities.iter().map(|quantity| u64::from(*quantity)).sum();
            if check_quantities(&quantities).is_ok() {
                prop_assert!(sum <= u64::from(MAX_UNITS));
            }
            let fits = sum + u64::from(held) <= MAX_HELD_UNITS as u64;
            prop_assert_eq!(may_hold(usize::from(held), &quantities).is_ok(), fits);
        }

        #[test]
        fn a_total_is_the_sum_of_its_lines(lines in proptest::collection::vec((0i64..1_000_000, 1u32..50), 1..20)) {
            let money: Vec<_> = lines.iter().map(|(cents, n)| (Money::new(*cents, Currency::EUR), *n)).collect();
            let sum = lines.iter().map(|(cents, quantity)| cents * i64::from(*quantity)).sum();
            prop_assert_eq!(total(&money), Ok(Money::new(sum, Currency::EUR)));
        }

        #[test]
        fn an_order_is_open_while_anything_can_be_used_and_cancelled_only_if_all_went_back(states in states()) {
            let any = |name: &str| states.iter().any(|state| state.name() == name);
            let fulfilment = fulfilment_of(&states);
            prop_assert_eq!(fulfilment == Fulfilment::Open, any("issued") || any("valid"));
            let all_gone = states.iter().all(|state| ["void", "refunded"].contains(&state.name()));
            prop_assert_eq!(fulfilment == Fulfilment::Cancelled, all_gone);
            prop_assert_eq!(fulfilment == Fulfilment::Fulfilled, all_paid_at_till(&states));
        }
    }

    #[test]
    fn a_guest_has_less_open_at_the_till_than_somebody_with_an_account() {
        for (is_guest, most) in [(true, MAX_AT_TILL_AS_GUEST), (false, MAX_AT_TILL)] {
            assert_eq!(may_take_at_till(0, most, is_guest), Ok(()));
            assert_eq!(may_take_at_till(most - 1, 1, is_guest), Ok(()));
            let too_many = Err(Refusal::TooManyAtTill { most, is_guest });
            assert_eq!(may_take_at_till(0, most + 1, is_guest), too_many);
            assert_eq!(may_take_at_till(most, 1, is_guest), too_many);
            assert_eq!(may_take_at_till(usize::MAX, 1, is_guest), too_many);
        }
        assert!(MAX_AT_TILL_AS_GUEST < MAX_AT_TILL && MAX_AT_TILL >= MAX_UNITS as usize, "a whole order can be taken");
    }

    #[test]
    fn a_total_knows_its_limits() {
        let (euro, yen) = (Money::new(1, Currency::EUR), Money::new(1, Currency::parse("JPY").unwrap()));
        assert_eq!(total(&[]), Err(Refusal::Lines));
        assert_eq!(total(&[(euro, 1), (yen, 1)]), Err(Refusal::Currencies));
        assert_eq!(total(&[(Money::new(i64::MAX, Currency::EUR), 2)]), Err(Refusal::Quantity));
    }

    #[test]
    fn only_what_awaits_its_payment_in_time_can_be_paid() {
        let (open, later) = (Fulfilment::Open, Some(NOW.plus_seconds(1)));
        for undecided in [None, Some(PaymentState::Awaiting)] {
            assert_eq!(payable(open, undecided, later, NOW), Ok(()));
            assert_eq!(payable(open, undecided, Some(NOW), NOW), Err(Refusal::Stock(stock::Refusal::HoldExpired)));
            let expired = payable(Fulfilment::Expired, undecided, later, NOW);
            assert_eq!(expired, Err(Refusal::Stock(stock::Refusal::HoldExpired)));
            assert_eq!(payable(Fulfilment::Cancelled, undecided, later, NOW), Err(Refusal::NotAwaiting));
        }
        let at = NOW;
        let decided = [
            PaymentState::Paid { at },
            PaymentState::AtTill,
            PaymentState::Failed { at },
            PaymentState::Refunded { at },
        ];
        for state in decided {
            assert_eq!(payable(open, Some(state), later, NOW), Err(Refusal::NotAwaiting));
        }
    }
}
