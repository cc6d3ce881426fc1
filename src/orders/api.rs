//! Orders for programs. The twin for people is `pages/`.

mod json;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::accounts::{Actor, Denied, Operator, Viewer};
use crate::api::{ApiResult, Cursor, Json, List, ListOf, Page, Posted, Problem};
use crate::base::Fault;
use crate::offers::OfferId;
use crate::orders::commands::{Place, cancel, place, settle};
use crate::orders::model::{Order, OrderId, PublicOrderId};
use crate::orders::queries::{of_buyer, order, order_by_public};
use crate::orders::refusal::Refusal;
use crate::payments::{Method, Settled};
use crate::store::{Lift, Outcome, Read, Tx};
use crate::vouchers::{Origin, Signer};
use crate::web::Site;

use json::OrderJson;
pub(in crate::orders) use json::Told;
#[cfg(test)]
pub(in crate::orders) use json::ToldVoucher;

/// Codes are for their holder alone: no cache keeps the answer.
const SECRET: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// What somebody wants to order.
#[derive(Deserialize, ToSchema)]
pub struct NewOrderJson {
    lines: Vec<NewLineJson>,
    /// `till`; in a demo also `test`, which pays at once, and `test-later`
    pay: String,
}

#[derive(Deserialize, ToSchema)]
pub struct NewLineJson {
    offer: String,
    quantity: u32,
}

/// Order, all of it or nothing
#[utoipa::path(
    post,
    path = "/api/v1/orders",
    operation_id = "create_order",
    security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)),
    request_body = NewOrderJson,
    responses(
        (status = 201, description = "The order with its vouchers", body = OrderJson),
        (status = 404, description = "An offer is unknown"),
        (status = 409, description = "`sold-out`, `cap-reached`, `sale-closed`, `too-many-holds`, `too-many-at-till`"),
        (status = 422, description = "A field is wrong: `lines`, `quantity`, `pay`"),
    )
)]
pub async fn create(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    actor: Actor,
    posted: Posted<NewOrderJson>,
) -> ApiResult {
    let wish = wish_of(&posted.body, &site)?;
    let (once, origin) = (posted.once.by(*actor.person.as_bytes()), Origin::of(&actor, posted.once.key.as_str()));
    let ordered = move |tx: &mut Tx<'_>| -> Outcome<Told, Refusal> {
        let id = place(tx, &actor, &wish, &origin)?;
        Ok(told(tx, id)?)
    };
    let told = site.store.write_once(once, ordered).await.outcome?;
    answer(&site, &signer, StatusCode::CREATED, &told)
}

fn wish_of(body: &NewOrderJson, site: &Site) -> Result<Place, Problem> {
    let pay = Method::parse(&body.pay, site.origin());
    let pay = pay.ok_or_else(|| Problem::invalid("pay", "This city has no such way to pay."))?;
    let line = |(at, line): (usize, &NewLineJson)| {
        let field = || Problem::invalid(format!("lines[{at}].offer"), "This is not the id of an offer.");
        let offer: OfferId = line.offer.parse().map_err(|_| field())?;
        Ok((offer, line.quantity))
    };
    let lines: Result<Vec<(OfferId, u32)>, Problem> = body.lines.iter().enumerate().map(line).collect();
    Ok(Place { lines: lines?, pay: Some(pay) })
}

/// One's orders, newest first
#[utoipa::path(
    get,
    path = "/api/v1/orders",
    operation_id = "list_orders",
    security(("bearer" = [])),
    params(("cursor" = Option<String>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, description = "A page of them", body = inline(ListOf<OrderJson>)))
)]
pub async fn list(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    actor: Actor,
    asked: Page,
    uri: Uri,
) -> ApiResult {
    let snapshot = site.store.snapshot()?;
    let after = match &asked.cursor {
        Some(cursor) => Some(order_at(&snapshot, &actor, cursor)?),
        None => None,
    };
    let rows = of_buyer(&snapshot, actor.person, after, asked.limit)?;
    let last = rows.last().filter(|_| rows.len() == asked.limit);
    let next = last.map(|(_, order)| Cursor(order.public.as_bytes().to_vec()));
    let (zone, now) = (&site.settings().zone, site.clock().now());
    let shown = |(id, order): &(OrderId, Order)| Told::of(&snapshot, *id, order, now)?.json(&snapshot, zone, &signer);
    let items: Result<Vec<_>, Fault> = rows.iter().map(shown).collect();
    Ok((SECRET, List::new(items?, next).answer(&uri)).into_response())
}

/// The last order of the page before: by its public id, since the inner one stays inside.
fn order_at(read: &dyn Read, actor: &Actor, cursor: &Cursor) -> Result<OrderId, Problem> {
    let bytes: [u8; 16] = cursor.0.as_slice().try_into().map_err(|_| Cursor::refused())?;
    let found = order(read, actor.person, PublicOrderId::from_bytes(bytes))?;
    found.map(|(id, _)| id).ok_or_else(Cursor::refused)
}

/// One of one's orders
#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}",
    operation_id = "show_order",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "The order", body = OrderJson),
        (status = 404, description = "Unknown, or somebody else's"),
    )
)]
pub async fn show(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    actor: Actor,
    Path(id): Path<String>,
) -> ApiResult {
    let id: PublicOrderId = id.parse().map_err(|_| Problem::not_found())?;
    answer(&site, &signer, StatusCode::OK, &own(&site, &actor, id)?)
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
pub struct CancelJson {}

/// Give back everything that is not used
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/cancel",
    operation_id = "cancel_order",
    security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 200, description = "The order as it now is", body = OrderJson),
        (status = 404, description = "Unknown, or somebody else's"),
        (status = 409, description = "`nothing-to-cancel`"),
    )
)]
pub async fn cancel_order(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    actor: Actor,
    Path(id): Path<String>,
    posted: Posted<CancelJson>,
) -> ApiResult {
    let id: PublicOrderId = id.parse().map_err(|_| Problem::not_found())?;
    let (once, origin) = (posted.once.by(*actor.person.as_bytes()), Origin::of(&actor, posted.once.key.as_str()));
    let cancelled = move |tx: &mut Tx<'_>| -> Outcome<Told, Refusal> {
        cancel(tx, &actor, id, &origin)?;
        Ok(told(tx, id)?)
    };
    let told = site.store.write_once(once, cancelled).await.outcome?;
    answer(&site, &signer, StatusCode::OK, &told)
}

/// What the provider says.
#[derive(Deserialize, ToSchema)]
pub struct ReportJson {
    /// `paid` or `failed`
    result: String,
}

/// In a demo: the provider reports on a payment, by the way of its webhook
#[utoipa::path(
    post,
    path = "/api/v1/demo/payments/{order}",
    operation_id = "report_demo_payment",
    security(("bearer" = [])),
    params(("order" = String, Path)),
    request_body = ReportJson,
    responses(
        (status = 200, description = "The order as it now is", body = OrderJson),
        (status = 404, description = "Unknown, somebody else's, or a real city"),
        (status = 409, description = "`not-awaiting-payment`: no way to pay was chosen"),
    )
)]
pub async fn report_payment(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    viewer: Viewer,
    Path(id): Path<String>,
    body: Result<Json<ReportJson>, Problem>,
) -> ApiResult<Response> {
    // A real city has no such route, whoever asks.
    if !site.demo {
        return Err(Problem::not_found());
    }
    let actor = viewer.actor().cloned().ok_or(Denied::SignInFirst)?;
    let id: PublicOrderId = id.parse().map_err(|_| Problem::not_found())?;
    let report = match body?.0.result.as_str() {
        "paid" => Settled::Paid,
        "failed" => Settled::Failed,
        _ => return Err(Problem::invalid("result", "Please say paid or failed.")),
    };
    let report_it = move |tx: &mut Tx<'_>| -> Outcome<Told, Refusal> {
        may_report(tx, &actor, id)?;
        settle(tx, id, report)?;
        Ok(told(tx, id)?)
    };
    answer(&site, &signer, StatusCode::OK, &site.store.write(report_it).await.outcome?)
}

/// The buyer, who plays the provider for an order of their own, or the operator, for any.
fn may_report(tx: &Tx<'_>, actor: &Actor, id: PublicOrderId) -> Outcome<(), Refusal> {
    if order(&**tx, actor.person, id)?.is_some() {
        return Ok(());
    }
    match Operator::prove(&**tx, actor).lift() {
        Err(crate::store::Stop::Refuse(Refusal::Denied(_))) => Err(Refusal::Denied(Denied::NotFound).into()),
        proof => proof.map(drop),
    }
}

/// One of one's orders as it stands now.
fn own(site: &Site, actor: &Actor, public: PublicOrderId) -> Result<Told, Problem> {
    let snapshot = site.store.snapshot()?;
    let (id, found) = order(&snapshot, actor.person, public)?.ok_or_else(Problem::not_found)?;
    Ok(Told::of(&snapshot, id, &found, site.clock().now())?)
}

/// What a command has come to, inside its transaction: remembered with its key, so that a retry is told the same.
fn told(tx: &Tx<'_>, public: PublicOrderId) -> Result<Told, Fault> {
    let found = order_by_public(&**tx, public)?;
    let (id, order) = found.ok_or_else(|| Fault::bug("answering a command", "the order is gone"))?;
    Told::of(&**tx, id, &order, tx.now())
}

/// Codes are for their holder alone.
fn answer(site: &Site, signer: &Signer, status: StatusCode, told: &Told) -> ApiResult {
    let order = told.json(&site.store.snapshot()?, &site.settings().zone, signer)?;
    Ok((status, SECRET, Json(order)).into_response())
}
