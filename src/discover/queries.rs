//! What the pages and the API of discover read, each from one snapshot.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::accounts::PlaceId;
use crate::base::{Fault, Id, Point, Timestamp};
use crate::directory::{self, Locality, OpenState, Place};
use crate::offers::{self, Listing, Phase};
use crate::reviews::{self, Tally};
use crate::search::{Hit, Query, Results, Search};
use crate::store::Read;
use crate::web::Site;

/// How long a search waits to see what was written before it was asked.
const WAIT: Duration = Duration::from_millis(200);
/// How far "near" of a similar place reaches.
const SIMILAR_WITHIN_M: u32 = 3_000;

/// A place as lists show it.
pub struct Found {
    pub id: PlaceId,
    pub place: Place,
    pub distance_m: Option<u32>,
    pub open: Option<bool>,
    pub state: OpenState,
    pub rating: Tally,
    /// The best that can be bought there now.
    pub deal: Option<Listing>,
}

/// When and where it is asked.
pub struct Moment {
    pub now: Timestamp,
    pub zone: TimeZone,
    pub locality: Locality,
    /// The middle of the town, if it was set up.
    pub center: Option<Point>,
}

impl Moment {
    pub fn of(read: &dyn Read, site: &Site) -> Result<Moment, Fault> {
        let locality = directory::locality(read)?;
        let center = directory::city(read)?.center;
        Ok(Moment { now: site.clock().now(), zone: locality.zone().clone(), locality, center })
    }
}

/// Waits a little until search sees what was written before, so that people find what they have just made.
pub async fn settle(site: &Site) -> Result<(), Fault> {
    let written = site.store.snapshot()?.seq();
    if site.search.seq() < written && !site.search.wait_for(written, WAIT).await {
        tracing::debug!(written, "search lags behind");
    }
    Ok(())
}

/// The places that were found, as the store has them; those that are gone since are left out.
pub fn found(read: &dyn Read, moment: &Moment, results: &Results) -> Result<Vec<Found>, Fault> {
    let found = results.items.iter().map(|hit| one_found(read, moment, hit));
    found.filter_map(Result::transpose).collect()
}

fn one_found(read: &dyn Read, moment: &Moment, hit: &Hit) -> Result<Option<Found>, Fault> {
    let id = Id::from_bytes(hit.id);
    let Some(place) = directory::place(read, id)? else { return Ok(None) };
    Ok(Some(Found {
        id,
        state: place.open_state(&moment.locality, moment.now),
        place,
        distance_m: hit.distance_m,
        open: hit.open,
        rating: reviews::rating(read, id)?,
        deal: best_deal(read, id, moment.now)?,
    }))
}

/// The deal with the largest discount.
fn best_deal(read: &dyn Read, place: PlaceId, now: Timestamp) -> Result<Option<Listing>, Fault> {
    let listings = offers::listings_of_place(read, place, now)?.into_iter();
    Ok(listings.filter(|listing| listing.phase == Phase::OnSale).max_by_key(Listing::percent_off))
}

/// A place by its slug or its id.
pub fn place_by_key(read: &dyn Read, key: &str) -> Result<Option<(PlaceId, Place)>, Fault> {
    if let Some(found) = directory::place_by_slug(read, key)? {
        return Ok(Some(found));
    }
    let Ok(id) = key.parse::<PlaceId>() else { return Ok(None) };
    directory::survivor(read, id)
}

/// What others see of a place's offers: all but drafts, the withdrawn and the ended.
pub fn offers_at(read: &dyn Read, place: PlaceId, now: Timestamp) -> Result<Vec<Listing>, Fault> {
    let is_shown = |phase| matches!(phase, Phase::OnSale | Phase::SoldOut | Phase::Scheduled);
    let mut listings = offers::listings_of_place(read, place, now)?;
    listings.retain(|listing| is_shown(listing.phase));
    listings.sort_by_key(|listing| (listing.phase != Phase::OnSale, listing.phase == Phase::SoldOut));
    Ok(listings)
}

/// Places near of the same category, without the place itself.
pub fn similar(search: &Search, now: Timestamp, id: PlaceId, place: &Place, limit: usize) -> Results {
    let mut results = search.find(&Query {
        near: Some(place.point),
        within_m: Some(SIMILAR_WITHIN_M),
        categories: vec![place.category.0],
        limit: limit + 1,
        ..Query::all(now)
    });
    results.items.retain(|hit| hit.id != *id.as_bytes());
    results.items.truncate(limit);
    results
}

/// Offers whose sale ends first, each with its place.
pub fn offers_ending(read: &dyn Read, moment: &Moment, limit: usize) -> Result<Vec<Found>, Fault> {
    let listings = offers::on_sale(read, moment.now, limit)?.into_iter();
    listings.map(|listing| found_with(read, moment, listing)).collect()
}

fn found_with(read: &dyn Read, moment: &Moment, listing: Listing) -> Result<Found, Fault> {
    let id = listing.offer.place;
    let place = directory::require_place(read, id)?;
    let state = place.open_state(&moment.locality, moment.now);
    let rating = reviews::rating(read, id)?;
    Ok(Found { id, state, place, distance_m: None, open: None, rating, deal: Some(listing) })
}
