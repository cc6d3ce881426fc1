//! Reviews for programs: reading those of a place, writing and changing one's own, replying. The twin for people is
//! `pages.rs`.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::header::LINK;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::{Actor, PlaceId, display_name};
use crate::api::{ApiResult, Cursor, Json, Page, Problem, next_link};
use crate::base::Fault;
use crate::directory;
use crate::orders::PublicOrderId;
use crate::reviews::commands::{Visit, change, publish, reply};
use crate::reviews::model::{PublicReviewId, Review, ReviewId, Tally, Words};
use crate::reviews::queries::{Sorting, of_place, rating, review};
use crate::reviews::refusal::Refusal;
use crate::reviews::rules::{self, Bar};
use crate::store::Read;
use crate::web::Site;

/// What somebody says of a place at which they used what they had ordered.
#[derive(Serialize, ToSchema)]
pub struct ReviewJson {
    id: String,
    place: String,
    /// 1 to 5
    rating: u8,
    /// Stars for `food`, `service`, `ambience` or `value`, where given
    aspects: BTreeMap<String, u8>,
    /// Empty for stars alone
    text: String,
    /// The name that the author shows
    author: String,
    /// What it is tied to: `order`
    transaction: &'static str,
    /// Whether the use that it is tied to still stands
    visited: bool,
    at: String,
    /// When its author changed it, if so
    edited_at: Option<String>,
    reply: Option<ReplyJson>,
}

/// The answer of the place.
#[derive(Serialize, ToSchema)]
pub struct ReplyJson {
    text: String,
    at: String,
    /// When it was changed, if so
    edited_at: Option<String>,
}

/// The reviews of a place, and what all of them come to.
#[derive(Serialize, ToSchema)]
pub struct ReviewListJson {
    items: Vec<ReviewJson>,
    next: Option<String>,
    rating: RatingJson,
}

/// What all reviews of a place come to.
#[derive(Serialize, ToSchema)]
pub struct RatingJson {
    /// The plain mean; null without reviews
    average: Option<f64>,
    count: u32,
    /// By which results are sorted; its formula stands at `/help/score`
    score: f64,
    /// Number of reviews by stars
    histogram: BTreeMap<u8, u32>,
}

impl RatingJson {
    fn of(tally: &Tally) -> RatingJson {
        RatingJson {
            average: tally.mean_hundredths().map(stars_of),
            count: tally.count(),
            score: stars_of(tally.score_hundredths()),
            histogram: tally.histogram().into_iter().map(|Bar { stars, count, .. }| (stars, count)).collect(),
        }
    }
}

fn stars_of(hundredths: u32) -> f64 {
    f64::from(hundredths) / 100.0
}

/// In which order.
#[derive(Deserialize)]
pub struct SortQuery {
    #[serde(default)]
    sort: String,
}

impl SortQuery {
    fn sorting(&self) -> Result<Sorting, Problem> {
        match self.sort.as_str() {
            "" => Ok(Sorting::default()),
            name => Sorting::parse(name).ok_or_else(|| Problem::invalid("sort", "Please sort by newest or rating.")),
        }
    }
}

/// Reviews of a place, newest first or by rating
#[utoipa::path(
    get,
    path = "/api/v1/places/{id}/reviews",
    operation_id = "list_reviews",
    params(
        ("id" = String, Path),
        ("sort" = Option<String>, Query, description = "`newest` or `rating`"),
        ("cursor" = Option<String>, Query),
        ("limit" = Option<usize>, Query),
    ),
    responses(
        (status = 200, description = "A page of reviews", body = ReviewListJson),
        (status = 404, description = "There is no such place"),
    )
)]
pub async fn list(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(query): Query<SortQuery>,
    asked: Page,
    uri: Uri,
) -> ApiResult {
    let snapshot = site.store.snapshot()?;
    let place = place_of(&snapshot, &id)?;
    let after = asked.cursor.map(|cursor| last_of_page(&snapshot, place, &cursor)).transpose()?;
    let mut rows = of_place(&snapshot, place, query.sorting()?, after.as_ref(), asked.limit + 1)?;
    let has_more = rows.len() > asked.limit;
    rows.truncate(asked.limit);
    let next = rows.last().filter(|_| has_more).map(|(_, last)| Cursor(last.public.as_bytes().to_vec()).text());
    let items: Result<Vec<ReviewJson>, Fault> = rows.iter().map(|(_, row)| json_of(&snapshot, &site, row)).collect();
    let link = next.as_ref().and_then(|cursor| next_link(&uri, cursor));
    let rating = RatingJson::of(&rating(&snapshot, place)?);
    let mut response = Json(ReviewListJson { items: items?, next, rating }).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

fn place_of(read: &dyn Read, id: &str) -> Result<PlaceId, Problem> {
    let place: PlaceId = id.parse().map_err(|_| Problem::not_found())?;
    directory::place(read, place)?.ok_or_else(Problem::not_found)?;
    Ok(place)
}

/// The review after which the page begins.
fn last_of_page(read: &dyn Read, place: PlaceId, cursor: &Cursor) -> Result<(ReviewId, Review), Problem> {
    let bytes: [u8; 16] = cursor.0.as_slice().try_into().map_err(|_| Cursor::refused())?;
    let found = review(read, PublicReviewId::from_bytes(bytes))?.filter(|(_, review)| review.place == place);
    found.ok_or_else(Cursor::refused)
}

/// A review to publish, of what was used of an order.
#[derive(Deserialize, ToSchema)]
pub struct NewReviewJson {
    #[schema(value_type = String)]
    order: PublicOrderId,
    /// 1 to 5
    rating: u8,
    /// Stars for `food`, `service`, `ambience` or `value`
    #[serde(default)]
    aspects: BTreeMap<String, u8>,
    /// At most 4,000 characters; empty for stars alone
    text: String,
}

/// What a review says.
#[derive(Deserialize, ToSchema)]
pub struct WordsJson {
    /// 1 to 5
    rating: u8,
    /// Stars for `food`, `service`, `ambience` or `value`
    #[serde(default)]
    aspects: BTreeMap<String, u8>,
    /// At most 4,000 characters; empty for stars alone
    text: String,
}

fn words_of(rating: u8, aspects: &BTreeMap<String, u8>, text: &str) -> Result<Words, Refusal> {
    let aspects = aspects.iter().map(|(name, stars)| (name.as_str(), *stars));
    Ok(Words { stars: rules::stars(rating)?, aspects: rules::aspects(aspects)?, text: rules::text(text)? })
}

/// Review a place where something of one's order was used
#[utoipa::path(
    post,
    path = "/api/v1/places/{id}/reviews",
    operation_id = "create_review",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    request_body = NewReviewJson,
    responses(
        (status = 201, description = "The review", body = ReviewJson),
        (status = 403, description = "`not-consumed`: nothing of the order was used there"),
        (status = 404, description = "Unknown, or somebody else's order"),
        (status = 409, description = "`already-reviewed`: one review each time"),
        (status = 422, description = "`rating`, `aspects` or `text` is wrong"),
    )
)]
pub async fn create(
    State(site): State<Site>,
    actor: Actor,
    Path(id): Path<String>,
    Json(body): Json<NewReviewJson>,
) -> ApiResult {
    let place = place_of(&site.store.snapshot()?, &id)?;
    let words = words_of(body.rating, &body.aspects, &body.text)?;
    let visit = Visit { order: body.order, place };
    let public = site.store.write(move |tx| publish(tx, &actor, visit, &words)).await.outcome?;
    answer(&site, StatusCode::CREATED, public)
}

/// Change one's review, once
#[utoipa::path(
    post,
    path = "/api/v1/reviews/{id}/change",
    operation_id = "change_review",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    request_body = WordsJson,
    responses(
        (status = 200, description = "The review as it now is", body = ReviewJson),
        (status = 404, description = "Unknown, or somebody else's"),
        (status = 409, description = "`already-changed`: it was changed before"),
        (status = 422, description = "`rating`, `aspects` or `text` is wrong"),
    )
)]
pub async fn update(
    State(site): State<Site>,
    actor: Actor,
    Path(id): Path<String>,
    Json(body): Json<WordsJson>,
) -> ApiResult {
    let public: PublicReviewId = id.parse().map_err(|_| Problem::not_found())?;
    let words = words_of(body.rating, &body.aspects, &body.text)?;
    site.store.write(move |tx| change(tx, &actor, public, &words)).await.outcome?;
    answer(&site, StatusCode::OK, public)
}

/// The answer of the place.
#[derive(Deserialize, ToSchema)]
pub struct NewReplyJson {
    /// At most 2,000 characters
    text: String,
}

/// Answer a review, and change the answer once
#[utoipa::path(
    post,
    path = "/api/v1/reviews/{id}/reply",
    operation_id = "reply_to_review",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    request_body = NewReplyJson,
    responses(
        (status = 201, description = "The review with the reply", body = ReviewJson),
        (status = 404, description = "Unknown, or another merchant's"),
        (status = 409, description = "`already-replied`: the reply was changed before"),
        (status = 422, description = "`text` is wrong"),
    )
)]
pub async fn answer_review(
    State(site): State<Site>,
    actor: Actor,
    Path(id): Path<String>,
    Json(body): Json<NewReplyJson>,
) -> ApiResult {
    let public: PublicReviewId = id.parse().map_err(|_| Problem::not_found())?;
    let text = rules::reply_text(&body.text)?;
    site.store.write(move |tx| reply(tx, &actor, public, &text)).await.outcome?;
    answer(&site, StatusCode::CREATED, public)
}

fn answer(site: &Site, status: StatusCode, public: PublicReviewId) -> ApiResult<Response> {
    let snapshot = site.store.snapshot()?;
    let (_, row) = review(&snapshot, public)?.ok_or_else(Problem::not_found)?;
    Ok((status, Json(json_of(&snapshot, site, &row)?)).into_response())
}

fn json_of(read: &dyn Read, site: &Site, review: &Review) -> Result<ReviewJson, Fault> {
    let zone = &site.settings().zone;
    let aspects = review.words.aspects.iter().map(|(aspect, stars)| (aspect.name().to_owned(), stars.number()));
    Ok(ReviewJson {
        id: review.public.to_string(),
        place: review.place.to_string(),
        rating: review.words.stars.number(),
        aspects: aspects.collect(),
        text: review.words.text.as_ref().map(ToString::to_string).unwrap_or_default(),
        author: display_name(read, review.author)?,
        transaction: review.transaction.name(),
        visited: review.visited_at(read)?.is_some(),
        at: review.at.rfc3339_in(zone),
        edited_at: review.change.as_ref().map(|change| change.at.rfc3339_in(zone)),
        reply: review.reply.as_ref().map(|reply| ReplyJson {
            text: reply.text.to_string(),
            at: reply.at.rfc3339_in(zone),
            edited_at: reply.change.as_ref().map(|change| change.at.rfc3339_in(zone)),
        }),
    })
}
