//! The decisions of payments: which state follows, and how much can go back.

use crate::base::Timestamp;
use crate::payments::model::{Payment, PaymentState};

/// What a provider reports about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Paid,
    Failed,
}

/// The state after a report, or `None` if the report changes nothing: a provider may report twice and out of order.
pub fn after_report(state: PaymentState, report: Settled, now: Timestamp) -> Option<PaymentState> {
    match (state, report) {
        (PaymentState::Awaiting | PaymentState::Failed { .. }, Settled::Paid) => Some(PaymentState::Paid { at: now }),
        (PaymentState::Awaiting, Settled::Failed) => Some(PaymentState::Failed { at: now }),
        (PaymentState::Paid { .. } | PaymentState::AtTill | PaymentState::Refunded { .. }, _)
        | (PaymentState::Failed { .. }, Settled::Failed) => None,
    }
}

/// The payment after so much more has gone back; `None` if that were more than came in.
pub fn after_refund(payment: &Payment, amount: i64, now: Timestamp) -> Option<Payment> {
    let PaymentState::Paid { .. } = payment.state else { return None };
    let refunded = payment.refunded.checked_add(amount)?;
    if amount < 0 || refunded > payment.amount.amount {
        return None;
    }
    let is_whole = refunded == payment.amount.amount;
    let state = if is_whole { PaymentState::Refunded { at: now } } else { payment.state };
    Some(Payment { refunded, state, ..payment.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Currency, Id, Money};
    use crate::payments::model::Method;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn paid(amount: i64) -> Payment {
        Payment {
            order: Id::from_bytes([1; 16]),
            method: Method::Test,
            amount: Money::new(amount, Currency::EUR),
            state: PaymentState::Paid { at: NOW },
            refunded: 0,
            since: NOW,
        }
    }

    #[test]
    fn a_report_counts_once_and_money_after_a_failure_still_counts() {
        let paid = after_report(PaymentState::Awaiting, Settled::Paid, NOW);
        assert_eq!(paid, Some(PaymentState::Paid { at: NOW }));
        assert_eq!(after_report(PaymentState::Paid { at: NOW }, Settled::Paid, NOW), None);
        assert_eq!(after_report(PaymentState::Paid { at: NOW }, Settled::Failed, NOW), None);
        let late = after_report(PaymentState::Failed { at: NOW }, Settled::Paid, NOW);
        assert_eq!(late, Some(PaymentState::Paid { at: NOW }));
    }

    #[test]
    fn never_more_goes_back_than_came_in() {
        let part = after_refund(&paid(100), 60, NOW).unwrap();
        assert_eq!((part.refunded, part.state.name()), (60, "paid"));
        assert_eq!(after_refund(&part, 41, NOW), None);
        assert_eq!(after_refund(&part, 40, NOW).unwrap().state, PaymentState::Refunded { at: NOW });
        assert_eq!(after_refund(&paid(100), -1, NOW), None);
    }
}
