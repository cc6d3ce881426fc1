//! Payments and refunds as past releases wrote them.

use crate::base::{Currency, Id, Money, Timestamp};
use crate::payments::{Method, PAYMENTS, Payment, PaymentState, REFUNDS, Refund, RefundReason, RefundState};
use crate::store::golden;

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

#[test]
fn payments_are_read_as_they_were_written() {
    let payments = [
        ("awaiting", Method::TestLater, PaymentState::Awaiting),
        ("paid", Method::Test, PaymentState::Paid { at: AT }),
        ("at the till", Method::Till, PaymentState::AtTill),
        ("failed", Method::TestLater, PaymentState::Failed { at: AT }),
        ("refunded", Method::Test, PaymentState::Refunded { at: AT }),
    ];
    for (label, method, state) in payments {
        let (order, amount) = (Id::from_bytes([1; 16]), Money::new(1950, Currency::EUR));
        let payment = Payment { order, method, amount, state, refunded: 950, since: AT };
        golden::row(&PAYMENTS, label, &Id::from_bytes([2; 16]), &payment);
    }
}

#[test]
fn refunds_are_read_as_they_were_written() {
    let refunds = [
        ("requested", RefundReason::Asked, RefundState::Requested),
        ("done", RefundReason::CameTooLate, RefundState::Done { at: AT }),
    ];
    for (label, reason, state) in refunds {
        let (payment, amount) = (Id::from_bytes([2; 16]), Money::new(950, Currency::EUR));
        golden::row(&REFUNDS, label, &Id::from_bytes([3; 16]), &Refund { payment, amount, reason, state, at: AT });
    }
}
