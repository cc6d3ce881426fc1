//! Vouchers: the entitlement that an order line yields, shown as a signed QR and a short code, and its uses at a till.
//!
//! A redemption is one use of a voucher at a place. Who may redeem follows from the matrix; what a use means for the
//! money is posted here, what it means for the order is the orders' business, by the events of this room.

mod commands;
mod model;
mod queries;
mod refusal;
pub mod rules;
mod signer;

pub use commands::{EXPIRY_TIMER, Issue, Redeem, expire, issue, make_valid, redeem, refund, reissue, undo, void};
pub use model::*;
pub use queries::{
    edges, of_holder, of_order, recent_redemptions, redemption, redemptions_of_merchant, redemptions_of_order, require,
    require_redemption, voucher,
};
pub use refusal::Refusal;
pub use rules::Usability;
pub use signer::{Forged, Signer};
