//! The till: scan or type a code, see green or red over the whole screen, take back what was a slip.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::accounts::{self, Action, Actor, Denied, PlaceId, Viewer};
use crate::base::{Fault, Refusal as _};
use crate::directory;
use crate::offers;
use crate::store::{Outcome, Read, Tx};
use crate::vouchers::commands::{Redeem, redeem, undo};
use crate::vouchers::model::{Origin, Redemption, RedemptionId, VoucherState, VoucherTender};
use crate::vouchers::queries::{recent_redemptions, require, require_redemption};
use crate::vouchers::refusal::Refusal;
use crate::vouchers::rules::UNDO_SECONDS;
use crate::vouchers::signer::Signer;
use crate::vouchers::words::Moment;
use crate::web::view::Choice;
use crate::web::{
    Flash, Form, Frame, PageError, PageResult, SeeOther, Site, cookies, own_refusal, secret_page, secret_page_with,
    status_of,
};

/// Uses in the list below the form.
const LAST: usize = 20;
/// The place of the last use, so that a till does not choose it again: necessary, and tells nobody anything.
const PLACE_COOKIE: &str = "hs_till";
const PLACE_AGE: Duration = Duration::from_secs(400 * 24 * 3600);
/// Most of a typed code that is shown again.
const SHOWN_AGAIN: usize = 60;

/// A use in the list.
struct RedeemedRow {
    at: String,
    title: String,
    detail: String,
    by: String,
    undone: bool,
    undo_url: Option<String>,
}

#[derive(Template)]
#[template(path = "vouchers/till.html")]
struct TillPage {
    frame: Frame,
    places: Vec<Choice>,
    place_name: String,
    code: String,
    error: String,
    last: Vec<RedeemedRow>,
}

/// `GET /till`
pub async fn till(State(site): State<Site>, viewer: Viewer, headers: HeaderMap, frame: Frame) -> PageResult {
    let kept = cookies::read(&headers, PLACE_COOKIE, site.tls).and_then(|id| id.parse().ok());
    Ok(secret_page(till_page(&site, &viewer, frame, kept)?))
}

fn till_page(site: &Site, viewer: &Viewer, frame: Frame, place: Option<PlaceId>) -> Result<TillPage, PageError> {
    let snapshot = site.store.snapshot()?;
    let mine = places_of(&snapshot, viewer)?;
    let chosen = mine.iter().find(|(id, _)| Some(*id) == place).or(mine.first());
    let Some((chosen, place_name)) = chosen else {
        let detail = "You work at no place yet. Ask the owner to name you one.";
        return Err(PageError::not_found().titled("No till yet").detail(detail));
    };
    let zone = &site.settings().zone;
    let at = Moment { now: site.clock().now(), zone };
    let last = recent_redemptions(&snapshot, *chosen, LAST)?;
    let last: Result<Vec<_>, Fault> = last.iter().map(|(id, row)| redeemed_row(&snapshot, *id, row, &at)).collect();
    let choice = |(id, name): &(PlaceId, String)| Choice {
        value: id.to_string(),
        label: name.clone(),
        hint: String::new(),
        chosen: id == chosen,
    };
    Ok(TillPage {
        frame: frame.titled("Till"),
        places: mine.iter().map(choice).collect(),
        place_name: place_name.clone(),
        code: String::new(),
        error: String::new(),
        last: last?,
    })
}

/// The places where the viewer may redeem, with their names.
fn places_of(read: &dyn Read, viewer: &Viewer) -> Result<Vec<(PlaceId, String)>, Fault> {
    let merchants = viewer.person().map(|person| person.merchants_for(Action::Redeem)).unwrap_or_default();
    let mut mine = Vec::new();
    for merchant in merchants {
        let places = directory::places_of(read, merchant)?;
        let may = |id: PlaceId| viewer.may_at(Action::Redeem, merchant, Some(id)).is_ok();
        mine.extend(places.into_iter().filter(|(id, _)| may(*id)).map(|(id, place)| (id, place.name.to_string())));
    }
    Ok(mine)
}

fn redeemed_row(read: &dyn Read, id: RedemptionId, row: &Redemption, at: &Moment<'_>) -> Result<RedeemedRow, Fault> {
    let voucher = require(read, row.voucher)?;
    let can_undo = row.undone.is_none() && at.now.seconds_since(row.at) < UNDO_SECONDS;
    Ok(RedeemedRow {
        at: row.at.wall_text(at.zone),
        title: offers::terms(read, voucher.offer, voucher.version)?.title.to_string(),
        detail: format!("{}, ends in {}", row.amount, voucher.code.end()),
        by: accounts::display_name(read, row.till)?,
        undone: row.undone.is_some(),
        undo_url: can_undo.then(|| format!("/till/undo/{id}")),
    })
}

#[derive(Deserialize)]
pub struct TillFields {
    #[serde(default)]
    place: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    paid: String,
}

#[derive(Template)]
#[template(path = "vouchers/till_result.html")]
struct TillResult {
    frame: Frame,
    kind: &'static str,
    word: String,
    title: String,
    lines: Vec<String>,
    code: String,
    code_end: String,
    at: String,
    place: String,
    confirm: Option<String>,
    undo_url: Option<String>,
}

/// `POST /till`
pub async fn redeem_by_form(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    viewer: Viewer,
    actor: Actor,
    frame: Frame,
    form: Form<TillFields>,
) -> PageResult {
    let place: PlaceId = form.fields.place.parse().map_err(|_| PageError::from(Denied::NotFound))?;
    let code = match signer.code_in(&form.fields.code) {
        Ok(code) => code,
        Err(refusal @ Refusal::Mistyped(_)) => return typed_again(&site, &viewer, frame, &form.fields, &refusal),
        Err(refusal) => return Ok(refused(&site, frame, &form.fields, &refusal)),
    };
    let once = form.required_once()?;
    let ask = Redeem { code, place, paid: form.fields.paid == "yes" };
    let origin = Origin::of(&actor, once.key.as_str());
    let key = once.by(*actor.person.as_bytes());
    let answer = match site.store.write_once(key, move |tx| redeem(tx, &actor, ask, &origin)).await.outcome {
        Ok(id) => secret_page(redeemed(&site, frame, id)?),
        Err(stop) => refused(&site, frame, &form.fields, &own_refusal(stop)?),
    };
    Ok(remembering(&site, place, answer))
}

fn remembering(site: &Site, place: PlaceId, mut answer: Response) -> Response {
    let cookie = cookies::set(PLACE_COOKIE, &place.to_string(), Some(PLACE_AGE), site.tls);
    if let Some(cookie) = cookie {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}

/// What can't be a code is corrected where it was typed.
fn typed_again(site: &Site, viewer: &Viewer, frame: Frame, fields: &TillFields, refusal: &Refusal) -> PageResult {
    let again = till_page(site, viewer, frame, fields.place.parse().ok())?;
    let code = fields.code.chars().filter(|c| !c.is_control()).take(SHOWN_AGAIN).collect();
    let again = TillPage { code, error: refusal.message(), ..again };
    Ok(secret_page_with(StatusCode::UNPROCESSABLE_ENTITY, again))
}

fn redeemed(site: &Site, frame: Frame, id: RedemptionId) -> Result<TillResult, Fault> {
    let snapshot = site.store.snapshot()?;
    let row = require_redemption(&snapshot, id)?;
    let voucher = require(&snapshot, row.voucher)?;
    let title = offers::terms(&snapshot, voucher.offer, voucher.version)?.title.to_string();
    let money = match voucher.tender {
        VoucherTender::Platform => format!("Already paid: {}", row.amount),
        VoucherTender::Till => format!("You took {}", row.amount),
    };
    Ok(TillResult {
        frame: frame.titled("Valid"),
        kind: "yes",
        word: "Valid".into(),
        title,
        lines: vec![money],
        code: String::new(),
        code_end: voucher.code.end(),
        at: row.at.in_zone(&site.settings().zone).strftime("%H:%M:%S").to_string(),
        place: row.place.to_string(),
        confirm: None,
        undo_url: Some(format!("/till/undo/{id}")),
    })
}

fn refused(site: &Site, frame: Frame, fields: &TillFields, refusal: &Refusal) -> Response {
    let asks = matches!(refusal, Refusal::Unpaid { .. });
    let word = word_of(refusal);
    let result = TillResult {
        frame: frame.titled(word.clone()),
        kind: if asks { "ask" } else { "no" },
        word,
        title: String::new(),
        lines: vec![refusal.message()],
        code: if asks { fields.code.clone() } else { String::new() },
        code_end: String::new(),
        at: site.clock().now().in_zone(&site.settings().zone).strftime("%H:%M:%S").to_string(),
        place: fields.place.clone(),
        confirm: asks.then(|| "Money taken, redeem".into()),
        undo_url: None,
    };
    secret_page_with(status_of(refusal), result)
}

/// The one word that is read from across the counter.
fn word_of(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unpaid { amount } => return format!("Take {amount}"),
        Refusal::AlreadyRedeemed { .. } => "Already used",
        Refusal::Expired { .. } => "Expired",
        Refusal::NotYet { .. } => "Not yet",
        Refusal::NotNow { .. } => "Not now",
        Refusal::AwaitingPayment => "Not paid",
        Refusal::WrongPlace { .. } => "Not for here",
        Refusal::Refunded => "Refunded",
        Refusal::Void => "Cancelled",
        Refusal::Unknown => "Unknown code",
        Refusal::Mistyped(_) => "Mistyped",
        Refusal::NotAVoucher => "No voucher",
        Refusal::Denied(_) => "Not allowed here",
        Refusal::TooLate => "Too late",
        Refusal::TooManyUndone | Refusal::AlreadyUndone | Refusal::NotOpen(_) | Refusal::WholeOnly { .. } => "No",
    }
    .into()
}

/// A form that is one button.
#[derive(Deserialize)]
pub struct NoFields {}

/// `POST /till/undo/{redemption}`
pub async fn undo_by_form(
    State(site): State<Site>,
    actor: Actor,
    Path(id): Path<String>,
    frame: Frame,
    form: Form<NoFields>,
) -> PageResult {
    let id: RedemptionId = id.parse().map_err(|_| PageError::not_found())?;
    let once = form.required_once()?;
    let origin = Origin::of(&actor, once.key.as_str());
    let key = once.by(*actor.person.as_bytes());
    let take_back = move |tx: &mut Tx<'_>| -> Outcome<VoucherState, Refusal> {
        let id = undo(tx, &actor, id, &origin)?;
        Ok(require(&**tx, require_redemption(&**tx, id)?.voucher)?.state)
    };
    match site.store.write_once(key, take_back).await.outcome {
        Ok(state) => Ok(SeeOther::at("/till").flash(Flash::done(undone_text(&site, id, state)?)).into_response()),
        Err(stop) => {
            let fields = TillFields { place: String::new(), code: String::new(), paid: String::new() };
            Ok(refused(&site, frame, &fields, &own_refusal(stop)?))
        }
    }
}

/// What the till does next: where it had taken money, that goes back over the counter.
fn undone_text(site: &Site, id: RedemptionId, state: VoucherState) -> Result<String, Fault> {
    let snapshot = site.store.snapshot()?;
    let row = require_redemption(&snapshot, id)?;
    let voucher = require(&snapshot, row.voucher)?;
    let state = state.name();
    Ok(match voucher.tender {
        VoucherTender::Till if row.amount.amount > 0 => {
            format!("Undone: the voucher is {state} again. Give {} back to the guest.", row.amount)
        }
        VoucherTender::Till | VoucherTender::Platform => format!("Undone: the voucher is {state} again."),
    })
}
