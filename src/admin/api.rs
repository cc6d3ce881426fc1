//! The operator's routes for programs: the city's settings, its merchants, and in a demo its clock. The twin for people
//! is `pages`.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::Actor;
use crate::admin::commands::{change_settings, found_merchant};
use crate::admin::form::{TypedMerchant, TypedSettings};
use crate::admin::refusal::Refusal;
use crate::api::{ApiResult, Cursor, Json, List, ListOf, Page, PointJson, Posted, Problem};
use crate::base::{Fault, Timestamp};
use crate::directory::{self, City, Merchant, MerchantId};
use crate::store::{Outcome, Read, Tx};
use crate::web::{FieldErrors, Site};

/// What the operator sets for the city as a whole.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct SettingsJson {
    /// At the top of every page
    name: String,
    /// IANA name, such as `Europe/Helsinki`
    zone: String,
    /// ISO 4217, such as `EUR`
    currency: String,
    /// ISO 3166, such as `FI`; opening hours know its public holidays
    country: Option<String>,
    /// Where \"near\" begins for who has not said where they are
    center: Option<PointJson>,
}

impl SettingsJson {
    fn of(city: City) -> SettingsJson {
        SettingsJson {
            name: city.name.to_string(),
            zone: city.zone,
            currency: city.currency.code().to_owned(),
            country: city.country,
            center: city.center.map(PointJson::from),
        }
    }

    fn city(self) -> Result<City, Problem> {
        // A point that is none is none as text as well.
        let center = self.center.map(|center| center.to_string()).unwrap_or_default();
        let country = self.country.unwrap_or_default();
        let typed = TypedSettings { name: self.name, zone: self.zone, currency: self.currency, country, center };
        typed.city().map_err(|errors| problem(&errors))
    }
}

fn problem(errors: &FieldErrors) -> Problem {
    let wrong = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "A field is missing or wrong.");
    errors.iter().fold(wrong, |wrong, (field, message)| wrong.field(field, message))
}

/// The city's settings
#[utoipa::path(
    get,
    path = "/api/v1/settings",
    operation_id = "show_settings",
    security(("bearer" = [])),
    responses((status = 200, description = "As they are", body = SettingsJson))
)]
pub async fn settings(State(site): State<Site>) -> ApiResult {
    Ok(Json(SettingsJson::of(directory::city(&site.store.snapshot()?)?)).into_response())
}

/// Set all of the city's settings anew
#[utoipa::path(
    post,
    path = "/api/v1/settings",
    operation_id = "change_settings",
    security(("bearer" = [])),
    request_body = SettingsJson,
    responses(
        (status = 200, description = "As they now are", body = SettingsJson),
        (status = 409, description = "`currency-in-use`: there are prices or payments in another currency"),
        (status = 422, description = "`invalid`: `errors` names the fields"),
    )
)]
pub async fn set_settings(State(site): State<Site>, actor: Actor, Json(body): Json<SettingsJson>) -> ApiResult {
    let wish = body.city()?;
    let shown = SettingsJson::of(wish.clone());
    let change = move |tx: &mut Tx<'_>| -> Outcome<(), Refusal> { change_settings(tx, &actor, &wish) };
    site.store.write(change).await.outcome?;
    site.renew_settings()?;
    Ok(Json(shown).into_response())
}

/// A business that takes part.
#[derive(Serialize, ToSchema)]
pub struct MerchantJson {
    id: String,
    name: String,
    /// Ids of the places that it runs
    places: Vec<String>,
    since: String,
}

impl MerchantJson {
    fn of(read: &dyn Read, site: &Site, id: MerchantId, row: &Merchant) -> Result<MerchantJson, Fault> {
        Ok(MerchantJson {
            id: id.to_string(),
            name: row.name.to_string(),
            places: directory::places_of(read, id)?.iter().map(|(id, _)| id.to_string()).collect(),
            since: row.since.rfc3339_in(&site.settings().zone),
        })
    }
}

/// The businesses that take part, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/merchants",
    operation_id = "list_merchants",
    security(("bearer" = [])),
    params(("cursor" = Option<String>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, description = "A page of them", body = inline(ListOf<MerchantJson>)))
)]
pub async fn merchants(State(site): State<Site>, asked: Page, uri: Uri) -> ApiResult {
    let snapshot = site.store.snapshot()?;
    let after = match &asked.cursor {
        Some(cursor) => Some(cursor.id().map(MerchantId::from_bytes)?),
        None => None,
    };
    let rows = directory::merchants(&snapshot, after, asked.limit)?;
    let last = rows.last().filter(|_| rows.len() == asked.limit);
    let next = last.map(|(id, _)| Cursor(id.as_bytes().to_vec()));
    let items: Result<Vec<_>, Fault> =
        rows.iter().map(|(id, row)| MerchantJson::of(&snapshot, &site, *id, row)).collect();
    Ok(List::new(items?, next).answer(&uri))
}

/// A business to take in.
#[derive(Deserialize, ToSchema)]
pub struct NewMerchantJson {
    name: String,
    /// Ids or slugs of the places that it runs
    places: Vec<String>,
    /// E-mail of its owner, who has an account
    owner: String,
}

/// Take a business in, and make somebody its owner
#[utoipa::path(
    post,
    path = "/api/v1/merchants",
    operation_id = "create_merchant",
    security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)),
    request_body = NewMerchantJson,
    responses(
        (status = 201, description = "The merchant", body = MerchantJson),
        (status = 409, description = "`place-taken`: another merchant runs one of the places"),
        (status = 422, description = "`invalid`, `no-such-place`, `unknown-person`: `errors` names the field"),
    )
)]
pub async fn create_merchant(State(site): State<Site>, actor: Actor, posted: Posted<NewMerchantJson>) -> ApiResult {
    let Posted { body, once } = posted;
    let typed = TypedMerchant { name: body.name, places: body.places.join("\n"), owner: body.owner };
    let new = typed.merchant(&site.store.snapshot()?)?.map_err(|errors| problem(&errors))?;
    let once = once.by(*actor.person.as_bytes());
    let (name, places) = (new.name.clone(), new.places.clone());
    let id = site.store.write_once(once, move |tx| found_merchant(tx, &actor, &new)).await.outcome?;
    let since = directory::merchant(&site.store.snapshot()?, id)?
        .map(|row| row.since.rfc3339_in(&site.settings().zone))
        .ok_or_else(|| Fault::bug("answering a command", "the merchant is gone"))?;
    let places = places.iter().map(ToString::to_string).collect();
    let shown = MerchantJson { id: id.to_string(), name: name.to_string(), places, since };
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// An instant.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ClockJson {
    /// RFC 3339 with an offset
    now: String,
}

/// Move the demo's clock forward
#[utoipa::path(
    post,
    path = "/api/v1/demo/clock",
    operation_id = "move_demo_clock",
    security(("bearer" = [])),
    request_body = ClockJson,
    responses(
        (status = 200, description = "What the clock shows", body = ClockJson),
        (status = 404, description = "`not-found`: this city is real"),
        (status = 422, description = "`invalid-field`: no instant, or one in the past"),
    )
)]
pub async fn move_clock(State(site): State<Site>, Json(body): Json<ClockJson>) -> ApiResult {
    if !site.demo {
        return Err(Problem::not_found());
    }
    let wanted = Timestamp::parse(&body.now)
        .ok_or_else(|| Problem::invalid("now", "Please write an instant such as 2026-11-23T12:00:00+02:00."))?;
    if !site.clock().move_to(wanted) {
        return Err(Problem::invalid("now", "The clock only moves forward."));
    }
    Ok(Json(ClockJson { now: site.clock().now().to_string() }).into_response())
}
