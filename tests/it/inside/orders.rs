//! Orders: all or nothing, what they come to, what goes back.

use highstreet::accounts::Actor;
use highstreet::base::{Currency, Money};
use highstreet::kernel::stock;
use highstreet::offers::Draft;
use highstreet::orders::{self, HOLD_SECONDS, Place, Refusal};
use highstreet::payments::Method;
use highstreet::vouchers::Origin;

use super::town::{DAY, START, Town, coffee_for_two};

#[test]
fn an_order_is_placed_as_a_whole_or_not_at_all() {
    let town = Town::new();
    let anna = &town.people.anna;
    let scarce = town.on_sale(&Draft { capacity: 3, ..coffee_for_two() });
    for pay in [Some(Method::Test), Some(Method::Till), Some(Method::TestLater), None] {
        assert_eq!(town.place_all(anna, &[(town.deal, 2), (scarce, 4)], pay), Err("sold-out"));
        assert_eq!(town.place_all(anna, &[(scarce, 2), (town.deal, 1), (scarce, 2)], pay), Err("sold-out"));
        assert_eq!((town.pool(town.deal).free(), town.pool(scarce).free()), (10, 3));
    }
    let order = town.place_all(anna, &[(scarce, 1), (town.deal, 2), (scarce, 2)], Some(Method::Test)).unwrap();
    assert_eq!((town.states(order).len(), town.order(order).1.total.amount), (5, 5 * 1250));
    assert_eq!(town.pool(scarce).free(), 0);
    town.proves();
}

#[test]
fn who_asks_for_too_many_learns_how_many_there_are() {
    let town = Town::new();
    let scarce = town.on_sale(&Draft { capacity: 3, ..coffee_for_two() });
    let anna = town.people.anna.clone();
    let wish = Place { lines: vec![(scarce, 2), (town.deal, 1), (scarce, 2)], pay: Some(Method::Till) };
    let refused = town.run(move |tx| orders::place(tx, &anna, &wish, &Origin::default()));
    assert!(matches!(refused, Err(Refusal::Stock(stock::Refusal::SoldOut { left: 3, .. }))), "{refused:?}");
}

#[test]
fn hostile_quantities_are_refused() {
    let town = Town::new();
    let place = |lines: &[_]| town.place_all(&town.people.anna, lines, Some(Method::Till));
    let deal = town.deal;
    assert_eq!(place(&[]), Err("invalid-lines"));
    assert_eq!(place(&[(deal, 1); 21]), Err("invalid-lines"));
    for quantities in [vec![0], vec![1, 0], vec![51], vec![u32::MAX], vec![u32::MAX, 1], vec![u32::MAX; 20]] {
        let lines: Vec<_> = quantities.iter().map(|quantity| (deal, *quantity)).collect();
        assert_eq!(place(&lines), Err("invalid-quantity"), "{quantities:?}");
    }
    let unknown = highstreet::base::Id::from_bytes([77; 16]);
    assert_eq!(place(&[(unknown, 1)]), Err("not-found"));
    let price = Money::new(100, Currency::parse("SEK").unwrap());
    let swedish = town.on_sale(&Draft { price, list_price: price, ..coffee_for_two() });
    assert_eq!(place(&[(deal, 1), (swedish, 1)]), Err("several-currencies"));
    assert_eq!(town.pool(deal).sold, 0);
}

#[test]
fn a_cancelled_order_gives_back_what_is_not_used_and_only_that() {
    let town = Town::new();
    let anna = &town.people.anna;
    for (method, after) in [(Method::Test, ("paid", "fulfilled")), (Method::Till, ("paid", "fulfilled"))] {
        let order = town.place(anna, town.deal, 3, Some(method)).unwrap();
        let sold_before = town.pool(town.deal).sold;
        town.redeem(&town.people.till, town.vouchers(order)[1].0, town.harbour).unwrap();
        assert_eq!(town.cancel(&town.people.bela, order), Err("not-found"));
        town.cancel(anna, order).unwrap();
        let gone = if method == Method::Test { "refunded" } else { "void" };
        assert_eq!((town.states(order), town.status(order)), (vec![gone, "redeemed", gone], after));
        assert_eq!(town.pool(town.deal).sold, sold_before - 2);
        assert_eq!(town.cancel(anna, order), Err("nothing-to-cancel"));
        town.proves();
    }
    assert_eq!(town.timers_left(), Vec::<String>::new());
}

#[test]
fn cancelling_while_held_frees_the_units_and_leaves_no_timer() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = town.place(anna, town.deal, 3, None).unwrap();
    assert_eq!(town.refund(anna, town.vouchers(order)[0].0), Err("awaiting-payment"), "the whole order, or nothing");
    town.cancel(anna, order).unwrap();
    assert_eq!((town.pool(town.deal).free(), town.status(order)), (10, ("awaiting", "cancelled")));
    assert_eq!(town.order(order).1.hold_until, None);
    assert_eq!(town.timers_left(), Vec::<String>::new());
    assert_eq!(town.pay(anna, order, Method::Test), Err("not-awaiting-payment"));
    let expired = town.place(anna, town.deal, 3, None).unwrap();
    town.pass(HOLD_SECONDS);
    assert_eq!(town.pay(anna, expired, Method::Test), Err("hold-expired"));
    assert_eq!(town.status(expired), ("awaiting", "expired"));
    town.cancel(anna, expired).unwrap();
    assert_eq!(town.status(expired), ("awaiting", "cancelled"));
    town.proves();
}

/// What a till has taken is all there is to pay, once nothing else can be used.
#[test]
fn an_order_at_the_till_is_paid_when_all_that_was_kept_is_used() {
    type Rest = fn(&Town, &Actor, highstreet::orders::PublicOrderId);
    let rests: [(Rest, &str); 3] = [
        (|town, anna, order| town.cancel(anna, order).map(drop).unwrap(), "void"),
        (|town, anna, order| town.refund(anna, town.vouchers(order)[1].0).map(drop).unwrap(), "void"),
        (|town, _, _| town.pass(61 * DAY), "expired"),
    ];
    for (rest, state) in rests {
        let town = Town::new();
        let anna = &town.people.anna;
        let order = town.place(anna, town.deal, 2, Some(Method::Till)).unwrap();
        let used = town.redeem(&town.people.till, town.vouchers(order)[0].0, town.harbour).unwrap();
        assert_eq!(town.status(order), ("at-till", "open"));
        rest(&town, anna, order);
        assert_eq!((town.states(order), town.status(order)), (vec!["redeemed", state], ("paid", "fulfilled")));
        assert_eq!(town.pool(town.deal).sold, 1);
        town.proves();
        if state == "void" {
            town.undo(&town.people.till, used).unwrap();
            assert_eq!(town.status(order), ("at-till", "open"));
            town.proves();
        }
    }
}

#[test]
fn an_order_at_the_till_that_nobody_uses_frees_its_stock() {
    let town = Town::new();
    let order = town.place(&town.people.anna, town.deal, 2, Some(Method::Till)).unwrap();
    town.pass(60 * DAY);
    assert_eq!((town.states(order), town.status(order)), (vec!["expired"; 2], ("at-till", "expired")));
    assert_eq!(town.pool(town.deal).sold, 0);
    assert_eq!(town.cancel(&town.people.anna, order), Err("nothing-to-cancel"));
    town.proves();
}

#[test]
fn one_use_undone_reopens_an_order_whose_rest_is_over() {
    let town = Town::new();
    let deal = town.on_sale(&Draft { use_until: START.plus_seconds(40 * DAY), ..coffee_for_two() });
    let order = town.place(&town.people.anna, deal, 2, Some(Method::Till)).unwrap();
    let vouchers = town.vouchers(order);
    town.pass(40 * DAY - 30);
    town.redeem(&town.people.till, vouchers[0].0, town.harbour).unwrap();
    let second = town.redeem(&town.people.till, vouchers[1].0, town.harbour).unwrap();
    town.pass(30);
    town.undo(&town.people.till, second).unwrap();
    // The money for the first use stays with the till.
    assert_eq!((town.states(order), town.status(order)), (vec!["redeemed", "expired"], ("paid", "fulfilled")));
    assert_eq!(town.pool(deal).sold, 1);
    town.proves();
}
