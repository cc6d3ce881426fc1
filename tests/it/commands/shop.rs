//! The commands of `offers`, `payments`, `vouchers` and `orders`, each run twice on the town.

use highstreet::base::{Code, Id};
use highstreet::offers::{self, Draft, OfferKind};
use highstreet::orders::{self, Place, PublicOrderId};
use highstreet::payments::{self, Method, RefundReason, Settled};
use highstreet::store::{Outcome, Tx};
use highstreet::vouchers::{self, Issue, Origin, Redeem, VoidReason, VoucherId, VoucherTender};

use super::does_the_same_twice;
use crate::inside::town::{DAY, Town, coffee_for_two, euros};

/// What can't be refused can still fault.
fn unrefused<T>(done: Result<T, highstreet::base::Fault>) -> Outcome<T, ()> {
    Ok(done?)
}

fn key() -> Origin {
    Origin { by: None, device: None, key: Some("key".into()) }
}

/// The town with an order of Anna's for one unit.
fn bought(pay: Option<Method>) -> (Town, PublicOrderId, VoucherId) {
    let town = Town::new();
    let order = town.place(&town.people.anna, town.deal, 1, pay).unwrap();
    let voucher = town.vouchers(order)[0].0;
    (town, order, voucher)
}

fn order_key(town: &Town, order: PublicOrderId) -> Id<()> {
    town.order(order).0.untyped()
}

pub fn offers_create() {
    let town = Town::new();
    does_the_same_twice(&town.store, |tx| {
        offers::create(tx, &town.people.owner, town.harbour, OfferKind::Deal, &coffee_for_two())
    });
}

pub fn offers_edit() {
    let town = Town::new();
    let draft = Draft { capacity: 3, price: euros(900), ..coffee_for_two() };
    does_the_same_twice(&town.store, |tx| offers::edit(tx, &town.people.owner, town.deal, &draft));
}

pub fn offers_publish() {
    let town = Town::new();
    let (owner, harbour) = (town.people.owner.clone(), town.harbour);
    let offer = town.run(move |tx| offers::create(tx, &owner, harbour, OfferKind::Deal, &coffee_for_two())).unwrap();
    does_the_same_twice(&town.store, |tx| offers::publish(tx, &town.people.owner, offer));
}

pub fn offers_pause() {
    let town = Town::new();
    does_the_same_twice(&town.store, |tx| offers::pause(tx, &town.people.owner, town.deal));
}

pub fn offers_resume() {
    let town = Town::new();
    town.pause(town.deal).unwrap();
    does_the_same_twice(&town.store, |tx| offers::resume(tx, &town.people.owner, town.deal));
}

pub fn offers_withdraw() {
    let town = Town::new();
    does_the_same_twice(&town.store, |tx| offers::withdraw(tx, &town.people.owner, town.deal));
}

pub fn payments_begin() {
    let town = Town::new();
    let order = Id::from_bytes([7; 16]);
    does_the_same_twice(&town.store, |tx| unrefused(payments::begin(tx, order, Method::Test, euros(1250))));
}

pub fn payments_settle() {
    let (town, order, _) = bought(Some(Method::TestLater));
    let (payment, _) = town.payment(order).unwrap();
    does_the_same_twice(&town.store, |tx| unrefused(payments::settle(tx, payment, Settled::Paid)));
}

pub fn payments_till_has() {
    let (town, order, _) = bought(Some(Method::Till));
    let order = order_key(&town, order);
    does_the_same_twice(&town.store, |tx| unrefused(payments::till_has(tx, order, true)));
}

pub fn payments_refund() {
    let (town, order, _) = bought(Some(Method::Test));
    let order = order_key(&town, order);
    does_the_same_twice(&town.store, |tx| unrefused(payments::refund(tx, order, euros(1250), RefundReason::Asked)));
}

pub fn vouchers_issue() {
    let town = Town::new();
    let (order, holder) = (Id::from_bytes([7; 16]), town.people.anna.person);
    does_the_same_twice(&town.store, |tx| {
        let listing = &offers::listing(&**tx, town.deal, tx.now())?.unwrap();
        let issue = Issue { order, listing, holder, tender: VoucherTender::Till, valid: true };
        unrefused(vouchers::issue(tx, issue, &key()))
    });
}

pub fn vouchers_make_valid() {
    let (town, _, voucher) = bought(None);
    does_the_same_twice(&town.store, |tx| {
        unrefused(vouchers::make_valid(tx, voucher, VoucherTender::Platform, &key()))
    });
}

pub fn vouchers_refund() {
    let (town, _, voucher) = bought(Some(Method::Test));
    does_the_same_twice(&town.store, |tx| vouchers::refund(tx, voucher, &key()));
}

pub fn vouchers_void() {
    let (town, _, voucher) = bought(Some(Method::Till));
    does_the_same_twice(&town.store, |tx| vouchers::void(tx, voucher, VoidReason::Cancelled, &key()));
}

pub fn vouchers_expire() {
    let (town, _, voucher) = bought(Some(Method::Till));
    town.pass_without_timers(61 * DAY);
    town.run(|tx: &mut Tx<'_>| unrefused(payments::begin(tx, Id::from_bytes([7; 16]), Method::Till, euros(0))))
        .unwrap();
    does_the_same_twice(&town.store, |tx| unrefused(vouchers::expire(tx, voucher.untyped())));
}

pub fn vouchers_hand_over() {
    let (town, _, voucher) = bought(Some(Method::Test));
    let bela = town.people.bela.person;
    does_the_same_twice(&town.store, |tx| unrefused(vouchers::hand_over(tx, voucher, bela)));
}

pub fn vouchers_reissue() {
    let (town, _, voucher) = bought(Some(Method::Test));
    does_the_same_twice(&town.store, |tx| vouchers::reissue(tx, &town.people.anna, voucher, &key()));
}

pub fn vouchers_redeem() {
    let (town, order, _) = bought(Some(Method::Test));
    let code: Code = town.vouchers(order)[0].1.code;
    let ask = Redeem { code, place: town.harbour, paid: true };
    does_the_same_twice(&town.store, |tx| vouchers::redeem(tx, &town.people.till, ask, &key()));
}

pub fn vouchers_undo() {
    let (town, _, voucher) = bought(Some(Method::Till));
    let used = town.redeem(&town.people.till, voucher, town.harbour).unwrap();
    does_the_same_twice(&town.store, |tx| vouchers::undo(tx, &town.people.till, used, &key()));
}

pub fn orders_place() {
    let town = Town::new();
    let wish = Place { lines: vec![(town.deal, 3)], pay: Some(Method::Test) };
    does_the_same_twice(&town.store, |tx| orders::place(tx, &town.people.anna, &wish, &key()));
}

pub fn orders_pay() {
    let (town, order, _) = bought(None);
    does_the_same_twice(&town.store, |tx| orders::pay(tx, &town.people.anna, order, Method::Test, &key()));
}

pub fn orders_settle() {
    let (town, order, _) = bought(Some(Method::TestLater));
    does_the_same_twice(&town.store, |tx| orders::settle(tx, order, Settled::Paid));
}

pub fn orders_expire_hold() {
    let (town, order, _) = bought(None);
    let order = order_key(&town, order);
    does_the_same_twice(&town.store, |tx| unrefused(orders::expire_hold(tx, order)));
}

pub fn orders_cancel() {
    let (town, order, _) = bought(Some(Method::Test));
    does_the_same_twice(&town.store, |tx| orders::cancel(tx, &town.people.anna, order, &key()));
}

pub fn orders_refund_voucher() {
    let (town, _, voucher) = bought(Some(Method::Test));
    does_the_same_twice(&town.store, |tx| orders::refund_voucher(tx, &town.people.anna, voucher, &key()));
}
