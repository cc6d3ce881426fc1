//! Lists: a bounded page of items and an opaque cursor to the next.

use axum::extract::FromRequestParts;
use axum::http::header::LINK;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Json, Problem};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;
/// Longest cursor taken, as text; ours hold a key or two.
const MAX_CURSOR_CHARACTERS: usize = 512;

/// Where the next page begins: bytes that only whoever made them reads. Callers hand them back unread, or forge
/// them; so whoever decodes one checks it like any input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<u8>);

/// Which page of a list is asked for: `?cursor=&limit=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub cursor: Option<Cursor>,
    /// 1 to 100.
    pub limit: usize,
}

impl Page {
    fn of(uri: &Uri) -> Result<Page, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(uri.query().unwrap_or_default())
            .map_err(|_| Problem::bad_request("The query can't be read."))?;
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let cursor = value("cursor").filter(|text| !text.is_empty()).map(Cursor::parse).transpose()?;
        let limit = value("limit").filter(|text| !text.is_empty()).map(limit).transpose()?;
        Ok(Page { cursor, limit: limit.unwrap_or(DEFAULT_LIMIT) })
    }
}

impl Cursor {
    fn parse(text: &str) -> Result<Cursor, Problem> {
        let bytes = (text.len() <= MAX_CURSOR_CHARACTERS).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten();
        bytes.map(Cursor).ok_or_else(Cursor::refused)
    }

    /// For whoever finds that a cursor's bytes are none of theirs.
    pub fn refused() -> Problem {
        Problem::invalid("cursor", "This cursor is not one of ours. Please begin again without it.")
    }

    /// The id that the cursor is.
    pub fn id(&self) -> Result<[u8; 16], Problem> {
        self.0.as_slice().try_into().map_err(|_| Cursor::refused())
    }

    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Page, Problem> {
        Page::of(&parts.uri)
    }
}

/// A page of a list: `{"items": [..], "next": CURSOR or null}`, and the header `Link`.
#[derive(Debug)]
pub struct List<T> {
    items: Vec<T>,
    next: Option<Cursor>,
}

/// The body of a list, for the OpenAPI document.
#[derive(Serialize, ToSchema)]
pub struct ListOf<T> {
    items: Vec<T>,
    /// The cursor of the next page, if there is one
    next: Option<String>,
}

impl<T: Serialize> List<T> {
    pub fn new(items: Vec<T>, next: Option<Cursor>) -> List<T> {
        List { items, next }
    }

    /// The answer to a request for `uri`.
    pub fn answer(self, uri: &Uri) -> Response {
        let next = self.next.map(|cursor| cursor.text());
        let link = next.as_ref().and_then(|cursor| next_link(uri, cursor));
        let mut response = Json(ListOf { items: self.items, next }).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

/// The header `Link` to the page that this cursor begins; for lists with more beside their items, as well.
pub fn next_link(uri: &Uri, cursor: &str) -> Option<HeaderValue> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(uri.query().unwrap_or_default()).ok()?;
    let kept = pairs.into_iter().filter(|(name, _)| name != "cursor");
    let all: Vec<(String, String)> = kept.chain([("cursor".to_owned(), cursor.to_owned())]).collect();
    let query = serde_urlencoded::to_string(all).ok()?;
    HeaderValue::from_str(&format!("<{}?{query}>; rel=\"next\"", uri.path())).ok()
}

fn limit(text: &str) -> Result<usize, Problem> {
    let number = text.parse().ok().filter(|number| (1..=MAX_LIMIT).contains(number));
    number.ok_or_else(|| Problem::invalid("limit", format!("Please ask for 1 to {MAX_LIMIT}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<Page, Problem> {
        Page::of(&format!("/api/v1/places?{query}").parse().unwrap())
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        let cursor = Cursor(vec![0, 255, 7]);
        let asked = page(&format!("limit=5&cursor={}", cursor.text())).unwrap();
        assert_eq!(asked, Page { cursor: Some(cursor), limit: 5 });
        assert_eq!(page("").unwrap(), Page { cursor: None, limit: 20 });
        assert_eq!(page("limit=100&cursor=").unwrap().limit, 100);
    }

    #[test]
    fn a_hostile_page_is_422_and_names_the_field() {
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=-1", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("cursor=%00", "cursor"),
            ("cursor=../../etc", "cursor"),
            (&format!("cursor={}", "A".repeat(513)), "cursor"),
        ] {
            let problem = page(query).unwrap_err();
            assert_eq!(problem.status(), 422, "{query}");
            assert!(serde_json::to_value(&problem).unwrap()["errors"][field].is_string(), "{query}");
        }
    }

    #[test]
    fn the_next_page_is_linked_with_the_same_question() {
        let uri: Uri = "/api/v1/places?q=caf%C3%A9+%22%3E&cursor=old&limit=2".parse().unwrap();
        let response = List::new(vec![1, 2], Some(Cursor(vec![1]))).answer(&uri);
        let expected = "</api/v1/places?q=caf%C3%A9+%22%3E&limit=2&cursor=AQ>; rel=\"next\"";
        assert_eq!(response.headers()[LINK], expected);
        assert!(!List::new(vec![1], None).answer(&uri).headers().contains_key(LINK));
    }
}
