//! Rendering: a page struct becomes a response.

use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::base::Fault;
use crate::web::errors::{PageError, bare};

/// The page, 200. Browsers may keep it for going back, and ask again otherwise.
pub fn page(template: impl Template) -> Response {
    page_with(StatusCode::OK, template)
}

/// The page with another status: a form shown again is 422.
pub fn page_with(status: StatusCode, template: impl Template) -> Response {
    rendered(status, template, "private, no-cache")
}

/// A page that shows a secret, such as a voucher's code: kept nowhere, and never compressed.
pub fn secret_page(template: impl Template) -> Response {
    secret_page_with(StatusCode::OK, template)
}

/// The same with another status: a till's refusal.
pub fn secret_page_with(status: StatusCode, template: impl Template) -> Response {
    rendered(status, template, "no-store")
}

fn rendered(status: StatusCode, template: impl Template, caching: &'static str) -> Response {
    let html = match template.render() {
        Ok(html) => html,
        Err(error) => return bare(PageError::from(Fault::bug("rendering a page", error))),
    };
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}
