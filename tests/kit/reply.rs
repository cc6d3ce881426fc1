//! One answer over HTTP: status, headers, body, and what stands in the page.

use scraper::{Html, Selector};
use serde_json::Value;

use super::Form;

/// Characters of a body that a failed expectation shows.
const SHOWN_CHARACTERS: usize = 3_000;

#[derive(Clone, Debug)]
pub struct Reply {
    /// The request, for messages: `GET /p/kahvila`.
    pub asked: String,
    /// The path that was asked for, with its query.
    pub path: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// Demands this status, and shows the body if it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Reply {
        let shown: String = self.text().chars().take(SHOWN_CHARACTERS).collect();
        assert_eq!(self.status, status, "{} {:?}\n{shown}", self.asked, self.header("location").unwrap_or_default());
        self
    }

    /// Demands a problem (RFC 9457) of this status and name, such as `409, "sold-out"`.
    #[track_caller]
    pub fn expect_problem(self, status: u16, name: &str) -> Reply {
        let reply = self.expect(status);
        let kind = reply.json()["type"].as_str().unwrap_or_default().to_owned();
        assert_eq!(kind.rsplit(['/', ':', '#']).next(), Some(name), "{}\n{}", reply.asked, reply.text());
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", reply.asked);
        reply
    }

    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: no JSON ({error}): {}", self.asked, self.text()))
    }

    pub fn html(&self) -> Html {
        Html::parse_document(&self.text())
    }

    /// The text of every element that the CSS selector finds, white space collapsed.
    #[track_caller]
    pub fn all(&self, css: &str) -> Vec<String> {
        let collapse = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.html().select(&selector(css)).map(|element| collapse(element.text().collect())).collect()
    }

    /// The text of the one element that the selector must find.
    #[track_caller]
    pub fn one(&self, css: &str) -> String {
        let mut found = self.all(css);
        assert_eq!(found.len(), 1, "{}: {css} finds {found:?}", self.asked);
        found.remove(0)
    }

    /// An attribute of every element that the selector finds: `page.attributes("a.card", "href")`.
    #[track_caller]
    pub fn attributes(&self, css: &str, name: &str) -> Vec<String> {
        self.html().select(&selector(css)).filter_map(|element| element.attr(name)).map(str::to_owned).collect()
    }

    /// The form that the selector finds, filled in as the page shows it, hidden fields included.
    #[track_caller]
    pub fn form(&self, css: &str) -> Form {
        Form::in_page(self, css)
    }
}

#[track_caller]
pub(super) fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap_or_else(|error| panic!("{css} is no selector: {error}"))
}
