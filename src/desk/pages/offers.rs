//! The merchant's offers: the list, the form that makes and changes one, and the steps.

use askama::Template;
use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::accounts::{Action, Actor, PlaceId, Viewer};
use crate::base::Refusal as _;
use crate::desk::form::{OfferForm, Reading};
use crate::desk::pages::{Asked, DeskNav, PAGE, may_sell, open, pager};
use crate::desk::queries::Desk;
use crate::directory;
use crate::offers::{self, Draft, Listing, OfferId, OfferKind, Phase, Refusal};
use crate::store::{OnceRefusal, Outcome, Read, Stop, Tx};
use crate::web::view::{Button, Choice, Pager, State};
use crate::web::{
    FieldErrors, Flash, Form, Frame, PageError, PageResult, SeeOther, Site, own_refusal, page, page_with, status_of,
};

#[derive(Template)]
#[template(path = "desk/offers.html")]
struct OffersPage {
    frame: Frame,
    nav: DeskNav,
    may_sell: bool,
    offers: Vec<DeskOffer>,
    pager: Pager,
}

struct DeskOffer {
    url: String,
    edit_url: String,
    title: String,
    place: String,
    price: String,
    sold: String,
    window: String,
    state: State,
    actions: Vec<Button>,
}

/// `GET /desk/{merchant}/offers`
pub async fn offers(
    Shared(site): Shared<Site>,
    Path(merchant): Path<String>,
    Query(asked): Query<Asked>,
    viewer: Viewer,
    frame: Frame,
) -> PageResult {
    let (now, settings) = (site.clock().now(), site.settings());
    let snapshot = site.store.snapshot()?;
    let (desk, nav) = open(&snapshot, &viewer, &merchant, Action::SeeTrade, "offers")?;
    let mut listings = offers::of_merchant(&snapshot, desk.merchant, now, asked.after.parse().ok(), PAGE + 1)?;
    let next = listings.get(PAGE).and(listings.get(PAGE - 1)).map(|last| last.id.to_string());
    listings.truncate(PAGE);
    let row = |listing: &Listing| DeskOffer {
        url: format!("/o/{}", listing.id),
        edit_url: format!("{}/offers/{}", nav.base, listing.id),
        title: listing.terms.title.to_string(),
        place: desk.place(listing.offer.place).map(|place| place.name.to_string()).unwrap_or_default(),
        price: listing.terms.price.to_string(),
        sold: sold(listing),
        window: format!("until {}", listing.terms.sale_until.wall_text(&settings.zone)),
        state: offers::state_text(listing, &settings.zone),
        actions: steps(&nav.base, listing).into_iter().filter(|button| button.look != "risk").collect(),
    };
    Ok(page(OffersPage {
        frame: frame.titled("Offers"),
        may_sell: may_sell(&viewer, &desk),
        offers: listings.iter().filter(|listing| desk.sees(listing.offer.place)).map(row).collect(),
        pager: pager(&format!("{}/offers", nav.base), &asked.after, next),
        nav,
    }))
}

fn sold(listing: &Listing) -> String {
    match (listing.pool.capacity, listing.pool.over_by()) {
        (Some(capacity), 0) => format!("{} of {capacity}", listing.pool.sold),
        (Some(capacity), over) => format!("{} of {capacity}, over by {over}", listing.pool.sold),
        (None, _) => listing.pool.sold.to_string(),
    }
}

/// What can be done with an offer as it stands.
fn steps(base: &str, listing: &Listing) -> Vec<Button> {
    let button = |step: &str, label: &str, look| Button {
        url: format!("{base}/offers/{}/{step}", listing.id),
        label: label.into(),
        look,
    };
    let withdraw = button("withdraw", "Withdraw for good", "risk");
    match listing.phase {
        Phase::Draft => vec![button("publish", "Publish", "go"), withdraw],
        Phase::Scheduled | Phase::OnSale | Phase::SoldOut => vec![button("pause", "Pause", ""), withdraw],
        Phase::Paused => vec![button("resume", "Go on", "go"), withdraw],
        Phase::Ended => vec![withdraw],
        Phase::Withdrawn => Vec::new(),
    }
}

#[derive(Template)]
#[template(path = "desk/offer.html")]
struct OfferFormPage {
    frame: Frame,
    nav: DeskNav,
    heading: String,
    action: String,
    is_new: bool,
    state: Option<State>,
    form: OfferForm,
    places: Vec<Choice>,
    currency: String,
    note: Option<String>,
    actions: Vec<Button>,
    problem: Option<String>,
    errors: FieldErrors,
}

/// What a form page is about: a new offer, or one that there is.
struct Subject {
    desk: Desk,
    nav: DeskNav,
    listing: Option<Listing>,
}

impl Subject {
    /// A foreign offer answers like an unknown one.
    fn find(
        read: &dyn Read,
        site: &Site,
        viewer: &Viewer,
        merchant: &str,
        id: Option<&str>,
    ) -> Result<Subject, PageError> {
        let (desk, nav) = open(read, viewer, merchant, Action::ManageOffers, "offers")?;
        let Some(id) = id else { return Ok(Subject { desk, nav, listing: None }) };
        let id: OfferId = id.parse().map_err(|_| PageError::not_found())?;
        let found = offers::listing(read, id, site.clock().now())?;
        let own = found.filter(|found| found.offer.merchant == desk.merchant && desk.sees(found.offer.place));
        let listing = Some(own.ok_or_else(PageError::not_found)?);
        Ok(Subject { desk, nav, listing })
    }

    /// The draft that was typed, with the place that it is for.
    fn draft(&self, read: &dyn Read, site: &Site, form: &OfferForm) -> Result<(PlaceId, Draft), TypedWrong> {
        let chosen: Option<PlaceId> = match &self.listing {
            Some(listing) => Some(listing.offer.place),
            None => form.place.parse().ok(),
        };
        let place = chosen.and_then(|id| self.desk.places.iter().find(|(place, _)| *place == id));
        let at = place.or(self.desk.places.first()).map(|(_, place)| place.point);
        let at = at.ok_or_else(|| TypedWrong::Page(PageError::not_found()))?;
        let city = directory::city(read).map_err(|fault| TypedWrong::Page(fault.into()))?;
        let locality = city.locality().map_err(|fault| TypedWrong::Page(fault.into()))?;
        let before = self.listing.as_ref().map(|listing| &listing.terms);
        let reading = Reading { now: site.clock().now(), currency: city.currency, locality: &locality, at, before };
        match (form.draft(&reading), place) {
            (Ok(draft), Some((place, _))) => Ok((*place, draft)),
            (read, Some(_)) => Err(TypedWrong::Fields(read.err().unwrap_or_default())),
            (read, None) => {
                let mut errors = read.err().unwrap_or_default();
                errors.add("place", "Please choose one of your places.");
                Err(TypedWrong::Fields(errors))
            }
        }
    }

    fn page(
        self,
        site: &Site,
        frame: Frame,
        form: OfferForm,
        errors: FieldErrors,
        problem: Option<String>,
    ) -> OfferFormPage {
        let settings = site.settings();
        let title = self.listing.as_ref().map(|listing| listing.terms.title.to_string());
        let heading = title.unwrap_or_else(|| "New offer".to_owned());
        let path = self.listing.as_ref().map(|listing| format!("/{}", listing.id)).unwrap_or_default();
        let sold = self.listing.as_ref().map_or(0, |listing| listing.pool.sold);
        let mut places: Vec<Choice> = self
            .desk
            .places
            .iter()
            .map(|(id, place)| Choice {
                value: id.to_string(),
                label: format!("{}, {}", place.name, place.address.line()),
                chosen: form.place == id.to_string(),
                ..Choice::default()
            })
            .collect();
        if self.listing.is_some() {
            places.retain(|place| place.chosen);
        }
        OfferFormPage {
            frame: frame.titled(heading.clone()),
            heading,
            action: format!("{}/offers{path}", self.nav.base),
            is_new: self.listing.is_none(),
            state: self.listing.as_ref().map(|listing| offers::state_text(listing, &settings.zone)),
            actions: self.listing.as_ref().map(|listing| steps(&self.nav.base, listing)).unwrap_or_default(),
            note: (sold > 0).then(|| format!("{sold} are sold: they keep the terms that they were sold with.")),
            currency: settings.currency.code().to_owned(),
            nav: self.nav,
            form,
            places,
            problem,
            errors,
        }
    }

    fn wrong(self, site: &Site, frame: Frame, form: OfferForm, wrong: TypedWrong) -> PageResult {
        match wrong {
            TypedWrong::Page(error) => Err(error),
            TypedWrong::Fields(errors) => {
                Ok(page_with(StatusCode::UNPROCESSABLE_ENTITY, self.page(site, frame, form, errors, None)))
            }
        }
    }

    /// The form again, with what was typed.
    fn refused(self, site: &Site, frame: Frame, form: OfferForm, stop: Stop<OnceRefusal<Refusal>>) -> PageResult {
        let refusal = own_refusal(stop)?;
        if let Refusal::Denied(_) = refusal {
            return Err(refusal.into());
        }
        let errors = FieldErrors::of_refusal(&refusal);
        let problem = errors.is_none().then(|| refusal.message());
        let again = self.page(site, frame, form, errors.unwrap_or_default(), problem);
        Ok(page_with(status_of(&refusal), again))
    }

    fn done(&self, said: &str) -> Response {
        SeeOther::at(format!("{}/offers", self.nav.base)).flash(Flash::done(said)).into_response()
    }
}

/// What keeps a form from being read.
enum TypedWrong {
    Fields(FieldErrors),
    Page(PageError),
}

/// `GET /desk/{merchant}/offers/new`
pub async fn new_form(
    Shared(site): Shared<Site>,
    Path(merchant): Path<String>,
    viewer: Viewer,
    frame: Frame,
) -> PageResult {
    let subject = Subject::find(&site.store.snapshot()?, &site, &viewer, &merchant, None)?;
    let form = OfferForm { capacity: "20".to_owned(), ..OfferForm::default() };
    Ok(page(subject.page(&site, frame, form, FieldErrors::default(), None)))
}

/// `GET /desk/{merchant}/offers/{id}`
pub async fn edit_form(
    Shared(site): Shared<Site>,
    Path((merchant, id)): Path<(String, String)>,
    viewer: Viewer,
    frame: Frame,
) -> PageResult {
    let subject = Subject::find(&site.store.snapshot()?, &site, &viewer, &merchant, Some(&id))?;
    let zone = &site.settings().zone;
    let form = subject.listing.as_ref().map(|listing| OfferForm::of(listing, zone)).unwrap_or_default();
    Ok(page(subject.page(&site, frame, form, FieldErrors::default(), None)))
}

/// `POST /desk/{merchant}/offers`
pub async fn created(
    Shared(site): Shared<Site>,
    Path(merchant): Path<String>,
    viewer: Viewer,
    actor: Actor,
    frame: Frame,
    posted: Form<OfferForm>,
) -> PageResult {
    let once = posted.required_once()?.by(*actor.person.as_bytes());
    let (subject, read) = {
        let snapshot = site.store.snapshot()?;
        let subject = Subject::find(&snapshot, &site, &viewer, &merchant, None)?;
        let read = subject.draft(&snapshot, &site, &posted.fields);
        (subject, read)
    };
    let (place, draft) = match read {
        Ok(read) => read,
        Err(wrong) => return subject.wrong(&site, frame, posted.fields, wrong),
    };
    let command = move |tx: &mut Tx<'_>| offers::create(tx, &actor, place, OfferKind::Deal, &draft);
    match site.store.write_once(once, command).await.outcome {
        Ok(_) => Ok(subject.done("Saved as a draft. Publish it when it is right.")),
        Err(stop) => subject.refused(&site, frame, posted.fields, stop),
    }
}

/// `POST /desk/{merchant}/offers/{id}`
pub async fn changed(
    Shared(site): Shared<Site>,
    Path((merchant, id)): Path<(String, String)>,
    viewer: Viewer,
    actor: Actor,
    frame: Frame,
    posted: Form<OfferForm>,
) -> PageResult {
    let once = posted.required_once()?.by(*actor.person.as_bytes());
    let (subject, read) = {
        let snapshot = site.store.snapshot()?;
        let subject = Subject::find(&snapshot, &site, &viewer, &merchant, Some(&id))?;
        let read = subject.draft(&snapshot, &site, &posted.fields);
        (subject, read)
    };
    let id: OfferId = id.parse().map_err(|_| PageError::not_found())?;
    let draft = match read {
        Ok((_, draft)) => draft,
        Err(wrong) => return subject.wrong(&site, frame, posted.fields, wrong),
    };
    match site.store.write_once(once, move |tx| offers::edit(tx, &actor, id, &draft)).await.outcome {
        Ok(_) => Ok(subject.done("Saved. Who buys from now on gets these terms.")),
        Err(stop) => subject.refused(&site, frame, posted.fields, stop),
    }
}

#[derive(Deserialize)]
pub struct NoFields {}

type Step = fn(&mut Tx<'_>, &Actor, OfferId) -> Outcome<OfferId, Refusal>;

/// `POST /desk/{merchant}/offers/{id}/{step}`
pub async fn stepped(
    Shared(site): Shared<Site>,
    Path((merchant, id, step)): Path<(String, String, String)>,
    viewer: Viewer,
    actor: Actor,
    posted: Form<NoFields>,
) -> PageResult {
    let once = posted.required_once()?.by(*actor.person.as_bytes());
    let (command, said): (Step, &str) = match step.as_str() {
        "publish" => (offers::publish, "It is published."),
        "pause" => (offers::pause, "It is paused. What was sold stays good."),
        "resume" => (offers::resume, "It is on sale again."),
        "withdraw" => (offers::withdraw, "It is withdrawn. What was sold stays good."),
        _ => return Err(PageError::not_found()),
    };
    let subject = Subject::find(&site.store.snapshot()?, &site, &viewer, &merchant, Some(&id))?;
    let id: OfferId = id.parse().map_err(|_| PageError::not_found())?;
    let written = site.store.write_once(once, move |tx| command(tx, &actor, id)).await;
    let way_back = format!("{}/offers", subject.nav.base);
    written.outcome.map_err(|stop| PageError::from(stop).next("Your offers", way_back))?;
    Ok(subject.done(said))
}
