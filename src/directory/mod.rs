//! The directory: what a town has to offer, place by place. The tree of categories, opening
//! hours and the reading of extracts are pure; merchants and places are rows.

pub mod categories;
mod hours;
mod model;
pub mod osm;
mod queries;

pub use hours::{Hours, Locality, OpenState, SOON_MINUTES, Span, Unreadable, WeekRow, state_in};
pub use model::*;
pub use queries::{city, merchant, place, places_of, require_place};
