//! What machines ask the server about itself: alive, ready, and how much of what.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::web::{PageError, PageResult, Peer, Site};

/// 200 as long as the server answers at all.
pub async fn healthz() -> Response {
    ([(CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// 200 when search can answer and the store takes writes; 503 with the names of what can't yet.
pub async fn readyz(State(site): State<Site>) -> Response {
    let lacking = site.readiness.lacking();
    if lacking.is_empty() {
        return ([(CACHE_CONTROL, "no-store")], "ready\n").into_response();
    }
    let body = format!("waiting for {}\n", lacking.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, [(CACHE_CONTROL, "no-store")], body).into_response()
}

/// For this machine, or for who knows the token; to others there is no such page.
pub async fn metrics(State(site): State<Site>, request: Request) -> PageResult {
    let peer = request.extensions().get::<Peer>();
    let is_local = peer.is_some_and(|peer| peer.is_local(request.headers()));
    if !is_local && !has_token(request.headers(), site.metrics_token.as_deref()) {
        return Err(PageError::not_found());
    }
    site.metrics.look(&site.store.condition(), site.clock());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], site.metrics.text()?).into_response())
}

fn has_token(headers: &HeaderMap, token: Option<&str>) -> bool {
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let Some((sent, token)) = sent.zip(token) else { return false };
    bool::from(sent.ct_eq(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::{Metrics, Readiness};
    use axum::body::Body;

    async fn metrics_status(peer: &str, token: &str) -> u16 {
        let mut request = Request::builder().header(AUTHORIZATION, token).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        let answer = metrics(State(Site::for_tests()), request).await;
        answer.map_or_else(|error| error.status(), |response| response.status()).as_u16()
    }

    #[tokio::test]
    async fn metrics_are_for_this_machine_or_the_token() {
        assert_eq!(metrics_status("127.0.0.1:9", "").await, 200);
        assert_eq!(metrics_status("192.0.2.1:9", "").await, 404);
        assert_eq!(metrics_status("192.0.2.1:9", "Bearer wrong").await, 404);
        assert_eq!(metrics_status("192.0.2.1:9", "Bearer let-me-count").await, 200);
    }

    #[test]
    fn what_is_not_ready_is_named() {
        let readiness = Readiness::default().needs("store", || true).needs("search", || false);
        assert_eq!(readiness.lacking(), ["search"]);
        assert!(Metrics::new(|_| {}).text().is_ok());
    }
}
