//! Payments and refunds as rows, and the tables that keep them.

use minicbor::{Decode, Encode};

use crate::base::{Id, Money, Timestamp};
use crate::store::{Index, Origin, Table};

pub type PaymentId = Id<Payment>;
pub type RefundId = Id<Refund>;

/// How the buyer chose to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Method {
    /// At the till, when the voucher is used.
    #[n(0)]
    Till,
    /// The demo's provider, which pays at once.
    #[n(1)]
    Test,
    /// The demo's provider, which lets the buyer wait.
    #[n(2)]
    TestLater,
}

impl Method {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Till => "till",
            Method::Test => "test",
            Method::TestLater => "test-later",
        }
    }

    /// The method of this name, if a city of this origin has it: play money is for demos only.
    pub fn parse(name: &str, origin: Origin) -> Option<Method> {
        match (name, origin) {
            ("till", Origin::Real | Origin::Demo) => Some(Method::Till),
            ("test", Origin::Demo) => Some(Method::Test),
            ("test-later", Origin::Demo) => Some(Method::TestLater),
            _ => None,
        }
    }
}

/// The money side of one order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Payment {
    /// The order, kept and given back, never followed.
    #[n(0)]
    pub order: Id<()>,
    #[n(1)]
    pub method: Method,
    #[n(2)]
    pub amount: Money,
    #[n(3)]
    pub state: PaymentState,
    /// What of the amount has gone back, in minor units.
    #[n(4)]
    pub refunded: i64,
    #[n(5)]
    pub since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PaymentState {
    /// The provider has not said yet; that may take days.
    #[n(0)]
    Awaiting,
    #[n(1)]
    Paid {
        #[n(0)]
        at: Timestamp,
    },
    /// To be paid when the voucher is used.
    #[n(2)]
    AtTill,
    #[n(3)]
    Failed {
        #[n(0)]
        at: Timestamp,
    },
    /// All of it has gone back, or will: each refund is a row of its own.
    #[n(4)]
    Refunded {
        #[n(0)]
        at: Timestamp,
    },
}

impl PaymentState {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            PaymentState::Awaiting => "awaiting",
            PaymentState::Paid { .. } => "paid",
            PaymentState::AtTill => "at-till",
            PaymentState::Failed { .. } => "failed",
            PaymentState::Refunded { .. } => "refunded",
        }
    }
}

/// Money on its way back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Refund {
    #[n(0)]
    pub payment: PaymentId,
    #[n(1)]
    pub amount: Money,
    #[n(2)]
    pub reason: RefundReason,
    #[n(3)]
    pub state: RefundState,
    #[n(4)]
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RefundReason {
    /// The buyer asked, before use.
    #[n(0)]
    Asked,
    /// The money came when others had what it was for.
    #[n(1)]
    CameTooLate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RefundState {
    /// The provider has been told, or will be.
    #[n(0)]
    Requested,
    #[n(1)]
    Done {
        #[n(0)]
        at: Timestamp,
    },
}

/// The payment of an order bears the order's id: there is one at most, and it needs no index to be found.
pub fn payment_of(order: Id<()>) -> PaymentId {
    PaymentId::from_bytes(*order.as_bytes())
}

/// Key: payment. Value: for which order, how much, how it stands. Written here alone; read by orders and the desk.
pub static PAYMENTS: Table<PaymentId, Payment> = Table::new(400, "payments", &[]);

/// Key: refund. Value: of which payment, how much, why, how far. Written here alone; read by orders.
pub static REFUNDS: Table<RefundId, Refund> = Table::new(402, "refunds", &[&REFUNDS_BY_PAYMENT]);
pub static REFUNDS_BY_PAYMENT: Index<RefundId, Refund, PaymentId> =
    Index::new(403, "refunds_by_payment", |_, refund| vec![refund.payment]);
