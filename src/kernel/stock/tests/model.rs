//! Random stories of stock, held against a model that keeps nothing but the claims and counts them anew every time.

use crate::base::Timestamp;
use crate::kernel::stock::*;
use crate::kernel::testing::{Dice, attempt, id, memory, pass, write};
use crate::store::{Stop, Store, Tx};

#[derive(Clone, Debug)]
struct Kept {
    id: ClaimId,
    demands: Vec<(usize, u32)>,
    holder: u8,
    limit: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Held { until: Timestamp, extended: bool },
    Sold,
    Returned,
}

impl Kept {
    fn counts_at(&self, now: Timestamp) -> bool {
        match self.state {
            State::Held { until, .. } => now < until,
            State::Sold => true,
            State::Returned => false,
        }
    }

    fn total(&self) -> u32 {
        self.demands.iter().map(|(_, quantity)| quantity).sum()
    }
}

struct Model {
    pools: Vec<(PoolId, Option<u32>)>,
    claims: Vec<Kept>,
}

/// What the model expects of a claim.
#[derive(Debug, PartialEq)]
enum Fit {
    Yes,
    SoldOut,
    Capped,
}

impl Model {
    fn taken(&self, pool: usize, now: Timestamp) -> u32 {
        let live = self.claims.iter().filter(|claim| claim.counts_at(now)).flat_map(|claim| &claim.demands);
        live.filter(|(at, _)| *at == pool).map(|(_, quantity)| quantity).sum()
    }

    fn used(&self, holder: u8, now: Timestamp) -> u32 {
        self.claims.iter().filter(|claim| claim.holder == holder && claim.counts_at(now)).map(Kept::total).sum()
    }

    fn fits(&self, claim: &Kept, now: Timestamp) -> Fit {
        for (pool, (_, capacity)) in self.pools.iter().enumerate() {
            let wanted: u32 = claim.demands.iter().filter(|(at, _)| *at == pool).map(|(_, quantity)| quantity).sum();
            if wanted > 0 && capacity.is_some_and(|capacity| self.taken(pool, now) + wanted > capacity) {
                return Fit::SoldOut;
            }
        }
        if self.used(claim.holder, now) + claim.total() > claim.limit { Fit::Capped } else { Fit::Yes }
    }
}

/// Runs a verb and answers at which instant it decided.
fn decided<T: Send + 'static>(
    store: &Store,
    verb: impl Fn(&mut Tx<'_>) -> Result<T, Stop<Refusal>> + Send + 'static,
) -> (Timestamp, Result<T, Refusal>) {
    let result = attempt(store, move |tx| {
        let now = tx.now();
        verb(tx).map(|value| (now, value)).map_err(|stop| stop.map(|refusal| (now, refusal)))
    });
    match result {
        Ok((now, value)) => (now, Ok(value)),
        Err((now, refusal)) => (now, Err(refusal)),
    }
}

fn claim(store: &Store, model: &mut Model, dice: &mut Dice) {
    let lines = 1 + dice.below(3);
    let demands: Vec<(usize, u32)> =
        (0..lines).map(|_| (dice.below(model.pools.len()), 1 + dice.below(3) as u32)).collect();
    let holder = dice.below(4) as u8;
    let limit = 4 + dice.below(12) as u32;
    let wanted: Vec<Demand> =
        demands.iter().map(|(at, quantity)| Demand { pool: model.pools[*at].0, quantity: *quantity }).collect();
    let is_hold = dice.below(3) > 0;
    let seconds = 60 * (1 + dice.below(10) as i64);
    let mut kept = Kept { id: id(0), demands, holder, limit, state: State::Sold };
    let cap = Cap { scope: id(200), holder: id(holder), quantity: kept.total(), limit };
    let (now, result) = decided(store, move |tx| {
        let request = Request { owner: id(holder), demands: &wanted, caps: &[cap] };
        let until = tx.now().plus_seconds(seconds);
        if is_hold { hold(tx, request, until) } else { take(tx, request) }
    });
    let expected = model.fits(&kept, now);
    match result {
        Ok(id) => {
            assert_eq!(expected, Fit::Yes);
            let until = now.plus_seconds(seconds);
            kept.id = id;
            kept.state = if is_hold { State::Held { until, extended: false } } else { State::Sold };
            model.claims.push(kept);
        }
        Err(Refusal::SoldOut { pool, left }) => {
            assert_eq!(expected, Fit::SoldOut);
            let at = model.pools.iter().position(|(id, _)| *id == pool).unwrap();
            let capacity = model.pools[at].1.unwrap();
            assert_eq!(left, capacity.saturating_sub(model.taken(at, now)));
        }
        Err(Refusal::CapReached { .. }) => assert_eq!(expected, Fit::Capped),
        Err(other) => panic!("{other:?}"),
    }
}

fn confirm_some(store: &Store, model: &mut Model, at: usize) {
    let kept = model.claims[at].clone();
    let (now, result) = decided(store, move |tx| confirm(tx, kept.id));
    let kept = model.claims[at].clone();
    let expected = match kept.state {
        State::Sold => Ok(()),
        State::Returned => Err(Refusal::HoldExpired),
        State::Held { until, .. } if now < until => Ok(()),
        State::Held { .. } => match model.fits(&kept, now) {
            Fit::Yes => Ok(()),
            Fit::SoldOut => Err(Refusal::HoldExpired),
            Fit::Capped => Err(Refusal::CapReached { limit: kept.limit }),
        },
    };
    assert_eq!(result, expected);
    if result.is_ok() {
        model.claims[at].state = State::Sold;
    }
}

fn return_some(store: &Store, model: &mut Model, at: usize, is_release: bool) {
    let kept = model.claims[at].clone();
    let verb = if is_release { release } else { give_back };
    let (now, result) = decided(store, move |tx| Ok(verb(tx, kept.id)?));
    let (goes_back, ends) = match kept.state {
        State::Held { until, .. } => (is_release && now < until, is_release),
        State::Sold => (!is_release, !is_release),
        State::Returned => (false, false),
    };
    assert_eq!(result, Ok(goes_back));
    if ends {
        model.claims[at].state = State::Returned;
    }
}

fn extend_some(store: &Store, model: &mut Model, at: usize) {
    let kept = model.claims[at].clone();
    let (now, result) = decided(store, move |tx| extend(tx, kept.id, tx.now().plus_seconds(600)));
    match kept.state {
        State::Held { until, extended: false } if now < until => {
            assert_eq!(result, Ok(()));
            let until = until.max(now.plus_seconds(600));
            model.claims[at].state = State::Held { until, extended: true };
        }
        State::Held { until, .. } if now < until => assert_eq!(result, Err(Refusal::AlreadyExtended)),
        State::Held { .. } | State::Sold | State::Returned => assert_eq!(result, Err(Refusal::HoldExpired)),
    }
}

fn resize(store: &Store, model: &mut Model, dice: &mut Dice) {
    let at = dice.below(model.pools.len());
    let pool = model.pools[at].0;
    let capacity = dice.pick(&[None, Some(0), Some(3), Some(8), Some(20)]);
    write(store, move |tx| set_capacity(tx, pool, capacity));
    model.pools[at].1 = capacity;
}

fn compare(store: &Store, model: &Model) {
    let snapshot = store.snapshot().unwrap();
    // One instant for both: the clock runs on while we compare.
    let now = store.clock().now();
    for (at, (pool, capacity)) in model.pools.iter().enumerate() {
        let level = level(&snapshot, *pool, now).unwrap();
        assert_eq!(level.capacity, *capacity);
        assert_eq!(level.held + level.sold, model.taken(at, now));
        let is_sold = |claim: &&Kept| claim.state == State::Sold;
        let sold = model.claims.iter().filter(is_sold).flat_map(|claim| &claim.demands);
        assert_eq!(level.sold, sold.filter(|(of, _)| *of == at).map(|(_, quantity)| quantity).sum::<u32>());
    }
    for holder in 0..4 {
        assert_eq!(used(&snapshot, id(200), id(holder), now).unwrap(), model.used(holder, now));
    }
    assert_eq!(check(&snapshot).unwrap(), Vec::<String>::new());
}

#[test]
fn deal_07_any_story_of_stock_ends_as_counting_every_claim_says() {
    let mut dice = Dice::new();
    for _ in 0..6 {
        let store = memory();
        let pools = [Some(5), Some(12), None];
        let pools = pools.map(|capacity| (write(&store, move |tx| open(tx, capacity)), capacity)).to_vec();
        let mut model = Model { pools, claims: Vec::new() };
        for _ in 0..250 {
            let at = dice.below(model.claims.len().max(1));
            let none_yet = model.claims.is_empty();
            match dice.below(12) {
                0 => pass(&store, 60 * dice.below(8) as i64),
                1 => resize(&store, &mut model, &mut dice),
                2..7 => claim(&store, &mut model, &mut dice),
                _ if none_yet => {}
                7 | 8 => confirm_some(&store, &mut model, at),
                9 => return_some(&store, &mut model, at, true),
                10 => return_some(&store, &mut model, at, false),
                _ => extend_some(&store, &mut model, at),
            }
            compare(&store, &model);
        }
    }
}
