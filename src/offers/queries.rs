//! What pages, API and orders read of offers, from one snapshot or transaction.

use crate::accounts::{Action, MerchantId, PlaceId, Viewer};
use crate::base::money::percent_off;
use crate::base::{Currency, Fault, Timestamp};
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

/// The offer, if this viewer may see it: a draft is there for whoever manages it, and for nobody else.
pub fn visible(read: &dyn Read, viewer: &Viewer, id: OfferId, now: Timestamp) -> Result<Option<Listing>, Fault> {
    let found = listing(read, id, now)?;
    Ok(found.filter(|listing| {
        let (merchant, place) = (listing.offer.merchant, Some(listing.offer.place));
        listing.phase != Phase::Draft || viewer.may_at(Action::ManageOffers, merchant, place).is_ok()
    }))
}

/// An offer that another row names.
pub fn require(read: &dyn Read, id: OfferId) -> Result<Offer, Fault> {
    read.must_get(&OFFERS, &id)
}

/// The terms as sold under a version.
pub fn terms(read: &dyn Read, id: OfferId, version: u32) -> Result<Terms, Fault> {
    read.must_get(&TERMS, &(id, version))
}

/// A currency other than this one that some version of some offer has its price in.
pub fn priced_otherwise(read: &dyn Read, currency: Currency) -> Result<Option<Currency>, Fault> {
    for row in read.scan(&TERMS, Span::all())? {
        let (_, terms) = row?;
        if terms.price.currency != currency {
            return Ok(Some(terms.price.currency));
        }
    }
    Ok(None)
}

/// Every offer of a place, newest first, whatever its phase.
pub fn listings_of_place(read: &dyn Read, place: PlaceId, now: Timestamp) -> Result<Vec<Listing>, Fault> {
    let rows = read.scan_by(&OFFERS, &OFFERS_BY_PLACE, Span::prefix(&place).reversed())?;
    rows.map(|row| row.and_then(|(id, offer)| listed(read, id, offer, now))).collect()
}

/// The offers of a merchant, newest first, whatever their phase, from after `after` on.
pub fn of_merchant(
    read: &dyn Read,
    merchant: MerchantId,
    now: Timestamp,
    after: Option<OfferId>,
    limit: usize,
) -> Result<Vec<Listing>, Fault> {
    let span = Span::prefix(&merchant).reversed();
    let span = match after {
        Some(last) => span.beyond(&(merchant, last)),
        None => span,
    };
    let rows = read.scan_by(&OFFERS, &OFFERS_BY_MERCHANT, span)?.take(limit);
    rows.map(|row| row.and_then(|(id, offer)| listed(read, id, offer, now))).collect()
}

/// Offers that can be bought now, those whose sale ends first in front.
pub fn on_sale(read: &dyn Read, now: Timestamp, limit: usize) -> Result<Vec<Listing>, Fault> {
    let can_be_bought = |listing: &Result<Listing, Fault>| match listing {
        Ok(listing) => listing.phase == Phase::OnSale,
        Err(_) => true,
    };
    published(read, now, None)?.filter(can_be_bought).take(limit).collect()
}

/// Published offers whose sale is not over, those that end first in front, from after `after` on.
pub fn published(
    read: &dyn Read,
    now: Timestamp,
    after: Option<(Timestamp, OfferId)>,
) -> Result<impl Iterator<Item = Result<Listing, Fault>>, Fault> {
    let span = Span::between(&now, &Timestamp::MAX);
    let span = match after {
        Some((until, last)) if until >= now => span.beyond(&(until, last)),
        _ => span,
    };
    let ending = read.scan_by(&OFFERS, &OFFERS_BY_SALE_END, span)?;
    Ok(ending.map(move |row| row.and_then(|(id, offer)| listed(read, id, offer, now))))
}

fn listed(read: &dyn Read, id: OfferId, offer: Offer, now: Timestamp) -> Result<Listing, Fault> {
    let terms = terms(read, id, offer.version)?;
    let pool = stock::level(read, offer.pool, now)?;
    let phase = phase(offer.standing, &terms, &pool, now);
    Ok(Listing { id, offer, terms, pool, phase })
}
