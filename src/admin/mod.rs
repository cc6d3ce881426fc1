//! The operator's room: the console (how the city does, who works in it, who did what), and in a demo its clock.

pub mod api;
mod clock;
mod commands;
pub mod pages;

pub use clock::believe_clock;
pub use commands::accept_clock;
