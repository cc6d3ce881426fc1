//! Reviews for people: writing and changing one, the place's reply, and how the score is made. The twin for programs is
//! `api.rs`; the reviews themselves stand on the page of their place.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::accounts::{Action, Actor, Denied, PersonId, PlaceId, Viewer, display_name};
use crate::base::{Fault, Kind, Refusal as _};
use crate::directory::{self, Place};
use crate::orders::{self, PublicOrderId};
use crate::reviews::commands::{Visit, change, publish, reply};
use crate::reviews::model::{PublicReviewId, Review, Tally, Words};
use crate::reviews::queries::{of_transaction, review, used_at, what_was_used};
use crate::reviews::refusal::Refusal;
use crate::reviews::rules::{self, PRIOR_HUNDREDTHS, PRIOR_WEIGHT, shown, stars};
use crate::store::{OnceRefusal, Read, Stop};
use crate::web::view::{self, Fact, PlaceLine};
use crate::web::{
    FieldErrors, Flash, Form, Frame, PageError, PageResult, SeeOther, Site, own_refusal, page, page_with, status_of,
};

/// A visit as its person may review it.
struct Subject {
    visit: Visit,
    place: Place,
    /// `Two courses before 18:00, used Monday 23 November`
    what: String,
    is_used: bool,
    review: Option<Review>,
}

/// Which of the places of an order.
#[derive(Deserialize)]
pub struct At {
    /// May be left out for an order at one place.
    place: Option<PlaceId>,
}

impl Subject {
    /// The person's own order, at one of its places.
    fn of(read: &dyn Read, person: PersonId, order: &str, at: &At) -> Result<Subject, PageError> {
        let public: PublicOrderId = order.parse().map_err(|_| PageError::not_found())?;
        let (id, order) = orders::order(read, person, public)?.ok_or_else(PageError::not_found)?;
        let mut places = order.lines.iter().map(|line| line.place);
        let place = places.find(|place| at.place.is_none_or(|asked| asked == *place));
        let place = place.ok_or_else(PageError::not_found)?;
        let used = used_at(read, id, place)?;
        let title = what_was_used(read, id, &order, place)?;
        let zone = directory::city(read)?.time_zone()?;
        let what = match used {
            Some(at) => format!("{title}, used {}", at.in_zone(&zone).strftime("%A %-d %B")),
            None => title.to_string(),
        };
        Ok(Subject {
            visit: Visit { order: public, place },
            place: directory::require_place(read, place)?,
            what,
            is_used: used.is_some(),
            review: of_transaction(read, id, place)?.map(|(_, review)| review),
        })
    }

    /// Why there is nothing to write any more, or yet.
    fn closed(&self) -> Option<Refusal> {
        match &self.review {
            Some(review) if review.change.is_some() => Some(Refusal::AlreadyChanged),
            Some(_) => None,
            None => (!self.is_used).then_some(Refusal::NotConsumed),
        }
    }

    fn page(self, frame: Frame, typed: TypedReview, problem: Option<String>, errors: FieldErrors) -> ReviewFormPage {
        let is_change = self.review.is_some();
        let last = if is_change { "/change" } else { "" };
        ReviewFormPage {
            frame: frame.titled(format!("How was {}?", self.place.name)),
            place: directory::place_line(&self.place),
            what: self.what,
            action: format!("/me/orders/{}/review{last}?place={}", self.visit.order, self.visit.place),
            is_change,
            rating: typed.rating.trim().parse().unwrap_or(0),
            text: typed.text,
            problem,
            errors,
        }
    }

    /// On to the reviews of the place.
    fn done(&self, said: &str) -> Response {
        SeeOther::at(reviews_path(&self.place)).flash(Flash::done(said)).into_response()
    }

    /// The form again, with what was typed; what is not one's own stays unknown.
    fn refused(self, frame: Frame, typed: TypedReview, stop: Stop<OnceRefusal<Refusal>>) -> PageResult {
        let refusal = own_refusal(stop)?;
        if refusal.kind() == Kind::NotFound {
            return Err(refusal.into());
        }
        let again = self.page(frame, typed, Some(refusal.message()), FieldErrors::default());
        Ok(page_with(status_of(&refusal), again))
    }
}

fn reviews_path(place: &Place) -> String {
    format!("/p/{}#reviews", place.slug)
}

#[derive(Template)]
#[template(path = "reviews/form.html")]
struct ReviewFormPage {
    frame: Frame,
    place: PlaceLine,
    what: String,
    action: String,
    is_change: bool,
    /// 0 for none yet.
    rating: u8,
    text: String,
    problem: Option<String>,
    errors: FieldErrors,
}

/// `GET /me/orders/{order}/review?place=`
pub async fn review_form(
    State(site): State<Site>,
    actor: Actor,
    frame: Frame,
    Path(order): Path<String>,
    Query(at): Query<At>,
) -> PageResult {
    let subject = Subject::of(&site.store.snapshot()?, actor.person, &order, &at)?;
    if let Some(refusal) = subject.closed() {
        return Err(PageError::from(refusal).next(subject.place.name.to_string(), reviews_path(&subject.place)));
    }
    let typed = subject.review.as_ref().map(TypedReview::of).unwrap_or_default();
    Ok(page(subject.page(frame, typed, None, FieldErrors::default())))
}

/// What was typed.
#[derive(Clone, Default, Deserialize)]
pub struct TypedReview {
    #[serde(default)]
    rating: String,
    #[serde(default)]
    text: String,
}

impl TypedReview {
    fn of(review: &Review) -> TypedReview {
        let text = review.words.text.as_ref().map(ToString::to_string).unwrap_or_default();
        TypedReview { rating: review.words.stars.number().to_string(), text }
    }

    /// What it says, or what is wrong with which field. The form has no aspects: those of before stay.
    fn words(&self, before: Option<&Review>) -> Result<Words, FieldErrors> {
        let mut errors = FieldErrors::default();
        let in_words = |refusal: Refusal| refusal.message();
        let given = stars(self.rating.trim().parse().unwrap_or(0)).map_err(in_words);
        let stars = errors.check("rating", given);
        let text = errors.check("text", rules::text(&self.text).map_err(in_words));
        let aspects = before.map(|review| review.words.aspects.clone()).unwrap_or_default();
        match (stars, text) {
            (Some(stars), Some(text)) => Ok(Words { stars, aspects, text }),
            _ => Err(errors),
        }
    }
}

/// `POST /me/orders/{order}/review?place=`
pub async fn publish_by_form(
    State(site): State<Site>,
    actor: Actor,
    frame: Frame,
    Path(order): Path<String>,
    Query(at): Query<At>,
    form: Form<TypedReview>,
) -> PageResult {
    let once = form.required_once()?.by(*actor.person.as_bytes());
    let subject = Subject::of(&site.store.snapshot()?, actor.person, &order, &at)?;
    let words = match form.fields.words(None) {
        Ok(words) => words,
        Err(errors) => return Ok(wrong(subject.page(frame, form.fields, None, errors))),
    };
    let visit = subject.visit;
    let written = site.store.write_once(once, move |tx| publish(tx, &actor, visit, &words)).await;
    match written.outcome {
        Ok(_) => Ok(subject.done("Thank you. Your review is published.")),
        Err(stop) => subject.refused(frame, form.fields, stop),
    }
}

/// `POST /me/orders/{order}/review/change?place=`
pub async fn change_by_form(
    State(site): State<Site>,
    actor: Actor,
    frame: Frame,
    Path(order): Path<String>,
    Query(at): Query<At>,
    form: Form<TypedReview>,
) -> PageResult {
    let once = form.required_once()?.by(*actor.person.as_bytes());
    let subject = Subject::of(&site.store.snapshot()?, actor.person, &order, &at)?;
    let Some(before) = subject.review.clone() else { return Err(PageError::not_found()) };
    let words = match form.fields.words(Some(&before)) {
        Ok(words) => words,
        Err(errors) => return Ok(wrong(subject.page(frame, form.fields, None, errors))),
    };
    let written = site.store.write_once(once, move |tx| change(tx, &actor, before.public, &words)).await;
    match written.outcome {
        Ok(_) => Ok(subject.done("Your review says what you have just written.")),
        Err(stop) => subject.refused(frame, form.fields, stop),
    }
}

fn wrong(again: ReviewFormPage) -> Response {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, again)
}

#[derive(Deserialize)]
pub struct TypedReply {
    text: String,
}

/// The form of a reply that was refused, with what was typed: the review may stand on any page of the desk's list.
#[derive(Template)]
#[template(path = "reviews/reply.html")]
struct ReplyPage {
    frame: Frame,
    review: view::Review,
    place: PlaceLine,
    list: String,
    action: String,
    text: String,
    problem: Option<String>,
    errors: FieldErrors,
}

/// `POST /desk/{merchant}/reviews/{id}/reply`
pub async fn reply_by_form(
    State(site): State<Site>,
    viewer: Viewer,
    actor: Actor,
    Path((merchant, id)): Path<(String, String)>,
    frame: Frame,
    form: Form<TypedReply>,
) -> PageResult {
    let once = form.required_once()?.by(*actor.person.as_bytes());
    let public: PublicReviewId = id.parse().map_err(|_| PageError::not_found())?;
    let found = review(&site.store.snapshot()?, public)?;
    let found = found.filter(|(_, review)| review.merchant.to_string() == merchant);
    let (_, found) = found.ok_or(Denied::NotFound)?;
    // Before a word of it is read: what is foreign answers like what is unknown.
    viewer.may_at(Action::Reply, found.merchant, Some(found.place))?;
    let text = match rules::reply_text(&form.fields.text) {
        Ok(text) => text,
        Err(refusal) => return reply_again(&site, frame, &found, form.fields, &refusal),
    };
    let written = site.store.write_once(once, move |tx| reply(tx, &actor, public, &text)).await;
    match written.outcome {
        Ok(_) => {
            let done = Flash::done("Your reply is published.");
            Ok(SeeOther::at(reviews_at_desk(&found)).flash(done).into_response())
        }
        Err(stop) => {
            let refusal = own_refusal(stop)?;
            if let Refusal::Denied(_) = refusal {
                return Err(refusal.into());
            }
            reply_again(&site, frame, &found, form.fields, &refusal)
        }
    }
}

fn reply_again(site: &Site, frame: Frame, found: &Review, typed: TypedReply, refusal: &Refusal) -> PageResult {
    let snapshot = site.store.snapshot()?;
    let errors = FieldErrors::of_refusal(refusal);
    let list = reviews_at_desk(found);
    let again = ReplyPage {
        frame: frame.titled("Your reply"),
        review: review_card(&snapshot, found)?,
        place: directory::place_line(&directory::require_place(&snapshot, found.place)?),
        action: format!("{list}/{}/reply", found.public),
        list,
        text: typed.text,
        problem: errors.is_none().then(|| refusal.message()),
        errors: errors.unwrap_or_default(),
    };
    Ok(page_with(status_of(refusal), again))
}

fn reviews_at_desk(review: &Review) -> String {
    format!("/desk/{}/reviews", review.merchant)
}

#[derive(Template)]
#[template(path = "help/score.html")]
struct ScorePage {
    frame: Frame,
    prior: String,
    weight: String,
    example: Vec<Fact>,
}

/// `GET /help/score`
pub async fn score(frame: Frame) -> Response {
    let example = |label: &str, tally: Tally| Fact { label: label.to_owned(), value: shown(tally.score_hundredths()) };
    page(ScorePage {
        frame: frame.titled("How the score is made"),
        prior: shown(PRIOR_HUNDREDTHS),
        weight: PRIOR_WEIGHT.to_string(),
        example: vec![
            example("One review of 5 stars", Tally { counts: [0, 0, 0, 0, 1] }),
            example("One review of 1 star", Tally { counts: [1, 0, 0, 0, 0] }),
            example("A hundred reviews, 4.2 stars on average", Tally { counts: [0, 0, 20, 40, 40] }),
        ],
    })
}

/// A review as pages show it.
pub fn review_card(read: &dyn Read, review: &Review) -> Result<view::Review, Fault> {
    let zone = directory::city(read)?.time_zone()?;
    let visited = review.visited_at(read)?;
    Ok(view::Review {
        rating: review.words.stars.number(),
        text: review.words.text.as_ref().map(ToString::to_string).unwrap_or_default(),
        by: display_name(read, review.author)?,
        visited: visited.map(|at| at.in_zone(&zone).strftime("Visited in %B %Y").to_string()),
        reply: review.reply.as_ref().map(|reply| reply.text.to_string()),
        edited: review.change.is_some(),
    })
}

impl Tally {
    /// As cards and pages show it; nothing without reviews.
    pub fn view(&self) -> Option<view::Rating> {
        let mean = self.mean_hundredths()?;
        Some(view::Rating { average: shown(mean), count: self.count() })
    }
}
