//! Black-box tests over the real binary, one file a capability, and the tests that keep the house in order.

#[path = "../kit/mod.rs"]
pub mod kit;

mod commands;
mod kit_itself;
mod tidy;
