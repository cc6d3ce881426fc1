//! Where a redirect may lead: into this site, by type. An address from outside never becomes a `Location` unchecked.

use std::fmt;

use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::web::Flash;

const MAX_PATH_BYTES: usize = 2048;

/// A path, with its query, on this site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    pub fn home() -> LocalPath {
        LocalPath("/".to_owned())
    }

    /// Takes a path such as `/search?q=sushi`; refuses whatever a browser could read as another site.
    pub fn parse(text: &str) -> Option<LocalPath> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let is_local = text.starts_with('/') && !text.starts_with("//");
        (is_plain && is_local && text.len() <= MAX_PATH_BYTES).then(|| LocalPath(text.to_owned()))
    }

    /// The path that a form or a link asked to come back to, or home.
    pub fn parse_or_home(text: &str) -> LocalPath {
        LocalPath::parse(text).unwrap_or_else(LocalPath::home)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The answer to a form that did its work: 303, so that reloading the next page repeats nothing.
#[derive(Debug)]
pub struct SeeOther {
    to: LocalPath,
    flash: Option<Flash>,
    cookies: Vec<HeaderValue>,
}

impl SeeOther {
    pub fn to(to: LocalPath) -> SeeOther {
        SeeOther { to, flash: None, cookies: Vec::new() }
    }

    /// To a path that the code itself wrote; one that is not local leads home.
    pub fn at(path: impl AsRef<str>) -> SeeOther {
        SeeOther::to(LocalPath::parse_or_home(path.as_ref()))
    }

    pub fn flash(self, flash: Flash) -> SeeOther {
        SeeOther { flash: Some(flash), ..self }
    }

    /// Adds a `Set-Cookie` made by [`crate::web::cookies`].
    pub fn cookie(mut self, header: Option<HeaderValue>) -> SeeOther {
        self.cookies.extend(header);
        self
    }
}

impl IntoResponse for SeeOther {
    fn into_response(self) -> Response {
        let mut response = StatusCode::SEE_OTHER.into_response();
        if let Ok(location) = HeaderValue::from_str(&self.to.0) {
            response.headers_mut().insert(LOCATION, location);
        }
        for cookie in self.cookies {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        if let Some(flash) = self.flash {
            response.extensions_mut().insert(flash);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plt_redirects_stay_on_this_site() {
        for good in ["/", "/search?q=a%20b&near=1,2", "/me/vouchers#top"] {
            assert!(LocalPath::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "search",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil",
            "http://evil.example",
            "https:/evil",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x=1",
            "/a b",
            "/\t/evil.example",
            "/\u{e9}",
        ] {
            assert_eq!(LocalPath::parse(bad), None, "{bad}");
        }
        assert_eq!(LocalPath::parse(&format!("/{}", "a".repeat(5000))), None);
    }

    #[test]
    fn a_form_is_answered_with_303() {
        let response = SeeOther::at("/me/orders").flash(Flash::done("Saved")).into_response();
        assert_eq!(response.status(), 303);
        assert_eq!(response.headers()[LOCATION], "/me/orders");
        assert_eq!(response.extensions().get::<Flash>(), Some(&Flash::done("Saved")));
    }
}
