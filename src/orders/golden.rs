//! Orders as past releases wrote them.

use crate::base::{Code, Currency, Id, Money, Timestamp};
use crate::orders::api::{Told, ToldVoucher};
use crate::orders::{Fulfilment, JOINED_GUESTS, ORDERS, Order, OrderLine, Unit};
use crate::payments::PaymentState;
use crate::store::golden;
use crate::vouchers::VoucherState;

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn id<T>(number: u8) -> Id<T> {
    Id::from_bytes([number; 16])
}

#[test]
fn orders_are_read_as_they_were_written() {
    let states = [
        ("open", Fulfilment::Open, Some(AT.plus_seconds(900))),
        ("fulfilled", Fulfilment::Fulfilled, None),
        ("cancelled", Fulfilment::Cancelled, None),
        ("expired", Fulfilment::Expired, None),
    ];
    for (label, fulfilment, hold_until) in states {
        let line = OrderLine {
            offer: id(2),
            version: 2,
            merchant: id(3),
            place: id(4),
            unit_price: Money::new(1950, Currency::EUR),
            units: vec![Unit { claim: id(7), voucher: id(6) }],
        };
        let (lines, total) = (vec![line], Money::new(1950, Currency::EUR));
        let order = Order { public: id(8), buyer: id(5), lines, total, fulfilment, hold_until, at: AT };
        golden::row(&ORDERS, label, &id(1), &order);
    }
}

#[test]
fn joined_guests_are_read_as_they_were_written() {
    golden::row(&JOINED_GUESTS, "on the way", &id(1), &id(2));
}

#[test]
fn what_a_retry_is_told_of_an_order_is_read_as_it_was_written() {
    let voucher = |state| ToldVoucher { code: Code::from_bits(7).unwrap(), state };
    let vouchers = vec![voucher(VoucherState::Valid), voucher(VoucherState::Redeemed { redemption: id(9) })];
    let (fulfilment, payment) = (Fulfilment::Open, Some(PaymentState::Paid { at: AT }));
    let paid = Told { order: id(1), at: AT, payment, fulfilment, hold_until: None, vouchers };
    golden::value("remembered_answers", "an order, paid", &paid);
    let hold_until = Some(AT.plus_seconds(600));
    let held = Told { payment: None, hold_until, vouchers: vec![voucher(VoucherState::Issued)], ..paid };
    golden::value("remembered_answers", "an order, held", &held);
}
