//! What people say of the merchant's places, with the form for a reply. The reply itself is the reviews' business.

use askama::Template;
use axum::extract::{Path, Query, State};

use crate::accounts::{Action, Viewer};
use crate::base::Fault;
use crate::desk::pages::{Asked, DeskNav, PAGE, open, pager};
use crate::desk::queries::Desk;
use crate::reviews::{self, Review, Tally};
use crate::store::Read;
use crate::web::view::{self, Pager, Rating};
use crate::web::{Frame, PageResult, Site, page};

#[derive(Template)]
#[template(path = "desk/reviews.html")]
struct ReviewsPage {
    frame: Frame,
    nav: DeskNav,
    rating: Option<Rating>,
    reviews: Vec<DeskReview>,
    pager: Pager,
}

struct DeskReview {
    review: view::Review,
    place: String,
    offer: String,
    action: String,
    may_reply: bool,
    reply: String,
}

/// `GET /desk/{merchant}/reviews`
pub async fn reviews(
    State(site): State<Site>,
    Path(merchant): Path<String>,
    Query(asked): Query<Asked>,
    viewer: Viewer,
    frame: Frame,
) -> PageResult {
    let snapshot = site.store.snapshot()?;
    let (desk, nav) = open(&snapshot, &viewer, &merchant, Action::SeeTrade, "reviews")?;
    let after = match asked.after.parse() {
        Ok(public) => reviews::review(&snapshot, public)?.filter(|(_, review)| review.merchant == desk.merchant),
        Err(_) => None,
    };
    let mut found = reviews::of_merchant(&snapshot, desk.merchant, after.as_ref(), PAGE + 1)?;
    let next = found.get(PAGE).and(found.get(PAGE - 1)).map(|(_, last)| last.public.to_string());
    found.truncate(PAGE);
    let mut rows = Vec::with_capacity(found.len());
    for (_, review) in found.iter().filter(|(_, review)| desk.sees(review.place)) {
        rows.push(row(&snapshot, &viewer, &desk, &nav.base, review)?);
    }
    Ok(page(ReviewsPage {
        frame: frame.titled("Reviews"),
        rating: rating(&snapshot, &desk)?.view(),
        reviews: rows,
        pager: pager(&format!("{}/reviews", nav.base), &asked.after, next),
        nav,
    }))
}

fn row(read: &dyn Read, viewer: &Viewer, desk: &Desk, base: &str, review: &Review) -> Result<DeskReview, Fault> {
    let is_final = review.reply.as_ref().is_some_and(|reply| reply.change.is_some());
    let may = viewer.may_at(Action::Reply, review.merchant, Some(review.place)).is_ok();
    Ok(DeskReview {
        review: reviews::review_card(read, review)?,
        place: desk.place(review.place).map(|place| place.name.to_string()).unwrap_or_default(),
        offer: review.subject(read)?.to_string(),
        action: format!("{base}/reviews/{}/reply", review.public),
        may_reply: may && !is_final,
        reply: review.reply.as_ref().map(|reply| reply.text.to_string()).unwrap_or_default(),
    })
}

/// What the reviews of all its places come to.
pub(super) fn rating(read: &dyn Read, desk: &Desk) -> Result<Tally, Fault> {
    let mut sum = Tally::default();
    for (place, _) in &desk.places {
        let tally = reviews::rating(read, *place)?;
        for (all, own) in sum.counts.iter_mut().zip(tally.counts) {
            *all = all.saturating_add(own);
        }
    }
    Ok(sum)
}
