//! Orders for programs. The twin for people is `pages/`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::{Actor, Denied, Operator, Viewer};
use crate::api::{ApiResult, Cursor, Json, List, ListOf, MoneyJson, Page, Posted, Problem};
use crate::base::{Fault, Timestamp};
use crate::offers::{self, OfferId};
use crate::orders::commands::{Place, cancel, place, settle};
use crate::orders::model::{Order, OrderId, OrderLine, PublicOrderId};
use crate::orders::queries::{fulfilment_now, of_buyer, order, order_by_public, payment_name, vouchers_of};
use crate::orders::refusal::Refusal;
use crate::payments::{Method, Settled};
use crate::store::{Lift, Outcome, Read, Tx};
use crate::vouchers::{self, Origin, Signer};
use crate::web::Site;

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

/// One commitment of one resident.
#[derive(Serialize, ToSchema)]
pub struct OrderJson {
    id: String,
    /// `awaiting`, `paid`, `at-till`, `failed` or `refunded`
    payment: &'static str,
    /// `open`, `fulfilled`, `cancelled` or `expired`
    fulfilment: &'static str,
    at: String,
    /// Until when the units are kept while the order waits for its payment.
    hold_until: Option<String>,
    lines: Vec<LineJson>,
    total: MoneyJson,
    vouchers: Vec<OrderVoucherJson>,
}

#[derive(Serialize, ToSchema)]
pub struct LineJson {
    offer: String,
    title: String,
    place: String,
    quantity: usize,
    unit_price: MoneyJson,
}

/// A voucher, as far as its order tells; the rest is at `GET /vouchers/{id}`.
#[derive(Serialize, ToSchema)]
pub struct OrderVoucherJson {
    id: String,
    code: String,
    qr: String,
    state: &'static str,
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
        (status = 409, description = "`sold-out`, `cap-reached`, `sale-closed`, `too-many-holds`"),
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
    let by = actor.clone();
    let id = site.store.write_once(once, move |tx| place(tx, &by, &wish, &origin)).await.outcome?;
    Ok((StatusCode::CREATED, SECRET, Json(own_json(&site, &signer, &actor, id)?)).into_response())
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
    let items: Result<Vec<_>, Fault> =
        rows.iter().map(|(id, order)| json_of(&snapshot, &site, &signer, *id, order)).collect();
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
    Ok((SECRET, Json(own_json(&site, &signer, &actor, id)?)).into_response())
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
pub struct CancelJson {}

/// Give back everything that is not used
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/cancel",
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
    let by = actor.clone();
    site.store.write_once(once, move |tx| cancel(tx, &by, id, &origin)).await.outcome?;
    Ok((SECRET, Json(own_json(&site, &signer, &actor, id)?)).into_response())
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
    let report_it = move |tx: &mut Tx<'_>| -> Outcome<PublicOrderId, Refusal> {
        may_report(tx, &actor, id)?;
        settle(tx, id, report)
    };
    site.store.write(report_it).await.outcome?;
    let snapshot = site.store.snapshot()?;
    let (id, order) = order_by_public(&snapshot, id)?.ok_or_else(Problem::not_found)?;
    Ok((SECRET, Json(json_of(&snapshot, &site, &signer, id, &order)?)).into_response())
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

fn own_json(site: &Site, signer: &Signer, actor: &Actor, public: PublicOrderId) -> Result<OrderJson, Problem> {
    let snapshot = site.store.snapshot()?;
    let (id, found) = order(&snapshot, actor.person, public)?.ok_or_else(Problem::not_found)?;
    Ok(json_of(&snapshot, site, signer, id, &found)?)
}

fn json_of(read: &dyn Read, site: &Site, signer: &Signer, id: OrderId, order: &Order) -> Result<OrderJson, Fault> {
    let (zone, now) = (&site.settings().zone, site.clock().now());
    let time = |at: Timestamp| at.rfc3339_in(zone);
    let lines: Result<Vec<_>, Fault> = order.lines.iter().map(|line| line_json(read, line)).collect();
    let vouchers = vouchers_of(read, order)?;
    Ok(OrderJson {
        id: order.public.to_string(),
        payment: payment_name(read, id)?,
        fulfilment: fulfilment_now(read, id, order, now)?.name(),
        at: time(order.at),
        hold_until: order.hold_until.map(time),
        lines: lines?,
        total: order.total.into(),
        vouchers: vouchers
            .iter()
            .map(|(id, voucher)| OrderVoucherJson {
                id: id.to_string(),
                code: voucher.code.to_string(),
                qr: signer.qr_text(voucher),
                state: vouchers::state_name(voucher, now),
            })
            .collect(),
    })
}

fn line_json(read: &dyn Read, line: &OrderLine) -> Result<LineJson, Fault> {
    Ok(LineJson {
        offer: line.offer.to_string(),
        title: offers::terms(read, line.offer, line.version)?.title.to_string(),
        place: line.place.to_string(),
        quantity: line.units.len(),
        unit_price: line.unit_price.into(),
    })
}
