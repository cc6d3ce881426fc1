//! Protection against forged requests: what the browser says about where a request comes from, and behind it a token
//! in the form that must match a cookie (double submit).
//!
//! The token is masked anew each time it is shown, so that a compressed page never tells it by its length (BREACH).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Uri};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::base::Fault;
use crate::web::{cookies, random_bytes};

/// The name of the cookie and of the hidden field.
pub const CSRF_COOKIE: &str = "csrf";
pub const CSRF_FIELD: &str = "csrf";

const SECRET_BYTES: usize = 32;

/// A browser's secret. Printing it gives a masked token for one form, and notes that the cookie is needed.
#[derive(Clone)]
pub struct Csrf {
    secret: [u8; SECRET_BYTES],
    /// The browser does not know the secret yet.
    is_new: bool,
    is_shown: Arc<AtomicBool>,
}

impl Csrf {
    /// The secret that the browser brought, or a new one.
    pub fn of(headers: &HeaderMap, is_tls: bool) -> Result<Csrf, Fault> {
        let brought = cookies::read(headers, CSRF_COOKIE, is_tls).and_then(|value| decode(&value));
        let is_new = brought.is_none();
        let secret = match brought {
            Some(secret) => secret,
            None => random_bytes()?,
        };
        Ok(Csrf { secret, is_new, is_shown: Arc::default() })
    }

    /// Whether this token was made for this browser.
    pub fn accepts(&self, token: &str) -> bool {
        let Some(bytes) = decode::<{ SECRET_BYTES * 2 }>(token) else { return false };
        let (mask, masked) = bytes.split_at(SECRET_BYTES);
        let unmasked: Vec<u8> = mask.iter().zip(masked).map(|(mask, byte)| mask ^ byte).collect();
        !self.is_new && bool::from(unmasked.ct_eq(&self.secret))
    }

    /// A secret of this browser for one purpose: the same each time, and known to nobody else.
    pub fn derive(&self, purpose: &str, about: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [&self.secret[..], purpose.as_bytes(), about.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }

    /// The cookie to set: only once a form was shown, and only if the browser has none.
    pub fn cookie_value(&self) -> Option<String> {
        (self.is_new && self.is_shown.load(Ordering::Relaxed)).then(|| URL_SAFE_NO_PAD.encode(self.secret))
    }
}

impl fmt::Display for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mask: [u8; SECRET_BYTES] = random_bytes().map_err(|_| fmt::Error)?;
        let mut token = [0; SECRET_BYTES * 2];
        token[..SECRET_BYTES].copy_from_slice(&mask);
        for (at, byte) in self.secret.iter().enumerate() {
            token[SECRET_BYTES + at] = mask[at] ^ byte;
        }
        self.is_shown.store(true, Ordering::Relaxed);
        f.write_str(&URL_SAFE_NO_PAD.encode(token))
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Csrf(..)")
    }
}

/// Whether the browser says that our own page sent this (Fetch Metadata, with Origin as fallback). Who says nothing
/// (old browsers, scripts) passes here and still needs the token.
pub fn comes_from_here(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    if method.is_safe() {
        return true;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let host = headers.get(HOST).map(|host| host.as_bytes()).or_else(|| uri.authority().map(|a| a.as_str().as_bytes()));
    let origin_host = origin.to_str().ok().and_then(|text| text.split_once("://")).map(|(_, host)| host.as_bytes());
    origin_host.is_some_and(|origin| host.is_some_and(|host| origin.eq_ignore_ascii_case(host)))
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use axum::http::header::COOKIE;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn returning(first: &Csrf) -> Csrf {
        let cookie = format!("{CSRF_COOKIE}={}", first.cookie_value().unwrap());
        Csrf::of(&headers(&[(COOKIE.as_str(), &cookie)]), false).unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_own_browser_only() {
        let first = Csrf::of(&HeaderMap::new(), false).unwrap();
        let token = first.to_string();
        let back = returning(&first);
        assert!(back.accepts(&token));
        assert!(!first.accepts(&token), "without the cookie nothing is accepted");
        let stranger = Csrf::of(&HeaderMap::new(), false).unwrap();
        let _ = stranger.to_string();
        assert!(!returning(&stranger).accepts(&token));
        assert!(!back.accepts("") && !back.accepts("AAAA") && !back.accepts(&"A".repeat(86)));
    }

    #[test]
    fn a_token_looks_different_each_time() {
        let csrf = Csrf::of(&HeaderMap::new(), false).unwrap();
        assert_ne!(csrf.to_string(), csrf.to_string());
    }

    #[test]
    fn the_cookie_is_set_only_when_a_form_was_shown() {
        let csrf = Csrf::of(&HeaderMap::new(), false).unwrap();
        assert_eq!(csrf.cookie_value(), None);
        let _ = csrf.to_string();
        let back = returning(&csrf);
        let _ = back.to_string();
        assert_eq!(back.cookie_value(), None, "the browser has it already");
    }

    #[test]
    fn only_our_own_pages_may_post() {
        let post =
            |pairs: &[(&'static str, &str)]| comes_from_here(&Method::POST, &Uri::from_static("/x"), &headers(pairs));
        assert!(post(&[("sec-fetch-site", "same-origin"), ("host", "a.example")]));
        assert!(post(&[("sec-fetch-site", "none")]));
        assert!(!post(&[("sec-fetch-site", "cross-site")]));
        assert!(!post(&[("sec-fetch-site", "same-site")]));
        assert!(!post(&[("sec-fetch-site", "cross-site"), ("origin", "http://a.example"), ("host", "a.example")]));
        assert!(post(&[("origin", "http://a.example"), ("host", "a.example")]));
        assert!(!post(&[("origin", "http://evil.example"), ("host", "a.example")]));
        assert!(!post(&[("origin", "null"), ("host", "a.example")]));
        assert!(post(&[("host", "a.example")]), "no word about it: the token decides");
        assert!(comes_from_here(&Method::GET, &Uri::from_static("/x"), &headers(&[("sec-fetch-site", "cross-site")])));
    }
}
