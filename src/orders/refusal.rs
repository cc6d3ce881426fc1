//! Why an order is not placed, paid or cancelled, in words for the person who asked.

use crate::accounts::Denied;
use crate::base::{self, Kind};
use crate::kernel::stock;
use crate::offers;
use crate::orders::rules::{MAX_LINES, MAX_UNITS};
use crate::store::Stop;
use crate::vouchers;

/// Why an order is not placed, paid or cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Denied(Denied),
    Offer(offers::Refusal),
    Stock(stock::Refusal),
    Voucher(vouchers::Refusal),
    /// No line, or too many.
    Lines,
    /// Zero, or too many units.
    Quantity,
    /// One order pays in one currency.
    Currencies,
    TooManyHolds,
    /// Much is open already that the till shall be paid for.
    TooManyAtTill {
        most: usize,
        is_guest: bool,
    },
    /// It is paid, cancelled or over.
    NotAwaiting,
    /// Everything is used or gone back.
    NothingToCancel,
}

impl base::Refusal for Refusal {
    fn name(&self) -> &'static str {
        match self {
            Refusal::Denied(denied) => denied.name(),
            Refusal::Offer(refusal) => refusal.name(),
            Refusal::Stock(refusal) => refusal.name(),
            Refusal::Voucher(refusal) => refusal.name(),
            Refusal::Lines => "invalid-lines",
            Refusal::Quantity => "invalid-quantity",
            Refusal::Currencies => "several-currencies",
            Refusal::TooManyHolds => "too-many-holds",
            Refusal::TooManyAtTill { .. } => "too-many-at-till",
            Refusal::NotAwaiting => "not-awaiting-payment",
            Refusal::NothingToCancel => "nothing-to-cancel",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Refusal::Denied(denied) => denied.kind(),
            Refusal::Offer(refusal) => refusal.kind(),
            Refusal::Stock(refusal) => refusal.kind(),
            Refusal::Voucher(refusal) => refusal.kind(),
            Refusal::Lines | Refusal::Quantity | Refusal::Currencies => Kind::Invalid,
            Refusal::TooManyHolds | Refusal::TooManyAtTill { .. } | Refusal::NotAwaiting | Refusal::NothingToCancel => {
                Kind::Conflict
            }
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::Denied(denied) => denied.message(),
            Refusal::Offer(refusal) => refusal.message(),
            Refusal::Stock(refusal) => refusal.message(),
            Refusal::Voucher(refusal) => refusal.message(),
            Refusal::Lines => format!("An order has between 1 and {MAX_LINES} different offers."),
            Refusal::Quantity => format!("Please take at least one, and at most {MAX_UNITS} in one order."),
            Refusal::Currencies => "Please order what is sold in different currencies separately.".into(),
            Refusal::TooManyHolds => "You hold much that is not paid yet. Pay or cancel that first.".into(),
            Refusal::TooManyAtTill { most, is_guest } => {
                let more = if *is_guest { ", or make an account" } else { "" };
                format!(
                    "You can have {most} unused at a time that you pay for at the till. Use or give back some of them \
                     first{more}."
                )
            }
            Refusal::NotAwaiting => "This order does not wait for a payment any more.".into(),
            Refusal::NothingToCancel => "Everything in this order is used or has gone back already.".into(),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Refusal::Lines | Refusal::Currencies => Some("lines"),
            Refusal::Quantity => Some("quantity"),
            Refusal::Offer(refusal) => refusal.field(),
            Refusal::Voucher(refusal) => refusal.field(),
            Refusal::Denied(_)
            | Refusal::Stock(_)
            | Refusal::TooManyHolds
            | Refusal::TooManyAtTill { .. }
            | Refusal::NotAwaiting
            | Refusal::NothingToCancel => None,
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        Refusal::Denied(denied)
    }
}
impl From<offers::Refusal> for Refusal {
    fn from(refusal: offers::Refusal) -> Refusal {
        Refusal::Offer(refusal)
    }
}
impl From<stock::Refusal> for Refusal {
    fn from(refusal: stock::Refusal) -> Refusal {
        Refusal::Stock(refusal)
    }
}
impl From<vouchers::Refusal> for Refusal {
    fn from(refusal: vouchers::Refusal) -> Refusal {
        Refusal::Voucher(refusal)
    }
}
impl From<Refusal> for Stop<Refusal> {
    fn from(refusal: Refusal) -> Stop<Refusal> {
        Stop::Refuse(refusal)
    }
}
