//! Errors as `application/problem+json` (RFC 9457). `type` is the refusal's own name, such as `sold-out`.

use std::collections::BTreeMap;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::base::fault::FaultKind;
use crate::base::{Fault, Refusal};
use crate::store::Stop;
use crate::web::{fault_status, fault_words, retry_after};

/// What a handler of the API gives.
pub type ApiResult<T = Response> = Result<T, Problem>;

/// An answer that is not what was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Members>);

/// An answer that is not what was asked for (RFC 9457); some tell more in members of their own
// Boxed, since every result of the API has room for one.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Members {
    /// Stable, such as `sold-out`
    #[serde(rename = "type")]
    name: String,
    title: String,
    status: u16,
    detail: String,
    /// By field: what is wrong with it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, String>,
    /// What the refusal tells besides: who redeemed it and when, which times are free.
    #[schema(ignore)]
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Problem {
    pub fn new(status: StatusCode, name: impl Into<String>, detail: impl Into<String>) -> Problem {
        let name = name.into();
        let (title, detail) = (title_of(&name), detail.into());
        let (status, errors, more) = (status.as_u16(), BTreeMap::new(), Map::new());
        Problem(Box::new(Members { name, title, status, detail, errors, more }))
    }

    /// 400 `bad-request`
    pub fn bad_request(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// 401 `unauthorized`
    pub fn unauthorized() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "This needs a valid bearer token.")
    }

    /// 404 `not-found`
    pub fn not_found() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here, or it is not yours.")
    }

    /// 422 `invalid`, naming the field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "A field is missing or wrong.").field(field, message)
    }

    /// The usual words for a status that a library chose.
    pub fn plain(status: StatusCode) -> Problem {
        let reason = status.canonical_reason().unwrap_or("Error");
        let name = reason.to_ascii_lowercase().replace(' ', "-").replace('\'', "");
        Problem::new(status, name, format!("{reason}."))
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Problem {
        self.0.detail = detail.into();
        self
    }

    /// Adds a wrong field.
    pub fn field(mut self, field: impl Into<String>, message: impl Into<String>) -> Problem {
        self.0.errors.insert(field.into(), message.into());
        self
    }

    /// Adds what else the caller should know. The members of RFC 9457 keep their meaning.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        if !["type", "title", "status", "detail", "errors"].contains(&name) {
            self.0.more.insert(name.to_owned(), value.into());
        }
        self
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl<R: Refusal> From<R> for Problem {
    fn from(refusal: R) -> Problem {
        let status = StatusCode::from_u16(refusal.kind().status()).unwrap_or(StatusCode::BAD_REQUEST);
        let problem = Problem::new(status, refusal.name(), refusal.message());
        match refusal.field() {
            Some(field) => problem.field(field, refusal.message()),
            None => problem,
        }
    }
}

/// Logs the fault: here is the edge, and nobody after it does.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        let status = fault_status(&fault);
        let name = match fault.kind {
            FaultKind::Busy => "busy",
            FaultKind::Full => "full",
            FaultKind::Io => "disk",
            FaultKind::Unsettled => "unsettled",
            FaultKind::Stopped => "stopped",
            FaultKind::Corrupt | FaultKind::Bug => "fault",
        };
        Problem::new(status, name, fault_words(fault.kind))
    }
}

impl<R: Refusal> From<Stop<R>> for Problem {
    fn from(stop: Stop<R>) -> Problem {
        match stop {
            Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => refusal.into(),
            Stop::Fault(fault) => fault.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        // A problem holds strings only, so that writing it can't fail; an empty body would still be a true status.
        let mut response = (status, serde_json::to_vec(&self).unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after(status) {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// `sold-out` is titled `Sold out`.
fn title_of(name: &str) -> String {
    let mut words = name.replace('-', " ");
    if let Some(first) = words.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Kind;

    struct Wrong;

    impl Refusal for Wrong {
        fn name(&self) -> &'static str {
            "party-too-big"
        }
        fn kind(&self) -> Kind {
            Kind::Invalid
        }
        fn message(&self) -> String {
            "Ten at most.".to_owned()
        }
        fn field(&self) -> Option<&'static str> {
            Some("party")
        }
    }

    #[test]
    fn a_refusal_becomes_a_problem_of_its_name() {
        let problem = Problem::from(Wrong).with("most", 10).with("status", 200);
        let json: Value = serde_json::to_value(&problem).unwrap();
        let expected = serde_json::json!({
            "type": "party-too-big", "title": "Party too big", "status": 422, "detail": "Ten at most.",
            "errors": {"party": "Ten at most."}, "most": 10,
        });
        assert_eq!(json, expected);
        assert_eq!(problem.into_response().headers()[CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn faults_say_whether_to_try_again() {
        let busy = Problem::from(Fault::busy("writing", "full")).into_response();
        assert_eq!(busy.status(), 503);
        assert_eq!(busy.headers()[RETRY_AFTER], "1");
        let stop: Stop<Wrong> = Stop::Fault(Fault::bug("x", "secret path"));
        let problem = Problem::from(stop);
        assert_eq!(problem.status().as_u16(), 500);
        assert!(!problem.0.detail.contains("secret"));
    }

    #[test]
    fn a_status_alone_has_a_name() {
        assert_eq!(Problem::plain(StatusCode::METHOD_NOT_ALLOWED).name(), "method-not-allowed");
        assert_eq!(Problem::plain(StatusCode::PAYLOAD_TOO_LARGE).name(), "payload-too-large");
    }
}
