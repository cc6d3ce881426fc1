//! The desk for programs: a merchant's orders and its ledger. The twin for people is `pages.rs`.

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::{Action, MerchantId, Viewer};
use crate::api::{ApiResult, Cursor, Json, List, ListOf, MoneyJson, Page, Problem, next_link};
use crate::base::{Fault, Money, Timestamp};
use crate::desk::ledger::{Position, balances, origin, postings};
use crate::desk::queries::{Desk, Shown, orders as orders_of};
use crate::kernel::ledger::{Owner, Posting};
use crate::offers;
use crate::orders::{self, Order, OrderId};
use crate::store::{Key, Read};
use crate::web::Site;

/// An order as the merchant sees it: its own lines only.
#[derive(Serialize, ToSchema)]
pub struct DeskOrderJson {
    id: String,
    at: String,
    /// `awaiting`, `paid`, `at-till`, `failed` or `refunded`
    payment: &'static str,
    /// `open`, `fulfilled`, `cancelled` or `expired`
    fulfilment: &'static str,
    lines: Vec<DeskLineJson>,
}

/// So many of one offer, as it was sold
#[derive(Serialize, ToSchema)]
struct DeskLineJson {
    offer: String,
    title: String,
    place: String,
    quantity: usize,
    unit_price: MoneyJson,
}

/// A merchant's orders, the newest first
#[utoipa::path(
    get,
    path = "/api/v1/merchants/{id}/orders",
    operation_id = "list_merchant_orders",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The merchant's id"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 if left out"),
    ),
    responses(
        (status = 200, description = "A page of orders: `items` and `next`", body = inline(ListOf<DeskOrderJson>)),
        (status = 403, description = "`not-allowed`: your role does not cover this"),
        (status = 404, description = "`not-found`: no such merchant, or not yours"),
    )
)]
pub async fn orders(
    State(site): State<Site>,
    Path(id): Path<String>,
    uri: Uri,
    viewer: Viewer,
    page: Page,
) -> ApiResult {
    let after = page.cursor.as_ref().map(decoded::<OrderId>).transpose()?;
    let snapshot = site.store.snapshot()?;
    let desk = Desk::open(&snapshot, &viewer, merchant(&id)?, Action::SeeTrade)?;
    let found = orders_of(&snapshot, &desk, Shown::All, Timestamp::MIN, after, page.limit)?;
    let mut items = Vec::with_capacity(found.rows.len());
    for (id, order) in &found.rows {
        items.push(order_json(&snapshot, &site, &desk, *id, order)?);
    }
    Ok(List::new(items, found.next.map(|next| Cursor(next.to_bytes()))).answer(&uri))
}

fn order_json(read: &dyn Read, site: &Site, desk: &Desk, id: OrderId, order: &Order) -> Result<DeskOrderJson, Fault> {
    let own = order.lines.iter().filter(|line| line.merchant == desk.merchant && desk.sees(line.place));
    let lines = own.map(|line| {
        Ok(DeskLineJson {
            offer: line.offer.to_string(),
            title: offers::terms(read, line.offer, line.version)?.title.to_string(),
            place: line.place.to_string(),
            quantity: line.units.len(),
            unit_price: line.unit_price.into(),
        })
    });
    Ok(DeskOrderJson {
        id: order.public.to_string(),
        at: order.at.rfc3339_in(&site.settings().zone),
        payment: orders::payment_name(read, id)?,
        fulfilment: order.fulfilment.name(),
        lines: lines.collect::<Result<_, Fault>>()?,
    })
}

/// The books of a merchant
#[derive(Serialize, ToSchema)]
pub struct LedgerJson {
    /// What each account comes to, from the merchant's side
    balances: Vec<BalanceJson>,
    items: Vec<PostingJson>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct BalanceJson {
    /// Such as `merchant-payable`
    account: &'static str,
    balance: MoneyJson,
}

/// One event in the books; its entries sum to zero
#[derive(Serialize, ToSchema)]
struct PostingJson {
    id: String,
    at: String,
    /// `paid`, `redeemed`, `undone`, `refunded` or `expired`
    event: &'static str,
    /// `payment`, `redemption` or `refund`
    cause: &'static str,
    /// The order behind it
    order: Option<String>,
    entries: Vec<EntryJson>,
}

/// Positive is credit
#[derive(Serialize, ToSchema)]
struct EntryJson {
    account: &'static str,
    /// Whether it is an account of this merchant
    own: bool,
    amount: MoneyJson,
}

/// A merchant's balances and the postings that make them, the newest first; for its owner
#[utoipa::path(
    get,
    path = "/api/v1/merchants/{id}/ledger",
    operation_id = "list_merchant_postings",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The merchant's id"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 if left out"),
    ),
    responses(
        (status = 200, description = "The books", body = LedgerJson),
        (status = 403, description = "`not-allowed`: it is the owner's"),
        (status = 404, description = "`not-found`: no such merchant, or not yours"),
    )
)]
pub async fn ledger(
    State(site): State<Site>,
    Path(id): Path<String>,
    uri: Uri,
    viewer: Viewer,
    page: Page,
) -> ApiResult {
    let after = page.cursor.as_ref().map(decoded::<Position>).transpose()?;
    let snapshot = site.store.snapshot()?;
    let desk = Desk::open(&snapshot, &viewer, merchant(&id)?, Action::SeeLedger)?;
    // Money is the whole merchant's, never one place's.
    viewer.may_at(Action::SeeLedger, desk.merchant, None)?;
    let balances = balances(&snapshot, desk.merchant)?;
    let accounts: Vec<_> = balances.iter().map(|(account, _)| *account).collect();
    let found = postings(&snapshot, &accounts, after, page.limit)?;
    let mut items = Vec::with_capacity(found.rows.len());
    for ((_, id), posting) in &found.rows {
        items.push(posting_json(&snapshot, &site, &desk, id.to_string(), posting)?);
    }
    let next = found.next.map(|next| Cursor(next.to_bytes()).text());
    let link = next.as_ref().and_then(|cursor| next_link(&uri, cursor));
    let balances = balances
        .into_iter()
        .map(|(account, balance)| BalanceJson { account: account.kind.name(), balance: balance.into() });
    let mut response = Json(LedgerJson { balances: balances.collect(), items, next }).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(axum::http::header::LINK, link);
    }
    Ok(response)
}

fn posting_json(
    read: &dyn Read,
    site: &Site,
    desk: &Desk,
    id: String,
    posting: &Posting,
) -> Result<PostingJson, Fault> {
    let entries = posting.entries.iter().map(|entry| EntryJson {
        account: entry.account.kind.name(),
        own: entry.account.owner == Owner::Merchant(desk.merchant.untyped()),
        amount: Money::new(entry.amount, entry.account.currency).into(),
    });
    Ok(PostingJson {
        id,
        at: posting.at.rfc3339_in(&site.settings().zone),
        event: posting.event.name(),
        cause: posting.cause.kind.name(),
        order: origin(read, posting.cause)?.map(|origin| origin.order.to_string()),
        entries: entries.collect(),
    })
}

fn merchant(id: &str) -> Result<MerchantId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

fn decoded<K: Key>(cursor: &Cursor) -> Result<K, Problem> {
    let mut bytes = cursor.0.as_slice();
    K::decode(&mut bytes).filter(|_| bytes.is_empty()).ok_or_else(Cursor::refused)
}
