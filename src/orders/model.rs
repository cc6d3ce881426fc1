//! Orders as rows, and the tables that keep them.

use minicbor::{Decode, Encode};

use crate::accounts::{MerchantId, PersonId, PlaceId};
use crate::base::{Id, Money, Timestamp};
use crate::kernel::stock::ClaimId;
use crate::offers::OfferId;
use crate::store::{Index, Table};
use crate::vouchers::VoucherId;

/// The order's key; it tells when it was placed, and stays inside.
pub type OrderId = Id<Order>;

/// What others see of an order: random.
pub enum PublicOrder {}
pub type PublicOrderId = Id<PublicOrder>;

/// One commitment of one resident.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Order {
    #[n(0)]
    pub public: PublicOrderId,
    #[n(1)]
    pub buyer: PersonId,
    #[n(2)]
    pub lines: Vec<OrderLine>,
    #[n(3)]
    pub total: Money,
    #[n(4)]
    pub fulfilment: Fulfilment,
    /// Until when the units are held while the order awaits payment.
    #[n(5)]
    pub hold_until: Option<Timestamp>,
    #[n(6)]
    pub at: Timestamp,
}

/// So many of one offer, under the terms as they were.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OrderLine {
    #[n(0)]
    pub offer: OfferId,
    #[n(1)]
    pub version: u32,
    #[n(2)]
    pub merchant: MerchantId,
    #[n(3)]
    pub place: PlaceId,
    #[n(4)]
    pub unit_price: Money,
    #[n(5)]
    pub units: Vec<Unit>,
}

/// One of an offer: its claim on the stock and its voucher, so that each can go back alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Unit {
    #[n(0)]
    pub claim: ClaimId,
    #[n(1)]
    pub voucher: VoucherId,
}

impl Order {
    pub fn units(&self) -> impl Iterator<Item = (&OrderLine, Unit)> {
        self.lines.iter().flat_map(|line| line.units.iter().map(move |unit| (line, *unit)))
    }
}

/// How far the order has been consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Fulfilment {
    /// Something of it can still be used, or paid.
    #[n(0)]
    Open,
    /// Used, as far as it was not given back.
    #[n(1)]
    Fulfilled,
    #[n(2)]
    Cancelled,
    /// Nobody paid in time, or nobody used it in time.
    #[n(3)]
    Expired,
}

impl Fulfilment {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Fulfilment::Open => "open",
            Fulfilment::Fulfilled => "fulfilled",
            Fulfilment::Cancelled => "cancelled",
            Fulfilment::Expired => "expired",
        }
    }
}

/// Key: order. Value: whose, what, how far. Written here alone; read by its buyer and by the desks of its merchants.
pub static ORDERS: Table<OrderId, Order> =
    Table::new(700, "orders", &[&ORDER_BY_PUBLIC, &ORDERS_BY_BUYER, &ORDERS_BY_MERCHANT]);
pub static ORDER_BY_PUBLIC: Index<OrderId, Order, PublicOrderId> =
    Index::unique(701, "order_by_public", |_, order| vec![order.public]);
pub static ORDERS_BY_BUYER: Index<OrderId, Order, PersonId> =
    Index::new(702, "orders_by_buyer", |_, order| vec![order.buyer]);
pub static ORDERS_BY_MERCHANT: Index<OrderId, Order, MerchantId> = Index::new(703, "orders_by_merchant", |_, order| {
    let mut merchants: Vec<MerchantId> = order.lines.iter().map(|line| line.merchant).collect();
    merchants.sort_unstable();
    merchants.dedup();
    merchants
});

/// Key: guest. Value: the person they turned out to be, while some orders are still to follow. Written here alone.
pub static JOINED_GUESTS: Table<PersonId, PersonId> = Table::new(704, "joined_guests", &[]);
