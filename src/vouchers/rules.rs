//! The decisions of vouchers: which edges there are, and what a till may do.

use crate::base::{Money, Timestamp};
use crate::vouchers::model::{RedemptionId, Voucher, VoucherState, VoucherTender};
use crate::vouchers::refusal::Refusal;

/// How long a till may take back what it redeemed by mistake.
pub const UNDO_SECONDS: i64 = 60;
/// Most times that a voucher's use is undone (the practice of WeChat's and Douyin's tills).
pub const MAX_UNDONE: u32 = 10;

/// Whether a voucher can be used at an instant, as far as the voucher itself knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usability {
    Usable,
    AwaitingPayment,
    Redeemed(RedemptionId),
    NotYet,
    Expired(Timestamp),
    Refunded,
    Void,
}

/// Time decides before a timer does: a voucher past its use is expired whether or not its row says so.
pub fn usability(voucher: &Voucher, now: Timestamp) -> Usability {
    match voucher.state {
        VoucherState::Redeemed { redemption } => Usability::Redeemed(redemption),
        VoucherState::Refunded { .. } => Usability::Refunded,
        VoucherState::Void { .. } => Usability::Void,
        VoucherState::Expired { at } => Usability::Expired(at),
        VoucherState::Issued => Usability::AwaitingPayment,
        VoucherState::Valid if now >= voucher.use_until => Usability::Expired(voucher.use_until),
        VoucherState::Valid if now < voucher.use_from => Usability::NotYet,
        VoucherState::Valid => Usability::Usable,
    }
}

/// What of the value can still be used: a deal is used as a whole.
pub fn value_left(voucher: &Voucher) -> Money {
    match voucher.state {
        VoucherState::Issued | VoucherState::Valid | VoucherState::Expired { .. } => voucher.value,
        VoucherState::Redeemed { .. } | VoucherState::Refunded { .. } | VoucherState::Void { .. } => {
            Money::zero(voucher.value.currency)
        }
    }
}

/// Whether the till must say that it took the money, and has not.
pub fn is_unpaid(voucher: &Voucher, paid: bool) -> bool {
    voucher.tender == VoucherTender::Till && voucher.value.amount > 0 && !paid
}

/// The state after an undo: what ran out meanwhile comes back expired, not usable.
pub fn undone(voucher: &Voucher, redeemed_at: Timestamp, now: Timestamp) -> Result<VoucherState, Refusal> {
    if now.seconds_since(redeemed_at) >= UNDO_SECONDS {
        return Err(Refusal::TooLate);
    }
    if voucher.undone >= MAX_UNDONE {
        return Err(Refusal::TooManyUndone);
    }
    Ok(if now >= voucher.use_until { VoucherState::Expired { at: voucher.use_until } } else { VoucherState::Valid })
}

/// Whether the money can still go back: before use, and after its time as well.
pub fn refundable(state: VoucherState) -> Result<(), Refusal> {
    match state {
        VoucherState::Valid | VoucherState::Expired { .. } => Ok(()),
        VoucherState::Issued => Err(Refusal::AwaitingPayment),
        VoucherState::Redeemed { .. } | VoucherState::Refunded { .. } | VoucherState::Void { .. } => {
            Err(Refusal::NotOpen(state))
        }
    }
}

/// Whether it can still be called off, nobody having paid: what has run out stays so.
pub fn voidable(state: VoucherState) -> Result<(), Refusal> {
    match state {
        VoucherState::Issued | VoucherState::Valid => Ok(()),
        VoucherState::Redeemed { .. }
        | VoucherState::Expired { .. }
        | VoucherState::Refunded { .. }
        | VoucherState::Void { .. } => Err(Refusal::NotOpen(state)),
    }
}

/// Whether its holder can give it back alone: for the money, or, where the till would take it, for nothing.
pub fn returnable(voucher: &Voucher) -> Result<(), Refusal> {
    match voucher.tender {
        VoucherTender::Platform => refundable(voucher.state),
        VoucherTender::Till => voidable(voucher.state),
    }
}

/// Whether a new code can be made: only for what could still be used.
pub fn reissuable(voucher: &Voucher, now: Timestamp) -> Result<(), Refusal> {
    match usability(voucher, now) {
        Usability::Usable | Usability::NotYet => Ok(()),
        Usability::AwaitingPayment => Err(Refusal::AwaitingPayment),
        Usability::Redeemed(_) | Usability::Expired(_) | Usability::Refunded | Usability::Void => {
            Err(Refusal::NotOpen(voucher.state))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Code, Currency, Id, Money};
    use crate::vouchers::model::VoidReason;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn voucher(state: VoucherState, tender: VoucherTender) -> Voucher {
        Voucher {
            order: Id::from_bytes([1; 16]),
            offer: Id::from_bytes([2; 16]),
            version: 1,
            merchant: Id::from_bytes([3; 16]),
            place: Id::from_bytes([4; 16]),
            holder: Id::from_bytes([5; 16]),
            code: Code::from_bits(1).unwrap(),
            value: Money::new(1250, Currency::EUR),
            tender,
            use_from: NOW,
            use_until: NOW.plus_seconds(1000),
            state,
            undone: 0,
            edges: 0,
            since: NOW,
        }
    }

    #[test]
    fn vou_01_from_every_state_there_are_these_edges_and_no_other() {
        let redemption = Id::from_bytes([6; 16]);
        let states = [
            VoucherState::Issued,
            VoucherState::Valid,
            VoucherState::Redeemed { redemption },
            VoucherState::Expired { at: NOW },
            VoucherState::Refunded { at: NOW },
            VoucherState::Void { at: NOW, reason: VoidReason::Cancelled },
        ];
        // Columns: issued, valid, redeemed, expired, refunded, void.
        let used = [false, true, false, false, false, false];
        let refunded = [false, true, false, true, false, false];
        let voided = [true, true, false, false, false, false];
        let returned_paid = [false, true, false, true, false, false];
        let returned_till = [true, true, false, false, false, false];
        let reissued = [false, true, false, false, false, false];
        for (at, state) in states.into_iter().enumerate() {
            let paid = voucher(state, VoucherTender::Platform);
            let till = voucher(state, VoucherTender::Till);
            assert_eq!(usability(&paid, NOW) == Usability::Usable, used[at], "using {state:?}");
            assert_eq!(refundable(state).is_ok(), refunded[at], "refunding {state:?}");
            assert_eq!(voidable(state).is_ok(), voided[at], "voiding {state:?}");
            assert_eq!(returnable(&paid).is_ok(), returned_paid[at], "giving back {state:?}");
            assert_eq!(returnable(&till).is_ok(), returned_till[at], "giving back unpaid {state:?}");
            assert_eq!(reissuable(&paid, NOW).is_ok(), reissued[at], "reissuing {state:?}");
        }
    }

    #[test]
    fn time_decides_before_a_timer_does() {
        let valid = voucher(VoucherState::Valid, VoucherTender::Platform);
        let at = |seconds| usability(&valid, NOW.plus_seconds(seconds));
        assert_eq!([at(-1), at(0), at(999)], [Usability::NotYet, Usability::Usable, Usability::Usable]);
        assert_eq!(at(1000), Usability::Expired(valid.use_until));
        assert!(reissuable(&valid, NOW.plus_seconds(1000)).is_err());
    }

    #[test]
    fn vou_04_the_window_its_count_and_the_end_of_use() {
        let used = voucher(VoucherState::Redeemed { redemption: Id::from_bytes([6; 16]) }, VoucherTender::Platform);
        let undo = |undone, from: i64, to: i64| {
            let voucher = Voucher { undone, ..used.clone() };
            super::undone(&voucher, NOW.plus_seconds(from), NOW.plus_seconds(to))
        };
        assert_eq!(undo(0, 0, 59), Ok(VoucherState::Valid));
        assert_eq!(undo(0, 0, 60), Err(Refusal::TooLate));
        assert_eq!(undo(MAX_UNDONE - 1, 0, 0), Ok(VoucherState::Valid));
        assert_eq!(undo(MAX_UNDONE, 0, 0), Err(Refusal::TooManyUndone));
        assert_eq!(undo(0, 990, 1000), Ok(VoucherState::Expired { at: used.use_until }));
    }

    #[test]
    fn a_till_asks_for_money_only_where_it_takes_it() {
        let till = voucher(VoucherState::Valid, VoucherTender::Till);
        assert!(is_unpaid(&till, false) && !is_unpaid(&till, true));
        assert!(!is_unpaid(&Voucher { value: Money::zero(Currency::EUR), ..till }, false));
        assert!(!is_unpaid(&voucher(VoucherState::Valid, VoucherTender::Platform), false));
    }
}
