//! Payments: how the money for an order comes in and goes back, and who collects it.
//!
//! A provider says at once how a payment stands; what happens later arrives by `settle`, the way a webhook takes. This
//! room posts money that comes in and goes back; what a voucher's use means for the money is the vouchers' business.

mod commands;
#[cfg(test)]
mod golden;
mod model;
mod providers;
mod queries;
pub mod rules;

pub use commands::{begin, refund, settle, till_has};
pub use model::*;
pub use providers::{Collects, Provider, Refunds, provider_of};
pub use queries::{of_order, refunds_of, require};
pub use rules::Settled;
