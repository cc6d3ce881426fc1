//! Finding what is on sale: filters over the published offers, those whose sale ends first in front.

use axum::extract::{Query, State};
use axum::http::Uri;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::accounts::PlaceId;
use crate::api::{ApiResult, Cursor, List, ListOf, Page, Problem};
use crate::base::{Fault, Point, Timestamp};
use crate::directory;
use crate::offers::api::OfferJson;
use crate::offers::model::{OfferId, OfferKind};
use crate::offers::queries::{Listing, listings_of_place, published};
use crate::offers::rules::Phase;
use crate::store::{Key, Read};
use crate::web::Site;

/// Offers that one request looks at; a page may hold fewer than asked for, and a cursor to go on from.
const MAX_LOOKED_AT: usize = 2000;
/// What "near" means without `within`, in metres.
const NEAR_M: u32 = 2000;
const MAX_WITHIN_M: u32 = 100_000;
const MAX_WORDS_CHARACTERS: usize = 200;

/// The question as it was asked.
#[derive(Deserialize)]
pub struct Asked {
    place: Option<String>,
    kind: Option<String>,
    near: Option<String>,
    within: Option<String>,
    q: Option<String>,
}

/// The question, read.
struct Wanted {
    place: Option<PlaceId>,
    kind: Option<OfferKind>,
    near: Option<(Point, u32)>,
    /// Folded.
    words: String,
}

/// What is on sale now, those whose sale ends first in front
#[utoipa::path(
    get,
    path = "/api/v1/offers",
    operation_id = "list_offers",
    params(
        ("place" = Option<String>, Query, description = "Only at this place, by its id"),
        ("kind" = Option<String>, Query, description = "`deal`"),
        ("near" = Option<String>, Query, description = "`LAT,LON`: only at places around this point"),
        ("within" = Option<u32>, Query, description = "Metres around `near`, 2000 if left out"),
        ("q" = Option<String>, Query, description = "Only those with this in their title, in any case and accent"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 if left out; a page may hold fewer"),
    ),
    responses((status = 200, description = "A page of offers: `items` and `next`", body = inline(ListOf<OfferJson>)))
)]
pub async fn list(State(site): State<Site>, uri: Uri, Query(asked): Query<Asked>, page: Page) -> ApiResult {
    let (now, settings, wanted) = (site.clock().now(), site.settings(), asked.read()?);
    let after = page.cursor.as_ref().map(position).transpose()?;
    let snapshot = site.store.snapshot()?;
    let mut found = Vec::new();
    let mut last = None;
    let mut next = None;
    for (looked_at, listing) in candidates(&snapshot, &wanted, now, after)?.enumerate() {
        if found.len() == page.limit || looked_at == MAX_LOOKED_AT {
            next = last.map(|last: (Timestamp, OfferId)| Cursor(last.to_bytes()));
            break;
        }
        let listing = listing?;
        if fits(&snapshot, &wanted, &listing)? {
            found.push(OfferJson::of(&listing, &settings.zone));
        }
        last = Some((listing.terms.sale_until, listing.id));
    }
    Ok(List::new(found, next).answer(&uri))
}

type Candidates<'a> = Box<dyn Iterator<Item = Result<Listing, Fault>> + 'a>;

fn candidates<'a>(
    read: &'a dyn Read,
    wanted: &Wanted,
    now: Timestamp,
    after: Option<(Timestamp, OfferId)>,
) -> Result<Candidates<'a>, Fault> {
    let Some(place) = wanted.place else { return Ok(Box::new(published(read, now, after)?)) };
    let mut listings = listings_of_place(read, place, now)?;
    let position = |listing: &Listing| (listing.terms.sale_until, listing.id);
    listings.retain(|listing| after.is_none_or(|after| position(listing) > after));
    listings.sort_by_key(position);
    Ok(Box::new(listings.into_iter().map(Ok)))
}

fn fits(read: &dyn Read, wanted: &Wanted, listing: &Listing) -> Result<bool, Fault> {
    let is_wanted = listing.phase == Phase::OnSale
        && wanted.kind.is_none_or(|kind| kind == listing.offer.kind)
        && (wanted.words.is_empty() || folded(listing.terms.title.as_str()).contains(&wanted.words));
    let Some((center, within)) = wanted.near.filter(|_| is_wanted) else { return Ok(is_wanted) };
    Ok(directory::require_place(read, listing.offer.place)?.point.distance_m(center) <= within)
}

impl Asked {
    fn read(&self) -> Result<Wanted, Problem> {
        let given = |field: &Option<String>| field.clone().filter(|text| !text.trim().is_empty());
        let place = given(&self.place).map(|text| text.parse()).transpose();
        let kind = given(&self.kind).map(|text| OfferKind::parse(&text).ok_or("Today every offer is a deal."));
        let near: Option<Point> =
            given(&self.near).map(|text| text.parse()).transpose().map_err(|error| wrong("near", error))?;
        let within = given(&self.within).map(|text| metres(&text)).transpose()?;
        if within.is_some() && near.is_none() {
            return Err(wrong("near", "Please say around which point."));
        }
        let words: String = given(&self.q).unwrap_or_default().chars().take(MAX_WORDS_CHARACTERS).collect();
        Ok(Wanted {
            place: place.map_err(|error| wrong("place", error))?,
            kind: kind.transpose().map_err(|error| wrong("kind", error))?,
            near: near.map(|point| (point, within.unwrap_or(NEAR_M))),
            words: folded(words.trim()),
        })
    }
}

fn metres(text: &str) -> Result<u32, Problem> {
    let metres = text.parse().ok().filter(|metres| (1..=MAX_WITHIN_M).contains(metres));
    metres.ok_or_else(|| wrong("within", format!("Please give metres, from 1 to {MAX_WITHIN_M}.")))
}

fn wrong(field: &str, message: impl std::fmt::Display) -> Problem {
    Problem::invalid(field, message.to_string())
}

fn position(cursor: &Cursor) -> Result<(Timestamp, OfferId), Problem> {
    let mut bytes = cursor.0.as_slice();
    let position = <(Timestamp, OfferId)>::decode(&mut bytes).filter(|_| bytes.is_empty());
    position.ok_or_else(Cursor::refused)
}

/// Without case and accents.
fn folded(text: &str) -> String {
    text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, value: &str) -> Asked {
        let is = |field: &str| (field == name).then(|| value.to_owned());
        Asked { place: is("place"), kind: is("kind"), near: is("near"), within: is("within"), q: is("q") }
    }

    #[test]
    fn a_wrong_question_is_422_and_names_its_field() {
        for (field, value) in [
            ("place", "cafe"),
            ("place", "\0"),
            ("kind", "bargain"),
            ("near", "1"),
            ("near", "91,0"),
            ("within", "-1"),
            ("within", "99999999999"),
        ] {
            let problem = asked(field, value).read().err().unwrap();
            let named = serde_json::to_value(&problem).unwrap()["errors"][field].is_string();
            assert!(problem.status() == 422 && named, "{field}={value}");
        }
        let alone = serde_json::to_value(asked("within", "500").read().err().unwrap()).unwrap();
        assert!(alone["errors"]["near"].is_string(), "a radius needs a point");
    }

    #[test]
    fn words_are_found_in_any_case_and_accent() {
        assert!(folded("Kahvi & PULLÄ").contains(&asked("q", " pulla ").read().ok().unwrap().words));
        assert_eq!(folded("Ａ"), "a");
    }

    #[test]
    fn a_cursor_that_is_none_of_ours_is_refused() {
        assert!(position(&Cursor(vec![1, 2, 3])).is_err());
        let whole = (Timestamp::from_millis(7), OfferId::from_bytes([1; 16]));
        assert_eq!(position(&Cursor(whole.to_bytes())), Ok(whole));
        assert!(position(&Cursor([whole.to_bytes(), vec![0]].concat())).is_err());
    }
}
