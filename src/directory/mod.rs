//! The directory: what a town has to offer, place by place. The tree of categories, opening
//! hours and the reading of extracts are pure; merchants and places are rows. Pages that show places, with all that
//! other capabilities know of them, are in `discover`.

mod categories;
mod commands;
mod contribute;
mod cover;
#[cfg(test)]
mod golden;
mod hours;
mod import;
mod model;
mod osm;
mod queries;
mod refusal;
mod rules;
#[cfg(test)]
mod tests;
mod words;

pub use categories::{Categories, Category, CategoryId, Tags};
pub use commands::{Met, add_merchant, import_chunk, set_city};
pub use contribute::{Places, search_categories};
pub use cover::cover_of;
pub use hours::{Hours, Locality, OpenState, SOON_MINUTES, Span, Unreadable, WeekRow, state_in};
pub use import::{ImportFault, ImportReport, Take, import};
pub use model::*;
pub use osm::{ATTRIBUTION, OsmFault, OsmReport, PlaceDraft, PlaceFacts, Progress};
pub use queries::{
    all_places, city, find_city, has_places, locality, merchant, merchants, place, place_by_slug, place_ids,
    place_of_source, places_of, require_place,
};
pub use refusal::Refusal;
pub use rules::{country_code, zone_name, zone_names};
pub use words::place_line;
