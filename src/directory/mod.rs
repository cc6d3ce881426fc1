//! The directory: what a town has to offer, place by place. Here are its pure parts: the tree of categories, opening
//! hours, and the reading of OpenStreetMap extracts; nothing here knows the store.

pub mod categories;
pub mod hours;
mod model;
pub mod osm;

pub use model::*;
