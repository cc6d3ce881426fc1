//! What changes merchants and places. The operator does all of it, by the console, the command line or the demo.

use crate::base::{Fault, Point};
use crate::directory::model::{
    CITY, City, MERCHANTS, Merchant, MerchantId, MerchantName, PLACE_BY_SLUG, PLACES, Place, PlaceId,
};
use crate::directory::queries::{place_of_source, survivor};
use crate::directory::reading::{PlaceDraft, PlaceFacts};
use crate::directory::refusal::Refusal;
use crate::directory::rules::{described, edited, merged, slugs, zone_name};
use crate::store::{Outcome, Tx};

/// Says what the town is.
pub fn set_city(tx: &mut Tx<'_>, city: &City) -> Outcome<(), Refusal> {
    if zone_name(&city.zone)? != city.zone {
        return Err(Refusal::UnknownZone.into());
    }
    // Nothing below can refuse.
    Ok(tx.put(&CITY, &(), city)?)
}

/// Adds a merchant who runs these places, which nobody else may run.
pub fn add_merchant(tx: &mut Tx<'_>, name: &MerchantName, places: &[PlaceId]) -> Outcome<MerchantId, Refusal> {
    let mut run = Vec::new();
    for id in places {
        let place = tx.get(&PLACES, id)?.filter(Place::is_one_of_its_own).ok_or(Refusal::NoPlace)?;
        if place.merchant.is_some() {
            return Err(Refusal::PlaceTaken.into());
        }
        run.push((id, place));
    }
    // Nothing below can refuse.
    let merchant: MerchantId = tx.new_id();
    tx.put(&MERCHANTS, &merchant, &Merchant { name: name.clone(), since: tx.now() })?;
    for (id, mut place) in run {
        place.merchant = Some(merchant);
        tx.put(&PLACES, id, &place)?;
    }
    Ok(merchant)
}

/// Says what a place is, and keeps what is new of that from imports.
pub fn edit_place(tx: &mut Tx<'_>, id: PlaceId, point: Point, facts: &PlaceFacts) -> Outcome<(), Refusal> {
    let old = tx.get(&PLACES, &id)?.filter(Place::is_one_of_its_own).ok_or(Refusal::NoPlace)?;
    // Nothing below can refuse.
    let place = edited(&old, point, facts, tx.now());
    if place != old {
        tx.put(&PLACES, &id, &place)?;
    }
    Ok(())
}

/// Makes one of two listings of the same place the way to the other, and answers the one that stays. Where a listing
/// was merged before, the place that it is now is meant.
pub fn merge_places(tx: &mut Tx<'_>, one: PlaceId, other: PlaceId) -> Outcome<PlaceId, Refusal> {
    let (one_id, one) = survivor(&**tx, one)?.ok_or(Refusal::NoPlace)?;
    let (other_id, other) = survivor(&**tx, other)?.ok_or(Refusal::NoPlace)?;
    let ((stays, _), (goes, gone)) = merged((one_id, &one), (other_id, &other))?;
    // Nothing below can refuse.
    tx.put(&PLACES, &goes, &Place { merged_into: Some(stays), changed: tx.now(), ..gone.clone() })?;
    Ok(stays)
}

/// How places of a file met those that are here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    pub added: u64,
    pub updated: u64,
    pub unchanged: u64,
}

/// Takes in places of one source, each known by its id there. What has not changed is not written.
pub fn import_chunk(tx: &mut Tx<'_>, drafts: &[PlaceDraft]) -> Outcome<Met, Refusal> {
    let mut met = Met::default();
    for draft in drafts {
        let old = place_of_source(&**tx, &draft.source)?;
        let slug = match &old {
            Some((_, old)) => old.slug.clone(),
            None => free_slug(tx, draft)?,
        };
        if old.as_ref().is_some_and(|(_, old)| !old.is_one_of_its_own()) {
            met.unchanged += 1;
            continue;
        }
        let place = described(draft, old.as_ref().map(|(_, old)| old), slug, tx.now());
        match old {
            Some((_, old)) if old == place => met.unchanged += 1,
            Some((id, _)) => {
                tx.put(&PLACES, &id, &place)?;
                met.updated += 1;
            }
            None => {
                let id: PlaceId = tx.new_id();
                tx.put(&PLACES, &id, &place)?;
                met.added += 1;
            }
        }
    }
    Ok(met)
}

/// A slug that no other place has.
fn free_slug(tx: &Tx<'_>, draft: &PlaceDraft) -> Result<String, Fault> {
    for slug in slugs(draft) {
        if tx.find(&PLACE_BY_SLUG, &slug)?.is_none() {
            return Ok(slug);
        }
    }
    Err(Fault::bug("naming a place", "the digest of its id is taken"))
}
