//! The deal page. It is the page that is asked for most: four reads and one rendering. The twin for programs is
//! `api.rs`; taking a deal up is the orders' business.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::accounts::Viewer;
use crate::base::{Fault, Money, Timestamp};
use crate::directory::{self, place_line};
use crate::offers::model::{OfferId, Terms};
use crate::offers::queries::{Listing, visible};
use crate::offers::rules::Phase;
use crate::offers::words::{ends_text, left_text, state_text};
use crate::web::cover::cover;
use crate::web::view::{Choice, Fact, PlaceLine, Price, State};
use crate::web::{Frame, PageError, PageResult, Site, page_with};

/// Most that can be chosen at once on the page.
const MAX_QUANTITY: u32 = 10;
/// From when on the seconds are counted down.
const SOON_SECONDS: i64 = 24 * 3600;
const REFUND: &str = "Money back at any time before you use it.";

#[derive(Template)]
#[template(path = "offers/offer.html")]
struct OfferPage {
    frame: Frame,
    json_ld: String,
    id: String,
    title: String,
    cover: String,
    place: PlaceLine,
    price: Price,
    saving: Option<String>,
    state: State,
    is_buyable: bool,
    ends: Ends,
    left: Option<Left>,
    sold: Option<String>,
    quantities: Vec<Choice>,
    per_person: Option<String>,
    conditions: Vec<Fact>,
    terms: String,
    refund: &'static str,
    problem: Option<String>,
}

struct Ends {
    text: String,
    until: String,
    now: String,
    soon: bool,
}

struct Left {
    text: String,
    percent: u8,
}

/// `GET /o/{id}`
pub async fn offer(Shared(site): Shared<Site>, Path(id): Path<String>, viewer: Viewer, frame: Frame) -> PageResult {
    let id = id.parse().map_err(|_| PageError::not_found())?;
    offer_page(&site, &viewer, frame, id, None)
}

/// Why the form of the page was refused, and what had been chosen in it.
pub struct Refused {
    pub status: StatusCode,
    pub message: String,
    pub quantity: u32,
}

/// The page of an offer, after its form was refused or before.
pub fn offer_page(site: &Site, viewer: &Viewer, frame: Frame, id: OfferId, refused: Option<Refused>) -> PageResult {
    let (now, settings) = (site.clock().now(), site.settings());
    let snapshot = site.store.snapshot()?;
    let listing = visible(&snapshot, viewer, id, now)?.ok_or_else(PageError::not_found)?;
    let place = directory::require_place(&snapshot, listing.offer.place)?;
    let (family, icon) = directory::cover_of(place.category);
    let (status, wanted) = refused.as_ref().map_or((StatusCode::OK, 1), |refused| (refused.status, refused.quantity));
    let (terms, price, zone) =
        (&listing.terms, Price::of(listing.terms.price, listing.terms.list_price), &settings.zone);
    let title = terms.title.to_string();
    let described = format!("{title} at {}: {}.", place.name, price.now);
    Ok(page_with(
        status,
        OfferPage {
            cover: cover(id.as_bytes(), family, icon, frame.sprite),
            json_ld: json_ld(&listing, &place, zone)?,
            frame: frame.titled(title.clone()).described(described).public(format!("/o/{id}")).tab("search"),
            id: id.to_string(),
            title,
            place: place_line(&place),
            saving: terms.list_price.checked_sub(terms.price).ok().filter(|saving| saving.amount > 0).map(in_words),
            state: state_text(&listing, zone),
            is_buyable: listing.phase == Phase::OnSale,
            ends: ends(terms, now, zone),
            left: left(&listing),
            sold: (listing.pool.sold > 0).then(|| format!("{} taken so far", listing.pool.sold)),
            quantities: quantities(&listing, wanted),
            per_person: terms.per_person.map(|most| format!("At most {most} for each person")),
            conditions: facts(terms, zone),
            terms: terms.text.as_ref().map(ToString::to_string).unwrap_or_default(),
            refund: REFUND,
            price,
            problem: refused.map(|refused| refused.message),
        },
    ))
}

fn in_words(saving: Money) -> String {
    format!("You save {saving}")
}

fn ends(terms: &Terms, now: Timestamp, zone: &TimeZone) -> Ends {
    Ends {
        text: ends_text(terms.sale_until, now, zone),
        until: terms.sale_until.rfc3339_in(zone),
        now: now.rfc3339_in(zone),
        soon: terms.sale_until.seconds_since(now) < SOON_SECONDS,
    }
}

fn left(listing: &Listing) -> Option<Left> {
    let capacity = listing.pool.capacity?.max(1);
    let percent = u64::from(listing.left()) * 100 / u64::from(capacity);
    Some(Left { text: left_text(listing)?, percent: u8::try_from(percent).unwrap_or(100) })
}

/// Up to what one person may take; chosen is what was wanted, as far as it is there.
fn quantities(listing: &Listing, wanted: u32) -> Vec<Choice> {
    let most = listing.left().min(listing.terms.per_person.unwrap_or(MAX_QUANTITY)).min(MAX_QUANTITY);
    let choice = |number: u32| Choice {
        value: number.to_string(),
        label: number.to_string(),
        chosen: number == wanted.clamp(1, most.max(1)),
        ..Choice::default()
    };
    (1..=most).map(choice).collect()
}

fn facts(terms: &Terms, zone: &TimeZone) -> Vec<Fact> {
    let fact = |label: &str, value: String| Fact { label: label.into(), value };
    let mut facts = vec![
        fact("Use it from", terms.use_from.wall_text(zone)),
        fact("Use it until", terms.use_until.wall_text(zone)),
    ];
    facts.extend(terms.use_hours.as_ref().map(|hours| fact("Days and hours", hours.clone())));
    if !terms.blackout.is_empty() {
        facts.push(fact("Not on", terms.blackout.join(", ")));
    }
    if terms.needs_booking {
        facts.push(fact("Booking", "Please book before you come".into()));
    }
    facts
}

/// schema.org for search engines. No text of a person can end the script that it stands in.
fn json_ld(listing: &Listing, place: &directory::Place, zone: &TimeZone) -> Result<String, Fault> {
    let availability = match listing.phase {
        Phase::OnSale => "https://schema.org/InStock",
        Phase::SoldOut => "https://schema.org/SoldOut",
        Phase::Scheduled => "https://schema.org/PreOrder",
        Phase::Draft | Phase::Paused | Phase::Ended | Phase::Withdrawn => "https://schema.org/Discontinued",
    };
    let terms = &listing.terms;
    let offer = StructuredOffer {
        context: "https://schema.org",
        kind: "Offer",
        name: terms.title.as_str(),
        price: terms.price.plain(),
        price_currency: terms.price.currency.code(),
        availability,
        valid_from: terms.sale_from.rfc3339_in(zone),
        valid_through: terms.sale_until.rfc3339_in(zone),
        seller: StructuredSeller { kind: "LocalBusiness", name: place.name.as_str(), address: place.address.line() },
    };
    Ok(serde_json::to_string(&offer).map_err(|error| Fault::bug("writing JSON", error))?.replace('<', "\\u003c"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StructuredOffer<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@type")]
    kind: &'static str,
    name: &'a str,
    price: String,
    price_currency: &'a str,
    availability: &'static str,
    valid_from: String,
    valid_through: String,
    seller: StructuredSeller<'a>,
}

#[derive(Serialize)]
struct StructuredSeller<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    name: &'a str,
    address: String,
}
