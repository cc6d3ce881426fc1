//! Vouchers in words, for their holders: in lists, on their own page, in an order.

use jiff::tz::TimeZone;

use crate::base::{Fault, Timestamp};
use crate::directory;
use crate::offers;
use crate::store::Read;
use crate::vouchers::model::{Voucher, VoucherId};
use crate::vouchers::queries::require_redemption;
use crate::vouchers::rules::{Usability, usability};
use crate::web::view::State;

/// A voucher in a list (`vouchers/stub.html`).
#[derive(Clone, Debug)]
pub struct Stub {
    pub url: String,
    pub title: String,
    pub place: String,
    pub note: String,
    pub tone: &'static str,
    pub state: String,
    pub valid: bool,
}

pub fn stub(read: &dyn Read, id: VoucherId, voucher: &Voucher, at: &Moment<'_>) -> Result<Stub, Fault> {
    let state = state_text(voucher, at.now);
    Ok(Stub {
        url: format!("/me/vouchers/{id}"),
        title: offers::terms(read, voucher.offer, voucher.version)?.title.to_string(),
        place: directory::require_place(read, voucher.place)?.name.to_string(),
        note: state_note(read, voucher, at)?,
        tone: state.tone,
        state: state.text,
        valid: is_usable(voucher, at.now),
    })
}

/// When it is looked at, and on whose clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    pub now: Timestamp,
    pub zone: &'a TimeZone,
}

/// Whether its code works, now or from its first day on.
pub fn is_usable(voucher: &Voucher, now: Timestamp) -> bool {
    matches!(usability(voucher, now), Usability::Usable | Usability::NotYet)
}

/// As the API spells the state: past its use it is expired, whether or not the timer has been there.
pub fn state_name(voucher: &Voucher, now: Timestamp) -> &'static str {
    match usability(voucher, now) {
        Usability::Expired(_) => "expired",
        Usability::Usable
        | Usability::NotYet
        | Usability::AwaitingPayment
        | Usability::Redeemed(_)
        | Usability::Refunded
        | Usability::Void => voucher.state.name(),
    }
}

pub fn state_text(voucher: &Voucher, now: Timestamp) -> State {
    let (tone, text) = match usability(voucher, now) {
        Usability::Usable => ("good", "Valid"),
        Usability::NotYet => ("soon", "Not yet"),
        Usability::AwaitingPayment => ("soon", "Waiting for the payment"),
        Usability::Redeemed(_) => ("over", "Used"),
        Usability::Expired(_) => ("over", "Expired"),
        Usability::Refunded => ("over", "Refunded"),
        Usability::Void => ("over", "Cancelled"),
    };
    State { tone, text: text.into() }
}

/// What there is to know beside the state: until when, or when and where.
pub fn state_note(read: &dyn Read, voucher: &Voucher, at: &Moment<'_>) -> Result<String, Fault> {
    Ok(match usability(voucher, at.now) {
        Usability::Usable => format!("Until {}", voucher.use_until.wall_text(at.zone)),
        Usability::NotYet => format!("From {} on", voucher.use_from.wall_text(at.zone)),
        Usability::AwaitingPayment => "It becomes valid with the payment.".into(),
        Usability::Redeemed(id) => {
            let redemption = require_redemption(read, id)?;
            let place = directory::require_place(read, redemption.place)?.name;
            format!("Used {} at {place}", redemption.at.wall_text(at.zone))
        }
        Usability::Expired(end) => format!("Ran out {}", end.wall_text(at.zone)),
        Usability::Refunded => "The money went back.".into(),
        Usability::Void => "It was cancelled, and nothing is owed.".into(),
    })
}
