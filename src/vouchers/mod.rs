//! Vouchers: the entitlement that an order line yields, shown as a signed QR and a short code, and its uses at a till.
//!
//! A redemption is one use of a voucher at a place. Who may redeem follows from the matrix; what a use means for the
//! money is posted here, what it means for the order is the orders' business, by the events of this room.

pub mod api;
mod commands;
#[cfg(test)]
mod golden;
mod model;
pub mod pages;
mod proof;
mod queries;
mod refusal;
pub mod rules;
mod signer;
mod words;

pub use commands::{
    EXPIRY_TIMER, Issue, Redeem, expire, hand_over, issue, make_valid, redeem, refund, reissue, undo, void,
};
pub use model::*;
pub use proof::check;
pub use queries::{
    edges, of_holder, open_at_till, recent_redemptions, redemption, redemptions_of_merchant, redemptions_of_order,
    redemptions_of_voucher, require, require_redemption, voucher,
};
pub use refusal::Refusal;
pub use rules::{Usability, returnable};
pub use signer::{Forged, Signer};
pub use words::{Moment, Stub, state_name, stub};
