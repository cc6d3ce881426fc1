//! Merchants and places as rows, and the tables that keep them.

use minicbor::{Decode, Encode};

pub use crate::accounts::{MerchantId, PlaceId};
use crate::base::{Currency, Line, Locale, Point, Timestamp};
use crate::directory::categories::CategoryId;
use crate::store::{Index, Table};

pub type PlaceName = Line<120>;
pub type MerchantName = Line<120>;

/// The town itself: what every page and every price needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct City {
    #[n(0)]
    pub name: Line<80>,
    /// IANA name, such as `Europe/Helsinki`: wall times of every place are in it.
    #[n(1)]
    pub zone: String,
    #[n(2)]
    pub currency: Currency,
    /// Where "near me" starts for who has not said where they are.
    #[n(3)]
    pub center: Option<Point>,
    /// ISO 3166-1 alpha-2, such as `FI`, for public holidays.
    #[n(4)]
    pub country: Option<String>,
}

/// Key: none, there is one row. Value: the city. Written by the operator; read by every page.
pub static CITY: Table<(), City> = Table::new(205, "city", &[]);

/// The business that runs one or more places.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Merchant {
    #[n(0)]
    pub name: MerchantName,
    #[n(1)]
    pub since: Timestamp,
}

/// Key: merchant. Value: what the business is called. Written by directory; read by offers and the desk.
pub static MERCHANTS: Table<MerchantId, Merchant> = Table::new(200, "merchants", &[]);

/// One location that people can go to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Place {
    #[n(0)]
    pub name: PlaceName,
    /// Part of the URL `/p/{slug}`; stays when the name changes.
    #[n(1)]
    pub slug: String,
    #[n(2)]
    pub category: CategoryId,
    #[n(3)]
    pub point: Point,
    /// Who runs it; nobody has claimed it yet if `None`.
    #[n(4)]
    pub merchant: Option<MerchantId>,
    #[n(5)]
    pub address: Address,
    #[n(6)]
    pub contact: Contact,
    #[n(7)]
    pub hours: PlaceHours,
    /// Names in other languages than the main one.
    #[n(8)]
    pub names: Vec<LocalName>,
    #[n(9)]
    pub wheelchair: Option<Wheelchair>,
    /// Values of OpenStreetMap's `cuisine` and `diet:*` keys: `sushi`, `vegan`.
    #[n(10)]
    pub cuisines: Vec<Line<60>>,
    #[n(11)]
    pub diets: Vec<Line<60>>,
    /// Where the place came from, such as `osm:node/123`; `None` if it was entered here.
    #[n(12)]
    pub source: Option<String>,
    #[n(13)]
    pub since: Timestamp,
    #[n(14)]
    pub changed: Timestamp,
    #[n(15)]
    pub brand: Option<Line<120>>,
    /// The floor, such as `-1` or `2`.
    #[n(16)]
    pub level: Option<Line<20>>,
    /// What people of this city have said themselves: no import changes it any more.
    #[cbor(n(17), skip_if = "Edited::is_empty")]
    pub edited: Edited,
    /// The place that this one turned out to be; then it is nothing but the way there. It still holds its slug, for old
    /// links, and its source, so that no import brings it back.
    #[n(18)]
    pub merged_into: Option<PlaceId>,
}

/// What an import tells of a place and people may edit. The numbers are kept in rows: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceField {
    Name = 0,
    Names = 1,
    Category = 2,
    Point = 3,
    Street = 4,
    Number = 5,
    Postcode = 6,
    City = 7,
    Phone = 8,
    Website = 9,
    Email = 10,
    Hours = 11,
    Wheelchair = 12,
    Cuisines = 13,
    Diets = 14,
    Brand = 15,
    Level = 16,
}

/// A set of fields, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Edited(#[n(0)] u32);

impl Edited {
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    pub const fn has(self, field: PlaceField) -> bool {
        self.0 & (1 << field as u32) != 0
    }

    pub const fn with(self, field: PlaceField) -> Edited {
        Edited(self.0 | 1 << field as u32)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Address {
    #[n(0)]
    pub street: Option<Line<120>>,
    #[n(1)]
    pub number: Option<Line<20>>,
    #[n(2)]
    pub postcode: Option<Line<20>>,
    #[n(3)]
    pub city: Option<Line<80>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Contact {
    #[n(0)]
    pub phone: Option<Line<40>>,
    /// `http` or `https` only.
    #[n(1)]
    pub website: Option<String>,
    #[n(2)]
    pub email: Option<String>,
}

/// When it is open, in OpenStreetMap's syntax.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum PlaceHours {
    #[default]
    #[n(0)]
    Unknown,
    #[n(1)]
    Readable(#[n(0)] String),
    /// Kept and shown as text; nobody is told that it is open or closed.
    #[n(2)]
    Unreadable(#[n(0)] String),
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LocalName {
    #[n(0)]
    pub locale: Locale,
    #[n(1)]
    pub name: PlaceName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Wheelchair {
    #[n(0)]
    Yes,
    #[n(1)]
    Limited,
    #[n(2)]
    No,
}

/// Key: place. Value: all that is known of it. Written by imports and its merchant; read by every page that shows it.
pub static PLACES: Table<PlaceId, Place> =
    Table::new(201, "places", &[&PLACE_BY_SLUG, &PLACE_BY_SOURCE, &PLACES_BY_MERCHANT]);
pub static PLACE_BY_SLUG: Index<PlaceId, Place, String> =
    Index::unique(202, "place_by_slug", |_, place| vec![place.slug.clone()]);
pub static PLACE_BY_SOURCE: Index<PlaceId, Place, String> =
    Index::unique(203, "place_by_source", |_, place| place.source.iter().cloned().collect());
pub static PLACES_BY_MERCHANT: Index<PlaceId, Place, MerchantId> =
    Index::new(204, "places_by_merchant", |_, place| place.merchant.into_iter().collect());
