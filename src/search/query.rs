//! What is asked of search, and what it answers. Choices within a facet widen it, facets narrow each other.

use crate::base::{BoundingBox, Point, Timestamp};
use crate::search::document::{Flag, Flags};

/// The most places that one answer carries.
pub const MAX_LIMIT: usize = 100;

/// A question. Without words it is answered from memory alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// As people typed them: plain text, in which no character has a meaning of its own.
    pub words: Option<String>,
    /// Where distances are measured from.
    pub near: Option<Point>,
    /// Counts only together with `near`.
    pub within_m: Option<u32>,
    pub bounding_box: Option<BoundingBox>,
    /// Any of these, with all that stand below them; empty means all.
    pub categories: Vec<u16>,
    /// All of these; but of the diets, which are one facet, any.
    pub flags: Flags,
    /// Stars times 100; a place without reviews has none.
    pub min_rating: Option<u16>,
    /// Any of these; empty means all.
    pub price_levels: Vec<u8>,
    /// Only what is open then.
    pub open_at: Option<Timestamp>,
    /// The instant for "open" in hits and facets where `open_at` names none.
    pub now: Timestamp,
    pub sort: Sort,
    pub offset: usize,
    /// At most [`MAX_LIMIT`] count.
    pub limit: usize,
}

impl Query {
    /// Everything there is, the first 20.
    pub fn all(now: Timestamp) -> Query {
        Query {
            words: None,
            near: None,
            within_m: None,
            bounding_box: None,
            categories: Vec::new(),
            flags: Flags::NONE,
            min_rating: None,
            price_levels: Vec::new(),
            open_at: None,
            now,
            sort: Sort::Relevance,
            offset: 0,
            limit: 20,
        }
    }
}

/// What comes first. Ties are broken by what comes next in this list of three, then by a fixed order of places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// How well the words fit; without words like `Distance`.
    #[default]
    Relevance,
    /// Nearest first; without `near` like `Rating`.
    Distance,
    Rating,
}

/// One page of the answer, and the counts over all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// The index is being made: there may be more.
    pub is_partial: bool,
    pub total: usize,
    pub items: Vec<Hit>,
    pub facets: Facets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub id: [u8; 16],
    /// The place's number in this process; stable while it runs.
    pub ordinal: u32,
    pub distance_m: Option<u32>,
    /// At `open_at`, else now; `None` if its hours are unknown.
    pub open: Option<bool>,
}

/// How many places there would be with one choice in place of those made in its facet. The counts of a facet heed the
/// filters of all other facets, so that a second choice within one can be offered. What counts none is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// With descendants; most first.
    pub categories: Vec<(u16, u32)>,
    pub flags: Vec<(Flag, u32)>,
    pub open: u32,
    pub prices: Vec<(u8, u32)>,
    /// "At least so many stars times 100".
    pub ratings: Vec<(u16, u32)>,
}

/// What a beginning may be meant to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub text: String,
    pub kind: SuggestionKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuggestionKind {
    Category(u16),
    Place([u8; 16]),
    /// Something that can be had: a cuisine, a dish, an offer. Search for it.
    Dish,
    Street,
    /// A name that several places carry: search for it.
    Words,
}
