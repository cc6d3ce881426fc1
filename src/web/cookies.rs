//! The cookies of the house: few, short, and out of reach of scripts and other sites.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

/// Longest value that is looked at; all of ours are shorter.
const MAX_VALUE_BYTES: usize = 2048;

/// The value that the browser sent for this cookie.
pub fn read(headers: &HeaderMap, name: &str, is_tls: bool) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let value = jar.get(&full_name(name, is_tls))?.value();
    (value.len() <= MAX_VALUE_BYTES).then(|| value.to_owned())
}

/// A `Set-Cookie` header: `HttpOnly; SameSite=Lax; Path=/`, with TLS also `Secure` and the prefix `__Host-`, which
/// keeps neighbouring host names from planting one. Without an age it ends with the browser's session.
pub fn set(name: &str, value: &str, age: Option<Duration>, is_tls: bool) -> Option<HeaderValue> {
    let mut cookie = Cookie::build((full_name(name, is_tls), value.to_owned()))
        .http_only(true)
        .same_site(SameSite::Lax)
        .path("/")
        .secure(is_tls)
        .build();
    if let Some(age) = age {
        cookie.set_max_age(age.try_into().ok());
    }
    HeaderValue::from_str(&cookie.to_string()).ok()
}

/// A `Set-Cookie` header that takes the cookie away.
pub fn clear(name: &str, is_tls: bool) -> Option<HeaderValue> {
    set(name, "", Some(Duration::ZERO), is_tls)
}

fn full_name(name: &str, is_tls: bool) -> String {
    if is_tls { format!("__Host-{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::COOKIE;

    #[test]
    fn a_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let plain = set("session", "abc", None, false).unwrap();
        assert_eq!(plain, "session=abc; HttpOnly; SameSite=Lax; Path=/");
        let tls = set("session", "abc", Some(Duration::from_secs(60)), true).unwrap();
        assert_eq!(tls, "__Host-session=abc; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60");
        assert!(clear("session", false).unwrap().to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn reading_finds_ours_among_others_and_ignores_huge_ones() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("a=1; session=xyz; b"));
        assert_eq!(read(&headers, "session", false).as_deref(), Some("xyz"));
        assert_eq!(read(&headers, "session", true), None);
        headers.insert(COOKIE, HeaderValue::from_str(&format!("session={}", "x".repeat(3000))).unwrap());
        assert_eq!(read(&headers, "session", false), None);
    }
}
