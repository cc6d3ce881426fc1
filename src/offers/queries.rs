//! What pages, API and orders read of offers, from one snapshot or transaction.

use crate::accounts::{MerchantId, PlaceId};
use crate::base::money::percent_off;
use crate::base::{Fault, Timestamp};
use crate::kernel::stock::{self, Pool};
use crate::offers::model::{
    OFFERS, OFFERS_BY_MERCHANT, OFFERS_BY_PLACE, OFFERS_BY_SALE_END, Offer, OfferId, TERMS, Terms,
};
use crate::offers::rules::{Phase, phase};
use crate::store::{Read, Span};

/// An offer as it stands at an instant.
#[derive(Clone, Debug)]
pub struct Listing {
    pub id: OfferId,
    pub offer: Offer,
    pub terms: Terms,
    /// With live holds only.
    pub pool: Pool,
    pub phase: Phase,
}

impl Listing {
    pub fn left(&self) -> u32 {
        self.pool.free()
    }

    /// Computed, never typed.
    pub fn percent_off(&self) -> u8 {
        percent_off(self.terms.list_price, self.terms.price)
    }
}

/// The offer with this id, whatever its phase.
pub fn listing(read: &dyn Read, id: OfferId, now: Timestamp) -> Result<Option<Listing>, Fault> {
    let Some(offer) = read.get(&OFFERS, &id)? else { return Ok(None) };
    listed(read, id, offer, now).map(Some)
}

/// An offer that another row names.
pub fn require(read: &dyn Read, id: OfferId) -> Result<Offer, Fault> {
    read.must_get(&OFFERS, &id)
}

/// The terms as sold under a version.
pub fn terms(read: &dyn Read, id: OfferId, version: u32) -> Result<Terms, Fault> {
    read.must_get(&TERMS, &(id, version))
}

/// Every offer of a place, newest first, whatever its phase.
pub fn listings_of_place(read: &dyn Read, place: PlaceId, now: Timestamp) -> Result<Vec<Listing>, Fault> {
    let rows = read.scan_by(&OFFERS, &OFFERS_BY_PLACE, Span::prefix(&place).reversed())?;
    rows.map(|row| row.and_then(|(id, offer)| listed(read, id, offer, now))).collect()
}

/// Every offer of a merchant, newest first, whatever its phase.
pub fn of_merchant(read: &dyn Read, merchant: MerchantId, now: Timestamp) -> Result<Vec<Listing>, Fault> {
    let rows = read.scan_by(&OFFERS, &OFFERS_BY_MERCHANT, Span::prefix(&merchant).reversed())?;
    rows.map(|row| row.and_then(|(id, offer)| listed(read, id, offer, now))).collect()
}

/// Offers that can be bought now, those whose sale ends first in front.
pub fn on_sale(read: &dyn Read, now: Timestamp, limit: usize) -> Result<Vec<Listing>, Fault> {
    let ending = read.scan_by(&OFFERS, &OFFERS_BY_SALE_END, Span::between(&now, &Timestamp::MAX))?;
    let listings = ending.map(|row| row.and_then(|(id, offer)| listed(read, id, offer, now)));
    let can_be_bought = |listing: &Result<Listing, Fault>| match listing {
        Ok(listing) => listing.phase == Phase::OnSale,
        Err(_) => true,
    };
    listings.filter(can_be_bought).take(limit).collect()
}

fn listed(read: &dyn Read, id: OfferId, offer: Offer, now: Timestamp) -> Result<Listing, Fault> {
    let terms = terms(read, id, offer.version)?;
    let pool = stock::level(read, offer.pool, now)?;
    let phase = phase(offer.standing, &terms, &pool, now);
    Ok(Listing { id, offer, terms, pool, phase })
}
