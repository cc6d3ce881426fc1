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
