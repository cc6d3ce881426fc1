//! Orders: one commitment of one resident, and the only room that orchestrates the others: stock, payments, vouchers.
//!
//! An order has a payment state, a fulfilment state and its vouchers. It is placed with a hold, paid or promised to be
//! paid at the till, used, and cancelled while anything of it is unused.

pub mod api;
mod changes;
mod commands;
#[cfg(test)]
mod golden;
mod hooks;
mod model;
pub mod pages;
mod proof;
mod queries;
mod refusal;
pub mod rules;

pub use commands::{HOLD_TIMER, Place, cancel, expire_hold, pay, place, refund_voucher, settle};
pub use hooks::{JOINING_TIMER, after_expiry, after_guest_joined, after_redemption, after_undo, move_on};
pub use model::*;
pub use proof::check;
pub use queries::{
    fulfilment_now, of_buyer, of_merchant, order, order_by_public, payment_name, payment_of, require, vouchers_of,
};
pub use refusal::Refusal;
pub use rules::HOLD_SECONDS;
