//! Reviews: what people say of a place at which they really used what they had ordered.
//!
//! One review for each order at a place, after its first use there; its author may change it once, the place may answer
//! and change the answer once, and what was said before is kept. The stars of a place are counted in the same
//! transaction. Whether an author was there is read from the redemption each time, never stored.

pub mod api;
mod commands;
mod contribute;
#[cfg(test)]
mod golden;
mod hooks;
mod model;
pub mod pages;
mod queries;
mod refusal;
pub mod rules;

pub use commands::{Visit, change, publish, reply};
pub use contribute::Ratings;
pub use hooks::after_joining;
pub use model::*;
pub use pages::review_card;
pub use queries::{
    Reviewable, Sorting, check, has_written, of_merchant, of_place, of_transaction, rating, review, reviewable,
    unanswered, used_at, what_was_used,
};
pub use refusal::Refusal;
