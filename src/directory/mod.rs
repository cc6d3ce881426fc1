//! The directory: what a town has to offer, place by place. The tree of categories, opening
//! hours and the reading of extracts are pure; merchants and places are rows.

pub mod categories;
mod cover;
mod hours;
mod model;
pub mod osm;
mod queries;
mod words;

pub use cover::cover_of;
pub use hours::{Hours, Locality, OpenState, SOON_MINUTES, Span, Unreadable, WeekRow, state_in};
pub use model::*;
pub use queries::{city, merchant, place, places_of, require_place};
pub use words::place_line;
