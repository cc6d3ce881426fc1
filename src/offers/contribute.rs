//! What search learns of a place from its offers: that something can be bought there now, and under which titles.

use std::collections::HashMap;

use crate::accounts::PlaceId;
use crate::base::{Fault, Id, Timestamp};
use crate::kernel::stock::{POOLS, PoolId};
use crate::offers::model::{OFFERS, OfferId, Standing};
use crate::offers::queries::{Listing, listings_of_place};
use crate::offers::rules::Phase;
use crate::search::{Contributor, Document, Field, Flag};
use crate::store::{Effect, Key, Read, Span};

/// Something sold out may come back when holds lapse, which no row tells: it is looked at again after so many seconds.
const LOOK_AGAIN_SECONDS: i64 = 60;

/// Offers as they stand at each place, for search.
#[derive(Debug, Default)]
pub struct OffersOfPlaces {
    /// Whose stock a pool is: what sells out is on sale no longer.
    pools: HashMap<PoolId, PlaceId>,
}

impl Contributor for OffersOfPlaces {
    fn touched(&self, read: &dyn Read, effect: &Effect) -> Result<Vec<[u8; 16]>, Fault> {
        let Some((table, mut key)) = effect.place() else { return Ok(Vec::new()) };
        let place = if table == OFFERS.number() {
            let offer = OfferId::decode(&mut key).map(|id| read.get(&OFFERS, &id)).transpose()?.flatten();
            offer.map(|offer| offer.place)
        } else if table == POOLS.number() {
            PoolId::decode(&mut key).and_then(|pool| self.pools.get(&pool).copied())
        } else {
            None
        };
        Ok(place.into_iter().map(|place| *place.as_bytes()).collect())
    }

    fn resume(&mut self, read: &dyn Read) -> Result<(), Fault> {
        for row in read.scan(&OFFERS, Span::all())? {
            let (_, offer) = row?;
            if offer.standing == Standing::Published {
                self.pools.insert(offer.pool, offer.place);
            }
        }
        Ok(())
    }

    fn contribute(
        &mut self,
        read: &dyn Read,
        place: [u8; 16],
        now: Timestamp,
        document: &mut Document,
    ) -> Result<Option<Timestamp>, Fault> {
        let mut changes = None;
        for listing in listings_of_place(read, Id::from_bytes(place), now)? {
            if listing.offer.standing == Standing::Published {
                self.pools.insert(listing.offer.pool, listing.offer.place);
            }
            if listing.phase == Phase::OnSale {
                document.flags = document.flags.with(Flag::HasOffer);
                document.words.push((Field::Offer, listing.terms.title.to_string()));
            }
            changes = [changes, next_change(&listing, now)].into_iter().flatten().min();
        }
        Ok(changes)
    }
}

/// When time alone changes how an offer stands.
fn next_change(listing: &Listing, now: Timestamp) -> Option<Timestamp> {
    match listing.phase {
        Phase::Scheduled => Some(listing.terms.sale_from),
        Phase::OnSale => Some(listing.terms.sale_until),
        Phase::SoldOut => Some(now.plus_seconds(LOOK_AGAIN_SECONDS)),
        Phase::Draft | Phase::Paused | Phase::Ended | Phase::Withdrawn => None,
    }
}
