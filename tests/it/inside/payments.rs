//! Payments: every step balances, late money is checked again, reports may come twice and in any order.

use highstreet::accounts::Actor;
use highstreet::app::wiring;
use highstreet::base::Currency;
use highstreet::kernel::ledger::{Account, AccountKind, Tender};
use highstreet::kernel::outbox;
use highstreet::offers::Draft;
use highstreet::orders::{HOLD_SECONDS, PublicOrderId};
use highstreet::payments::{self, Method, RefundReason, RefundState, Settled};

use super::town::{DAY, START, Town, coffee_for_two, euros};

/// Clearing and voucher liability of the platform; payable, cash and sales of Kahvila. Credits count up.
fn books(town: &Town) -> [i64; 5] {
    let kahvila = town.kahvila.untyped();
    let platform = |kind| town.balance(Account::platform(kind, Currency::EUR));
    let merchant = |kind| town.balance(Account::merchant(kahvila, kind, Currency::EUR));
    [
        platform(AccountKind::Clearing(Tender::Test)),
        platform(AccountKind::VoucherLiability),
        merchant(AccountKind::MerchantPayable),
        merchant(AccountKind::MerchantCash),
        merchant(AccountKind::MerchantSales),
    ]
}

fn refunds(town: &Town, order: PublicOrderId) -> Vec<(i64, RefundReason)> {
    let (id, _) = town.payment(order).unwrap();
    let refunds = payments::refunds_of(&town.read(), id).unwrap();
    refunds.into_iter().map(|(_, refund)| (refund.amount.amount, refund.reason)).collect()
}

/// An order of Anna's that awaits its payment, with the hold run out; others have bought so many since.
fn late(town: &Town, bought_since: u32) -> PublicOrderId {
    let deal = town.on_sale(&Draft { capacity: 2, ..coffee_for_two() });
    let order = town.place(&town.people.anna, deal, 2, Some(Method::TestLater)).unwrap();
    assert_eq!(town.status(order), ("awaiting", "open"));
    town.pass(HOLD_SECONDS);
    assert_eq!(town.status(order), ("awaiting", "expired"));
    if bought_since > 0 {
        town.place(&town.people.bela, deal, bought_since, Some(Method::Till)).unwrap();
    }
    order
}

#[test]
fn pay_01_every_step_of_the_loop_balances() {
    let town = Town::new();
    let (anna, till) = (&town.people.anna, &town.people.till);
    let check = |expected: [i64; 5]| {
        assert_eq!(books(&town), expected);
        town.proves();
    };
    let order = town.place(anna, town.deal, 2, Some(Method::TestLater)).unwrap();
    check([0; 5]);
    town.settle(order, Settled::Paid).unwrap();
    check([-2500, 2500, 0, 0, 0]);
    let vouchers = town.vouchers(order);
    let used = town.redeem(till, vouchers[0].0, town.harbour).unwrap();
    check([-2500, 1250, 1250, 0, 0]);
    town.undo(till, used).unwrap();
    check([-2500, 2500, 0, 0, 0]);
    town.redeem(till, vouchers[0].0, town.harbour).unwrap();
    town.refund(anna, vouchers[1].0).unwrap();
    check([-1250, 0, 1250, 0, 0]);
    let at_till = town.place(anna, town.deal, 2, Some(Method::Till)).unwrap();
    check([-1250, 0, 1250, 0, 0]);
    let vouchers = town.vouchers(at_till);
    let used = town.redeem(till, vouchers[0].0, town.harbour).unwrap();
    check([-1250, 0, 1250, -1250, 1250]);
    town.undo(till, used).unwrap();
    check([-1250, 0, 1250, 0, 0]);
    town.redeem(till, vouchers[0].0, town.harbour).unwrap();
    town.cancel(anna, at_till).unwrap();
    check([-1250, 0, 1250, -1250, 1250]);
    let unused = town.place(anna, town.deal, 1, Some(Method::Test)).unwrap();
    town.pass(61 * DAY);
    assert_eq!(town.status(unused), ("paid", "expired"));
    check([-2500, 1250, 1250, -1250, 1250]);
    town.cancel(anna, unused).unwrap();
    check([-1250, 0, 1250, -1250, 1250]);
}

#[test]
fn pay_04_late_payment_is_checked_again_and_counts_if_all_is_free() {
    let town = Town::new();
    let order = late(&town, 0);
    town.settle(order, Settled::Paid).unwrap();
    assert_eq!((town.status(order), town.states(order)), (("paid", "open"), vec!["valid"; 2]));
    assert_eq!(refunds(&town, order), []);
    assert_eq!(town.order(order).1.hold_until, None);
    town.proves();
}

#[test]
fn pay_04_late_payment_is_checked_again_and_goes_back_if_anything_is_gone() {
    for bought_since in [1, 2] {
        let town = Town::new();
        let order = late(&town, bought_since);
        for _ in 0..2 {
            town.settle(order, Settled::Paid).unwrap();
            assert_eq!((town.status(order), town.states(order)), (("refunded", "cancelled"), vec!["void"; 2]));
            assert_eq!(refunds(&town, order), [(2500, RefundReason::CameTooLate)]);
            assert_eq!(books(&town)[..2], [0, 0]);
        }
        let (_, placed) = town.order(order);
        assert_eq!(town.pool(placed.lines[0].offer).sold, bought_since);
        town.proves();
        // The provider is told once.
        let carriers = wiring::carriers(&town.store);
        assert_eq!(outbox::run_once(&town.store, &carriers).unwrap(), 1);
        assert_eq!(outbox::run_once(&town.store, &carriers).unwrap(), 0);
        let (payment, _) = town.payment(order).unwrap();
        let refunds = payments::refunds_of(&town.read(), payment).unwrap();
        assert!(matches!(refunds[0].1.state, RefundState::Done { .. }));
    }
}

#[test]
fn pay_04_money_for_what_can_not_be_used_any_more_goes_back() {
    let town = Town::new();
    let (sale_until, use_until) = (START.plus_seconds(3600), START.plus_seconds(7200));
    let deal = town.on_sale(&Draft { sale_until, use_until, ..coffee_for_two() });
    let order = town.place(&town.people.anna, deal, 1, Some(Method::TestLater)).unwrap();
    town.pass(7200);
    town.settle(order, Settled::Paid).unwrap();
    assert_eq!((town.status(order), town.states(order)), (("refunded", "cancelled"), vec!["void"]));
    assert_eq!(refunds(&town, order), [(1250, RefundReason::CameTooLate)]);
    town.proves();
}

#[test]
fn pay_04_money_for_a_cancelled_order_goes_back() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = town.place(anna, town.deal, 2, Some(Method::TestLater)).unwrap();
    town.cancel(anna, order).unwrap();
    assert_eq!((town.status(order), town.pool(town.deal).held), (("awaiting", "cancelled"), 0));
    assert_eq!(town.timers_left(), Vec::<String>::new());
    town.settle(order, Settled::Paid).unwrap();
    assert_eq!(town.status(order), ("refunded", "cancelled"));
    assert_eq!(refunds(&town, order), [(2500, RefundReason::CameTooLate)]);
    town.proves();
}

/// What a provider may say of an order whose hold is live, has run out, or which was cancelled; in every order.
#[test]
fn reports_may_come_twice_and_in_any_order() {
    let prepare: [fn(&Town, &Actor) -> PublicOrderId; 4] = [
        |town, anna| town.place(anna, town.deal, 2, Some(Method::TestLater)).unwrap(),
        |town, _| late(town, 0),
        |town, _| late(town, 1),
        |town, anna| {
            let order = town.place(anna, town.deal, 2, Some(Method::TestLater)).unwrap();
            town.cancel(anna, order).unwrap();
            order
        },
    ];
    for prepare in prepare {
        for reports in 0..16u8 {
            let town = Town::new();
            let order = prepare(&town, &town.people.anna);
            let before = town.status(order).1;
            let mut failed_first = None;
            for bit in 0..4 {
                let report = if reports >> bit & 1 == 1 { Settled::Paid } else { Settled::Failed };
                failed_first.get_or_insert(report == Settled::Failed);
                town.settle(order, report).unwrap();
                town.proves();
            }
            let (payment, fulfilment) = town.status(order);
            let paid = reports != 0;
            let counts = paid && failed_first == Some(false) && before != "cancelled" && fulfilment == "open";
            assert_eq!(
                payment,
                if counts {
                    "paid"
                } else if paid {
                    "refunded"
                } else {
                    "failed"
                },
                "{reports:04b}"
            );
            assert_eq!(fulfilment == "open", counts);
            assert_eq!(books(&town)[1], if counts { 2500 } else { 0 });
            assert!(!town.timers_left().contains(&"hold-expiry".to_owned()));
        }
    }
}

#[test]
fn an_order_that_awaits_may_change_how_it_is_paid() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = town.place(anna, town.deal, 2, None).unwrap();
    assert_eq!(town.settle(order, Settled::Paid), Err("not-awaiting-payment"));
    town.pay(anna, order, Method::TestLater).unwrap();
    town.pay(anna, order, Method::TestLater).unwrap();
    assert_eq!((town.status(order), town.pool(town.deal).held), (("awaiting", "open"), 2));
    assert_eq!(town.pay(&town.people.bela, order, Method::Till), Err("not-found"));
    town.pay(anna, order, Method::Till).unwrap();
    assert_eq!((town.status(order), town.states(order)), (("at-till", "open"), vec!["valid"; 2]));
    // The provider's money is not taken as well: its report is refused, not swallowed.
    assert_eq!(town.settle(order, Settled::Paid), Err("not-awaiting-payment"));
    assert_eq!(town.settle(order, Settled::Failed), Err("not-awaiting-payment"));
    assert_eq!(town.pay(anna, order, Method::Test), Err("not-awaiting-payment"));
    let vouchers = town.vouchers(order);
    assert_eq!(town.redeem_as(&town.people.till, vouchers[0].0, town.harbour, false), Err("unpaid"));
    town.redeem(&town.people.till, vouchers[0].0, town.harbour).unwrap();
    assert_eq!(books(&town), [0, 0, 0, -1250, 1250]);
    assert!(!town.timers_left().contains(&"hold-expiry".to_owned()));
    town.proves();
}

#[test]
fn what_costs_nothing_moves_no_money() {
    let town = Town::new();
    let anna = &town.people.anna;
    let free = town.on_sale(&Draft { price: euros(0), ..coffee_for_two() });
    for method in [Method::Test, Method::Till] {
        let order = town.place(anna, free, 2, Some(method)).unwrap();
        let vouchers = town.vouchers(order);
        town.redeem_as(&town.people.till, vouchers[0].0, town.harbour, false).unwrap();
        town.refund(anna, vouchers[1].0).unwrap();
        assert_eq!(town.status(order), ("paid", "fulfilled"));
        assert_eq!((books(&town), refunds(&town, order)), ([0; 5], vec![]));
        town.proves();
    }
    let mixed = town.place_all(anna, &[(free, 1), (town.deal, 1)], Some(Method::Test)).unwrap();
    town.cancel(anna, mixed).unwrap();
    assert_eq!((town.status(mixed), town.states(mixed)), (("refunded", "cancelled"), vec!["refunded"; 2]));
    assert_eq!(refunds(&town, mixed), [(1250, RefundReason::Asked)]);
    town.proves();
}
