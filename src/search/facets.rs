//! Counting what a query leaves, by facet.

use crate::search::categories::Categories;
use crate::search::document::{Flag, Rating};
use crate::search::query::Facets;
use crate::search::table::Row;

/// The choices of "at least so many stars", times 100.
const RATING_STEPS: [u16; 4] = [300, 350, 400, 450];
const MAX_PRICE_LEVEL: usize = 4;

/// A set of facets, one bit each: those whose filter a place does not pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Missed(u8);

impl Missed {
    pub(super) const NONE: Missed = Missed(0);
    pub(super) const CATEGORY: Missed = Missed(1);
    pub(super) const OFFER: Missed = Missed(2);
    pub(super) const STEP_FREE: Missed = Missed(4);
    pub(super) const DIET: Missed = Missed(8);
    pub(super) const OPEN: Missed = Missed(16);
    pub(super) const PRICE: Missed = Missed(32);
    pub(super) const RATING: Missed = Missed(64);

    /// The facet that a flag is a choice of.
    const fn of(flag: Flag) -> Missed {
        match flag {
            Flag::HasOffer => Missed::OFFER,
            Flag::Wheelchair => Missed::STEP_FREE,
            Flag::Vegetarian | Flag::Vegan | Flag::Halal | Flag::Kosher | Flag::GlutenFree => Missed::DIET,
        }
    }

    pub(super) const fn and(self, facet: Missed, is_missed: bool) -> Missed {
        if is_missed { Missed(self.0 | facet.0) } else { self }
    }

    /// Whether a place counts for this facet: it passes the filters of all others.
    const fn leaves(self, facet: Missed) -> bool {
        self.0 & !facet.0 == 0
    }

    /// Two filters missed: no facet counts the place.
    pub(super) const fn is_hopeless(self) -> bool {
        self.0.count_ones() > 1
    }
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    categories: Vec<u32>,
    flags: [u32; Flag::ALL.len()],
    open: u32,
    prices: [u32; MAX_PRICE_LEVEL + 1],
    ratings: [u32; RATING_STEPS.len()],
}

impl Tally {
    pub(super) fn count(&mut self, row: &Row, open: bool, missed: Missed) {
        if missed.leaves(Missed::CATEGORY) {
            let category = usize::from(row.category);
            if self.categories.len() <= category {
                self.categories.resize(category + 1, 0);
            }
            if let Some(count) = self.categories.get_mut(category) {
                *count += 1;
            }
        }
        if !row.flags.is_empty() {
            for (flag, count) in Flag::ALL.iter().zip(&mut self.flags) {
                *count += u32::from(row.flags.has(*flag) && missed.leaves(Missed::of(*flag)));
            }
        }
        if missed.leaves(Missed::OPEN) {
            self.open += u32::from(open);
        }
        if missed.leaves(Missed::PRICE)
            && let Some(count) = self.prices.get_mut(usize::from(row.price_level))
        {
            *count += 1;
        }
        if missed.leaves(Missed::RATING) {
            self.count_rating(row.rating);
        }
    }

    fn count_rating(&mut self, rating: Rating) {
        for (step, count) in RATING_STEPS.iter().zip(&mut self.ratings) {
            *count += u32::from(rating.count > 0 && rating.mean >= *step);
        }
    }

    pub(super) fn facets(&self, categories: &Categories) -> Facets {
        Facets {
            categories: self.categories_with_ancestors(categories),
            flags: Flag::ALL.into_iter().zip(self.flags).filter(|(_, count)| *count > 0).collect(),
            open: self.open,
            prices: (0u8..).zip(self.prices).skip(1).filter(|(_, count)| *count > 0).collect(),
            ratings: RATING_STEPS.into_iter().zip(self.ratings).filter(|(_, count)| *count > 0).collect(),
        }
    }

    fn categories_with_ancestors(&self, categories: &Categories) -> Vec<(u16, u32)> {
        let mut sums: Vec<u32> = Vec::new();
        for (id, count) in (0u16..).zip(&self.categories).filter(|(_, count)| **count > 0) {
            for ancestor in categories.line(id).map(usize::from) {
                sums.resize(sums.len().max(ancestor + 1), 0);
                if let Some(sum) = sums.get_mut(ancestor) {
                    *sum += count;
                }
            }
        }
        let mut sums: Vec<(u16, u32)> = (0u16..).zip(sums).filter(|(_, count)| *count > 0).collect();
        sums.sort_unstable_by_key(|(id, count)| (std::cmp::Reverse(*count), *id));
        sums
    }
}
