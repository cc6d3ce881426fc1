//! The merchant's desk: offers, orders, redemptions, reviews and money of one merchant, each figure with the rows
//! behind it. It composes what other rooms keep, and keeps nothing itself.

pub mod api;
mod form;
mod ledger;
pub mod pages;
mod queries;
mod rules;
