//! The decisions of stock: what is free, what fits, and which state follows. No store, no clock.

use crate::base::{Kind, Timestamp};
use crate::kernel::stock::model::{Cap, ClaimState, Demand, Pool, PoolId};

/// Most different pools of one claim.
pub const MAX_DEMANDS: usize = 50;
/// Most different caps of one claim.
pub const MAX_CAPS: usize = 50;
/// No pool gives more than this, whatever its capacity, so that counters can't overflow.
const CEILING: u32 = u32::MAX / 2;

/// Why stock says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the pool has fewer left than wanted")]
    SoldOut { pool: PoolId, left: u32 },
    #[error("the holder has all that one holder may have")]
    CapReached { limit: u32 },
    #[error("the hold has run out, and others have what it held")]
    HoldExpired,
    #[error("the hold has been extended before")]
    AlreadyExtended,
}

impl crate::base::Refusal for Refusal {
    fn name(&self) -> &'static str {
        match self {
            Refusal::SoldOut { .. } => "sold-out",
            Refusal::CapReached { .. } => "cap-reached",
            Refusal::HoldExpired => "hold-expired",
            Refusal::AlreadyExtended => "hold-extended",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Conflict
    }

    fn message(&self) -> String {
        match self {
            Refusal::SoldOut { left: 0, .. } => "This is sold out. Look what else there is nearby.".to_owned(),
            Refusal::SoldOut { left, .. } => format!("Only {left} left. Take fewer, or look what else there is."),
            Refusal::CapReached { limit } => {
                format!("You can have at most {limit} of this, counting what you have already.")
            }
            Refusal::HoldExpired => {
                "The time to pay ran out, and others took what was held for you. Whatever you paid goes back to you."
                    .to_owned()
            }
            Refusal::AlreadyExtended => "You have had more time already. Please pay before it runs out.".to_owned(),
        }
    }
}

impl Pool {
    /// How many can be claimed, if `held` counts live holds only.
    pub fn free(&self) -> u32 {
        self.ceiling().saturating_sub(self.held).saturating_sub(self.sold)
    }

    /// By how many more has been sold than there is capacity now; nobody loses anything by that.
    pub fn over_by(&self) -> u32 {
        self.capacity.map_or(0, |capacity| self.sold.saturating_sub(capacity))
    }

    fn ceiling(&self) -> u32 {
        self.capacity.unwrap_or(CEILING).min(CEILING)
    }

    /// The pool after a claim of so many has gone from one weight to another; `None` if the counters can't be right.
    pub(super) fn recounted(self, quantity: u32, before: Weight, after: Weight) -> Option<Pool> {
        let recount = |counter: u32, was: bool, is: bool| {
            counter.checked_sub(if was { quantity } else { 0 })?.checked_add(if is { quantity } else { 0 })
        };
        let held = recount(self.held, before == Weight::Held, after == Weight::Held)?;
        let sold = recount(self.sold, before == Weight::Sold, after == Weight::Sold)?;
        Some(Pool { held, sold, ..self })
    }
}

/// As what a claim counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Nothing,
    Held,
    Sold,
}

impl ClaimState {
    pub(super) fn weight(self) -> Weight {
        match self {
            ClaimState::Held { .. } => Weight::Held,
            ClaimState::Sold { .. } => Weight::Sold,
            ClaimState::Expired { .. } | ClaimState::Returned { .. } => Weight::Nothing,
        }
    }

    /// Whether it holds anything at this instant.
    pub fn is_live_hold_at(self, now: Timestamp) -> bool {
        matches!(self, ClaimState::Held { until, .. } if now < until)
    }

    /// The same hold until later; once.
    pub(super) fn extended(self, to: Timestamp, now: Timestamp) -> Result<ClaimState, Refusal> {
        match self {
            ClaimState::Held { until, .. } if until <= now => Err(Refusal::HoldExpired),
            ClaimState::Held { extended: true, .. } => Err(Refusal::AlreadyExtended),
            ClaimState::Held { until, extended: false } => {
                Ok(ClaimState::Held { until: until.max(to), extended: true })
            }
            ClaimState::Expired { .. } | ClaimState::Sold { .. } | ClaimState::Returned { .. } => {
                Err(Refusal::HoldExpired)
            }
        }
    }
}

/// Demand summed per pool: two lines on one pool must not pass one by one. What overflows fits nowhere.
pub(super) fn summed_demands(demands: &[Demand]) -> Vec<Demand> {
    let mut sums: Vec<Demand> = Vec::with_capacity(demands.len());
    for demand in demands.iter().filter(|demand| demand.quantity > 0) {
        match sums.iter_mut().find(|sum| sum.pool == demand.pool) {
            Some(sum) => sum.quantity = sum.quantity.saturating_add(demand.quantity),
            None => sums.push(*demand),
        }
    }
    sums
}

/// Caps summed per scope and holder; the tightest limit binds.
pub(super) fn summed_caps(caps: &[Cap]) -> Vec<Cap> {
    let mut sums: Vec<Cap> = Vec::with_capacity(caps.len());
    for cap in caps.iter().filter(|cap| cap.quantity > 0) {
        match sums.iter_mut().find(|sum| sum.scope == cap.scope && sum.holder == cap.holder) {
            Some(sum) => {
                sum.quantity = sum.quantity.saturating_add(cap.quantity);
                sum.limit = sum.limit.min(cap.limit);
            }
            None => sums.push(*cap),
        }
    }
    sums
}

/// Whether everything fits at once: pools with live holds only, caps with what their holders have.
pub(super) fn fits(demands: &[(Demand, Pool)], caps: &[(Cap, u32)]) -> Result<(), Refusal> {
    if let Some((demand, pool)) = demands.iter().find(|(demand, pool)| demand.quantity > pool.free()) {
        return Err(Refusal::SoldOut { pool: demand.pool, left: pool.free() });
    }
    if let Some((cap, _)) = caps.iter().find(|(cap, used)| used.saturating_add(cap.quantity) > cap.limit) {
        return Err(Refusal::CapReached { limit: cap.limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::Id;

    fn pool_id(number: u8) -> PoolId {
        Id::from_bytes([number; 16])
    }

    fn cap(holder: u8, quantity: u32, limit: u32) -> Cap {
        Cap { scope: Id::from_bytes([9; 16]), holder: Id::from_bytes([holder; 16]), quantity, limit }
    }

    #[test]
    fn lowering_capacity_below_sold_shows_as_over_by() {
        let pool = Pool { capacity: Some(3), held: 1, sold: 5 };
        assert_eq!((pool.free(), pool.over_by()), (0, 2));
        let unlimited = Pool { capacity: None, held: 0, sold: 5 };
        assert_eq!(unlimited.over_by(), 0);
    }

    #[test]
    fn two_lines_on_one_pool_do_not_pass_one_by_one() {
        let demands = [1, 2, 1].map(|number| Demand { pool: pool_id(number), quantity: 2 });
        let sums = summed_demands(&demands);
        assert_eq!(sums, [Demand { pool: pool_id(1), quantity: 4 }, Demand { pool: pool_id(2), quantity: 2 }]);
        let three = Pool { capacity: Some(3), held: 0, sold: 0 };
        let paired: Vec<_> = sums.into_iter().map(|demand| (demand, three)).collect();
        assert_eq!(fits(&paired, &[]), Err(Refusal::SoldOut { pool: pool_id(1), left: 3 }));
    }

    #[test]
    fn a_demand_beyond_counting_fits_nowhere() {
        let unlimited = Pool { capacity: None, held: 0, sold: 0 };
        let sums = summed_demands(&[Demand { pool: pool_id(1), quantity: u32::MAX }; 2]);
        let refused = fits(&[(sums[0], unlimited)], &[]);
        assert!(matches!(refused, Err(Refusal::SoldOut { .. })), "{refused:?}");
        assert_eq!(fits(&[], &[(cap(1, u32::MAX, 4), 2)]), Err(Refusal::CapReached { limit: 4 }));
    }

    #[test]
    fn deal_07_caps_of_one_holder_are_summed_under_the_tightest_limit() {
        let sums = summed_caps(&[cap(1, 2, 5), cap(2, 1, 5), cap(1, 1, 3), cap(1, 0, 0)]);
        assert_eq!(sums, [cap(1, 3, 3), cap(2, 1, 5)]);
    }

    proptest! {
        #[test]
        fn whatever_fits_leaves_nobody_oversold(
            capacity in proptest::option::of(0u32..20), held in 0u32..10, sold in 0u32..10, quantity in 1u32..20,
        ) {
            let pool = Pool { capacity, held, sold };
            let demand = Demand { pool: pool_id(1), quantity };
            let room = capacity.is_none_or(|capacity| held + sold + quantity <= capacity);
            prop_assert_eq!(fits(&[(demand, pool)], &[]).is_ok(), room);
        }

        #[test]
        fn recounting_there_and_back_changes_nothing(held in 0u32..10, sold in 0u32..10, quantity in 0u32..10) {
            let pool = Pool { capacity: None, held, sold };
            for weight in [Weight::Held, Weight::Sold, Weight::Nothing] {
                let there = pool.recounted(quantity, Weight::Nothing, weight).unwrap();
                prop_assert_eq!(there.recounted(quantity, weight, Weight::Nothing), Some(pool));
            }
        }
    }
}
