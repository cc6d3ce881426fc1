//! Vouchers and redemptions for programs: the holder's own, and the till's. The twin for people is `pages/`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::{self, Actor, PlaceId};
use crate::api::{ApiResult, Cursor, Json, List, ListOf, MoneyJson, Page, Posted, Problem};
use crate::base::{Fault, Money};
use crate::store::{OnceRefusal, Outcome, Read, Stop, Tx};
use crate::vouchers::commands::{Redeem, redeem, undo};
use crate::vouchers::model::{Origin, Redemption, RedemptionId, Voucher, VoucherId};
use crate::vouchers::queries::{of_holder, redemptions_of_voucher, require_redemption, voucher};
use crate::vouchers::refusal::Refusal;
use crate::vouchers::rules::value_left;
use crate::vouchers::signer::Signer;
use crate::vouchers::words::{Moment, state_name};
use crate::web::Site;

/// Codes are for their holder alone: no cache keeps the answer.
const SECRET: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// An entitlement: whoever shows its code at the place may have what it stands for.
#[derive(Serialize, ToSchema)]
pub struct VoucherJson {
    id: String,
    /// `7KQ4-M2XD-9HVT-C`
    code: String,
    /// What its QR says: signed, and checked without a network.
    qr: String,
    /// `issued`, `valid`, `redeemed`, `expired`, `refunded` or `void`
    state: &'static str,
    offer: String,
    title: String,
    place: String,
    #[serde(rename = "use")]
    usable: PeriodJson,
    value: MoneyJson,
    /// What of the value can still be used.
    left: MoneyJson,
    redemptions: Vec<RedemptionJson>,
}

/// From an instant until another, which is not part of it.
#[derive(Serialize, ToSchema)]
pub struct PeriodJson {
    from: String,
    until: String,
}

/// One use of a voucher at a place.
#[derive(Serialize, ToSchema)]
pub struct RedemptionJson {
    id: String,
    place: String,
    at: String,
    /// Who was at the till.
    by: String,
    amount: MoneyJson,
    offer: String,
    /// When it was taken back, if it was.
    undone: Option<String>,
}

/// One's vouchers, newest first
#[utoipa::path(
    get,
    path = "/api/v1/vouchers",
    operation_id = "list_vouchers",
    security(("bearer" = [])),
    params(("cursor" = Option<String>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, description = "A page of them", body = inline(ListOf<VoucherJson>)))
)]
pub async fn list(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    actor: Actor,
    asked: Page,
    uri: Uri,
) -> ApiResult {
    let snapshot = site.store.snapshot()?;
    let after = asked.cursor.map(|cursor| id_of(&cursor)).transpose()?;
    let rows = of_holder(&snapshot, actor.person, after, asked.limit)?;
    let next = (rows.len() == asked.limit).then(|| rows.last().map(|(id, _)| Cursor(id.as_bytes().to_vec()))).flatten();
    let zone = &site.settings().zone;
    let at = Moment { now: site.clock().now(), zone };
    let items: Result<Vec<_>, Fault> =
        rows.iter().map(|(id, row)| json_of(&snapshot, &signer, *id, row, &at)).collect();
    Ok((SECRET, List::new(items?, next).answer(&uri)).into_response())
}

fn id_of(cursor: &Cursor) -> Result<VoucherId, Problem> {
    let bytes: [u8; 16] = cursor.0.as_slice().try_into().map_err(|_| Cursor::refused())?;
    Ok(VoucherId::from_bytes(bytes))
}

/// One of one's vouchers
#[utoipa::path(
    get,
    path = "/api/v1/vouchers/{id}",
    operation_id = "show_voucher",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "The voucher", body = VoucherJson),
        (status = 404, description = "Unknown, or somebody else's"),
    )
)]
pub async fn show(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    actor: Actor,
    Path(id): Path<String>,
) -> ApiResult {
    let id: VoucherId = id.parse().map_err(|_| Problem::not_found())?;
    let snapshot = site.store.snapshot()?;
    let found = voucher(&snapshot, actor.person, id)?.ok_or_else(Problem::not_found)?;
    let zone = &site.settings().zone;
    let at = Moment { now: site.clock().now(), zone };
    Ok((SECRET, Json(json_of(&snapshot, &signer, id, &found, &at)?)).into_response())
}

fn json_of(
    read: &dyn Read,
    signer: &Signer,
    id: VoucherId,
    voucher: &Voucher,
    at: &Moment<'_>,
) -> Result<VoucherJson, Fault> {
    let uses = redemptions_of_voucher(read, id)?;
    let redemptions: Result<Vec<_>, Fault> = uses.iter().map(|(id, row)| use_json(read, *id, row, at)).collect();
    Ok(VoucherJson {
        id: id.to_string(),
        code: voucher.code.to_string(),
        qr: signer.qr_text(voucher),
        state: state_name(voucher, at.now),
        offer: voucher.offer.to_string(),
        title: crate::offers::terms(read, voucher.offer, voucher.version)?.title.to_string(),
        place: voucher.place.to_string(),
        usable: PeriodJson { from: voucher.use_from.rfc3339_in(at.zone), until: voucher.use_until.rfc3339_in(at.zone) },
        value: voucher.value.into(),
        left: value_left(voucher).into(),
        redemptions: redemptions?,
    })
}

fn use_json(read: &dyn Read, id: RedemptionId, row: &Redemption, at: &Moment<'_>) -> Result<RedemptionJson, Fault> {
    Ok(RedemptionJson {
        id: id.to_string(),
        place: row.place.to_string(),
        at: row.at.rfc3339_in(at.zone),
        by: accounts::display_name(read, row.till)?,
        amount: row.amount.into(),
        offer: row.offer.to_string(),
        undone: row.undone.map(|undone| undone.at.rfc3339_in(at.zone)),
    })
}

/// What a till saw.
#[derive(Deserialize, ToSchema)]
pub struct RedeemJson {
    /// As typed; this or `qr`
    code: Option<String>,
    /// As scanned
    qr: Option<String>,
    /// The place that the till stands at
    place: String,
    /// What of it is used; today always the whole of it
    amount: Option<MoneyJson>,
    /// The till took the money
    #[serde(default)]
    paid: bool,
}

/// Use a voucher at a place
#[utoipa::path(
    post,
    path = "/api/v1/redemptions",
    operation_id = "redeem_voucher",
    security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)),
    request_body = RedeemJson,
    responses(
        (status = 201, description = "It is used", body = RedemptionJson),
        (status = 404, description = "No such voucher of this merchant, or no such place of yours"),
        (status = 409, description = "`already-redeemed` with `who`, `where` and `when`; `expired`, `not-yet`, \
            `not-now`, `unpaid`, `awaiting-payment`, `wrong-place`, `refunded`, `void`"),
        (status = 422, description = "`mistyped`, `not-a-voucher`"),
    )
)]
pub async fn create(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    actor: Actor,
    posted: Posted<RedeemJson>,
) -> ApiResult {
    let body = posted.body;
    let place: PlaceId = body.place.parse().map_err(|_| Problem::invalid("place", "This is not the id of a place."))?;
    let amount =
        body.amount.map(|amount| amount.money().ok_or_else(|| Problem::invalid("amount", "No such currency.")));
    let (amount, paid) = (amount.transpose()?, body.paid);
    let code = match (&body.code, &body.qr) {
        (_, Some(qr)) => signer.read(qr).map_err(|_| Refusal::NotAVoucher)?,
        (Some(text), None) => signer.code_in(text)?,
        (None, None) => return Err(Problem::invalid("code", "Please send a code or a qr.")),
    };
    let origin = Origin::of(&actor, posted.once.key.as_str());
    let once = posted.once.by(*actor.person.as_bytes());
    let use_it = move |tx: &mut Tx<'_>| -> Outcome<RedemptionId, Refusal> {
        let id = redeem(tx, &actor, Redeem { code, place, paid }, &origin)?;
        whole(tx, id, amount)?;
        Ok(id)
    };
    let id = site.store.write_once(once, use_it).await.outcome.map_err(problem)?;
    // A retry is told what was told first: of a use, only that it was taken back can come to it later.
    let used = Redemption { undone: None, ..require_redemption(&site.store.snapshot()?, id)? };
    Ok((StatusCode::CREATED, Json(told(&site, id, &used)?)).into_response())
}

/// A deal is used as a whole: a till that means another amount has something else in mind.
fn whole(tx: &Tx<'_>, id: RedemptionId, amount: Option<Money>) -> Outcome<(), Refusal> {
    let used = require_redemption(&**tx, id)?.amount;
    match amount {
        Some(amount) if amount != used => Err(Refusal::WholeOnly { amount: used.to_string() }.into()),
        Some(_) | None => Ok(()),
    }
}

fn told(site: &Site, id: RedemptionId, row: &Redemption) -> Result<RedemptionJson, Fault> {
    let zone = &site.settings().zone;
    use_json(&site.store.snapshot()?, id, row, &Moment { now: site.clock().now(), zone })
}

fn problem(stop: Stop<OnceRefusal<Refusal>>) -> Problem {
    let used = match &stop {
        Stop::Refuse(OnceRefusal::Own(refusal)) => refusal.earlier_use(),
        Stop::Refuse(OnceRefusal::KeyReused) | Stop::RefuseKeeping(_) | Stop::Fault(_) => None,
    };
    let used = used.map(|(who, place, when)| (who.to_owned(), place.to_owned(), when.to_owned()));
    let problem = Problem::from(stop);
    match used {
        Some((who, place, when)) => problem.with("who", who).with("where", place).with("when", when),
        None => problem,
    }
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
pub struct NothingJson {}

/// Take a use back, within a minute
#[utoipa::path(
    post,
    path = "/api/v1/redemptions/{id}/undo",
    operation_id = "undo_redemption",
    security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses(
        (status = 200, description = "It is taken back", body = RedemptionJson),
        (status = 404, description = "Unknown, or not of your place"),
        (status = 409, description = "`undo-too-late`, `undone-too-often`, `already-undone`"),
    )
)]
pub async fn undo_use(
    State(site): State<Site>,
    actor: Actor,
    Path(id): Path<String>,
    posted: Posted<NothingJson>,
) -> ApiResult<Response> {
    let id: RedemptionId = id.parse().map_err(|_| Problem::not_found())?;
    let origin = Origin::of(&actor, posted.once.key.as_str());
    let once = posted.once.by(*actor.person.as_bytes());
    site.store.write_once(once, move |tx| undo(tx, &actor, id, &origin)).await.outcome.map_err(problem)?;
    // A use that was taken back stays so, and a retry is told the same.
    let undone = require_redemption(&site.store.snapshot()?, id)?;
    Ok(Json(told(&site, id, &undone)?).into_response())
}
