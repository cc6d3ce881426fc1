//! What a merchant does with offers.

use crate::accounts::{Action, Actor, Denied, Manager, PlaceId};
use crate::base::Fault;
use crate::directory;
use crate::kernel::audit::{self, Deed, Verdict, Who};
use crate::kernel::stock;
use crate::offers::model::{OFFERS, Offer, OfferId, OfferKind, Standing, TERMS, Terms};
use crate::offers::queries::{Listing, listing};
use crate::offers::refusal::Refusal;
use crate::offers::rules::{Draft, Step, check_draft, check_use, stepped};
use crate::store::{Lift, Outcome, Row, Tx};

/// Writes a new offer, which nobody sees until it is published.
pub fn create(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: PlaceId,
    kind: OfferKind,
    draft: &Draft,
) -> Outcome<OfferId, Refusal> {
    let merchant = directory::place(&**tx, place)?.and_then(|place| place.merchant);
    let merchant = merchant.ok_or(Refusal::Denied(Denied::NotFound))?;
    let manager = Manager::prove(&**tx, actor, Action::ManageOffers, merchant, Some(place)).lift()?;
    check(tx, draft, place)?;
    // Nothing below can refuse.
    let id = tx.new_id();
    let pool = stock::open(tx, Some(draft.capacity))?;
    let (since, sale_until) = (tx.now(), draft.sale_until);
    let offer = Offer { place, merchant, kind, pool, standing: Standing::Draft, version: 1, sale_until, since };
    let terms = draft.clone().into_terms(since);
    tx.put(&TERMS, &(id, 1), &terms)?;
    tx.put(&OFFERS, &id, &offer)?;
    record(tx, &manager, "offer-created", id, None, Some(&terms.to_row()))?;
    Ok(id)
}

/// Makes a new version of the terms for later buyers; what was sold keeps its own.
pub fn edit(tx: &mut Tx<'_>, actor: &Actor, id: OfferId, draft: &Draft) -> Outcome<OfferId, Refusal> {
    let (manager, Listing { offer, terms: old, phase, pool, .. }) = managed(tx, actor, id)?;
    if offer.standing == Standing::Withdrawn {
        return Err(Refusal::WrongStanding { now: phase }.into());
    }
    check(tx, draft, offer.place)?;
    // Nothing below can refuse.
    let (before, after) = (pool.capacity, Some(draft.capacity));
    if before != after {
        stock::set_capacity(tx, offer.pool, after)?;
        record(tx, &manager, "offer-capacity", id, Some(&before.to_row()), Some(&after.to_row()))?;
    }
    let terms = draft.clone().into_terms(tx.now());
    if (Terms { at: old.at, ..terms.clone() }) == old {
        return Ok(id);
    }
    let version = offer.version + 1;
    tx.put(&TERMS, &(id, version), &terms)?;
    tx.put(&OFFERS, &id, &Offer { version, sale_until: terms.sale_until, ..offer })?;
    record(tx, &manager, "offer-edited", id, Some(&old.to_row()), Some(&terms.to_row()))?;
    Ok(id)
}

/// Puts a draft on sale, now or when its sale begins.
pub fn publish(tx: &mut Tx<'_>, actor: &Actor, id: OfferId) -> Outcome<OfferId, Refusal> {
    step(tx, actor, id, Step::Publish, "offer-published")
}

/// Stops the sale for now; vouchers that were sold stay good.
pub fn pause(tx: &mut Tx<'_>, actor: &Actor, id: OfferId) -> Outcome<OfferId, Refusal> {
    step(tx, actor, id, Step::Pause, "offer-paused")
}

pub fn resume(tx: &mut Tx<'_>, actor: &Actor, id: OfferId) -> Outcome<OfferId, Refusal> {
    step(tx, actor, id, Step::Resume, "offer-resumed")
}

/// Ends the sale for good; vouchers that were sold stay good.
pub fn withdraw(tx: &mut Tx<'_>, actor: &Actor, id: OfferId) -> Outcome<OfferId, Refusal> {
    step(tx, actor, id, Step::Withdraw, "offer-withdrawn")
}

fn step(tx: &mut Tx<'_>, actor: &Actor, id: OfferId, step: Step, deed: &str) -> Outcome<OfferId, Refusal> {
    let (manager, Listing { offer, phase, .. }) = managed(tx, actor, id)?;
    let standing = stepped(offer.standing, step, phase)?;
    // Nothing below can refuse.
    if standing != offer.standing {
        let changed = Offer { standing, ..offer.clone() };
        tx.put(&OFFERS, &id, &changed)?;
        record(tx, &manager, deed, id, Some(&offer.to_row()), Some(&changed.to_row()))?;
    }
    Ok(id)
}

fn check(tx: &Tx<'_>, draft: &Draft, place: PlaceId) -> Outcome<(), Refusal> {
    check_draft(draft, tx.now())?;
    let (city, place) = (directory::city(&**tx)?, directory::require_place(&**tx, place)?);
    Ok(check_use(draft, &city.locality()?, place.point)?)
}

fn managed(tx: &Tx<'_>, actor: &Actor, id: OfferId) -> Outcome<(Manager, Listing), Refusal> {
    let found = listing(&**tx, id, tx.now())?.ok_or(Refusal::Denied(Denied::NotFound))?;
    let (merchant, place) = (found.offer.merchant, found.offer.place);
    let manager = Manager::prove(&**tx, actor, Action::ManageOffers, merchant, Some(place)).lift()?;
    Ok((manager, found))
}

fn record(
    tx: &mut Tx<'_>,
    manager: &Manager,
    action: &str,
    id: OfferId,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
) -> Result<(), Fault> {
    let who = Who::Person(manager.person().untyped());
    let subject = ("offer", id.untyped());
    audit::append(tx, Deed { who, action, subject, origin: None, verdict: Verdict::Done, before, after })?;
    Ok(())
}
