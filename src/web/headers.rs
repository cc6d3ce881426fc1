//! The security headers, on every answer.

use axum::http::header::HeaderName;
use axum::http::{HeaderMap, HeaderValue};

/// Everything from this site alone, and nothing inline: a script that gets into a page does not run.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const EVERYWHERE: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    // The till scans, and residents look for what is near: both ask first.
    ("permissions-policy", "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Sets the headers, over whatever a handler said.
pub fn security_headers(headers: &mut HeaderMap) {
    for (name, value) in EVERYWHERE {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inline_and_nothing_foreign_may_run() {
        let mut headers = HeaderMap::new();
        security_headers(&mut headers);
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        assert!(
            !policy.contains("unsafe")
                && !policy.contains("http")
                && !policy.contains('*')
                && !policy.contains("data:")
        );
    }
}
