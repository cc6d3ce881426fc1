//! One query over the place table: area, filters, facets, order and page. Places come from the grid (no words) or
//! from the text index (with their scores); from here on both go the same way.

use crate::base::{BoundingBox, Point};
use crate::search::categories::Categories;
use crate::search::distance::{Center, nearness_within};
use crate::search::document::{Flag, Flags, Rating};
use crate::search::facets::{Missed, Tally};
use crate::search::query::{Hit, MAX_LIMIT, Query, Results, Sort};
use crate::search::schedules::{UNKNOWN, seconds};
use crate::search::table::{Chunk, Row, Table};
use crate::search::text::Match;

/// Every place of the table, or those of the query's area.
pub(super) fn browse(query: &Query, table: &Table, categories: &Categories) -> Results {
    let mut sieve = Sieve::new(query, table, categories);
    for chunk in table.chunks_in(area(query)) {
        for (slot, point) in chunk.points.iter().enumerate() {
            // Most columns are read only of what is in the area.
            if let Some(nearness) = sieve.nearness(*point) {
                sieve.take(chunk, slot, nearness, 0.0);
            }
        }
    }
    sieve.results()
}

/// What a place gains that is itself of a category which the words name whole, not of one below it.
const NAMED_SCORE: f32 = 4.0;

/// The places that the text index found for the query's words, which name these categories.
pub(super) fn sift(query: &Query, table: &Table, categories: &Categories, found: &[Match], named: &[u16]) -> Results {
    let mut sieve = Sieve::new(query, table, categories);
    for one in found {
        if let Some((chunk, slot)) = table.find(one.ordinal)
            && let Some(point) = chunk.points.get(slot)
            && let Some(nearness) = sieve.nearness(*point)
        {
            let is_named = chunk.categories.get(slot).is_some_and(|category| named.contains(category));
            let score = if is_named { one.score + NAMED_SCORE } else { one.score };
            sieve.take(chunk, slot, nearness, score);
        }
    }
    sieve.results()
}

/// A box that holds everything the query may answer; `None` if that is everywhere.
pub(super) fn area(query: &Query) -> Option<BoundingBox> {
    match (query.near, query.within_m) {
        // A metre more, since distances are compared in whole metres.
        (Some(near), Some(within_m)) => Some(BoundingBox::around(near, within_m.saturating_add(1))),
        _ => query.bounding_box,
    }
}

/// Fewer than these are not worth thinning out.
const MIN_KEPT: usize = 256;

/// What comes first, ties broken by what follows; the ordinal makes the order total, so that pages never overlap.
type Rank = (u64, u64, u32);

struct Sieve<'a> {
    query: &'a Query,
    table: &'a Table,
    categories: &'a Categories,
    center: Option<Center>,
    nearness_limit: f64,
    at: u32,
    /// By category, once worked out: whether the query wants it.
    wanted: Vec<Option<bool>>,
    tally: Tally,
    total: usize,
    /// Offset and limit: so many of the best must be known.
    wanted_count: usize,
    found: Vec<Rank>,
    /// Whatever is not better than this is on no page that was asked for.
    worst: Option<Rank>,
}

impl<'a> Sieve<'a> {
    fn new(query: &'a Query, table: &'a Table, categories: &'a Categories) -> Sieve<'a> {
        Sieve {
            query,
            table,
            categories,
            center: query.near.map(Center::new),
            nearness_limit: query.within_m.map_or(f64::INFINITY, nearness_within),
            at: seconds(query.open_at.unwrap_or(query.now)),
            wanted: Vec::new(),
            tally: Tally::default(),
            total: 0,
            wanted_count: query.offset.saturating_add(query.limit.min(MAX_LIMIT)),
            found: Vec::new(),
            worst: None,
        }
    }

    /// How near a point is; `None` outside the query's area.
    fn nearness(&self, point: Point) -> Option<f64> {
        let nearness = match &self.center {
            Some(center) => center.nearness(point.lat_e7(), point.lon_e7()),
            None => 0.0,
        };
        let is_outside =
            nearness >= self.nearness_limit || self.query.bounding_box.is_some_and(|area| !area.contains(point));
        (!is_outside).then_some(nearness)
    }

    fn take(&mut self, chunk: &Chunk, slot: usize, nearness: f64, score: f32) {
        let Some((ordinal, row)) = chunk.row(slot) else { return };
        let open = row.schedule != UNKNOWN && self.table.schedules.is_open(row.schedule, self.at);
        let missed = self.missed(&row, open);
        if missed.is_hopeless() {
            return;
        }
        self.tally.count(&row, open, missed);
        if missed == Missed::NONE {
            self.total += 1;
            let rank = self.rank(ordinal, &row, nearness, score);
            if self.worst.is_none_or(|worst| rank < worst) {
                self.keep(rank);
            }
        }
    }

    /// Keeps the best for the page: when twice as many are here as can be shown, the worse half goes.
    fn keep(&mut self, rank: Rank) {
        self.found.push(rank);
        if self.found.len() >= self.wanted_count.saturating_mul(2).max(MIN_KEPT) {
            let (_, worst, _) = self.found.select_nth_unstable(self.wanted_count);
            self.worst = Some(*worst);
            self.found.truncate(self.wanted_count);
        }
    }

    fn missed(&mut self, row: &Row, open: bool) -> Missed {
        let query = self.query;
        let is_wanted = query.categories.is_empty() || self.is_wanted(row.category);
        let is_rated = query.min_rating.is_none_or(|least| row.rating.count > 0 && row.rating.mean >= least);
        let diets = query.flags.and(Flags::DIETS);
        let is_priced = query.price_levels.is_empty() || query.price_levels.contains(&row.price_level);
        Missed::NONE
            .and(Missed::CATEGORY, !is_wanted)
            .and(Missed::OFFER, lacks(row, query, Flag::HasOffer))
            .and(Missed::STEP_FREE, lacks(row, query, Flag::Wheelchair))
            .and(Missed::DIET, !diets.is_empty() && row.flags.and(diets).is_empty())
            .and(Missed::OPEN, query.open_at.is_some() && !open)
            .and(Missed::PRICE, !is_priced)
            .and(Missed::RATING, !is_rated)
    }

    fn is_wanted(&mut self, category: u16) -> bool {
        let index = usize::from(category);
        if self.wanted.len() <= index {
            self.wanted.resize(index + 1, None);
        }
        let Some(wanted) = self.wanted.get_mut(index) else { return false };
        *wanted.get_or_insert_with(|| self.categories.line(category).any(|id| self.query.categories.contains(&id)))
    }

    fn rank(&self, ordinal: u32, row: &Row, nearness: f64, score: f32) -> Rank {
        // Positive floats order as their bits do.
        let by_words = u64::from(!score.max(0.0).to_bits());
        let by_rating = by_rating(row.rating);
        let by_distance = if self.center.is_some() { nearness.to_bits() } else { by_rating };
        match self.query.sort {
            Sort::Relevance if self.query.words.is_some() => (by_words, by_distance, ordinal),
            Sort::Relevance | Sort::Distance => (by_distance, by_rating, ordinal),
            Sort::Rating => (by_rating, 0, ordinal),
        }
    }

    fn results(mut self) -> Results {
        self.found.sort_unstable();
        self.found.truncate(self.wanted_count);
        let page = self.found.get(self.query.offset..).unwrap_or_default();
        Results {
            is_partial: false,
            total: self.total,
            items: page.iter().filter_map(|(_, _, ordinal)| self.hit(*ordinal)).collect(),
            facets: self.tally.facets(self.categories),
        }
    }

    fn hit(&self, ordinal: u32) -> Option<Hit> {
        let (chunk, slot) = self.table.find(ordinal)?;
        let (_, row) = chunk.row(slot)?;
        Some(Hit {
            id: self.table.id_of(ordinal)?,
            ordinal,
            distance_m: self.query.near.map(|near| near.distance_m(row.point)),
            open: (row.schedule != UNKNOWN).then(|| self.table.schedules.is_open(row.schedule, self.at)),
        })
    }
}

const fn lacks(row: &Row, query: &Query, flag: Flag) -> bool {
    query.flags.has(flag) && !row.flags.has(flag)
}

/// Best score first, then most reviews.
fn by_rating(rating: Rating) -> u64 {
    !(u64::from(rating.score) << 32 | u64::from(rating.count))
}
