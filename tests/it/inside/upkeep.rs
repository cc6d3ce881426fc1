//! Upkeep: what is over goes, what is not stays, on a town whose clock is moved.

use std::time::Duration;

use highstreet::accounts::{self, Actor, SESSIONS, SESSIONS_BY_END};
use highstreet::app::{Engines, upkeep, wiring};
use highstreet::kernel::outbox::{self, LETTERS};
use highstreet::payments::Method;
use highstreet::store::{KEPT_BATCHES, Key, Outcome, REMEMBERED, Remembered, Row, Span, Table};

use super::town::{DAY, Town};

fn round(town: &Town) {
    assert!(upkeep::round(&town.store, || true));
    town.proves();
}

fn count<K: Key, V: Row>(town: &Town, table: &'static Table<K, V>) -> usize {
    town.read().scan(table, Span::all()).unwrap().count()
}

fn is_there(town: &Town, actor: &Actor) -> bool {
    town.read().contains(&accounts::PERSONS, &actor.person).unwrap()
}

#[test]
fn a_guests_session_goes_after_400_days_and_the_guest_with_it_if_they_have_nothing() {
    let town = Town::new();
    let (buyer, stroller) = (town.guest(1), town.guest(2));
    town.place(&buyer, town.deal, 1, Some(Method::Till)).unwrap();
    assert!(upkeep::has_something(&*town.read(), buyer.person).unwrap());
    assert!(!upkeep::has_something(&*town.read(), stroller.person).unwrap());
    town.pass(399 * DAY);
    let late = town.guest(3);
    round(&town);
    assert_eq!(count(&town, &SESSIONS), 3);
    town.pass(2 * DAY);
    round(&town);
    assert_eq!(
        (count(&town, &SESSIONS), town.read().scan_index(&SESSIONS_BY_END, Span::all()).unwrap().count()),
        (1, 1)
    );
    assert_eq!([&buyer, &stroller, &late].map(|guest| is_there(&town, guest)), [true, false, true]);
    assert!(is_there(&town, &town.people.anna), "who has an account stays, signed in or not");
    assert_ne!(town.guest(2), stroller, "an old cookie makes somebody new");
}

#[test]
fn remembered_answers_go_after_30_days_and_letters_90_days_after_they_were_done() {
    let town = Town::new();
    let remember = |key: &'static str| {
        let remembered: Result<(), ()> = town.run(move |tx| {
            let row = Remembered { request: [1; 32], answer: Vec::new(), at: tx.now() };
            Ok(tx.put(&REMEMBERED, &([1; 16], key.to_owned()), &row)?)
        });
        remembered.unwrap();
    };
    remember("first");
    let order = town.place(&town.people.anna, town.deal, 1, Some(Method::Test)).unwrap();
    town.refund(&town.people.anna, town.vouchers(order)[0].0).unwrap();
    outbox::run_once(&town.store, &wiring::carriers(&town.store)).unwrap();
    assert_eq!(count(&town, &LETTERS), 1);
    town.pass(29 * DAY);
    remember("second");
    round(&town);
    assert_eq!((count(&town, &REMEMBERED), count(&town, &LETTERS)), (2, 1));
    town.pass(2 * DAY);
    round(&town);
    assert_eq!((count(&town, &REMEMBERED), count(&town, &LETTERS)), (1, 1));
    town.pass(58 * DAY);
    round(&town);
    assert_eq!((count(&town, &REMEMBERED), count(&town, &LETTERS)), (0, 1));
    town.pass(2 * DAY);
    round(&town);
    assert_eq!(count(&town, &LETTERS), 0);
    assert_eq!(town.status(order), ("refunded", "cancelled"));
}

#[test]
fn the_change_log_is_trimmed_and_everything_still_proves() {
    let town = Town::new();
    for number in 0..300 {
        let written: Result<(), ()> = town.run(move |tx| -> Outcome<(), ()> {
            outbox::enqueue(tx, "unheard-of", &number.to_string(), Vec::new())?;
            Ok(())
        });
        written.unwrap();
    }
    round(&town);
    assert_eq!(town.store.batches_after(0, 1).unwrap()[0].seq, 1);
    town.pass(8 * DAY);
    round(&town);
    let left = town.read().seq() - KEPT_BATCHES;
    assert_eq!(town.store.batches_after(0, 1).unwrap()[0].seq, left + 1);
}

#[test]
fn a_round_goes_on_until_all_is_done_and_stops_when_it_is_told_to() {
    let town = Town::new();
    for thousand in 0..2_u8 {
        let made: Result<(), accounts::Refusal> = town.run(move |tx| {
            for number in 0..600_u16 {
                let mut token = [thousand; 32];
                token[..2].copy_from_slice(&number.to_be_bytes());
                accounts::begin_guest(tx, &token)?;
            }
            Ok(())
        });
        made.unwrap();
    }
    town.pass(401 * DAY);
    assert!(!upkeep::round(&town.store, || false), "it was told to stop");
    assert_eq!(count(&town, &SESSIONS), 1200 - 500);
    round(&town);
    assert_eq!(count(&town, &SESSIONS), 0);
}

#[test]
fn it_is_done_while_the_city_is_served() {
    let town = Town::new();
    let stroller = town.guest(1);
    town.pass(401 * DAY);
    let engines = Engines::start(&town.store).unwrap();
    let is_swept = || {
        std::thread::sleep(Duration::from_millis(20));
        !is_there(&town, &stroller)
    };
    assert!((0..1000).any(|_| is_swept()));
    drop(engines);
    town.proves();
}
