//! Offers as JSON, and what a merchant sends to make one.

use jiff::tz::TimeZone;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::{MoneyJson, Problem};
use crate::base::{Fault, Money, Point, Timestamp};
use crate::directory::Locality;
use crate::kernel::stock::Pool;
use crate::offers::model::{Offer, OfferId, OfferText, OfferTitle, Standing};
use crate::offers::queries::{Listing, require, terms};
use crate::offers::rules::{Draft, blackout_days, phase, readable_hours};
use crate::store::Read;

/// An offer as it stands now.
#[derive(Serialize, ToSchema)]
pub struct OfferJson {
    id: String,
    /// `deal`
    kind: &'static str,
    title: String,
    /// The place's id
    place: String,
    price: MoneyJson,
    list_price: MoneyJson,
    /// Computed from the two prices
    percent_off: u8,
    /// What is in, what is out, and the fine print
    terms: Option<String>,
    sale: WindowJson,
    #[serde(rename = "use")]
    usable: UseJson,
    needs_booking: bool,
    left: u32,
    /// How many are taken, paid or to be paid at the till
    sold: u32,
    per_person: Option<u32>,
    /// `draft`, `scheduled`, `on-sale`, `paused`, `sold-out`, `ended` or `withdrawn`
    state: &'static str,
}

/// From (included) until (excluded), RFC 3339
#[derive(Serialize, ToSchema)]
struct WindowJson {
    from: String,
    until: String,
}

/// When it can be used
#[derive(Serialize, ToSchema)]
struct UseJson {
    from: String,
    until: String,
    /// As in opening hours: `Mo-Fr 11:00-18:00`
    hours: Option<String>,
    /// Days on which it does not count
    blackout: Vec<String>,
}

impl OfferJson {
    pub fn of(listing: &Listing, zone: &TimeZone) -> OfferJson {
        let (terms, time) = (&listing.terms, |at: Timestamp| at.rfc3339_in(zone));
        OfferJson {
            id: listing.id.to_string(),
            kind: listing.offer.kind.name(),
            title: terms.title.to_string(),
            place: listing.offer.place.to_string(),
            price: terms.price.into(),
            list_price: terms.list_price.into(),
            percent_off: listing.percent_off(),
            terms: terms.text.as_ref().map(ToString::to_string),
            sale: WindowJson { from: time(terms.sale_from), until: time(terms.sale_until) },
            usable: UseJson {
                from: time(terms.use_from),
                until: time(terms.use_until),
                hours: terms.use_hours.clone(),
                blackout: terms.blackout.clone(),
            },
            needs_booking: terms.needs_booking,
            left: listing.left(),
            sold: listing.pool.sold,
            per_person: terms.per_person,
            state: listing.phase.name(),
        }
    }
}

/// All of an offer that may change, as it stood at an instant: with the rows that never change it is the whole answer,
/// so that a retry is told what was told first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Told {
    #[n(0)]
    pub offer: OfferId,
    #[n(1)]
    pub version: u32,
    #[n(2)]
    pub standing: Standing,
    /// With live holds only.
    #[n(3)]
    pub pool: Pool,
    #[n(4)]
    pub at: Timestamp,
}

impl Told {
    pub fn of(listing: &Listing, at: Timestamp) -> Told {
        let Offer { version, standing, .. } = listing.offer;
        Told { offer: listing.id, version, standing, pool: listing.pool, at }
    }

    /// The offer as it was then.
    pub fn listing(&self, read: &dyn Read) -> Result<Listing, Fault> {
        let Told { offer: id, version, standing, pool, at } = *self;
        let offer = Offer { version, standing, ..require(read, id)? };
        let terms = terms(read, id, version)?;
        let phase = phase(standing, &terms, &pool, at);
        Ok(Listing { id, offer, terms, pool, phase })
    }
}

/// A new offer. What is left follows from the capacity and is not taken from here.
#[derive(Deserialize, ToSchema)]
pub struct NewOfferJson {
    /// `deal`
    pub kind: String,
    title: String,
    /// The place's id
    pub place: String,
    price: MoneyJson,
    /// Without it, the price
    list_price: Option<MoneyJson>,
    capacity: u32,
    per_person: Option<u32>,
    sale: NewWindowJson,
    #[serde(rename = "use")]
    usable: NewUseJson,
    #[serde(default)]
    needs_booking: bool,
    terms: Option<String>,
}

/// RFC 3339 with an offset; without a beginning, from now on
#[derive(Deserialize, ToSchema)]
struct NewWindowJson {
    from: Option<String>,
    until: String,
}

/// When it can be used; without a beginning, from now on
#[derive(Deserialize, ToSchema)]
struct NewUseJson {
    from: Option<String>,
    until: String,
    hours: Option<String>,
    #[serde(default)]
    blackout: Vec<String>,
}

impl NewOfferJson {
    /// The draft that this says, for a place at that point; or what is wrong with which fields.
    pub fn draft(self, now: Timestamp, locality: &Locality, at: Point) -> Result<Draft, Problem> {
        let title = OfferTitle::parse(&self.title).map_err(|fault| Problem::invalid("title", fault.to_string()))?;
        let price = money("price", &self.price)?;
        let list_price = self.list_price.map_or(Ok(price), |list_price| money("list_price", &list_price))?;
        let text = self.terms.filter(|text| !text.trim().is_empty()).map(|text| OfferText::parse(&text)).transpose();
        let hours = self.usable.hours.unwrap_or_default();
        Ok(Draft {
            title,
            price,
            list_price,
            capacity: self.capacity,
            per_person: self.per_person,
            sale_from: self.sale.from.map_or(Ok(now), |from| instant("sale.from", &from))?,
            sale_until: instant("sale.until", &self.sale.until)?,
            use_from: self.usable.from.map_or(Ok(now), |from| instant("use.from", &from))?,
            use_until: instant("use.until", &self.usable.until)?,
            use_hours: readable_hours(&hours, locality, at).map_err(|refusal| super::named(&refusal))?,
            blackout: blackout_days(self.usable.blackout.iter().map(String::as_str))
                .map_err(|refusal| super::named(&refusal))?,
            needs_booking: self.needs_booking,
            text: text.map_err(|fault| Problem::invalid("terms", fault.to_string()))?,
        })
    }
}

fn money(field: &str, typed: &MoneyJson) -> Result<Money, Problem> {
    typed.money().ok_or_else(|| Problem::invalid(format!("{field}.currency"), "Please name an ISO 4217 currency."))
}

fn instant(field: &str, typed: &str) -> Result<Timestamp, Problem> {
    let advice = "Please write an instant with its offset, such as 2026-11-23T20:00:00+02:00.";
    Timestamp::parse(typed).ok_or_else(|| Problem::invalid(field, advice))
}
