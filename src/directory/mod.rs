//! The directory: what a town has to offer, place by place. The tree of categories, opening
//! hours and the reading of extracts are pure; merchants and places are rows. Pages that show places, with all that
//! other capabilities know of them, are in `discover`.

mod categories;
mod columns;
mod commands;
mod contribute;
mod cover;
mod facts;
mod features;
#[cfg(test)]
mod golden;
mod hours;
mod import;
mod likeness;
mod middle;
mod model;
mod osm;
mod queries;
mod reading;
mod refusal;
mod rows;
mod rules;
#[cfg(test)]
mod tests;
mod words;

pub use categories::{Categories, Category, CategoryId, Tags};
pub use columns::{Mapping, Renamed, SourceName};
pub use commands::{Met, add_merchant, edit_place, import_chunk, merge_places, set_city};
pub use contribute::{Places, search_categories};
pub use cover::cover_of;
pub use hours::{Hours, Locality, OpenState, SOON_MINUTES, Span, Unreadable, WeekRow, state_in};
pub use import::{Format, ImportFault, ImportReport, Take, Twin, Twins, Vanished, import};
pub use model::*;
pub use osm::ATTRIBUTION;
pub use queries::{
    all_places, city, find_city, has_places, locality, merchant, merchants, place, place_by_slug, place_ids,
    place_of_source, places_of, require_place, survivor,
};
pub use reading::{FileFault, FileReport, PlaceDraft, PlaceFacts, Progress, RowError, RowErrors, Skipped, Wrong};
pub use refusal::Refusal;
pub use rules::{country_code, zone_name, zone_names};
pub use words::place_line;
