//! Deals: caps under a crowd, holds that run out, pauses, terms as sold.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use highstreet::accounts::Actor;
use highstreet::base::Line;
use highstreet::kernel::audit;
use highstreet::offers::{self, Draft, OfferKind, Phase};
use highstreet::orders::HOLD_SECONDS;
use highstreet::payments::{Method, Settled};

use super::town::{Answered, DAY, START, Town, coffee_for_two, euros};

/// How many of the crowd got one, when all came at once.
fn crowd(town: &Town, draft: &Draft, people: usize, pay: Option<Method>) -> (usize, Vec<&'static str>) {
    let deal = town.on_sale(draft);
    let crowd: Vec<Actor> = (0..people).map(|_| town.resident("Crowd")).collect();
    let answers: Vec<Answered<_>> = thread::scope(|scope| {
        let asked: Vec<_> = crowd.iter().map(|buyer| scope.spawn(move || town.place(buyer, deal, 1, pay))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.err()).collect();
    (people - refused.len(), refused)
}

#[test]
fn deal_07_caps_hold_with_concurrent_buyers() {
    let town = Town::new();
    for pay in [Some(Method::Till), Some(Method::Test), None] {
        for capacity in [1, 10, 100] {
            let draft = Draft { capacity, ..coffee_for_two() };
            let (got, refused) = crowd(&town, &draft, 50, pay);
            assert_eq!(got, 50.min(capacity as usize), "{pay:?}");
            assert!(refused.iter().all(|name| *name == "sold-out"), "{refused:?}");
            town.proves();
        }
    }
}

#[test]
fn deal_07_one_person_in_many_windows_gets_no_more_than_the_cap() {
    let town = Town::new();
    let got = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| match town.place(&town.people.anna, town.deal, 1, Some(Method::Till)) {
                Ok(_) => got.fetch_add(1, Ordering::Relaxed),
                Err(name) => {
                    assert_eq!(name, "cap-reached");
                    0
                }
            });
        }
    });
    assert_eq!(got.into_inner(), 4);
    assert_eq!(town.pool(town.deal).sold, 4);
    town.proves();
}

#[test]
fn deal_07_a_race_is_lost_without_the_guard() {
    // The twin: whoever decides on what a page said a moment ago sells one thing many times.
    let town = Town::new();
    let deal = town.on_sale(&Draft { capacity: 1, ..coffee_for_two() });
    let start = std::sync::Barrier::new(8);
    let promised: usize = thread::scope(|scope| {
        let ask = || {
            start.wait();
            let seen = offers::listing(&town.read(), deal, town.now()).unwrap().unwrap();
            start.wait();
            usize::from(seen.left() > 0)
        };
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(promised, 8);
}

#[test]
fn deal_07_what_goes_back_can_be_bought_again_by_the_same_person() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = town.place(anna, town.deal, 4, Some(Method::Test)).unwrap();
    assert_eq!(town.place(anna, town.deal, 1, Some(Method::Till)), Err("cap-reached"));
    let (voucher, _) = town.vouchers(order)[0];
    town.refund(anna, voucher).unwrap();
    assert_eq!(town.place(anna, town.deal, 2, Some(Method::Till)), Err("cap-reached"));
    let again = town.place(anna, town.deal, 1, Some(Method::Till)).unwrap();
    assert_eq!(town.place(anna, town.deal, 1, Some(Method::Till)), Err("cap-reached"));
    town.cancel(anna, again).unwrap();
    town.place(anna, town.deal, 1, None).unwrap();
    assert_eq!(town.place(anna, town.deal, 1, None), Err("cap-reached"), "what is held counts");
    town.pass(HOLD_SECONDS);
    town.place(anna, town.deal, 1, None).unwrap();
    town.proves();
}

#[test]
fn deal_08_hold_expires_and_frees_the_units() {
    let town = Town::new();
    let deal = town.on_sale(&Draft { capacity: 2, ..coffee_for_two() });
    let held = town.place(&town.people.anna, deal, 2, None).unwrap();
    assert_eq!(town.states(held), ["issued", "issued"]);
    assert_eq!(town.place(&town.people.bela, deal, 1, Some(Method::Till)), Err("sold-out"));
    town.pass_without_timers(HOLD_SECONDS - 5);
    assert_eq!(town.place(&town.people.bela, deal, 1, Some(Method::Till)), Err("sold-out"));
    // Free at once, whoever sweeps.
    town.pass_without_timers(5);
    assert_eq!(town.pool(deal).free(), 2);
    town.place(&town.people.bela, deal, 2, Some(Method::Till)).unwrap();
    town.fire();
    assert_eq!(town.status(held), ("awaiting", "expired"));
    assert_eq!(town.pay(&town.people.anna, held, Method::Till), Err("hold-expired"));
    town.proves();
}

#[test]
fn deal_08_a_person_holds_no_more_than_fifty_unpaid_units() {
    let town = Town::new();
    let anna = &town.people.anna;
    let deal = town.on_sale(&Draft { capacity: 1000, per_person: None, ..coffee_for_two() });
    town.place(anna, deal, 30, None).unwrap();
    assert_eq!(town.place(anna, deal, 21, None), Err("too-many-holds"));
    town.place(anna, deal, 20, Some(Method::TestLater)).unwrap();
    assert_eq!(town.place(anna, deal, 1, None), Err("too-many-holds"));
    town.place(anna, deal, 1, Some(Method::Test)).unwrap();
    town.place(&town.people.bela, deal, 50, None).unwrap();
    town.pass(HOLD_SECONDS);
    town.place(anna, deal, 50, None).unwrap();
}

#[test]
fn deal_19_pausing_never_voids_sold_vouchers() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = town.place(anna, town.deal, 3, Some(Method::Test)).unwrap();
    let held = town.place(anna, town.deal, 1, None).unwrap();
    town.pause(town.deal).unwrap();
    town.pause(town.deal).unwrap();
    assert_eq!(town.place(&town.people.bela, town.deal, 1, Some(Method::Till)), Err("sale-closed"));
    assert_eq!(town.states(order), ["valid"; 3]);
    let vouchers = town.vouchers(order);
    town.redeem(&town.people.till, vouchers[0].0, town.harbour).unwrap();
    town.pay(anna, held, Method::Test).unwrap();
    town.resume(town.deal).unwrap();
    town.place(&town.people.bela, town.deal, 1, Some(Method::Till)).unwrap();
    let owner = town.people.owner.clone();
    let deal = town.deal;
    town.run(move |tx| offers::withdraw(tx, &owner, deal)).unwrap();
    assert_eq!(town.resume(town.deal), Err("wrong-state"));
    town.redeem(&town.people.till, vouchers[1].0, town.harbour).unwrap();
    town.refund(anna, vouchers[2].0).unwrap();
    assert_eq!(town.states(held), ["valid"]);
    town.proves();
}

#[test]
fn deal_01_what_was_sold_keeps_its_terms() {
    let town = Town::new();
    let (anna, bela) = (&town.people.anna, &town.people.bela);
    let (sold, held) =
        (town.place(anna, town.deal, 1, Some(Method::Test)).unwrap(), town.place(anna, town.deal, 1, None).unwrap());
    let dearer = Draft {
        price: euros(1900),
        title: Line::parse("Coffee alone").unwrap(),
        use_until: START.plus_seconds(40 * DAY),
        ..coffee_for_two()
    };
    town.edit(town.deal, &dearer).unwrap();
    town.pay(anna, held, Method::Test).unwrap();
    let late = town.place(bela, town.deal, 1, Some(Method::Test)).unwrap();
    let terms_of = |order| {
        let (_, voucher) = town.vouchers(order)[0].clone();
        let terms = offers::terms(&town.read(), voucher.offer, voucher.version).unwrap();
        (terms.title.as_str().to_owned(), voucher.value, voucher.use_until)
    };
    let as_sold = ("Coffee and cake for two".to_owned(), euros(1250), START.plus_seconds(60 * DAY));
    assert_eq!(terms_of(sold), as_sold);
    assert_eq!(terms_of(held), as_sold);
    assert_eq!(terms_of(late), ("Coffee alone".to_owned(), euros(1900), START.plus_seconds(40 * DAY)));
    assert_eq!(town.order(held).1.total, euros(1250));
    town.proves();
}

#[test]
fn deal_01_capacity_below_what_is_sold_cancels_nobody() {
    let town = Town::new();
    let order = town.place(&town.people.anna, town.deal, 4, Some(Method::Test)).unwrap();
    let held = town.place(&town.people.bela, town.deal, 2, None).unwrap();
    town.edit(town.deal, &Draft { capacity: 3, ..coffee_for_two() }).unwrap();
    let pool = town.pool(town.deal);
    assert_eq!((pool.over_by(), pool.free()), (1, 0));
    town.pay(&town.people.bela, held, Method::Test).unwrap();
    assert_eq!(town.states(order), ["valid"; 4]);
    assert_eq!(town.pool(town.deal).over_by(), 3);
    let phase = offers::listing(&town.read(), town.deal, town.now()).unwrap().unwrap().phase;
    assert_eq!(phase, Phase::SoldOut);
    town.proves();
}

#[test]
fn adm_03_every_change_of_an_offer_is_written_down_and_the_chain_holds() {
    let town = Town::new();
    let written = |town: &Town| {
        let mut records = audit::newest(&town.read(), None, 1000).unwrap();
        records.reverse();
        records.into_iter().map(|(_, record)| record.content).collect::<Vec<_>>()
    };
    let before = written(&town).len();
    town.edit(town.deal, &Draft { price: euros(1000), ..coffee_for_two() }).unwrap();
    town.edit(town.deal, &Draft { price: euros(1000), capacity: 7, ..coffee_for_two() }).unwrap();
    town.edit(town.deal, &Draft { price: euros(1000), capacity: 7, ..coffee_for_two() }).unwrap();
    town.pause(town.deal).unwrap();
    town.pause(town.deal).unwrap();
    town.resume(town.deal).unwrap();
    assert_eq!(town.edit(town.deal, &Draft { capacity: 0, ..coffee_for_two() }), Err("invalid-field"));
    let (florist, deal) = (town.people.florist.clone(), town.deal);
    assert!(town.run(move |tx| offers::pause(tx, &florist, deal)).is_err());
    let all = written(&town);
    let new = &all[before..];
    let actions: Vec<&str> = new.iter().map(|content| content.action.as_str()).collect();
    assert_eq!(actions, ["offer-edited", "offer-capacity", "offer-paused", "offer-resumed"]);
    for content in new {
        assert_eq!(content.who, audit::Who::Person(town.people.owner.person.untyped()));
        assert_eq!(content.subject, town.deal.untyped());
        assert!(content.before.is_some() && content.after.is_some() && content.before != content.after);
    }
    assert_eq!(audit::verify(&town.read()).unwrap(), None);
}

#[test]
fn deal_01_terms_that_nobody_can_read_are_refused() {
    let town = Town::new();
    let owner = town.people.owner.clone();
    let harbour = town.harbour;
    let create = |draft: Draft| {
        let owner = owner.clone();
        let made = town.run(move |tx| offers::create(tx, &owner, harbour, OfferKind::Deal, &draft));
        made.map_err(|refusal| highstreet::base::Refusal::field(&refusal))
    };
    let hours = |text: &str| Draft { use_hours: Some(text.into()), ..coffee_for_two() };
    let blackout = |text: &str| Draft { blackout: vec![text.into()], ..coffee_for_two() };
    assert!(create(hours("Mo-Fr 11:00-14:00")).is_ok());
    assert!(create(blackout("2027-12-24")).is_ok());
    for bad in ["lunch", "Mo-Fr 99:00-14:00", &"Mo-Fr 11:00-14:00; ".repeat(1000)] {
        assert_eq!(create(hours(bad)), Err(Some("use_hours")), "{bad}");
        assert_eq!(town.edit(town.deal, &hours(bad)), Err("invalid-field"));
    }
    for bad in ["", "24.12.2027", "2027-02-30", "2027-12-24T00:00:00", "--", "99999-01-01"] {
        assert_eq!(create(blackout(bad)), Err(Some("blackout")), "{bad}");
    }
    assert_eq!(create(blackout(&"9".repeat(100_000))), Err(Some("blackout")));
}

#[test]
fn a_sale_that_has_not_begun_or_is_over_sells_nothing() {
    let town = Town::new();
    let anna = &town.people.anna;
    let soon = town.on_sale(&Draft { sale_from: START.plus_seconds(DAY), ..coffee_for_two() });
    assert_eq!(town.place(anna, soon, 1, Some(Method::Till)), Err("sale-closed"));
    let (owner, harbour) = (town.people.owner.clone(), town.harbour);
    let draft = town.run(move |tx| offers::create(tx, &owner, harbour, OfferKind::Deal, &coffee_for_two())).unwrap();
    assert_eq!(town.place(anna, draft, 1, Some(Method::Till)), Err("not-found"));
    town.pass(DAY);
    town.place(anna, soon, 1, Some(Method::Till)).unwrap();
    let held = town.place(anna, soon, 1, Some(Method::TestLater)).unwrap();
    town.edit(soon, &Draft { sale_until: town.now().plus_seconds(60), ..coffee_for_two() }).unwrap();
    town.pass(60);
    assert_eq!(town.place(anna, soon, 1, Some(Method::Till)), Err("sale-closed"));
    // What was held before the end can be paid after it.
    town.settle(held, Settled::Paid).unwrap();
    assert_eq!(town.states(held), ["valid"]);
}
