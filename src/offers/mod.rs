//! Offers: what a merchant sells or gives, under which terms. Today every offer is a deal: a package at a fixed price.
//!
//! Terms are versioned: an edit makes a new version for later buyers, and what was sold keeps the version it was sold
//! under. How many are left is the stock engine's business, who bought is the orders'.

pub mod api;
mod commands;
mod contribute;
#[cfg(test)]
mod golden;
mod model;
pub mod pages;
mod queries;
mod refusal;
pub mod rules;
mod words;

pub use api::OfferJson;
pub use commands::{create, edit, pause, publish, resume, withdraw};
pub use contribute::OffersOfPlaces;
pub use model::*;
pub use pages::{Refused, offer_page};
pub use queries::{
    Listing, listing, listings_of_place, of_merchant, on_sale, priced_otherwise, published, require, terms,
};
pub use refusal::Refusal;
pub use rules::{Draft, Phase, blackout_days, readable_hours};
pub use words::{conditions, ends_text, left_text, state_text};
