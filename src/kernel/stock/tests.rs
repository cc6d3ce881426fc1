//! Tests of stock: single stories, and random ones against a model that counts claims one by one.

mod model;
mod race;

use crate::base::{Refusal as _, Timestamp};
use crate::kernel::AnyId;
use crate::kernel::stock::*;
use crate::kernel::testing::{START, attempt, id, memory, pass, write};
use crate::store::{Stop, Store};

const TEN_MINUTES: i64 = 600;

fn pool(store: &Store, capacity: u32) -> PoolId {
    write(store, move |tx| open(tx, Some(capacity)))
}

fn until(store: &Store) -> Timestamp {
    store.clock().now().plus_seconds(TEN_MINUTES)
}

fn try_hold(store: &Store, demands: &[(PoolId, u32)], caps: &[Cap]) -> Result<ClaimId, Refusal> {
    let until = until(store);
    let demands: Vec<Demand> = demands.iter().map(|&(pool, quantity)| Demand { pool, quantity }).collect();
    let caps = caps.to_vec();
    attempt(store, move |tx| hold(tx, Request { owner: id(1), demands: &demands, caps: &caps }, until))
}

fn cap(holder: u8, quantity: u32, limit: u32) -> Cap {
    Cap { scope: id(200), holder: id(holder), quantity, limit }
}

fn left(store: &Store, pool: PoolId) -> u32 {
    level(&store.snapshot().unwrap(), pool, store.clock().now()).unwrap().free()
}

fn has(store: &Store, holder: u8) -> u32 {
    used(&store.snapshot().unwrap(), id(200), id(holder), store.clock().now()).unwrap()
}

fn assert_counters_hold(store: &Store) {
    assert_eq!(check(&store.snapshot().unwrap()).unwrap(), Vec::<String>::new());
}

#[test]
fn deal_08_a_hold_that_ran_out_is_free_at_once_with_nobody_sweeping() {
    let store = memory();
    let one = pool(&store, 1);
    try_hold(&store, &[(one, 1)], &[]).unwrap();
    assert_eq!(try_hold(&store, &[(one, 1)], &[]), Err(Refusal::SoldOut { pool: one, left: 0 }));
    pass(&store, TEN_MINUTES);
    assert_eq!(left(&store, one), 1);
    try_hold(&store, &[(one, 1)], &[]).unwrap();
    assert_eq!(left(&store, one), 0);
    assert_counters_hold(&store);
}

#[test]
fn deal_08_a_hold_ends_at_its_expiry_to_the_millisecond() {
    let store = memory();
    let one = pool(&store, 1);
    let claim = try_hold(&store, &[(one, 1)], &[]).unwrap();
    let ClaimState::Held { until, .. } = get(&store.snapshot().unwrap(), claim).unwrap().state else { panic!() };
    let just_before = Timestamp::from_millis(until.millis() - 1);
    let free_at = |now| level(&store.snapshot().unwrap(), one, now).unwrap().free();
    assert_eq!([free_at(START), free_at(just_before), free_at(until)], [0, 0, 1]);
}

#[test]
fn deal_08_a_hold_is_extended_once_and_not_after_it_ran_out() {
    let store = memory();
    let one = pool(&store, 1);
    let claim = try_hold(&store, &[(one, 1)], &[]).unwrap();
    let more = |seconds: i64| attempt(&store, move |tx| extend(tx, claim, tx.now().plus_seconds(seconds)));
    assert_eq!(more(2 * TEN_MINUTES), Ok(()));
    assert_eq!(more(3 * TEN_MINUTES), Err(Refusal::AlreadyExtended));
    pass(&store, TEN_MINUTES + 1);
    assert_eq!(left(&store, one), 0);
    pass(&store, TEN_MINUTES);
    assert_eq!(left(&store, one), 1);
    assert_eq!(more(TEN_MINUTES), Err(Refusal::HoldExpired));
    assert_counters_hold(&store);
}

#[test]
fn pay_04_money_that_comes_late_buys_what_is_still_free() {
    let store = memory();
    let one = pool(&store, 1);
    let claim = try_hold(&store, &[(one, 1)], &[cap(7, 1, 1)]).unwrap();
    pass(&store, TEN_MINUTES);
    assert_eq!(attempt(&store, move |tx| confirm(tx, claim)), Ok(()));
    assert_eq!((left(&store, one), has(&store, 7)), (0, 1));
    assert_eq!(attempt(&store, move |tx| confirm(tx, claim)), Ok(()), "a retry is a success");
    assert_counters_hold(&store);
}

#[test]
fn pay_04_money_that_comes_late_does_not_oversell() {
    let store = memory();
    let one = pool(&store, 1);
    let late = try_hold(&store, &[(one, 1)], &[]).unwrap();
    pass(&store, TEN_MINUTES);
    let other = try_hold(&store, &[(one, 1)], &[]).unwrap();
    assert_eq!(attempt(&store, move |tx| confirm(tx, late)), Err(Refusal::HoldExpired));
    assert_eq!(attempt(&store, move |tx| confirm(tx, other)), Ok(()));
    assert_eq!(attempt(&store, move |tx| confirm(tx, late)), Err(Refusal::HoldExpired));
    assert_counters_hold(&store);
}

#[test]
fn a_claim_on_several_pools_takes_all_or_nothing() {
    let store = memory();
    let (three, one) = (pool(&store, 3), pool(&store, 1));
    assert_eq!(try_hold(&store, &[(three, 1), (one, 2)], &[]), Err(Refusal::SoldOut { pool: one, left: 1 }));
    assert_eq!((left(&store, three), left(&store, one)), (3, 1));
    let both = try_hold(&store, &[(three, 2), (one, 1), (three, 1)], &[]).unwrap();
    assert_eq!((left(&store, three), left(&store, one)), (0, 0));
    assert!(write(&store, move |tx| release(tx, both)));
    assert_eq!((left(&store, three), left(&store, one)), (3, 1));
    assert_counters_hold(&store);
}

#[test]
fn what_goes_back_goes_back_once() {
    let store = memory();
    let two = pool(&store, 2);
    let held = try_hold(&store, &[(two, 1)], &[cap(7, 1, 2)]).unwrap();
    assert_eq!([(); 3].map(|()| write(&store, move |tx| release(tx, held))), [true, false, false]);
    let sold = try_hold(&store, &[(two, 2)], &[cap(7, 2, 2)]).unwrap();
    attempt(&store, move |tx| confirm(tx, sold)).unwrap();
    assert!(!write(&store, move |tx| release(tx, sold)), "what is sold is not released");
    assert_eq!((left(&store, two), has(&store, 7)), (0, 2));
    assert_eq!([(); 3].map(|()| write(&store, move |tx| give_back(tx, sold))), [true, false, false]);
    assert_eq!((left(&store, two), has(&store, 7)), (2, 0));
    assert_eq!(attempt(&store, move |tx| confirm(tx, sold)), Err(Refusal::HoldExpired));
    assert_counters_hold(&store);
}

#[test]
fn releasing_a_hold_that_ran_out_takes_nothing_from_others() {
    let store = memory();
    let one = pool(&store, 1);
    let late = try_hold(&store, &[(one, 1)], &[]).unwrap();
    pass(&store, TEN_MINUTES);
    try_hold(&store, &[(one, 1)], &[]).unwrap();
    assert!(!write(&store, move |tx| release(tx, late)));
    assert_eq!(left(&store, one), 0);
    assert_counters_hold(&store);
}

#[test]
fn deal_07_a_hold_counts_towards_the_cap_and_gives_it_back_when_it_runs_out() {
    let store = memory();
    let many = pool(&store, 100);
    try_hold(&store, &[(many, 2)], &[cap(7, 2, 3)]).unwrap();
    assert_eq!(try_hold(&store, &[(many, 2)], &[cap(7, 2, 3)]), Err(Refusal::CapReached { limit: 3 }));
    try_hold(&store, &[(many, 2)], &[cap(8, 2, 3)]).unwrap();
    assert_eq!(try_hold(&store, &[(many, 2)], &[cap(7, 1, 3), cap(7, 1, 3)]), Err(Refusal::CapReached { limit: 3 }));
    pass(&store, TEN_MINUTES);
    assert_eq!(has(&store, 7), 0);
    try_hold(&store, &[(many, 3)], &[cap(7, 3, 3)]).unwrap();
    assert_counters_hold(&store);
}

#[test]
fn deal_07_a_cap_is_free_again_although_its_expired_hold_lies_in_another_pool() {
    let store = memory();
    let (one, other) = (pool(&store, 1), pool(&store, 1));
    try_hold(&store, &[(one, 1)], &[cap(7, 1, 1)]).unwrap();
    pass(&store, TEN_MINUTES);
    try_hold(&store, &[(other, 1)], &[cap(7, 1, 1)]).unwrap();
    assert_eq!(has(&store, 7), 1);
    assert_counters_hold(&store);
}

#[test]
fn more_expired_holds_than_one_claim_lets_go_of_are_free_all_the_same() {
    let store = memory();
    let hundred = pool(&store, 100);
    for _ in 0..100 {
        try_hold(&store, &[(hundred, 1)], &[cap(7, 1, 100)]).unwrap();
    }
    pass(&store, TEN_MINUTES);
    assert_eq!((left(&store, hundred), has(&store, 7)), (100, 0));
    try_hold(&store, &[(hundred, 100)], &[cap(7, 100, 100)]).unwrap();
    assert_eq!((left(&store, hundred), has(&store, 7)), (0, 100));
    assert_counters_hold(&store);
}

#[test]
fn lowering_capacity_below_sold_cancels_nobody() {
    let store = memory();
    let three = pool(&store, 3);
    let claim = try_hold(&store, &[(three, 3)], &[]).unwrap();
    attempt(&store, move |tx| confirm(tx, claim)).unwrap();
    write(&store, move |tx| set_capacity(tx, three, Some(1)));
    let lowered = level(&store.snapshot().unwrap(), three, store.clock().now()).unwrap();
    assert_eq!((lowered.sold, lowered.free(), lowered.over_by()), (3, 0, 2));
    assert_eq!(try_hold(&store, &[(three, 1)], &[]), Err(Refusal::SoldOut { pool: three, left: 0 }));
    assert!(write(&store, move |tx| give_back(tx, claim)));
    assert_eq!(left(&store, three), 1);
}

#[test]
fn a_pool_without_capacity_never_runs_out_and_never_overflows() {
    let store = memory();
    let endless = write(&store, |tx| open(tx, None));
    try_hold(&store, &[(endless, 1_000_000)], &[]).unwrap();
    let refused = try_hold(&store, &[(endless, u32::MAX)], &[]).unwrap_err();
    assert_eq!(refused.name(), "sold-out");
    assert_counters_hold(&store);
}

#[test]
fn live_holds_of_an_owner_are_counted_without_the_expired_and_the_sold() {
    let store = memory();
    let many = pool(&store, 100);
    let count = |most| live_holds(&store.snapshot().unwrap(), id(1), store.clock().now(), most).unwrap();
    let sold = try_hold(&store, &[(many, 1)], &[]).unwrap();
    attempt(&store, move |tx| confirm(tx, sold)).unwrap();
    try_hold(&store, &[(many, 1)], &[]).unwrap();
    try_hold(&store, &[(many, 1)], &[]).unwrap();
    assert_eq!((count(10), count(1)), (2, 1));
    pass(&store, TEN_MINUTES);
    assert_eq!(count(10), 0);
}

#[test]
fn a_claim_on_nothing_is_a_fault() {
    let store = memory();
    let answer = store.write_blocking(|tx| take(tx, Request { owner: id(1), demands: &[], caps: &[] }));
    assert!(matches!(answer.outcome, Err(Stop::Fault(_))));
}

#[test]
fn check_finds_a_counter_that_was_tampered_with() {
    let store = memory();
    let one = pool(&store, 5);
    try_hold(&store, &[(one, 1)], &[cap(7, 1, 2)]).unwrap();
    write(&store, move |tx| tx.put(&POOLS, &one, &Pool { capacity: Some(5), held: 0, sold: 1 }));
    let owner: (AnyId, AnyId) = (id(200), id(7));
    write(&store, move |tx| tx.delete(&CAPS, &owner));
    let faults = check(&store.snapshot().unwrap()).unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
}
