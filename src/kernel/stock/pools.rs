//! Pools and caps as they stand: opened, resized, counted at an instant, and proved from the claims.

use std::collections::BTreeMap;

use crate::base::{Fault, Timestamp};
use crate::kernel::AnyId;
use crate::kernel::stock::model::{CAPS, CLAIMS, ClaimId, HELD_IN_POOL, HELD_UNDER_CAP, POOLS, Pool, PoolId};
use crate::kernel::stock::rules::Weight;
use crate::store::{Read, Span, Tx};

/// A new pool of which nothing is claimed. `None`: as many as people want.
pub fn open(tx: &mut Tx<'_>, capacity: Option<u32>) -> Result<PoolId, Fault> {
    let id = tx.new_id();
    tx.put(&POOLS, &id, &Pool { capacity, held: 0, sold: 0 })?;
    Ok(id)
}

/// Changes the capacity, below what is sold too: that cancels nobody and shows as [`Pool::over_by`].
pub fn set_capacity(tx: &mut Tx<'_>, id: PoolId, capacity: Option<u32>) -> Result<(), Fault> {
    let pool = tx.must_get(&POOLS, &id)?;
    tx.put(&POOLS, &id, &Pool { capacity, ..pool })
}

/// The pool as it stands at an instant: its `held` counts live holds only.
pub fn level(read: &dyn Read, id: PoolId, now: Timestamp) -> Result<Pool, Fault> {
    let pool = read.must_get(&POOLS, &id)?;
    let mut expired = 0;
    for entry in read.scan_index(&HELD_IN_POOL, expired_in_pool(id, now))? {
        let claim = read.must_get(&CLAIMS, &entry?.1)?;
        expired += claim.demands.iter().filter(|demand| demand.pool == id).map(|demand| demand.quantity).sum::<u32>();
    }
    let held = pool.held.checked_sub(expired).ok_or_else(|| Fault::corrupt("a pool", "more expired than held"))?;
    Ok(Pool { held, ..pool })
}

/// What a holder has under a scope at an instant, live holds included.
pub fn used(read: &dyn Read, scope: AnyId, holder: AnyId, now: Timestamp) -> Result<u32, Fault> {
    let kept = read.get(&CAPS, &(scope, holder))?.unwrap_or_default().used;
    let mut expired = 0;
    for entry in read.scan_index(&HELD_UNDER_CAP, expired_under_cap(scope, holder, now))? {
        let claim = read.must_get(&CLAIMS, &entry?.1)?;
        let counted = claim.caps.iter().filter(|cap| cap.scope == scope && cap.holder == holder);
        expired += counted.map(|cap| cap.quantity).sum::<u32>();
    }
    kept.checked_sub(expired).ok_or_else(|| Fault::corrupt("a cap", "more expired than used"))
}

/// At most `limit` claims that hold something in the pool although their time is over, the oldest first.
pub(super) fn expired_holds(read: &dyn Read, id: PoolId, now: Timestamp, limit: usize) -> Result<Vec<ClaimId>, Fault> {
    let entries = read.scan_index(&HELD_IN_POOL, expired_in_pool(id, now))?;
    entries.take(limit).map(|entry| Ok(entry?.1)).collect()
}

fn expired_in_pool(id: PoolId, now: Timestamp) -> Span {
    Span::between(&(id, Timestamp::MIN), &(id, just_after(now)))
}

fn expired_under_cap(scope: AnyId, holder: AnyId, now: Timestamp) -> Span {
    Span::between(&(scope, holder, Timestamp::MIN), &(scope, holder, just_after(now)))
}

/// A hold is over at its expiry, so a span of expired ones ends after `now`.
pub(super) fn just_after(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_add(1))
}

/// Counts every claim again and says in one line each which counter is wrong.
pub fn check(read: &dyn Read) -> Result<Vec<String>, Fault> {
    let mut pools: BTreeMap<PoolId, (u64, u64)> = BTreeMap::new();
    let mut caps: BTreeMap<(AnyId, AnyId), u64> = BTreeMap::new();
    for row in read.scan(&CLAIMS, Span::all())? {
        let (_, claim) = row?;
        let weight = claim.state.weight();
        for demand in &claim.demands {
            let (held, sold) = pools.entry(demand.pool).or_default();
            match weight {
                Weight::Nothing => {}
                Weight::Held => *held += u64::from(demand.quantity),
                Weight::Sold => *sold += u64::from(demand.quantity),
            }
        }
        for cap in claim.caps.iter().filter(|_| weight != Weight::Nothing) {
            *caps.entry((cap.scope, cap.holder)).or_default() += u64::from(cap.quantity);
        }
    }
    let mut faults = Vec::new();
    for row in read.scan(&POOLS, Span::all())? {
        let (id, pool) = row?;
        let (held, sold) = pools.remove(&id).unwrap_or_default();
        if (u64::from(pool.held), u64::from(pool.sold)) != (held, sold) {
            let Pool { held: kept_held, sold: kept_sold, .. } = pool;
            faults.push(format!(
                "pool {id}: says {kept_held} held and {kept_sold} sold, its claims make {held} and {sold}"
            ));
        }
    }
    faults.extend(pools.keys().map(|id| format!("pool {id}: is claimed but missing")));
    for row in read.scan(&CAPS, Span::all())? {
        let ((scope, holder), kept) = row?;
        let counted = caps.remove(&(scope, holder)).unwrap_or_default();
        if u64::from(kept.used) != counted {
            faults.push(format!("cap {scope} of {holder}: says {}, its claims make {counted}", kept.used));
        }
    }
    faults.extend(caps.iter().map(|((scope, holder), used)| format!("cap {scope} of {holder}: {used} not counted")));
    Ok(faults)
}
