//! Black-box tests over the real binary, one file a capability, and the tests that keep the house in order.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test complains by panicking, also in its helpers"
)]

#[path = "../kit/mod.rs"]
pub mod kit;

mod access;
mod accounts;
mod admin;
mod backup;
mod browser;
mod cli;
mod commands;
mod crash;
mod directory;
mod desk;
mod every_route;
mod faults;
mod growth;
mod hostile;
mod import;
mod index;
mod inside;
mod kit_itself;
mod known_items;
mod machine;
mod offers;
mod market;
mod orders;
mod packaging;
mod reviews;
mod server;
mod tidy;
mod vouchers;
