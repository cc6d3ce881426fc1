//! Discover for programs: places, suggestions, categories. The twin for people is `pages.rs`.

mod json;

use axum::extract::{Path, Query as UrlQuery, RawQuery, State};
use axum::http::header::LINK;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::{ApiResult, Cursor, Json, Page, Problem, next_link, tagged};
use crate::base::{Id, Locale};
use crate::directory;
use crate::directory::{Categories, CategoryId};
use crate::discover::api::json::{CategoryJson, FacetsJson, FoundJson, PlaceJson};
use crate::discover::filters::{Filters, Wrong};
use crate::discover::queries::{Moment, found, offers_at, place_by_key, settle};
use crate::reviews;
use crate::search::{Query, SuggestionKind};
use crate::web::Site;

/// The last place that a cursor leads to; a filter helps more than reading on.
const MAX_OFFSET: usize = 10_000;
const SUGGESTIONS: usize = 8;
const MAX_BEGUN_CHARACTERS: usize = 200;

/// A page of places, with the counts over all that were found.
#[derive(Serialize, ToSchema)]
pub struct PlacesJson {
    items: Vec<FoundJson>,
    /// The cursor of the next page
    next: Option<String>,
    total: usize,
    /// The index is being made anew: there may be more
    partial: bool,
    facets: FacetsJson,
}

/// Places by words, place, time and kind
#[utoipa::path(
    get,
    path = "/api/v1/places",
    operation_id = "list_places",
    params(
        ("q" = Option<String>, Query, description = "Words in any language"),
        ("near" = Option<String>, Query, description = "`LAT,LON`: distances are measured from here"),
        ("within" = Option<u32>, Query, description = "Metres around `near`"),
        ("bbox" = Option<String>, Query, description = "`W,S,E,N` in degrees"),
        ("category" = Option<String>, Query, description = "Slug; several by comma or repeated: any of them"),
        ("open" = Option<String>, Query, description = "`now`, or an instant in RFC 3339"),
        ("deals" = Option<String>, Query, description = "`yes`: only where something is on sale"),
        ("wheelchair" = Option<String>, Query, description = "`yes`: only where it is step-free"),
        ("diet" = Option<String>, Query, description = "Such as `vegan` or `gluten-free`; repeated: any of them"),
        ("rating" = Option<f32>, Query, description = "At least so many stars"),
        ("sort" = Option<String>, Query, description = "`relevance`, `distance` or `rating`"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 if left out"),
    ),
    responses(
        (status = 200, description = "A page of places", body = PlacesJson),
        (status = 422, description = "A filter can't be read; `errors` names it"),
    )
)]
pub async fn places(State(site): State<Site>, uri: Uri, RawQuery(query): RawQuery, asked: Page) -> ApiResult {
    let (filters, wrong) = Filters::read(&query.unwrap_or_default());
    refuse(&wrong)?;
    let offset = asked.cursor.as_ref().map_or(Ok(0), offset)?;
    settle(&site).await?;
    let snapshot = site.store.snapshot()?;
    let moment = Moment::of(&snapshot, &site)?;
    let results = site.search.find(&filters.query(moment.now, offset, asked.limit));
    let end = offset + results.items.len();
    let next = (end < results.total && end <= MAX_OFFSET && !results.items.is_empty()).then(|| cursor(end).text());
    let link = next.as_ref().and_then(|cursor| next_link(&uri, cursor));
    let items = found(&snapshot, &moment, &results)?.iter().map(FoundJson::of).collect();
    let facets = FacetsJson::of(&results.facets);
    let body = PlacesJson { items, next, total: results.total, partial: results.is_partial, facets };
    let mut response = Json(body).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// The first wrong filter, and all that is known of it.
fn refuse(wrong: &[Wrong]) -> Result<(), Problem> {
    match wrong.first() {
        Some(first) => Err(Problem::invalid(first.field, first.advice.clone())),
        None => Ok(()),
    }
}

fn cursor(offset: usize) -> Cursor {
    Cursor(u32::try_from(offset).unwrap_or(u32::MAX).to_be_bytes().to_vec())
}

fn offset(cursor: &Cursor) -> Result<usize, Problem> {
    let bytes: Option<[u8; 4]> = cursor.0.as_slice().try_into().ok();
    let offset = bytes.map(|bytes| u32::from_be_bytes(bytes) as usize);
    offset.filter(|offset| *offset <= MAX_OFFSET).ok_or_else(Cursor::refused)
}

/// One place, by its id or slug
#[utoipa::path(
    get,
    path = "/api/v1/places/{id}",
    operation_id = "show_place",
    params(("id" = String, Path, description = "The place's id, or its slug")),
    responses(
        (status = 200, description = "The place with hours, contact and offers", body = PlaceJson),
        (status = 404, description = "There is no such place"),
    )
)]
pub async fn place(State(site): State<Site>, Path(key): Path<String>, headers: HeaderMap) -> ApiResult {
    let snapshot = site.store.snapshot()?;
    let (id, place) = place_by_key(&snapshot, &key)?.ok_or_else(Problem::not_found)?;
    let moment = Moment::of(&snapshot, &site)?;
    let offers = offers_at(&snapshot, id, moment.now)?;
    let rating = reviews::rating(&snapshot, id)?;
    tagged(&headers, &PlaceJson::of(id, &place, &rating, &offers, &moment))
}

/// What was typed so far.
#[derive(Deserialize)]
pub struct Begun {
    #[serde(default)]
    q: String,
}

/// Ways to go on from what was typed
#[derive(Serialize, ToSchema)]
pub struct SuggestionsJson {
    items: Vec<SuggestionJson>,
}

/// One way to go on
#[derive(Serialize, ToSchema)]
pub struct SuggestionJson {
    text: String,
    /// `category`, `dish`, `street`, `place` or `words`
    kind: &'static str,
    url: String,
}

/// What the beginning of a search may become
#[utoipa::path(
    get,
    path = "/api/v1/suggest",
    operation_id = "suggest",
    params(("q" = Option<String>, Query, description = "What was typed so far")),
    responses((status = 200, description = "Categories first, then dishes, streets and places", body = SuggestionsJson))
)]
pub async fn suggest(State(site): State<Site>, UrlQuery(begun): UrlQuery<Begun>) -> ApiResult {
    let begun: String = begun.q.chars().take(MAX_BEGUN_CHARACTERS).collect();
    let snapshot = site.store.snapshot()?;
    let mut items = Vec::new();
    for suggestion in site.search.suggest(&begun, SUGGESTIONS) {
        let text = suggestion.text;
        items.push(match suggestion.kind {
            SuggestionKind::Category(id) => {
                let url = Filters { categories: vec![CategoryId(id)], ..Filters::default() }.url();
                SuggestionJson { text: category_name(id, text), kind: "category", url }
            }
            SuggestionKind::Words => words_suggestion(text, "words"),
            SuggestionKind::Dish => words_suggestion(text, "dish"),
            SuggestionKind::Street => words_suggestion(text, "street"),
            SuggestionKind::Place(id) => match directory::place(&snapshot, Id::from_bytes(id))? {
                Some(place) => SuggestionJson { text, kind: "place", url: place.path() },
                None => continue,
            },
        });
    }
    Ok(Json(SuggestionsJson { items }).into_response())
}

fn words_suggestion(text: String, kind: &'static str) -> SuggestionJson {
    let url = Filters { words: text.clone(), ..Filters::default() }.url();
    SuggestionJson { text, kind, url }
}

/// The name in the language that was typed; where another word for it was typed, the English one, since several
/// categories may share that word.
fn category_name(id: u16, typed: String) -> String {
    match Categories::get().by_id(CategoryId(id)) {
        Some(category) if Locale::ALL.into_iter().all(|locale| category.name(locale) != typed) => {
            category.name(Locale::En).to_owned()
        }
        _ => typed,
    }
}

/// The tree of categories
#[derive(Serialize, ToSchema)]
pub struct CategoriesJson {
    items: Vec<CategoryJson>,
}

/// The tree of categories, with how many places each has
#[utoipa::path(
    get,
    path = "/api/v1/categories",
    operation_id = "list_categories",
    responses((status = 200, description = "Families, and the kinds below them", body = CategoriesJson))
)]
pub async fn categories(State(site): State<Site>, headers: HeaderMap) -> ApiResult<Response> {
    let all = site.search.find(&Query { limit: 1, ..Query::all(site.clock().now()) });
    let counts = all.facets.categories.into_iter().collect();
    let items = Categories::get().families().map(|family| CategoryJson::of(family, &counts)).collect();
    tagged(&headers, &CategoriesJson { items })
}
