//! What stock is made of: pools, claims on them, and caps; and the tables that keep them.

use minicbor::{Decode, Encode};

use crate::base::{Id, Timestamp};
use crate::kernel::AnyId;
use crate::store::{Index, Table};

pub type PoolId = Id<Pool>;
pub type ClaimId = Id<Claim>;

/// A countable stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pool {
    /// `None`: as many as people want.
    #[n(0)]
    pub capacity: Option<u32>,
    /// In the table it includes holds that have expired and that nobody has let go of yet; see [`super::level`].
    #[n(1)]
    pub held: u32,
    #[n(2)]
    pub sold: u32,
}

/// So many of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Demand {
    #[n(0)]
    pub pool: PoolId,
    #[n(1)]
    pub quantity: u32,
}

/// What one holder may have under one scope (an offer, a campaign): `quantity` of this claim counts towards `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Cap {
    #[n(0)]
    pub scope: AnyId,
    /// Whom it counts for: a person, a household.
    #[n(1)]
    pub holder: AnyId,
    #[n(2)]
    pub quantity: u32,
    #[n(3)]
    pub limit: u32,
}

/// All or nothing of what was demanded together. Each pool and each cap occurs once, summed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Claim {
    #[n(0)]
    pub owner: AnyId,
    #[n(1)]
    pub demands: Vec<Demand>,
    #[n(2)]
    pub caps: Vec<Cap>,
    #[n(3)]
    pub state: ClaimState,
}

/// Where a claim stands. What it takes from pools and caps follows from this alone, so nothing goes back twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ClaimState {
    /// Held before `until`; from then on it counts for nothing, even while this row still says "held".
    #[n(0)]
    Held {
        #[n(0)]
        until: Timestamp,
        #[n(1)]
        extended: bool,
    },
    /// The hold ran out and has been let go of.
    #[n(1)]
    Expired {
        #[n(0)]
        at: Timestamp,
    },
    #[n(2)]
    Sold {
        #[n(0)]
        at: Timestamp,
    },
    /// Released while held, or given back after the sale: for ever.
    #[n(3)]
    Returned {
        #[n(0)]
        at: Timestamp,
    },
}

/// What a holder has under a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct CapUse {
    /// Like [`Pool::held`], it includes expired holds that nobody has let go of yet.
    #[n(0)]
    pub used: u32,
}

/// Pools.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | pool id | capacity, held, sold | this engine, in every claim | this engine; `level` for offers |
pub static POOLS: Table<PoolId, Pool> = Table::new(10, "pools", &[]);

/// Claims, and by index the holds among them.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | claim id | owner, demands, caps, state | this engine | this engine; orders |
pub static CLAIMS: Table<ClaimId, Claim> = Table::new(11, "claims", &[&HELD_IN_POOL, &HELD_UNDER_CAP, &HELD_BY_OWNER]);

/// Holds by (pool, expiry): the expired ones come first.
pub static HELD_IN_POOL: Index<ClaimId, Claim, (PoolId, Timestamp)> =
    Index::new(12, "claims_held_in_pool", |_, claim| {
        held_until(claim, |until| claim.demands.iter().map(|demand| (demand.pool, until)).collect())
    });

/// Holds by (scope, holder, expiry).
pub static HELD_UNDER_CAP: Index<ClaimId, Claim, (AnyId, AnyId, Timestamp)> =
    Index::new(13, "claims_held_under_cap", |_, claim| {
        held_until(claim, |until| claim.caps.iter().map(|cap| (cap.scope, cap.holder, until)).collect())
    });

/// Holds by (owner, expiry).
pub static HELD_BY_OWNER: Index<ClaimId, Claim, (AnyId, Timestamp)> =
    Index::new(14, "claims_held_by_owner", |_, claim| held_until(claim, |until| vec![(claim.owner, until)]));

/// What holders have.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | scope, holder | used | this engine, with every claim that is capped | this engine; `used` for offers |
pub static CAPS: Table<(AnyId, AnyId), CapUse> = Table::new(15, "caps", &[]);

fn held_until<I>(claim: &Claim, values: impl FnOnce(Timestamp) -> Vec<I>) -> Vec<I> {
    match claim.state {
        ClaimState::Held { until, .. } => values(until),
        ClaimState::Expired { .. } | ClaimState::Sold { .. } | ClaimState::Returned { .. } => Vec::new(),
    }
}
