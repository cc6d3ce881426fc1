//! Compression of what is made on request; assets are compressed at build.
//!
//! Compressed length can tell a secret that stands beside text of an attacker's choice (BREACH). So what is
//! `no-store` (vouchers, codes, tokens) is never compressed, and the CSRF token looks different each time. API
//! answers need a bearer's token, which no foreign page can make a browser send.

use axum::http::Response;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http_body::Body;
use tower_http::CompressionLevel;
use tower_http::compression::{CompressionLayer, Predicate};

/// Below this a response fits the first packets anyway.
const MIN_BYTES: u64 = 1024;
/// Quality at which a page of 60 KB costs about a millisecond.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);

pub fn compression() -> CompressionLayer<Worthwhile> {
    CompressionLayer::new().quality(LEVEL).compress_when(Worthwhile)
}

/// Text, long enough, and no secret.
#[derive(Clone, Copy, Debug)]
pub struct Worthwhile;

impl Predicate for Worthwhile {
    fn should_compress<B: Body>(&self, response: &Response<B>) -> bool {
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_text = ["text/html", "application/json", "application/problem+json", "image/svg+xml", "text/plain"]
            .iter()
            .any(|kind| header(CONTENT_TYPE).starts_with(kind));
        let is_long = response.body().size_hint().lower() >= MIN_BYTES;
        let is_secret = header(CACHE_CONTROL).contains("no-store");
        is_text && is_long && !is_secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_compressed(kind: &str, caching: &str, bytes: usize) -> bool {
        let body = axum::body::Body::from("x".repeat(bytes));
        let response = Response::builder().header(CONTENT_TYPE, kind).header(CACHE_CONTROL, caching);
        Worthwhile.should_compress(&response.body(body).unwrap())
    }

    #[test]
    fn long_text_is_compressed_and_secrets_are_not() {
        assert!(is_compressed("text/html; charset=utf-8", "private, no-cache", 5000));
        assert!(!is_compressed("text/html; charset=utf-8", "no-store", 5000));
        assert!(!is_compressed("text/html; charset=utf-8", "private, no-cache", 100));
        assert!(!is_compressed("image/png", "private", 5000));
    }
}
