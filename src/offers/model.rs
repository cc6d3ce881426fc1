//! Offers and their terms as rows, and the tables that keep them.

use minicbor::{Decode, Encode};

use crate::accounts::{MerchantId, PlaceId};
use crate::base::{Id, Line, Money, Prose, Timestamp};
use crate::kernel::stock::PoolId;
use crate::store::{Index, Table};

pub type OfferId = Id<Offer>;
pub type OfferTitle = Line<100>;
pub type OfferText = Prose<4000>;

/// What a merchant has on offer at a place. What it costs stands in its [`Terms`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Offer {
    #[n(0)]
    pub place: PlaceId,
    #[n(1)]
    pub merchant: MerchantId,
    #[n(2)]
    pub kind: OfferKind,
    /// How many there are.
    #[n(3)]
    pub pool: PoolId,
    #[n(4)]
    pub standing: Standing,
    /// The version that is sold now.
    #[n(5)]
    pub version: u32,
    /// End of sale by the current terms, kept here for the index.
    #[n(6)]
    pub sale_until: Timestamp,
    #[n(7)]
    pub since: Timestamp,
}

/// What sort of offer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum OfferKind {
    /// A package at a fixed price.
    #[n(0)]
    Deal,
}

impl OfferKind {
    pub const fn name(self) -> &'static str {
        match self {
            OfferKind::Deal => "deal",
        }
    }

    pub fn parse(name: &str) -> Option<OfferKind> {
        (name == OfferKind::Deal.name()).then_some(OfferKind::Deal)
    }
}

/// What the merchant has decided about an offer. Whether it can be bought follows from this, the time and the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Standing {
    /// Only the merchant sees it.
    #[n(0)]
    Draft,
    #[n(1)]
    Published,
    /// Not sold for now; what was sold stays good.
    #[n(2)]
    Paused,
    /// Never sold again; what was sold stays good.
    #[n(3)]
    Withdrawn,
}

/// One version of what an offer promises; immutable, so that a buyer keeps the terms as sold. The versions with their
/// times are the offer's price history.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Terms {
    #[n(0)]
    pub title: OfferTitle,
    #[n(1)]
    pub price: Money,
    /// What it costs otherwise; never below the price.
    #[n(2)]
    pub list_price: Money,
    /// When it can be bought: `[from, until)`.
    #[n(3)]
    pub sale_from: Timestamp,
    #[n(4)]
    pub sale_until: Timestamp,
    /// When it can be used: `[from, until)`.
    #[n(5)]
    pub use_from: Timestamp,
    #[n(6)]
    pub use_until: Timestamp,
    /// Hours of use in OpenStreetMap's syntax, such as `Mo-Fr 11:00-14:00`; any time if `None`.
    #[n(7)]
    pub use_hours: Option<String>,
    /// Days in the place's zone on which it can't be used, as `2026-12-24`.
    #[n(8)]
    pub blackout: Vec<String>,
    #[n(9)]
    pub per_person: Option<u32>,
    #[n(10)]
    pub needs_booking: bool,
    /// What is in, what is out, and the fine print.
    #[n(11)]
    pub text: Option<OfferText>,
    /// Since when this version is in force.
    #[n(12)]
    pub at: Timestamp,
}

/// Key: offer. Value: where, whose, how it stands. Written by the merchant's commands; read by everybody.
pub static OFFERS: Table<OfferId, Offer> =
    Table::new(300, "offers", &[&OFFERS_BY_PLACE, &OFFERS_BY_MERCHANT, &OFFERS_BY_SALE_END]);
pub static OFFERS_BY_PLACE: Index<OfferId, Offer, PlaceId> =
    Index::new(301, "offers_by_place", |_, offer| vec![offer.place]);
pub static OFFERS_BY_MERCHANT: Index<OfferId, Offer, MerchantId> =
    Index::new(302, "offers_by_merchant", |_, offer| vec![offer.merchant]);
/// Published offers only, by when their sale ends.
pub static OFFERS_BY_SALE_END: Index<OfferId, Offer, Timestamp> =
    Index::new(303, "offers_by_sale_end", |_, offer| match offer.standing {
        Standing::Published => vec![offer.sale_until],
        Standing::Draft | Standing::Paused | Standing::Withdrawn => vec![],
    });

/// Key: offer and version, from 1. Value: the terms. Written once a version; read with every offer and voucher.
pub static TERMS: Table<(OfferId, u32), Terms> = Table::new(304, "terms", &[]);
