//! Around every answer: the security headers, and one line of log and one count by its route: no path of a person, no
//! query, no code.

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use crate::base::clock::monotonic;
use crate::web::{Site, security_headers};

/// The label of what no route matches.
const NO_ROUTE: &str = "-";

/// The outermost layer; `axum::middleware::from_fn_with_state(site, watch)`.
pub async fn watch(State(site): State<Site>, request: Request, next: Next) -> Response {
    let started = monotonic();
    let method = method_label(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    security_headers(response.headers_mut());
    let took = started.elapsed();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let status = response.status().as_u16();
    site.metrics.answered(method, route, status, took);
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(target: "highstreet::request", method, route, status, took_us);
    response
}

/// A closed list: a method of the sender's invention is neither logged nor counted by its name.
fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}
