//! Why a voucher is not used, shown or changed, in words for the person who asked.

use crate::accounts::Denied;
use crate::base::code::CodeFault;
use crate::base::{self, Kind};
use crate::store::Stop;
use crate::vouchers::model::VoucherState;

/// Why a voucher is not used, shown or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Denied(Denied),
    /// What was typed can't be a code.
    Mistyped(CodeFault),
    /// What was scanned is not a voucher of this city.
    NotAVoucher,
    /// Nothing under this code, or another merchant's: a stranger can't tell which.
    Unknown,
    AlreadyRedeemed {
        who: String,
        place: String,
        /// As people say it.
        at: String,
        /// The same as RFC 3339, for programs.
        when: String,
    },
    Expired {
        at: String,
    },
    NotYet {
        from: String,
    },
    /// The terms exclude this day or hour.
    NotNow {
        when: String,
    },
    /// The till has not said that it took the money.
    Unpaid {
        amount: String,
    },
    /// The order is not paid.
    AwaitingPayment,
    /// Good at another place of the same merchant.
    WrongPlace {
        place: String,
    },
    Refunded,
    Void,
    /// The window for undoing is over.
    TooLate,
    TooManyUndone,
    /// It is used as a whole, not in parts.
    WholeOnly {
        amount: String,
    },
    /// The use was undone before.
    AlreadyUndone,
    /// The voucher is used or over: nothing to reissue or refund.
    NotOpen(VoucherState),
}

impl base::Refusal for Refusal {
    fn name(&self) -> &'static str {
        match self {
            Refusal::Denied(denied) => denied.name(),
            Refusal::Mistyped(_) => "mistyped",
            Refusal::NotAVoucher => "not-a-voucher",
            Refusal::Unknown => "not-found",
            Refusal::AlreadyRedeemed { .. } => "already-redeemed",
            Refusal::Expired { .. } => "expired",
            Refusal::NotYet { .. } => "not-yet",
            Refusal::NotNow { .. } => "not-now",
            Refusal::Unpaid { .. } => "unpaid",
            Refusal::AwaitingPayment => "awaiting-payment",
            Refusal::WrongPlace { .. } => "wrong-place",
            Refusal::Refunded => "refunded",
            Refusal::Void => "void",
            Refusal::TooLate => "undo-too-late",
            Refusal::TooManyUndone => "undone-too-often",
            Refusal::WholeOnly { .. } => "whole-only",
            Refusal::AlreadyUndone => "already-undone",
            Refusal::NotOpen(_) => "not-open",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Refusal::Denied(denied) => denied.kind(),
            Refusal::Mistyped(_) | Refusal::NotAVoucher | Refusal::WholeOnly { .. } => Kind::Invalid,
            Refusal::Unknown => Kind::NotFound,
            Refusal::AlreadyRedeemed { .. }
            | Refusal::Expired { .. }
            | Refusal::NotYet { .. }
            | Refusal::NotNow { .. }
            | Refusal::Unpaid { .. }
            | Refusal::AwaitingPayment
            | Refusal::WrongPlace { .. }
            | Refusal::Refunded
            | Refusal::Void
            | Refusal::TooLate
            | Refusal::TooManyUndone
            | Refusal::AlreadyUndone
            | Refusal::NotOpen(_) => Kind::Conflict,
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::Denied(denied) => denied.message(),
            Refusal::Mistyped(fault) => format!("This can't be a code: {fault}. Please type it again."),
            Refusal::NotAVoucher => "This is not a voucher of this town. Ask for the code below the QR.".into(),
            Refusal::Unknown => "There is no voucher with this code here. Please check it with the guest.".into(),
            Refusal::AlreadyRedeemed { who, place, at, .. } => {
                format!("Already used: {at}, at {place}, by {who}. Do not accept it again.")
            }
            Refusal::Expired { at } => format!("It ran out {at}. The guest can see in the order what is left of it."),
            Refusal::NotYet { from } => format!("It is good from {from} on. Please come back then."),
            Refusal::NotNow { when } => format!("It can't be used at this time. {when}"),
            Refusal::Unpaid { amount } => format!("Take {amount} first, then confirm that it is paid."),
            Refusal::AwaitingPayment => "It is not paid yet. The guest can pay in the order.".into(),
            Refusal::WrongPlace { place } => format!("It is good at {place}. Please send the guest there."),
            Refusal::Refunded => "The money went back: it can't be used any more.".into(),
            Refusal::Void => "It was cancelled: it can't be used any more.".into(),
            Refusal::TooLate => "A use can be taken back for a minute only. Ask the operator about a mistake.".into(),
            Refusal::TooManyUndone => "This voucher was used and taken back too often. Ask the operator.".into(),
            Refusal::WholeOnly { amount } => {
                format!("This voucher is used as a whole: {amount}. Nothing was redeemed.")
            }
            Refusal::AlreadyUndone => "This use was taken back already.".into(),
            Refusal::NotOpen(state) => format!("This voucher is {}: nothing can be changed any more.", state.name()),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Refusal::Mistyped(_) | Refusal::NotAVoucher => Some("code"),
            Refusal::WholeOnly { .. } => Some("amount"),
            Refusal::Denied(_)
            | Refusal::Unknown
            | Refusal::AlreadyRedeemed { .. }
            | Refusal::Expired { .. }
            | Refusal::NotYet { .. }
            | Refusal::NotNow { .. }
            | Refusal::Unpaid { .. }
            | Refusal::AwaitingPayment
            | Refusal::WrongPlace { .. }
            | Refusal::Refunded
            | Refusal::Void
            | Refusal::TooLate
            | Refusal::TooManyUndone
            | Refusal::AlreadyUndone
            | Refusal::NotOpen(_) => None,
        }
    }
}

impl Refusal {
    /// Who used it before, where, and when (RFC 3339).
    pub fn earlier_use(&self) -> Option<(&str, &str, &str)> {
        let Refusal::AlreadyRedeemed { who, place, when, .. } = self else { return None };
        Some((who, place, when))
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        Refusal::Denied(denied)
    }
}

impl From<Refusal> for Stop<Refusal> {
    fn from(refusal: Refusal) -> Stop<Refusal> {
        Stop::Refuse(refusal)
    }
}
