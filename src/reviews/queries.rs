//! What pages, API and search read of reviews, from one snapshot or transaction.

use std::collections::BTreeMap;

use crate::accounts::{MerchantId, PersonId, PlaceId};
use crate::base::{Fault, Timestamp};
use crate::offers::{self, OfferTitle};
use crate::orders::{self, Order, OrderId, PublicOrderId};
use crate::reviews::model::{
    PublicReviewId, RATINGS, REVIEW_BY_PUBLIC, REVIEW_BY_TRANSACTION, REVIEWS, REVIEWS_BY_AUTHOR, REVIEWS_BY_MERCHANT,
    REVIEWS_BY_PLACE, REVIEWS_BY_STARS, REVIEWS_UNANSWERED, Review, ReviewId, Tally, Transaction,
};
use crate::reviews::rules::completing;
use crate::store::{Read, Span};
use crate::vouchers;

/// Most that `unanswered` counts; more is as much as nobody can answer in a day.
const MAX_UNANSWERED: usize = 1000;
/// Most orders that are looked through for a visit without a review.
const MAX_ORDERS: usize = 100;

/// In which order the reviews of a place are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sorting {
    #[default]
    Newest,
    /// Most stars first, of equal ones the newest.
    Rating,
}

impl Sorting {
    /// As URLs write it.
    pub fn parse(name: &str) -> Option<Sorting> {
        match name {
            "newest" => Some(Sorting::Newest),
            "rating" => Some(Sorting::Rating),
            _ => None,
        }
    }
}

/// The review with this public id.
pub fn review(read: &dyn Read, public: PublicReviewId) -> Result<Option<(ReviewId, Review)>, Fault> {
    let Some(id) = read.find(&REVIEW_BY_PUBLIC, &public)? else { return Ok(None) };
    Ok(Some((id, read.must_get(&REVIEWS, &id)?)))
}

/// Whether a person has written any review.
pub fn has_written(read: &dyn Read, author: PersonId) -> Result<bool, Fault> {
    Ok(read.scan_index(&REVIEWS_BY_AUTHOR, Span::prefix(&author))?.next().transpose()?.is_some())
}

/// The review of an order at a place, if there is one.
pub fn of_transaction(read: &dyn Read, order: OrderId, place: PlaceId) -> Result<Option<(ReviewId, Review)>, Fault> {
    let Some(id) = read.find(&REVIEW_BY_TRANSACTION, &(order.untyped(), place))? else { return Ok(None) };
    Ok(Some((id, read.must_get(&REVIEWS, &id)?)))
}

/// The reviews of a place, from after `after` on.
pub fn of_place(
    read: &dyn Read,
    place: PlaceId,
    sorting: Sorting,
    after: Option<&(ReviewId, Review)>,
    limit: usize,
) -> Result<Vec<(ReviewId, Review)>, Fault> {
    let span = Span::prefix(&place).reversed();
    match sorting {
        Sorting::Newest => {
            let span = match after {
                Some((id, last)) => span.beyond(&(place, last.at, *id)),
                None => span,
            };
            read.scan_by(&REVIEWS, &REVIEWS_BY_PLACE, span)?.take(limit).collect()
        }
        Sorting::Rating => {
            let span = match after {
                Some((id, last)) => span.beyond(&(place, last.words.stars.number(), last.at, *id)),
                None => span,
            };
            read.scan_by(&REVIEWS, &REVIEWS_BY_STARS, span)?.take(limit).collect()
        }
    }
}

/// The reviews at a merchant's places, newest first, from after `after` on.
pub fn of_merchant(
    read: &dyn Read,
    merchant: MerchantId,
    after: Option<&(ReviewId, Review)>,
    limit: usize,
) -> Result<Vec<(ReviewId, Review)>, Fault> {
    let span = Span::prefix(&merchant).reversed();
    let span = match after {
        Some((id, last)) => span.beyond(&(merchant, last.at, *id)),
        None => span,
    };
    read.scan_by(&REVIEWS, &REVIEWS_BY_MERCHANT, span)?.take(limit).collect()
}

/// How many reviews of a merchant wait for a reply, up to a thousand.
pub fn unanswered(read: &dyn Read, merchant: MerchantId) -> Result<usize, Fault> {
    let mut count = 0;
    for entry in read.scan_index(&REVIEWS_UNANSWERED, Span::prefix(&merchant))?.take(MAX_UNANSWERED) {
        entry?;
        count += 1;
    }
    Ok(count)
}

/// What the reviews of a place come to.
pub fn rating(read: &dyn Read, place: PlaceId) -> Result<Tally, Fault> {
    Ok(read.get(&RATINGS, &place)?.unwrap_or_default())
}

/// When something of the order was first used at the place, if that was not taken back: the badge "visited".
pub fn used_at(read: &dyn Read, order: OrderId, place: PlaceId) -> Result<Option<Timestamp>, Fault> {
    let uses = vouchers::redemptions_of_order(read, order.untyped(), place)?;
    Ok(completing(&uses).map(|used| used.at))
}

impl Review {
    /// When its author was at the place; `None` if the use was taken back since.
    pub fn visited_at(&self, read: &dyn Read) -> Result<Option<Timestamp>, Fault> {
        match self.transaction {
            Transaction::Order(order) => used_at(read, order, self.place),
        }
    }

    /// The title of what was used there, as it was sold.
    pub fn subject(&self, read: &dyn Read) -> Result<OfferTitle, Fault> {
        match self.transaction {
            Transaction::Order(order) => what_was_used(read, order, &orders::require(read, order)?, self.place),
        }
    }
}

/// The title of what was first used of an order at a place; before that, of what can be.
pub fn what_was_used(read: &dyn Read, id: OrderId, order: &Order, place: PlaceId) -> Result<OfferTitle, Fault> {
    let uses = vouchers::redemptions_of_order(read, id.untyped(), place)?;
    let used = completing(&uses).map(|used| used.offer);
    let here = || order.lines.iter().filter(|line| line.place == place);
    let line = here().find(|line| Some(line.offer) == used).or_else(|| here().next());
    let line = line.ok_or_else(|| Fault::corrupt("a review", "its order has no line at its place"))?;
    Ok(offers::terms(read, line.offer, line.version)?.title)
}

/// A visit that its person may still review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewable {
    pub order: PublicOrderId,
    pub place: PlaceId,
    pub used_at: Timestamp,
}

/// What a person used and has not reviewed, of their newest orders, the newest first; at one place, or anywhere.
pub fn reviewable(
    read: &dyn Read,
    person: PersonId,
    at: Option<PlaceId>,
    limit: usize,
) -> Result<Vec<Reviewable>, Fault> {
    let mut found = Vec::new();
    for (id, order) in orders::of_buyer(read, person, None, MAX_ORDERS)? {
        let mut places: Vec<PlaceId> = order.lines.iter().map(|line| line.place).collect();
        places.sort_unstable();
        places.dedup();
        for place in places.into_iter().filter(|place| at.is_none_or(|at| at == *place)) {
            let used = used_at(read, id, place)?;
            if let Some(used_at) = used.filter(|_| found.len() < limit)
                && read.find(&REVIEW_BY_TRANSACTION, &(id.untyped(), place))?.is_none()
            {
                found.push(Reviewable { order: order.public, place, used_at });
            }
        }
        if found.len() == limit {
            break;
        }
    }
    Ok(found)
}

/// Whether the ratings are what the reviews come to; what is not, in one line each.
pub fn check(read: &dyn Read) -> Result<Vec<String>, Fault> {
    let mut counted: BTreeMap<PlaceId, Tally> = BTreeMap::new();
    for row in read.scan(&REVIEWS, Span::all())? {
        let (_, review) = row?;
        let tally = counted.entry(review.place).or_default();
        *tally = tally.with(review.words.stars);
    }
    let mut faults = Vec::new();
    for row in read.scan(&RATINGS, Span::all())? {
        let (place, kept) = row?;
        if counted.remove(&place).unwrap_or_default() != kept {
            faults.push(format!("reviews: the rating of place {place} is not the sum of its reviews"));
        }
    }
    faults.extend(counted.keys().map(|place| format!("reviews: place {place} has reviews and no rating")));
    Ok(faults)
}
