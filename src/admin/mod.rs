//! The operator's room: the console (how the city does, what to do next, who works in it, who did what), the city's
//! settings, its merchants, and in a demo its clock.

pub mod api;
mod clock;
mod commands;
mod form;
pub mod pages;
mod queries;
mod refusal;
mod rules;

pub use clock::believe_clock;
pub use commands::{NewMerchant, accept_clock, change_settings, found_merchant};
pub use refusal::Refusal;
