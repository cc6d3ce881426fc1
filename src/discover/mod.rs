//! Discover: what a visitor sees before choosing: home, search, the page of a place. It owns no rows; it puts together
//! what directory, offers and reviews know, and what search finds.

pub mod api;
mod filters;
pub mod pages;
mod queries;
