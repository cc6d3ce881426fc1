//! Races for stock: two hundred threads at once, and the twin that shows what the transaction is good for.

use std::sync::{Arc, Barrier};

use crate::kernel::stock::*;
use crate::kernel::testing::{attempt, id, memory, write};
use crate::store::Store;

const THREADS: u8 = 200;

/// Runs `buy` in two hundred threads that start together; answers what each came to.
fn race<T: Send + 'static>(buy: impl Fn(u8, &Barrier) -> T + Send + Sync + 'static) -> Vec<T> {
    let (buy, start) = (Arc::new(buy), Arc::new(Barrier::new(usize::from(THREADS))));
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let (buy, start) = (buy.clone(), start.clone());
            std::thread::spawn(move || {
                start.wait();
                buy(number, &start)
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn sold(store: &Store, pool: PoolId) -> u32 {
    assert_eq!(check(&store.snapshot().unwrap()).unwrap(), Vec::<String>::new());
    level(&store.snapshot().unwrap(), pool, store.clock().now()).unwrap().sold
}

#[test]
fn deal_09_two_hundred_buyers_at_once_buy_what_there_is_and_no_more() {
    for capacity in [1, 10, 100, 300] {
        let store = memory();
        let pool = write(&store, move |tx| open(tx, Some(capacity)));
        let buyer = store.clone();
        let results = race(move |number, _| {
            attempt(&buyer, move |tx| {
                let demands = [Demand { pool, quantity: 1 }];
                take(tx, Request { owner: id(number), demands: &demands, caps: &[] })
            })
        });
        let expected = capacity.min(u32::from(THREADS));
        assert_eq!(sold(&store, pool), expected);
        let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), expected as usize);
        assert!(lost.into_iter().all(|loser| loser == Err(Refusal::SoldOut { pool, left: 0 })));
    }
}

#[test]
fn deal_09_holds_confirmed_and_released_at_once_neither_oversell_nor_leak() {
    let store = memory();
    let pool = write(&store, |tx| open(tx, Some(10)));
    let buyer = store.clone();
    let results = race(move |number, _| {
        let held = attempt(&buyer, move |tx| {
            let demands = [Demand { pool, quantity: 1 }];
            let until = tx.now().plus_seconds(600);
            hold(tx, Request { owner: id(number), demands: &demands, caps: &[] }, until)
        });
        let Ok(claim) = held else { return false };
        if number % 2 == 0 {
            write(&buyer, move |tx| release(tx, claim));
            return false;
        }
        attempt(&buyer, move |tx| confirm(tx, claim)).unwrap();
        true
    });
    let bought = results.into_iter().filter(|bought| *bought).count();
    assert_eq!(sold(&store, pool) as usize, bought);
    assert!(bought <= 10);
    let level = level(&store.snapshot().unwrap(), pool, store.clock().now()).unwrap();
    assert_eq!((level.held, level.free() as usize), (0, 10 - bought));
}

#[test]
fn deal_07_one_holder_at_two_hundred_doors_gets_what_the_cap_allows() {
    let store = memory();
    let pool = write(&store, |tx| open(tx, Some(1000)));
    let buyer = store.clone();
    let results = race(move |_, _| {
        attempt(&buyer, move |tx| {
            let demands = [Demand { pool, quantity: 1 }];
            let caps = [Cap { scope: id(200), holder: id(1), quantity: 1, limit: 1 }];
            take(tx, Request { owner: id(1), demands: &demands, caps: &caps })
        })
    });
    assert_eq!(sold(&store, pool), 1);
    let lost = results.into_iter().filter(|result| *result == Err(Refusal::CapReached { limit: 1 }));
    assert_eq!(lost.count(), usize::from(THREADS) - 1);
}

/// The twin of the first race with the guard taken away: who checks in one transaction and takes in another oversells.
/// If this one sold only what there is, the race above would prove nothing.
#[test]
fn checking_first_and_taking_later_is_seen_to_oversell() {
    let store = memory();
    let pool = write(&store, |tx| open(tx, Some(1)));
    let buyer = store.clone();
    race(move |_, all_have_checked| {
        let seen = level(&buyer.snapshot().unwrap(), pool, buyer.clock().now()).unwrap();
        all_have_checked.wait();
        if seen.free() > 0 {
            write(&buyer, move |tx| {
                let found = tx.must_get(&POOLS, &pool)?;
                tx.put(&POOLS, &pool, &Pool { sold: found.sold + 1, ..found })
            });
        }
    });
    let oversold = level(&store.snapshot().unwrap(), pool, store.clock().now()).unwrap();
    assert!(oversold.over_by() > 0, "{oversold:?}");
}
