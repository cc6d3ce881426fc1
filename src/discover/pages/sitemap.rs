//! `/sitemap.xml`: every page that search engines shall know.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::base::Fault;
use crate::directory::Categories;
use crate::directory::all_places;
use crate::discover::filters::Filters;
use crate::web::{PageError, PageResult, Site, origin_of};

/// What sitemaps.org allows in one file.
const MAX_URLS: usize = 50_000;

#[derive(Template)]
#[template(path = "discover/sitemap.xml")]
struct Sitemap {
    base: String,
    paths: Vec<String>,
}

/// `GET /sitemap.xml`
pub async fn sitemap(State(site): State<Site>, headers: HeaderMap) -> PageResult {
    let families = Categories::get().families();
    let searches = families.map(|family| Filters { categories: vec![family.id], ..Filters::default() }.url());
    let mut paths: Vec<String> = ["/".to_owned(), "/search".to_owned()].into_iter().chain(searches).collect();
    let snapshot = site.store.snapshot()?;
    let places = all_places(&snapshot)?.take(MAX_URLS - paths.len());
    let places: Result<Vec<String>, Fault> = places.map(|row| row.map(|(_, place)| place.path())).collect();
    paths.extend(places?);
    xml(&Sitemap { base: origin_of(&headers, site.tls), paths })
}

fn xml(sitemap: &Sitemap) -> Result<Response, PageError> {
    let text = sitemap.render().map_err(|error| Fault::bug("rendering the sitemap", error))?;
    Ok(([(CONTENT_TYPE, "application/xml; charset=utf-8")], text).into_response())
}
