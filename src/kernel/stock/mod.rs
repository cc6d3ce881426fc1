//! Stock: countable claims on pools, held for a while or sold, with caps on what one holder may have.
//!
//! A claim is decided and written in one transaction. What is free is counted from the expiry of holds, not from a
//! sweeper's work. Claims on intervals of time are the calendar's business.

mod claims;
mod model;
mod pools;
mod rules;

#[cfg(test)]
mod tests;

pub use claims::{Request, confirm, extend, get, give_back, hand_over, hold, live_holds, release, take};
pub use model::{CAPS, CLAIMS, Cap, Claim, ClaimId, ClaimState, Demand, POOLS, Pool, PoolId};
pub use pools::{check, level, open, set_capacity, used};
pub use rules::{MAX_CAPS, MAX_DEMANDS, Refusal};

use crate::store::Described;

/// The tables of this engine, for `schema.rs`.
pub fn tables() -> Vec<Described> {
    vec![POOLS.described(), CLAIMS.described(), CAPS.described()]
}
