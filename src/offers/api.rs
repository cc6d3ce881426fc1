//! Offers for programs: finding them, and a merchant's commands. The twin for people is `pages.rs`.

mod find;
mod json;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::accounts::{Actor, Denied, PlaceId, Viewer};
use crate::api::{ApiResult, Json, Posted, Problem};
use crate::base::{Fault, Refusal as _};
use crate::directory;
use crate::offers::commands;
use crate::offers::model::{OfferId, OfferKind};
use crate::offers::queries::{listing, visible};
use crate::offers::refusal::Refusal;
use crate::store::{OnceRefusal, Outcome, Stop, Tx};
use crate::web::{Once, Site};

pub use find::{__path_list, list};
pub(in crate::offers) use json::Told;
pub use json::{NewOfferJson, OfferJson};

/// One offer, whatever its state; a draft for whoever manages it
#[utoipa::path(
    get,
    path = "/api/v1/offers/{id}",
    operation_id = "show_offer",
    params(("id" = String, Path, description = "The offer's id")),
    responses(
        (status = 200, description = "The offer", body = OfferJson),
        (status = 404, description = "`not-found`"),
    )
)]
pub async fn one(State(site): State<Site>, Path(id): Path<String>, viewer: Viewer) -> ApiResult {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let found = visible(&site.store.snapshot()?, &viewer, id, site.clock().now())?.ok_or_else(Problem::not_found)?;
    Ok(Json(OfferJson::of(&found, &site.settings().zone)).into_response())
}

/// Write a new offer; nobody sees it until it is published
#[utoipa::path(
    post,
    path = "/api/v1/offers",
    operation_id = "create_offer",
    security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, description = "Sent again, it does nothing twice")),
    request_body = NewOfferJson,
    responses(
        (status = 201, description = "The draft", body = OfferJson),
        (status = 404, description = "`not-found`: no such place, or not yours"),
        (status = 422, description = "`invalid-field`: `errors` names it"),
    )
)]
pub async fn create(State(site): State<Site>, actor: Actor, posted: Posted<NewOfferJson>) -> ApiResult {
    let Posted { body, once } = posted;
    let place: PlaceId = body.place.parse().map_err(|_| Problem::from(Denied::NotFound))?;
    let kind = OfferKind::parse(&body.kind).ok_or_else(|| Problem::invalid("kind", "Today every offer is a deal."))?;
    let draft = {
        let snapshot = site.store.snapshot()?;
        let row = directory::place(&snapshot, place)?.ok_or(Denied::NotFound)?;
        let locality = directory::city(&snapshot)?.locality()?;
        body.draft(site.clock().now(), &locality, row.point)?
    };
    let actor_id = *actor.person.as_bytes();
    let command = move |tx: &mut Tx<'_>| {
        let id = commands::create(tx, &actor, place, kind, &draft)?;
        Ok(told(tx, id)?)
    };
    let told = site.store.write_once(once.by(actor_id), command).await.outcome.map_err(problem)?;
    answer(&site, StatusCode::CREATED, &told)
}

/// A step has nothing to say.
#[derive(Deserialize)]
pub struct NothingJson {}

/// Put a draft on sale
#[utoipa::path(
    post,
    path = "/api/v1/offers/{id}/publish",
    operation_id = "publish_offer",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The offer's id"),
        ("Idempotency-Key" = String, Header, description = "Sent again, it does nothing twice"),
    ),
    responses(
        (status = 200, description = "The offer", body = OfferJson),
        (status = 409, description = "`wrong-state`"),
    )
)]
pub async fn publish(
    State(site): State<Site>,
    Path(id): Path<String>,
    actor: Actor,
    posted: Posted<NothingJson>,
) -> ApiResult {
    step(&site, &id, actor, &posted.once, commands::publish).await
}

/// Stop the sale for now; what was sold stays good
#[utoipa::path(
    post,
    path = "/api/v1/offers/{id}/pause",
    operation_id = "pause_offer",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The offer's id"),
        ("Idempotency-Key" = String, Header, description = "Sent again, it does nothing twice"),
    ),
    responses(
        (status = 200, description = "The offer", body = OfferJson),
        (status = 409, description = "`wrong-state`"),
    )
)]
pub async fn pause(
    State(site): State<Site>,
    Path(id): Path<String>,
    actor: Actor,
    posted: Posted<NothingJson>,
) -> ApiResult {
    step(&site, &id, actor, &posted.once, commands::pause).await
}

/// Go on with the sale
#[utoipa::path(
    post,
    path = "/api/v1/offers/{id}/resume",
    operation_id = "resume_offer",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The offer's id"),
        ("Idempotency-Key" = String, Header, description = "Sent again, it does nothing twice"),
    ),
    responses(
        (status = 200, description = "The offer", body = OfferJson),
        (status = 409, description = "`wrong-state`"),
    )
)]
pub async fn resume(
    State(site): State<Site>,
    Path(id): Path<String>,
    actor: Actor,
    posted: Posted<NothingJson>,
) -> ApiResult {
    step(&site, &id, actor, &posted.once, commands::resume).await
}

/// End the sale for good; what was sold stays good
#[utoipa::path(
    post,
    path = "/api/v1/offers/{id}/withdraw",
    operation_id = "withdraw_offer",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The offer's id"),
        ("Idempotency-Key" = String, Header, description = "Sent again, it does nothing twice"),
    ),
    responses(
        (status = 200, description = "The offer", body = OfferJson),
        (status = 409, description = "`wrong-state`"),
    )
)]
pub async fn withdraw(
    State(site): State<Site>,
    Path(id): Path<String>,
    actor: Actor,
    posted: Posted<NothingJson>,
) -> ApiResult {
    step(&site, &id, actor, &posted.once, commands::withdraw).await
}

async fn step(
    site: &Site,
    id: &str,
    actor: Actor,
    once: &Once,
    command: fn(&mut Tx<'_>, &Actor, OfferId) -> Outcome<OfferId, Refusal>,
) -> ApiResult {
    let id: OfferId = id.parse().map_err(|_| Problem::not_found())?;
    let once = once.by(*actor.person.as_bytes());
    let command = move |tx: &mut Tx<'_>| {
        let id = command(tx, &actor, id)?;
        Ok(told(tx, id)?)
    };
    let told = site.store.write_once(once, command).await.outcome.map_err(problem)?;
    answer(site, StatusCode::OK, &told)
}

/// What a command has come to, inside its transaction: remembered with its key, so that a retry is told the same.
fn told(tx: &Tx<'_>, id: OfferId) -> Result<Told, Fault> {
    let found = listing(&**tx, id, tx.now())?;
    let found = found.ok_or_else(|| Fault::bug("answering a command", "the offer is gone"))?;
    Ok(Told::of(&found, tx.now()))
}

fn answer(site: &Site, status: StatusCode, told: &Told) -> ApiResult<Response> {
    let then = told.listing(&site.store.snapshot()?)?;
    Ok((status, Json(OfferJson::of(&then, &site.settings().zone))).into_response())
}

/// The problem, with the field as the JSON spells it.
fn problem(stop: Stop<OnceRefusal<Refusal>>) -> Problem {
    match stop {
        Stop::Refuse(OnceRefusal::Own(refusal)) | Stop::RefuseKeeping(OnceRefusal::Own(refusal)) => named(&refusal),
        Stop::Refuse(OnceRefusal::KeyReused) | Stop::RefuseKeeping(OnceRefusal::KeyReused) => {
            OnceRefusal::<Refusal>::KeyReused.into()
        }
        Stop::Fault(fault) => fault.into(),
    }
}

fn named(refusal: &Refusal) -> Problem {
    let Refusal::Field { name, advice } = refusal else { return Problem::from(refusal.clone()) };
    let field = match *name {
        "sale_from" => "sale.from",
        "sale_until" => "sale.until",
        "use_from" => "use.from",
        "use_until" => "use.until",
        "use_hours" => "use.hours",
        "blackout" => "use.blackout",
        other => other,
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, refusal.name(), *advice).field(field, *advice)
}
