//! `/p/{slug}`: one place with all that is known of it.

use askama::Template;
use axum::extract::{Path, Query as UrlQuery, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::accounts::{PlaceId, Viewer};
use crate::base::{Fault, Point};
use crate::directory::{Place, PlaceHours, WeekRow, Wheelchair, cover_of};
use crate::discover::filters::Filters;
use crate::discover::pages::{note, open_badge, place_cards, walk_text};
use crate::discover::queries::{Moment, found, offers_at, place_by_key, similar};
use crate::offers::{Listing, Phase, state_text};
use crate::reviews::{self, Review, ReviewId, Sorting, Tally, review_card};
use crate::store::Read;
use crate::web::cover::{Covers, cover};
use crate::web::view::{self, Fact, Open, Pager, PlaceCard, Price, Rating};
use crate::web::{Frame, PageError, PageResult, SeeOther, Site, page};
use axum::response::IntoResponse;

const SIMILAR: usize = 6;
const REVIEWS_A_PAGE: usize = 10;

#[derive(Template)]
#[template(path = "discover/place.html")]
struct PlacePage {
    frame: Frame,
    json_ld: String,
    name: String,
    category: String,
    category_url: String,
    cover: String,
    price_level: String,
    rating: Option<Rating>,
    open: Open,
    address: String,
    distance: Option<String>,
    directions_url: Option<String>,
    phone: Option<Way>,
    website: Option<Way>,
    hours: Vec<Day>,
    hours_note: Option<String>,
    facts: Vec<Fact>,
    deals: Vec<Deal>,
    histogram: Vec<Bar>,
    reviews: Vec<view::Review>,
    reviews_pager: Pager,
    may_review_url: Option<String>,
    similar: Vec<PlaceCard>,
    source: String,
}

/// A way to reach the place, and how it reads.
struct Way {
    url: String,
    text: String,
}

struct Day {
    name: String,
    text: String,
    today: bool,
}

struct Deal {
    url: String,
    title: String,
    price: Price,
    note: String,
    state: String,
}

struct Bar {
    stars: u8,
    count: u32,
    percent: u32,
}

/// What the URL of a place may say besides.
#[derive(Deserialize)]
pub struct At {
    /// Where the visitor is: `60.17,24.94`. What is no point is not shown a distance.
    near: Option<String>,
    /// The last review of the page before.
    after: Option<String>,
}

/// `GET /p/{slug}`
pub async fn place(
    State(site): State<Site>,
    Path(slug): Path<String>,
    UrlQuery(at): UrlQuery<At>,
    viewer: Viewer,
    frame: Frame,
) -> PageResult {
    let snapshot = site.store.snapshot()?;
    let (id, place) = place_by_key(&snapshot, &slug)?.ok_or_else(PageError::not_found)?;
    if slug != place.slug {
        return Ok(SeeOther::at(place.path()).into_response());
    }
    let moment = Moment::of(&snapshot, &site)?;
    let parts = Parts::of(&snapshot, &site, &moment, id, place, &at)?;
    let may_review = match viewer.actor() {
        Some(actor) => reviews::reviewable(&snapshot, actor.person, Some(id), 1)?.pop(),
        None => None,
    };
    let may_review_url = may_review.map(|visit| format!("/me/orders/{}/review?place={id}", visit.order));
    Ok(page(parts.page(&moment, frame, may_review_url)))
}

/// What was read for the page.
struct Parts {
    id: PlaceId,
    place: Place,
    week: Vec<WeekRow>,
    deals: Vec<Listing>,
    tally: Tally,
    reviews: Vec<view::Review>,
    reviews_pager: Pager,
    similar: Vec<crate::discover::queries::Found>,
    distance_m: Option<u32>,
}

impl Parts {
    fn of(read: &dyn Read, site: &Site, moment: &Moment, id: PlaceId, place: Place, at: &At) -> Result<Parts, Fault> {
        let hours = place.known_hours(&moment.locality);
        let near: Option<Point> = at.near.as_ref().and_then(|near| near.parse().ok());
        let similar = similar(&site.search, moment.now, id, &place, SIMILAR);
        let (reviews, reviews_pager) = reviews_page(read, id, &place, at)?;
        Ok(Parts {
            week: hours.map(|hours| hours.week(moment.now)).unwrap_or_default(),
            deals: offers_at(read, id, moment.now)?,
            tally: reviews::rating(read, id)?,
            reviews,
            reviews_pager,
            similar: found(read, moment, &similar)?,
            distance_m: near.map(|near| near.distance_m(place.point)),
            id,
            place,
        })
    }

    fn page(self, moment: &Moment, frame: Frame, may_review_url: Option<String>) -> PlacePage {
        let place = &self.place;
        let (family, icon) = cover_of(place.category);
        let category = place.category_name().to_owned();
        let address = place.address.line();
        let described = [place.name.to_string(), category.clone(), address.clone()];
        let described = described.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let histogram =
            self.tally.histogram().map(|bar| Bar { stars: bar.stars, count: bar.count, percent: bar.percent });
        PlacePage {
            json_ld: json_ld(&self, moment),
            name: place.name.to_string(),
            category_url: Filters { categories: vec![place.category], ..Filters::default() }.url(),
            category,
            cover: cover(self.id.as_bytes(), family, icon, frame.sprite),
            price_level: String::new(),
            rating: self.tally.view(),
            open: open_badge(place.open_state(&moment.locality, moment.now), moment),
            address,
            distance: self.distance_m.map(walk_text),
            directions_url: Some(format!("geo:{},{}", place.point.lat(), place.point.lon())),
            phone: place.contact.phone.as_ref().map(|phone| call(phone.as_str())),
            website: place.contact.website.as_ref().map(|url| website(url)),
            hours: self.week.iter().map(day).collect(),
            hours_note: match &place.hours {
                PlaceHours::Unreadable(text) => Some(text.clone()),
                PlaceHours::Unknown | PlaceHours::Readable(_) => None,
            },
            facts: facts(place),
            deals: self.deals.iter().map(|listing| deal(listing, moment)).collect(),
            histogram: histogram.into(),
            may_review_url,
            similar: place_cards(&self.similar, moment, &mut Covers::new(frame.sprite)),
            source: source(place, moment),
            frame: frame.titled(place.name.to_string()).described(described).public(place.path()).tab("search"),
            reviews: self.reviews,
            reviews_pager: self.reviews_pager,
        }
    }
}

fn reviews_page(read: &dyn Read, id: PlaceId, place: &Place, at: &At) -> Result<(Vec<view::Review>, Pager), Fault> {
    let after = at.after.as_ref().and_then(|text| text.parse().ok());
    let after: Option<(ReviewId, Review)> = match after {
        Some(public) => reviews::review(read, public)?.filter(|(_, review)| review.place == id),
        None => None,
    };
    let mut rows = reviews::of_place(read, id, Sorting::Newest, after.as_ref(), REVIEWS_A_PAGE + 1)?;
    let has_more = rows.len() > REVIEWS_A_PAGE;
    rows.truncate(REVIEWS_A_PAGE);
    let next =
        rows.last().filter(|_| has_more).map(|(_, last)| format!("{}?after={}#reviews", place.path(), last.public));
    let cards: Result<Vec<view::Review>, Fault> = rows.iter().map(|(_, review)| review_card(read, review)).collect();
    let previous = after.map(|_| format!("{}#reviews", place.path()));
    Ok((cards?, Pager { previous, next, text: String::new() }))
}

fn call(phone: &str) -> Way {
    let number: String = phone.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
    Way { url: format!("tel:{number}"), text: phone.to_owned() }
}

/// The host is what people recognise.
fn website(url: &str) -> Way {
    let parsed = url::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(url::Url::host_str).unwrap_or(url);
    Way { url: url.to_owned(), text: host.trim_start_matches("www.").to_owned() }
}

fn day(row: &WeekRow) -> Day {
    Day { name: row.days(), text: row.hours(), today: row.is_today }
}

fn deal(listing: &Listing, moment: &Moment) -> Deal {
    let is_on_sale = listing.phase == Phase::OnSale;
    Deal {
        url: format!("/o/{}", listing.id),
        title: listing.terms.title.to_string(),
        price: Price::of(listing.terms.price, listing.terms.list_price),
        note: if is_on_sale { note(listing, moment) } else { String::new() },
        state: if is_on_sale { String::new() } else { state_text(listing, &moment.zone).text },
    }
}

fn facts(place: &Place) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |label: &str, value: String| facts.push(Fact { label: label.to_owned(), value });
    if let Some(wheelchair) = place.wheelchair {
        let text = match wheelchair {
            Wheelchair::Yes => "Yes",
            Wheelchair::Limited => "In part",
            Wheelchair::No => "No",
        };
        add("Step-free", text.to_owned());
    }
    let listed = |values: &[crate::base::Line<60>]| {
        values.iter().map(|value| value.as_str().replace('_', " ")).collect::<Vec<_>>().join(", ")
    };
    if !place.cuisines.is_empty() {
        add("Cuisine", listed(&place.cuisines));
    }
    if !place.diets.is_empty() {
        add("Diet", listed(&place.diets));
    }
    if let Some(level) = &place.level {
        add("Floor", level.to_string());
    }
    facts
}

fn source(place: &Place, moment: &Moment) -> String {
    let changed = place.changed.in_zone(&moment.zone).date();
    match &place.source {
        Some(source) if source.starts_with("osm:") => format!("OpenStreetMap, {changed}"),
        Some(_) => format!("imported, {changed}"),
        None => "kept by the owner".to_owned(),
    }
}

/// schema.org for search engines. No text of a person can end the script that it stands in.
fn json_ld(parts: &Parts, moment: &Moment) -> String {
    let (place, address) = (&parts.place, &parts.place.address);
    let on_sale = parts.deals.iter().filter(|listing| listing.phase == Phase::OnSale);
    let offer = |listing: &Listing| {
        json!({
            "@type": "Offer",
            "name": listing.terms.title.as_str(),
            "url": format!("/o/{}", listing.id),
            "price": listing.terms.price.plain(),
            "priceCurrency": listing.terms.price.currency.code(),
            "availability": "https://schema.org/InStock",
            "validThrough": listing.terms.sale_until.rfc3339_in(&moment.zone),
        })
    };
    let mut value = json!({
        "@context": "https://schema.org",
        "@type": "LocalBusiness",
        "name": place.name.as_str(),
        "url": place.path(),
        "geo": { "@type": "GeoCoordinates", "latitude": place.point.lat(), "longitude": place.point.lon() },
        "address": {
            "@type": "PostalAddress",
            "streetAddress": address.street_line(),
            "postalCode": address.postcode.as_ref().map(ToString::to_string),
            "addressLocality": address.city.as_ref().map(ToString::to_string),
        },
        "telephone": place.contact.phone.as_ref().map(ToString::to_string),
        "sameAs": place.contact.website,
        "openingHoursSpecification": opening_hours(&parts.week),
        "makesOffer": on_sale.map(offer).collect::<Vec<_>>(),
    });
    if let (Some(rating), Some(map)) = (parts.tally.view(), value.as_object_mut()) {
        let rating = json!({ "@type": "AggregateRating", "ratingValue": rating.average, "reviewCount": rating.count });
        map.insert("aggregateRating".to_owned(), rating);
    }
    value.to_string().replace('<', "\\u003c")
}

fn opening_hours(week: &[WeekRow]) -> Vec<Value> {
    let mut found = Vec::new();
    for row in week {
        let days: Vec<String> = row.weekdays().map(|day| format!("https://schema.org/{day:?}")).collect();
        for span in &row.spans {
            let (opens, closes) = span.clocks();
            found.push(
                json!({ "@type": "OpeningHoursSpecification", "dayOfWeek": days, "opens": opens, "closes": closes }),
            );
        }
    }
    found
}
