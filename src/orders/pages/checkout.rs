//! From the deal to its vouchers: take it, see what it comes to while it is kept, choose how to pay.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::accounts::{Actor, Caller, Denied, Person, Viewer};
use crate::base::{Fault, Refusal as _};
use crate::directory;
use crate::offers::{self, OfferId};
use crate::orders::commands::{self, Place, place};
use crate::orders::model::{Order, OrderId};
use crate::orders::pages::{Sum, parse_id, sums};
use crate::orders::queries::{fits_at_till, order};
use crate::orders::refusal::Refusal;
use crate::orders::rules::payable;
use crate::payments::{self, Method};
use crate::store::{Outcome, Read, Stop, Tx};
use crate::vouchers::Origin;
use crate::web::cover::cover;
use crate::web::view::Choice;
use crate::web::{
    FieldErrors, Flash, Form, Frame, PageError, PageResult, SeeOther, Site, own_refusal, page, page_with, status_of,
};

#[derive(Deserialize)]
pub struct TakeFields {
    #[serde(default)]
    quantity: String,
}

/// `POST /o/{id}/take`: keeps so many for whoever asks; a stranger becomes a guest with it.
pub async fn take(
    State(site): State<Site>,
    caller: Caller,
    Path(offer): Path<String>,
    frame: Frame,
    form: Form<TakeFields>,
) -> PageResult {
    let offer: OfferId = offer.parse().map_err(|_| PageError::not_found())?;
    let once = form.required_once()?;
    let buyer = caller.buyer(once);
    let Ok(quantity) = form.fields.quantity.trim().parse::<u32>() else {
        return not_taken(&site, &caller, frame, offer, 1, &Refusal::Quantity);
    };
    let wish = Place { lines: vec![(offer, quantity)], pay: None };
    let (by, key) = (buyer.clone(), once.key.as_str().to_owned());
    let hold = move |tx: &mut Tx<'_>| -> Outcome<_, Refusal> {
        let actor = by.actor(tx).map_err(|stop| stop.map(|_| Refusal::Denied(Denied::SignInFirst)))?;
        place(tx, &actor, &wish, &Origin::of(&actor, &key))
    };
    match site.store.write_once(once.by(buyer.once_actor()), hold).await.outcome {
        Ok(id) => Ok(SeeOther::at(format!("/orders/{id}/checkout")).cookie(buyer.cookie(&site)).into_response()),
        Err(stop) => not_taken(&site, &caller, frame, offer, quantity, &own_refusal(stop)?),
    }
}

/// Said on the page of the offer, where the person is, with what is left to take.
fn not_taken(
    site: &Site,
    caller: &Caller,
    frame: Frame,
    offer: OfferId,
    quantity: u32,
    refusal: &Refusal,
) -> PageResult {
    let refused = offers::Refused { status: status_of(refusal), message: refusal.message(), quantity };
    offers::offer_page(site, &caller.viewer, frame, offer, Some(refused))
}

/// The offer beside the form.
struct OfferLine {
    url: String,
    title: String,
    place: String,
    /// SVG.
    cover: String,
}

/// Until when it is kept, by the server's clock.
struct Hold {
    until: String,
    now: String,
    text: String,
}

#[derive(Template)]
#[template(path = "orders/checkout.html")]
struct CheckoutPage {
    frame: Frame,
    id: String,
    offer: OfferLine,
    conditions: Vec<String>,
    lines: Vec<Sum>,
    total: String,
    hold: Option<Hold>,
    pays: Vec<Choice>,
    button: String,
    refund: String,
    guest: bool,
    problem: Option<String>,
    errors: FieldErrors,
}

/// `GET /orders/{id}/checkout`
pub async fn checkout(
    State(site): State<Site>,
    viewer: Viewer,
    actor: Actor,
    Path(id): Path<String>,
    frame: Frame,
) -> PageResult {
    let public = parse_id(&id)?;
    let snapshot = site.store.snapshot()?;
    let (id, found) = order(&snapshot, actor.person, public)?.ok_or_else(PageError::not_found)?;
    match still_payable(&snapshot, &site, id, &found)? {
        Ok(()) => Ok(page(checkout_page(&site, &snapshot, &viewer, frame, &found, Chosen::default())?)),
        Err(refusal) => {
            let back = SeeOther::at(format!("/me/orders/{public}"));
            Ok(back.flash(Flash::note(refusal.message())).into_response())
        }
    }
}

fn still_payable(read: &dyn Read, site: &Site, id: OrderId, order: &Order) -> Result<Result<(), Refusal>, Fault> {
    let payment = payments::of_order(read, id.untyped())?.map(|(_, payment)| payment.state);
    Ok(payable(order.fulfilment, payment, order.hold_until, site.clock().now()))
}

/// What was chosen in the form, and why it was refused.
#[derive(Default)]
struct Chosen {
    pay: String,
    problem: Option<String>,
    errors: FieldErrors,
}

fn checkout_page(
    site: &Site,
    read: &dyn Read,
    viewer: &Viewer,
    frame: Frame,
    order: &Order,
    chosen: Chosen,
) -> Result<CheckoutPage, Fault> {
    let first = order.lines.first().ok_or_else(|| Fault::corrupt("an order", "it has no line"))?;
    let place = directory::require_place(read, first.place)?;
    let terms = offers::terms(read, first.offer, first.version)?;
    let (family, icon) = directory::cover_of(place.category);
    let zone = &site.settings().zone;
    let now = site.clock().now();
    let guest = viewer.person().is_some_and(Person::is_guest);
    let at_till = match fits_at_till(read, order.buyer, guest, order.units().count(), now) {
        Ok(()) => format!("You pay {} at {}, when you use it.", order.total, place.name),
        Err(Stop::Fault(fault)) => return Err(fault),
        Err(Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal)) => refusal.message(),
    };
    let pays = pay_choices(site, at_till, &chosen.pay);
    Ok(CheckoutPage {
        id: order.public.to_string(),
        offer: OfferLine {
            url: format!("/o/{}", first.offer),
            title: terms.title.to_string(),
            cover: cover(first.offer.as_bytes(), family, icon, frame.sprite),
            place: place.name.to_string(),
        },
        frame: frame.titled("Checkout"),
        conditions: offers::conditions(&terms, zone),
        lines: sums(read, order)?,
        total: order.total.to_string(),
        hold: order.hold_until.map(|until| Hold {
            until: until.rfc3339_in(zone),
            now: now.rfc3339_in(zone),
            text: until.in_zone(zone).strftime("%H:%M").to_string(),
        }),
        button: if pays.len() == 1 { "Take it, pay at the till".into() } else { format!("Confirm: {}", order.total) },
        pays,
        refund: "Money back at any time before you use it.".into(),
        guest,
        problem: chosen.problem,
        errors: chosen.errors,
    })
}

/// The ways to pay that this city has; chosen is the one that was, else the first.
fn pay_choices(site: &Site, at_till: String, chosen: &str) -> Vec<Choice> {
    let all = [
        (Method::Test, "Now, with play money", "The demo's own bank says yes at once.".to_owned()),
        (Method::TestLater, "Now, but the bank takes its time", "The demo waits for word of the payment.".to_owned()),
        (Method::Till, "At the till", at_till),
    ];
    let known = all.into_iter().filter(|(method, ..)| Method::parse(method.name(), site.origin()).is_some());
    let choice = |(method, label, hint): (Method, &str, String)| Choice {
        value: method.name().to_owned(),
        label: label.to_owned(),
        hint,
        chosen: method.name() == chosen,
    };
    let mut choices: Vec<Choice> = known.map(choice).collect();
    if let Some(first) = choices.first_mut().filter(|_| Method::parse(chosen, site.origin()).is_none()) {
        first.chosen = true;
    }
    choices
}

#[derive(Deserialize)]
pub struct PayFields {
    #[serde(default)]
    pay: String,
}

/// `POST /orders/{id}/pay`
pub async fn pay_by_form(
    State(site): State<Site>,
    viewer: Viewer,
    actor: Actor,
    Path(id): Path<String>,
    frame: Frame,
    form: Form<PayFields>,
) -> PageResult {
    let public = parse_id(&id)?;
    let pay = form.fields.pay.clone();
    let Some(method) = Method::parse(&pay, site.origin()) else {
        let mut errors = FieldErrors::default();
        errors.add("pay", "Please choose how you would like to pay.");
        let (_, found) = order(&site.store.snapshot()?, actor.person, public)?.ok_or_else(PageError::not_found)?;
        let chosen = Chosen { errors, ..Chosen::default() };
        return choose_again(&site, &viewer, frame, &found, StatusCode::UNPROCESSABLE_ENTITY, chosen);
    };
    let once = form.required_once()?;
    let origin = Origin::of(&actor, once.key.as_str());
    let by = actor.clone();
    let paid = site
        .store
        .write_once(once.by(*actor.person.as_bytes()), move |tx| commands::pay(tx, &by, public, method, &origin));
    match paid.await.outcome {
        Ok(_) => Ok(SeeOther::at(format!("/me/orders/{public}?bought=yes")).into_response()),
        Err(stop) => {
            let refusal = own_refusal(stop)?;
            let Some((id, found)) = order(&site.store.snapshot()?, actor.person, public)? else {
                return Err(refusal.into());
            };
            if still_payable(&site.store.snapshot()?, &site, id, &found)?.is_err() {
                return Err(not_paid(refusal, &found));
            }
            let (status, problem) = (status_of(&refusal), Some(refusal.message()));
            let chosen = Chosen { pay, problem, errors: FieldErrors::default() };
            choose_again(&site, &viewer, frame, &found, status, chosen)
        }
    }
}

fn choose_again(
    site: &Site,
    viewer: &Viewer,
    frame: Frame,
    order: &Order,
    status: StatusCode,
    chosen: Chosen,
) -> PageResult {
    Ok(page_with(status, checkout_page(site, &site.store.snapshot()?, viewer, frame, order, chosen)?))
}

/// What to do next where a payment can't be begun any more.
fn not_paid(refusal: Refusal, order: &Order) -> PageError {
    let error = PageError::from(refusal);
    let error = match order.lines.first() {
        Some(line) => error.next("Take it again", format!("/o/{}", line.offer)),
        None => error,
    };
    error.next("To the order", format!("/me/orders/{}", order.public))
}
