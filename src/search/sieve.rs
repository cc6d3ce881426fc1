//! One query over the place table: area, filters, facets, order and page. Places come from the grid (no words) or
//! from the text index (with their scores); from here on both go the same way.

use crate::base::BoundingBox;
use crate::search::categories::Categories;
use crate::search::distance::{Center, nearness_within};
use crate::search::document::Rating;
use crate::search::facets::{Missed, Tally};
use crate::search::query::{Hit, MAX_LIMIT, Query, Results, Sort};
use crate::search::schedules::{UNKNOWN, seconds};
use crate::search::table::{Row, Table};
use crate::search::text::Match;

/// Every place of the table, or those of the query's area.
pub(super) fn browse(query: &Query, table: &Table, categories: &Categories) -> Results {
    let mut sieve = Sieve::new(query, table, categories);
    for chunk in table.chunks_in(area(query)) {
        for (ordinal, row) in chunk.rows() {
            sieve.take(ordinal, &row, 0.0);
        }
    }
    sieve.results()
}

/// The places that the text index found for the query's words.
pub(super) fn sift(query: &Query, table: &Table, categories: &Categories, found: &[Match]) -> Results {
    let mut sieve = Sieve::new(query, table, categories);
    for one in found {
        if let Some(row) = table.find(one.ordinal).and_then(|(chunk, slot)| chunk.row(slot)) {
            sieve.take(one.ordinal, &row, one.score);
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

/// What comes first, ties broken by what follows; the ordinal makes the order total, so that pages never overlap.
type Rank = (u64, u64, u32);

struct Sieve<'a> {
    query: &'a Query,
    table: &'a Table,
    categories: &'a Categories,
    center: Option<Center>,
    nearness_limit: f64,
    at: u32,
    open: Answers,
    wanted: Answers,
    tally: Tally,
    found: Vec<Rank>,
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
            open: Answers::for_up_to(table.schedules.len()),
            wanted: Answers::default(),
            tally: Tally::default(),
            found: Vec::new(),
        }
    }

    fn take(&mut self, ordinal: u32, row: &Row, score: f32) {
        let nearness = match self.center {
            Some(center) => center.nearness(row.point.lat_e7(), row.point.lon_e7()),
            None => 0.0,
        };
        if nearness >= self.nearness_limit || self.query.bounding_box.is_some_and(|area| !area.contains(row.point)) {
            return;
        }
        let (table, at) = (self.table, self.at);
        let open = row.schedule != UNKNOWN
            && self.open.answer(row.schedule as usize, || table.schedules.is_open(row.schedule, at));
        let missed = self.missed(row, open);
        if missed.is_hopeless() {
            return;
        }
        self.tally.count(row, open, missed);
        if missed == Missed::NONE {
            self.found.push(self.rank(ordinal, row, nearness, score));
        }
    }

    fn missed(&mut self, row: &Row, open: bool) -> Missed {
        let (query, categories) = (self.query, self.categories);
        let is_wanted = query.categories.is_empty()
            || self.wanted.answer(usize::from(row.category), || {
                categories.line(row.category).any(|id| query.categories.contains(&id))
            });
        let is_rated = query.min_rating.is_none_or(|least| row.rating.count > 0 && row.rating.mean >= least);
        let is_priced = query.price_levels.is_empty() || query.price_levels.contains(&row.price_level);
        Missed::NONE
            .and(Missed::CATEGORY, !is_wanted)
            .and(Missed::FLAGS, !row.flags.has_all(query.flags))
            .and(Missed::OPEN, query.open_at.is_some() && !open)
            .and(Missed::PRICE, !is_priced)
            .and(Missed::RATING, !is_rated)
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
        let total = self.found.len();
        let start = self.query.offset.min(total);
        let end = start.saturating_add(self.query.limit.min(MAX_LIMIT)).min(total);
        if end < total {
            self.found.select_nth_unstable(end);
            self.found.truncate(end);
        }
        self.found.sort_unstable();
        let page = self.found.get(start..).unwrap_or_default();
        Results {
            total,
            items: page.iter().filter_map(|(_, _, ordinal)| self.hit(*ordinal)).collect(),
            facets: self.tally.facets(self.categories),
        }
    }

    fn hit(&self, ordinal: u32) -> Option<Hit> {
        let (chunk, slot) = self.table.find(ordinal)?;
        let row = chunk.row(slot)?;
        Some(Hit {
            id: self.table.id_of(ordinal)?,
            ordinal,
            distance_m: self.query.near.map(|near| near.distance_m(row.point)),
            open: (row.schedule != UNKNOWN).then(|| self.table.schedules.is_open(row.schedule, self.at)),
        })
    }
}

/// Best score first, then most reviews.
fn by_rating(rating: Rating) -> u64 {
    !(u64::from(rating.score) << 32 | u64::from(rating.count))
}

/// Answers to one question about many numbers, each worked out once.
#[derive(Default)]
struct Answers(Vec<Option<bool>>);

impl Answers {
    fn for_up_to(count: usize) -> Answers {
        Answers(vec![None; count])
    }

    fn answer(&mut self, number: usize, work_out: impl FnOnce() -> bool) -> bool {
        if self.0.len() <= number {
            self.0.resize(number + 1, None);
        }
        match self.0.get_mut(number) {
            Some(answer) => *answer.get_or_insert_with(work_out),
            None => false,
        }
    }
}
