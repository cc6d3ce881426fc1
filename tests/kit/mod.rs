//! What tests and benches speak through: a running server, the people of the demo, replies and the forms in them.
//!
//! It knows the product from outside only: its command line, its pages and its API (nothing of `highstreet::`).

mod form;
mod person;
mod program;
mod reply;
mod server;

pub use form::Form;
pub use person::Person;
pub use program::{Finished, run, run_within};
pub use reply::Reply;
pub use server::{Launch, Server, Stopped};

/// Every demo account's password.
pub const PASSWORD: &str = "demo-demo-demo";
