//! A guest who signs in keeps what they have: orders, vouchers and what they count towards follow the person.

use highstreet::accounts::{Actor, GuestJoined};
use highstreet::offers::Draft;
use highstreet::orders;
use highstreet::payments::{Method, Settled};
use highstreet::store::Outcome;

use super::town::{Town, coffee_for_two};

fn joins(town: &Town, guest: &Actor, person: &Actor) {
    let event = GuestJoined { guest: guest.person, person: person.person };
    let joined: Result<(), ()> = town.run(move |tx| -> Outcome<(), ()> { Ok(tx.emit(&event)?) });
    joined.unwrap();
    town.fire();
}

#[test]
fn what_a_guest_bought_is_the_persons() {
    let town = Town::new();
    let (guest, anna) = (town.guest(1), &town.people.anna);
    let paid = town.place(&guest, town.deal, 1, Some(Method::Test)).unwrap();
    let awaiting = town.place(&guest, town.deal, 1, Some(Method::TestLater)).unwrap();
    let held = town.place(&guest, town.deal, 1, None).unwrap();
    let others = town.place(&town.people.bela, town.deal, 1, Some(Method::Test)).unwrap();
    joins(&town, &guest, anna);
    joins(&town, &guest, anna);
    for order in [paid, awaiting, held] {
        assert_eq!(town.order(order).1.buyer, anna.person);
        assert!(town.vouchers(order).iter().all(|(_, voucher)| voucher.holder == anna.person));
    }
    assert_eq!(town.order(others).1.buyer, town.people.bela.person);
    town.proves();
    assert_eq!(town.cancel(&guest, paid), Err("not-found"));
    town.settle(awaiting, Settled::Paid).unwrap();
    town.pay(anna, held, Method::Till).unwrap();
    town.refund(anna, town.vouchers(paid)[0].0).unwrap();
    town.redeem(&town.people.till, town.vouchers(held)[0].0, town.harbour).unwrap();
    assert_eq!(orders::of_buyer(&town.read(), anna.person, None, 10).unwrap().len(), 3);
    assert_eq!(orders::of_buyer(&town.read(), guest.person, None, 10).unwrap().len(), 0);
    town.proves();
}

#[test]
fn deal_07_what_a_guest_bought_counts_towards_the_persons_cap() {
    let town = Town::new();
    let (guest, anna) = (town.guest(1), &town.people.anna);
    town.place(anna, town.deal, 3, Some(Method::Till)).unwrap();
    let third = town.place(&guest, town.deal, 3, Some(Method::Till)).unwrap();
    joins(&town, &guest, anna);
    assert_eq!(town.states(third), ["valid"; 3], "nobody loses what they have");
    assert_eq!(town.place(anna, town.deal, 1, Some(Method::Till)), Err("cap-reached"));
    town.cancel(anna, third).unwrap();
    town.place(anna, town.deal, 1, Some(Method::Till)).unwrap();
    assert_eq!(town.place(anna, town.deal, 1, Some(Method::Till)), Err("cap-reached"));
    town.proves();
}

#[test]
fn a_guest_with_very_much_joins_bit_by_bit() {
    let town = Town::new();
    let (guest, anna) = (town.guest(1), &town.people.anna);
    let deal = town.on_sale(&Draft { capacity: 10_000, per_person: None, ..coffee_for_two() });
    let bought: Vec<_> = (0..30).map(|_| town.place(&guest, deal, 50, Some(Method::Test)).unwrap()).collect();
    joins(&town, &guest, anna);
    assert!(bought.iter().all(|order| town.order(*order).1.buyer == anna.person));
    town.proves();
    assert!(!town.timers_left().iter().any(|kind| kind != "voucher-expiry"));
    town.cancel(anna, bought[29]).unwrap();
}

#[test]
fn a_guest_who_joins_brings_what_is_open_at_the_till_along() {
    let town = Town::new();
    let deal = town.on_sale(&Draft { capacity: 1000, per_person: None, ..coffee_for_two() });
    let (guest, anna) = (town.guest(1), &town.people.anna);
    town.place(&guest, deal, 10, Some(Method::Till)).unwrap();
    town.place(anna, deal, 40, Some(Method::Till)).unwrap();
    joins(&town, &guest, anna);
    assert_eq!(town.place(anna, deal, 1, Some(Method::Till)), Err("too-many-at-till"));
    town.proves();
}
