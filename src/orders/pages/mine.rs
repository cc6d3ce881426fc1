//! One's own orders: the list, each with its vouchers and what happened, and giving them back.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::accounts::{Actor, Person, Viewer};
use crate::base::{Fault, Money, Timestamp};
use crate::directory;
use crate::orders::commands::{cancel, refund_voucher};
use crate::orders::model::{Fulfilment, Order, OrderId, PublicOrderId};
use crate::orders::pages::{NoFields, Sum, parse_id, sums, title};
use crate::orders::queries::{fulfilment_now, of_buyer, order, require, vouchers_of};
use crate::orders::rules::payable;
use crate::payments::{self, Payment, PaymentState, RefundState};
use crate::store::Read;
use crate::vouchers::{self, EdgeKind, Moment, Origin, Stub, Voucher, VoucherId, VoucherState, VoucherTender};
use crate::web::view::{Pager, PlaceLine, State as StateText};
use crate::web::{Flash, Form, Frame, PageError, PageResult, SeeOther, Site, own_refusal, page};

/// Orders on one page of the list.
const ON_A_PAGE: usize = 20;

/// An order in the list.
struct OrderLine {
    url: String,
    title: String,
    place: String,
    placed: String,
    total: String,
    payment: StateText,
    fulfilment: StateText,
}

#[derive(Template)]
#[template(path = "orders/list.html")]
struct ListPage {
    frame: Frame,
    orders: Vec<OrderLine>,
    pager: Pager,
    guest: bool,
}

/// Which page of a list: the id of the last row before it.
#[derive(Deserialize)]
pub struct After {
    #[serde(default)]
    after: String,
}

/// `GET /me/orders`
pub async fn list(
    State(site): State<Site>,
    viewer: Viewer,
    actor: Actor,
    Query(asked): Query<After>,
    frame: Frame,
) -> PageResult {
    let snapshot = site.store.snapshot()?;
    let after = match asked.after.parse::<PublicOrderId>() {
        Ok(public) => order(&snapshot, actor.person, public)?.map(|(id, _)| id),
        Err(_) => None,
    };
    let mut rows = of_buyer(&snapshot, actor.person, after, ON_A_PAGE + 1)?;
    let has_more = rows.len() > ON_A_PAGE;
    rows.truncate(ON_A_PAGE);
    let last = rows.last().filter(|_| has_more);
    let pager = Pager {
        previous: after.map(|_| "/me/orders".to_owned()),
        next: last.map(|(_, order)| format!("/me/orders?after={}", order.public)),
        text: String::new(),
    };
    let zone = &site.settings().zone;
    let at = Moment { now: site.clock().now(), zone };
    let line = |(id, order): &(OrderId, Order)| order_line(&snapshot, *id, order, &at);
    let orders: Result<Vec<_>, Fault> = rows.iter().map(line).collect();
    let guest = viewer.person().is_some_and(Person::is_guest);
    Ok(page(ListPage { frame: frame.titled("My orders").tab("orders"), orders: orders?, pager, guest }))
}

fn order_line(read: &dyn Read, id: OrderId, order: &Order, at: &Moment<'_>) -> Result<OrderLine, Fault> {
    let payment = payments::of_order(read, id.untyped())?;
    let fulfilment = fulfilment_now(read, id, order, at.now)?;
    Ok(OrderLine {
        url: format!("/me/orders/{}", order.public),
        title: title(read, order)?,
        place: place_of(read, order)?.name,
        placed: order.at.wall_text(at.zone),
        total: order.total.to_string(),
        payment: payment_text(fulfilment, payment.as_ref().map(|(_, payment)| payment)),
        fulfilment: fulfilment_text(fulfilment),
    })
}

fn place_of(read: &dyn Read, order: &Order) -> Result<PlaceLine, Fault> {
    let line = order.lines.first().ok_or_else(|| Fault::corrupt("an order", "it has no line"))?;
    Ok(directory::place_line(&directory::require_place(read, line.place)?))
}

fn payment_text(fulfilment: Fulfilment, payment: Option<&Payment>) -> StateText {
    let (tone, text) = match payment.map(|payment| payment.state) {
        None | Some(PaymentState::Awaiting) => match fulfilment {
            Fulfilment::Cancelled | Fulfilment::Expired => ("over", "Not paid"),
            Fulfilment::Open | Fulfilment::Fulfilled => ("soon", "Waiting for the payment"),
        },
        Some(PaymentState::Paid { .. }) => ("good", "Paid"),
        Some(PaymentState::AtTill) => ("", "Pay at the till"),
        Some(PaymentState::Failed { .. }) => ("bad", "Payment failed"),
        Some(PaymentState::Refunded { .. }) => ("over", "Refunded"),
    };
    StateText { tone, text: text.into() }
}

fn fulfilment_text(fulfilment: Fulfilment) -> StateText {
    let (tone, text) = match fulfilment {
        Fulfilment::Open => ("good", "Open"),
        Fulfilment::Fulfilled => ("over", "Used"),
        Fulfilment::Cancelled => ("over", "Cancelled"),
        Fulfilment::Expired => ("over", "Expired"),
    };
    StateText { tone, text: text.into() }
}

/// Something that happened to the order.
struct Event {
    at: String,
    text: String,
}

/// What giving it back would mean.
struct Cancel {
    text: String,
    button: String,
}

#[derive(Template)]
#[template(path = "orders/order.html")]
struct OrderPage {
    frame: Frame,
    id: String,
    number: String,
    placed: String,
    title: String,
    place: PlaceLine,
    payment: StateText,
    fulfilment: StateText,
    lines: Vec<Sum>,
    total: String,
    vouchers: Vec<Stub>,
    just_bought: bool,
    waiting: bool,
    pay_url: Option<String>,
    again_url: Option<String>,
    refund_note: Option<String>,
    cancel: Option<Cancel>,
    review_url: Option<String>,
    history: Vec<Event>,
}

/// Whether the page is the answer to a purchase.
#[derive(Deserialize)]
pub struct Bought {
    #[serde(default)]
    bought: String,
}

/// `GET /me/orders/{id}`
pub async fn show(
    State(site): State<Site>,
    actor: Actor,
    Path(id): Path<String>,
    Query(asked): Query<Bought>,
    frame: Frame,
) -> PageResult {
    let snapshot = site.store.snapshot()?;
    let (id, found) = order(&snapshot, actor.person, parse_id(&id)?)?.ok_or_else(PageError::not_found)?;
    let zone = &site.settings().zone;
    let at = Moment { now: site.clock().now(), zone };
    let mut shown = order_page(&snapshot, frame, id, &found, &at)?;
    shown.just_bought = asked.bought == "yes" && shown.vouchers.iter().any(|voucher| voucher.valid);
    Ok(page(shown))
}

fn order_page(read: &dyn Read, frame: Frame, id: OrderId, order: &Order, at: &Moment<'_>) -> Result<OrderPage, Fault> {
    let payment = payments::of_order(read, id.untyped())?;
    let state = payment.as_ref().map(|(_, payment)| payment.state);
    let is_payable = payable(order.fulfilment, state, order.hold_until, at.now).is_ok();
    let vouchers = vouchers_of(read, order)?;
    let fulfilment = fulfilment_now(read, id, order, at.now)?;
    let is_over = matches!(fulfilment, Fulfilment::Cancelled | Fulfilment::Expired);
    let stubs: Result<Vec<_>, Fault> =
        vouchers.iter().map(|(id, voucher)| vouchers::stub(read, *id, voucher, at)).collect();
    let public = order.public;
    let title = title(read, order)?;
    Ok(OrderPage {
        frame: frame.titled(title.clone()).tab("orders"),
        id: public.to_string(),
        number: public.to_string().chars().take(8).collect(),
        placed: order.at.wall_text(at.zone),
        title,
        place: place_of(read, order)?,
        payment: payment_text(fulfilment, payment.as_ref().map(|(_, payment)| payment)),
        fulfilment: fulfilment_text(fulfilment),
        lines: sums(read, order)?,
        total: order.total.to_string(),
        vouchers: if is_unpaid(state) { Vec::new() } else { stubs? },
        just_bought: false,
        waiting: is_payable && state == Some(PaymentState::Awaiting),
        pay_url: is_payable.then(|| format!("/orders/{public}/checkout")),
        again_url: order.lines.first().filter(|_| is_over).map(|line| format!("/o/{}", line.offer)),
        refund_note: refund_note(payment.as_ref().map(|(_, payment)| payment)),
        cancel: cancel_offer(&vouchers),
        review_url: (order.fulfilment == Fulfilment::Fulfilled).then(|| format!("/me/orders/{public}/review")),
        history: history(read, order, payment, &vouchers, at)?,
    })
}

fn is_unpaid(state: Option<PaymentState>) -> bool {
    matches!(state, None | Some(PaymentState::Awaiting | PaymentState::Failed { .. }))
}

fn refund_note(payment: Option<&Payment>) -> Option<String> {
    let payment = payment.filter(|payment| payment.refunded > 0)?;
    let sum = Money::new(payment.refunded, payment.amount.currency);
    Some(format!("{sum} went back the way it came."))
}

/// What can still be given back, and what that means for the money.
fn cancel_offer(vouchers: &[(VoucherId, Voucher)]) -> Option<Cancel> {
    let open = |voucher: &&Voucher| {
        matches!(voucher.state, VoucherState::Issued | VoucherState::Valid | VoucherState::Expired { .. })
    };
    let open: Vec<&Voucher> = vouchers.iter().map(|(_, voucher)| voucher).filter(open).collect();
    let first = open.first()?;
    let is_paid = first.tender == VoucherTender::Platform && first.state != VoucherState::Issued;
    let back: i64 = open.iter().map(|voucher| voucher.value.amount).fold(0, i64::saturating_add);
    let back = Money::new(back, first.value.currency);
    Some(match is_paid {
        true => Cancel {
            text: format!("What is not used goes back, and you get {back} the way you paid."),
            button: "Cancel and get the money back".into(),
        },
        false => Cancel {
            text: "What is not used goes back. You have paid nothing, and nothing is owed.".into(),
            button: "Cancel the order".into(),
        },
    })
}

fn history(
    read: &dyn Read,
    order: &Order,
    payment: Option<(payments::PaymentId, Payment)>,
    vouchers: &[(VoucherId, Voucher)],
    at: &Moment<'_>,
) -> Result<Vec<Event>, Fault> {
    let mut events: Vec<(Timestamp, String)> = vec![(order.at, "Ordered".into())];
    if let Some((id, payment)) = payment {
        match payment.state {
            PaymentState::Paid { at } => events.push((at, format!("Paid {}", payment.amount))),
            PaymentState::Failed { at } => events.push((at, "The payment failed".into())),
            PaymentState::Awaiting | PaymentState::AtTill | PaymentState::Refunded { .. } => {}
        }
        for (_, refund) in payments::refunds_of(read, id)? {
            let how = if matches!(refund.state, RefundState::Done { .. }) { "went back" } else { "is on its way back" };
            events.push((refund.at, format!("{} {how}", refund.amount)));
        }
    }
    for (id, _) in vouchers {
        let steps = vouchers::edges(read, *id)?;
        events.extend(steps.iter().filter_map(|step| Some((step.at, step_text(step.kind)?.to_owned()))));
    }
    events.sort_by_key(|(at, _)| *at);
    Ok(events.into_iter().map(|(when, text)| Event { at: when.wall_text(at.zone), text }).collect())
}

/// Steps of a voucher that the order does not tell already.
fn step_text(kind: EdgeKind) -> Option<&'static str> {
    match kind {
        EdgeKind::Redeemed => Some("A voucher was used"),
        EdgeKind::Undone | EdgeKind::UndoneIntoExpired => Some("The till took a use back"),
        EdgeKind::Expired => Some("A voucher ran out"),
        EdgeKind::Voided => Some("A voucher was cancelled"),
        EdgeKind::Reissued => Some("A voucher got a new code"),
        EdgeKind::Issued | EdgeKind::MadeValid | EdgeKind::Refunded => None,
    }
}

/// `POST /orders/{id}/cancel`
pub async fn cancel_by_form(
    State(site): State<Site>,
    actor: Actor,
    Path(id): Path<String>,
    form: Form<NoFields>,
) -> PageResult {
    let public = parse_id(&id)?;
    let once = form.required_once()?;
    let origin = Origin::of(&actor, once.key.as_str());
    let key = once.by(*actor.person.as_bytes());
    match site.store.write_once(key, move |tx| cancel(tx, &actor, public, &origin)).await.outcome {
        Ok(_) => {
            let done = Flash::done("Cancelled. What you had paid goes back the way it came.");
            Ok(SeeOther::at(format!("/me/orders/{public}")).flash(done).into_response())
        }
        Err(stop) => Err(PageError::from(own_refusal(stop)?).next("To the order", format!("/me/orders/{public}"))),
    }
}

/// `POST /me/vouchers/{id}/refund`
pub async fn refund_by_form(
    State(site): State<Site>,
    actor: Actor,
    Path(id): Path<String>,
    form: Form<NoFields>,
) -> PageResult {
    let id: VoucherId = id.parse().map_err(|_| PageError::not_found())?;
    let once = form.required_once()?;
    let origin = Origin::of(&actor, once.key.as_str());
    let key = once.by(*actor.person.as_bytes());
    match site.store.write_once(key, move |tx| refund_voucher(tx, &actor, id, &origin)).await.outcome {
        Ok(_) => {
            let done = Flash::done("Given back. What you had paid for it goes back the way it came.");
            Ok(SeeOther::at(format!("/me/vouchers/{id}")).flash(done).into_response())
        }
        Err(stop) => Err(PageError::from(own_refusal(stop)?).next("To the voucher", format!("/me/vouchers/{id}"))),
    }
}

/// `GET /me/vouchers/{id}/order`: from a voucher, which does not know its order's public id, to that order.
pub async fn order_of_voucher(State(site): State<Site>, actor: Actor, Path(id): Path<String>) -> PageResult {
    let id: VoucherId = id.parse().map_err(|_| PageError::not_found())?;
    let snapshot = site.store.snapshot()?;
    let voucher = vouchers::voucher(&snapshot, actor.person, id)?.ok_or_else(PageError::not_found)?;
    let order = require(&snapshot, OrderId::from_bytes(*voucher.order.as_bytes()))?;
    Ok(SeeOther::at(format!("/me/orders/{}", order.public)).into_response())
}
