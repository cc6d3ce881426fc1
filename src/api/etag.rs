//! Conditional GET: an answer that the caller already has is 304 without a body.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::api::ApiResult;
use crate::base::Fault;

/// The value as JSON with an ETag of its content, or 304 if the caller's `If-None-Match` names it.
pub fn tagged(asked: &HeaderMap, value: &impl Serialize) -> ApiResult {
    let bytes = serde_json::to_vec(value).map_err(|error| Fault::bug("writing JSON", error))?;
    // Weak, since a proxy or the compression layer may encode the body differently.
    let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&bytes)[..12]));
    let sent = asked.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known = sent.split(',').map(str::trim).any(|known| known == "*" || same(known, &tag));
    let mut response =
        if is_known { StatusCode::NOT_MODIFIED.into_response() } else { Body::from(bytes).into_response() };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.extend(HeaderValue::from_str(&tag).map(|tag| (ETAG, tag)));
    if !is_known {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}

/// Weak comparison (RFC 9110, 8.8.3.2).
fn same(known: &str, tag: &str) -> bool {
    known.trim_start_matches("W/") == tag.trim_start_matches("W/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_caller_has_is_304() {
        let first = tagged(&HeaderMap::new(), &[1, 2, 3]).unwrap();
        assert_eq!(first.status(), 200);
        let tag = first.headers()[ETAG].clone();
        let again: HeaderMap = [(IF_NONE_MATCH, tag.clone())].into_iter().collect();
        assert_eq!(tagged(&again, &[1, 2, 3]).unwrap().status(), 304);
        assert_eq!(tagged(&again, &[1, 2, 4]).unwrap().status(), 200);
        let listed = format!("\"x\", {}", tag.to_str().unwrap().trim_start_matches("W/"));
        let listed: HeaderMap = [(IF_NONE_MATCH, listed.parse().unwrap())].into_iter().collect();
        assert_eq!(tagged(&listed, &[1, 2, 3]).unwrap().status(), 304);
    }
}
