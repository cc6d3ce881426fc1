//! The life of a claim: held or taken, confirmed or released, given back. Each verb decides and writes in one go.

use crate::base::{Fault, Timestamp};
use crate::kernel::AnyId;
use crate::kernel::stock::model::{
    CAPS, CLAIMS, Cap, CapUse, Claim, ClaimId, ClaimState, Demand, HELD_BY_OWNER, POOLS,
};
use crate::kernel::stock::pools::{expired_holds, just_after, level, used};
use crate::kernel::stock::rules::{MAX_CAPS, MAX_DEMANDS, Refusal, Weight, fits, summed_caps, summed_demands};
use crate::store::{Outcome, Read, Span, Stop, Tx};

/// Most expired holds that one claim lets go of; what remains is counted as free all the same.
/// With the largest claims these are some 8,000 effects, which a transaction can take.
const MAX_EXPIRED_AT_ONCE: usize = 32;

/// What somebody wants, all or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub owner: AnyId,
    pub demands: &'a [Demand],
    pub caps: &'a [Cap],
}

/// Holds what is wanted until an instant (excluded).
pub fn hold(tx: &mut Tx<'_>, request: Request<'_>, until: Timestamp) -> Outcome<ClaimId, Refusal> {
    begin(tx, request, ClaimState::Held { until, extended: false })
}

/// Sells what is wanted without a hold before.
pub fn take(tx: &mut Tx<'_>, request: Request<'_>) -> Outcome<ClaimId, Refusal> {
    let at = tx.now();
    begin(tx, request, ClaimState::Sold { at })
}

/// Sells what was held; a claim that is sold stays so. If the hold has run out, it is sold if it still fits: money can
/// arrive late. What was released or given back is not sold again.
pub fn confirm(tx: &mut Tx<'_>, id: ClaimId) -> Outcome<(), Refusal> {
    let at = tx.now();
    let claim = tx.must_get(&CLAIMS, &id)?;
    match claim.state {
        ClaimState::Sold { .. } => Ok(()),
        ClaimState::Returned { .. } => Err(Stop::Refuse(Refusal::HoldExpired)),
        ClaimState::Held { until, .. } if at < until => Ok(turn(tx, id, claim, ClaimState::Sold { at })?),
        ClaimState::Held { .. } | ClaimState::Expired { .. } => confirm_late(tx, id),
    }
}

fn confirm_late(tx: &mut Tx<'_>, id: ClaimId) -> Outcome<(), Refusal> {
    expire(tx, id)?;
    let claim = tx.must_get(&CLAIMS, &id)?;
    let at = tx.now();
    admit(tx, &claim).map_err(|stop| {
        stop.map(|refusal| match refusal {
            Refusal::SoldOut { .. } => Refusal::HoldExpired,
            Refusal::CapReached { .. } | Refusal::HoldExpired | Refusal::AlreadyExtended => refusal,
        })
    })?;
    Ok(turn(tx, id, claim, ClaimState::Sold { at })?)
}

/// Lets go of a hold. Answers whether it still held anything; what is sold stays sold.
pub fn release(tx: &mut Tx<'_>, id: ClaimId) -> Result<bool, Fault> {
    let at = tx.now();
    let claim = tx.must_get(&CLAIMS, &id)?;
    match claim.state {
        ClaimState::Held { .. } | ClaimState::Expired { .. } => {
            let was_live = claim.state.is_live_hold_at(at);
            turn(tx, id, claim, ClaimState::Returned { at })?;
            Ok(was_live)
        }
        ClaimState::Sold { .. } | ClaimState::Returned { .. } => Ok(false),
    }
}

/// Returns what was sold to its pools and caps. Answers whether it did: a second call changes nothing.
pub fn give_back(tx: &mut Tx<'_>, id: ClaimId) -> Result<bool, Fault> {
    let at = tx.now();
    let claim = tx.must_get(&CLAIMS, &id)?;
    match claim.state {
        ClaimState::Sold { .. } => {
            turn(tx, id, claim, ClaimState::Returned { at })?;
            Ok(true)
        }
        ClaimState::Held { .. } | ClaimState::Expired { .. } | ClaimState::Returned { .. } => Ok(false),
    }
}

/// Another owner has the claim from now on, under whose caps it counts, even beyond their limit: what is had is had.
pub fn hand_over(tx: &mut Tx<'_>, id: ClaimId, to: AnyId) -> Result<(), Fault> {
    let claim = tx.must_get(&CLAIMS, &id)?;
    let weight = claim.state.weight();
    for cap in &claim.caps {
        count_cap(tx, cap, weight, Weight::Nothing)?;
    }
    let moved = |cap: &Cap| if cap.holder == claim.owner { Cap { holder: to, ..*cap } } else { *cap };
    let caps = claim.caps.iter().map(moved).collect();
    let moved = Claim { owner: to, caps, ..claim };
    for cap in &moved.caps {
        count_cap(tx, cap, Weight::Nothing, weight)?;
    }
    tx.put(&CLAIMS, &id, &moved)
}

/// Gives a live hold more time, once.
pub fn extend(tx: &mut Tx<'_>, id: ClaimId, until: Timestamp) -> Outcome<(), Refusal> {
    let claim = tx.must_get(&CLAIMS, &id)?;
    let extended = claim.state.extended(until, tx.now()).map_err(Stop::Refuse)?;
    Ok(turn(tx, id, claim, extended)?)
}

/// The claim as it is kept; ask [`ClaimState::is_live_hold_at`] whether a hold still holds.
pub fn get(read: &dyn Read, id: ClaimId) -> Result<Claim, Fault> {
    read.must_get(&CLAIMS, &id)
}

/// How many live holds somebody has, counted up to `most`: bots reserve what they never buy.
pub fn live_holds(read: &dyn Read, owner: AnyId, now: Timestamp, most: usize) -> Result<usize, Fault> {
    let live = Span::between(&(owner, just_after(now)), &(owner, Timestamp::MAX));
    let mut count = 0;
    for entry in read.scan_index(&HELD_BY_OWNER, live)?.take(most) {
        entry?;
        count += 1;
    }
    Ok(count)
}

fn begin(tx: &mut Tx<'_>, request: Request<'_>, state: ClaimState) -> Outcome<ClaimId, Refusal> {
    let (demands, caps) = (summed_demands(request.demands), summed_caps(request.caps));
    if demands.is_empty() || demands.len() > MAX_DEMANDS || caps.len() > MAX_CAPS {
        let sizes = format!("{} pools and {} caps", demands.len(), caps.len());
        return Err(Fault::bug("a claim on nothing, or on too much at once", sizes).into());
    }
    let claim = Claim { owner: request.owner, demands, caps, state };
    admit(tx, &claim)?;
    // Nothing below can refuse.
    let id = tx.new_id();
    count(tx, &claim, Weight::Nothing, state.weight())?;
    tx.put(&CLAIMS, &id, &claim)?;
    Ok(id)
}

/// Refuses what does not fit, after letting go of what has expired.
fn admit(tx: &mut Tx<'_>, claim: &Claim) -> Outcome<(), Refusal> {
    let now = tx.now();
    let mut budget = MAX_EXPIRED_AT_ONCE;
    let mut may_have_more = Vec::with_capacity(claim.demands.len());
    for demand in &claim.demands {
        let expired = expired_holds(&**tx, demand.pool, now, budget)?;
        may_have_more.push(expired.len() == budget);
        budget -= expired.len();
        for id in expired {
            expire(tx, id)?;
        }
    }
    let mut demands = Vec::with_capacity(claim.demands.len());
    for (demand, may_have_more) in claim.demands.iter().zip(may_have_more) {
        // A pool that has let go of every expired hold says of itself how it stands.
        let pool = if may_have_more { level(&**tx, demand.pool, now)? } else { tx.must_get(&POOLS, &demand.pool)? };
        demands.push((*demand, pool));
    }
    let mut caps = Vec::with_capacity(claim.caps.len());
    for cap in &claim.caps {
        caps.push((*cap, used(&**tx, cap.scope, cap.holder, now)?));
    }
    fits(&demands, &caps).map_err(Stop::Refuse)
}

/// Lets go of a hold that has run out; nothing happens to any other claim.
fn expire(tx: &mut Tx<'_>, id: ClaimId) -> Result<(), Fault> {
    let claim = tx.must_get(&CLAIMS, &id)?;
    match claim.state {
        ClaimState::Held { until, .. } if until <= tx.now() => turn(tx, id, claim, ClaimState::Expired { at: until }),
        ClaimState::Held { .. }
        | ClaimState::Expired { .. }
        | ClaimState::Sold { .. }
        | ClaimState::Returned { .. } => Ok(()),
    }
}

/// Brings a claim into another state, and with it every counter that it weighs on.
fn turn(tx: &mut Tx<'_>, id: ClaimId, claim: Claim, state: ClaimState) -> Result<(), Fault> {
    count(tx, &claim, claim.state.weight(), state.weight())?;
    tx.put(&CLAIMS, &id, &Claim { state, ..claim })
}

fn count(tx: &mut Tx<'_>, claim: &Claim, before: Weight, after: Weight) -> Result<(), Fault> {
    if before == after {
        return Ok(());
    }
    for Demand { pool: id, quantity } in &claim.demands {
        let recounted = tx.must_get(&POOLS, id)?.recounted(*quantity, before, after);
        tx.put(&POOLS, id, &recounted.ok_or_else(|| Fault::corrupt("a pool", "its counters are wrong"))?)?;
    }
    for cap in &claim.caps {
        count_cap(tx, cap, before, after)?;
    }
    Ok(())
}

fn count_cap(tx: &mut Tx<'_>, cap: &Cap, before: Weight, after: Weight) -> Result<(), Fault> {
    let key = (cap.scope, cap.holder);
    let kept = tx.get(&CAPS, &key)?.unwrap_or_default().used;
    let used = match (before, after) {
        (Weight::Nothing, Weight::Held | Weight::Sold) => kept.checked_add(cap.quantity),
        (Weight::Held | Weight::Sold, Weight::Nothing) => kept.checked_sub(cap.quantity),
        (Weight::Nothing, Weight::Nothing) | (Weight::Held | Weight::Sold, Weight::Held | Weight::Sold) => Some(kept),
    };
    match used.ok_or_else(|| Fault::corrupt("a cap", "its counter is wrong"))? {
        0 => tx.delete(&CAPS, &key),
        used => tx.put(&CAPS, &key, &CapUse { used }),
    }
}
