//! Errors as pages: what happened in a few words, and a way on. Handlers return a [`PageError`]; the `visit` layer
//! draws it in the frame of the visit, and does the same for whatever axum itself refused.

use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::base::fault::FaultKind;
use crate::base::{Fault, Refusal};
use crate::store::{OnceRefusal, Stop};
use crate::web::{Frame, page_with};

/// What a handler of a page gives: an answer, or the error to show instead.
pub type PageResult = Result<Response, PageError>;

/// Seconds after which a busy server should be asked again.
const BUSY_SECONDS: u16 = 1;
/// Seconds after which one without room should be: somebody has to make some first.
const FULL_SECONDS: u16 = 60;

/// When to ask again after an answer of this status, in seconds.
pub fn retry_after(status: StatusCode) -> Option<u16> {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => Some(BUSY_SECONDS),
        StatusCode::INSUFFICIENT_STORAGE => Some(FULL_SECONDS),
        _ => None,
    }
}

/// A page that can't be shown, and what to show instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageError {
    status: StatusCode,
    title: String,
    detail: String,
    /// Ways on: label and path.
    next: Vec<(String, String)>,
}

impl PageError {
    /// The usual words for a status.
    pub fn plain(status: StatusCode) -> PageError {
        let (title, detail) = usual_words(status);
        PageError { status, title: title.to_owned(), detail: detail.to_owned(), next: Vec::new() }
    }

    pub fn not_found() -> PageError {
        PageError::plain(StatusCode::NOT_FOUND)
    }

    pub fn titled(self, title: impl Into<String>) -> PageError {
        PageError { title: title.into(), ..self }
    }

    pub fn detail(self, detail: impl Into<String>) -> PageError {
        PageError { detail: detail.into(), ..self }
    }

    /// Adds a way on, before the usual ones.
    pub fn next(mut self, label: impl Into<String>, path: impl Into<String>) -> PageError {
        self.next.push((label.into(), path.into()));
        self
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }
}

/// The status that a refusal is answered with.
pub fn status_of(refusal: &impl Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.kind().status()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// The command's own refusal, to be shown where the person is; a fault or a key used twice is an error page.
pub fn own_refusal<R: Refusal>(stop: Stop<OnceRefusal<R>>) -> Result<R, PageError> {
    match stop {
        Stop::Refuse(OnceRefusal::Own(refusal)) | Stop::RefuseKeeping(OnceRefusal::Own(refusal)) => Ok(refusal),
        Stop::Refuse(OnceRefusal::KeyReused) | Stop::RefuseKeeping(OnceRefusal::KeyReused) => {
            Err(OnceRefusal::<R>::KeyReused.into())
        }
        Stop::Fault(fault) => Err(fault.into()),
    }
}

/// Logs the fault: here is the edge, and nobody after it does.
impl From<Fault> for PageError {
    fn from(fault: Fault) -> PageError {
        PageError::plain(fault_status(&fault)).detail(fault_words(fault.kind))
    }
}

impl<R: Refusal> From<R> for PageError {
    fn from(refusal: R) -> PageError {
        PageError::plain(status_of(&refusal)).detail(refusal.message())
    }
}

impl<R: Refusal> From<Stop<R>> for PageError {
    fn from(stop: Stop<R>) -> PageError {
        match stop {
            Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => refusal.into(),
            Stop::Fault(fault) => fault.into(),
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        bare(self)
    }
}

/// The status that a fault is answered with. Logs it: call it once a fault, at the edge.
pub fn fault_status(fault: &Fault) -> StatusCode {
    tracing::error!(kind = ?fault.kind, what = %fault.what, cause = %fault.cause, "fault");
    match fault.kind {
        FaultKind::Busy | FaultKind::Io | FaultKind::Unsettled | FaultKind::Stopped => StatusCode::SERVICE_UNAVAILABLE,
        FaultKind::Full => StatusCode::INSUFFICIENT_STORAGE,
        FaultKind::Corrupt | FaultKind::Bug => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What people are told of a fault.
pub fn fault_words(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Busy => "We are busy. Nothing was changed; please try again.",
        FaultKind::Full => "Nothing was changed. Please tell whoever runs this site that its disk is full.",
        FaultKind::Io => "This site's disk is in trouble. Nothing was changed; please try again in a moment.",
        FaultKind::Unsettled => {
            "This site's disk failed at the last moment, and we can't tell yet whether this went through. Please look \
             before you try again."
        }
        FaultKind::Stopped => {
            "Changes wait until whoever runs this site has looked at its clock. Nothing was changed; all that is here \
             can be read."
        }
        FaultKind::Corrupt | FaultKind::Bug => "The mistake is ours, and it has been noted.",
    }
}

/// A response without a body that carries the error to the layer that draws it.
pub fn bare(error: PageError) -> Response {
    let mut response = error.status.into_response();
    if let Some(seconds) = retry_after(error.status) {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response.extensions_mut().insert(error);
    response
}

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage {
    frame: Frame,
    status: u16,
    title: String,
    detail: String,
    next: Vec<(String, String)>,
}

/// The response as it stands, or the page of the error that it carries. Headers stay (`Allow`, `Retry-After`).
pub fn shown(mut response: Response, frame: impl FnOnce() -> Frame) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = match response.extensions_mut().remove::<PageError>() {
        Some(error) => error,
        None if is_drawn(&response) => return response,
        None => PageError::plain(status),
    };
    let (frame, status) = (frame(), status.as_u16());
    let next = ways_on(&error, &frame.canonical);
    let frame = frame.titled(error.title.clone());
    let drawn = page_with(error.status, ErrorPage { frame, status, title: error.title, detail: error.detail, next });
    let (mut parts, body) = drawn.into_parts();
    for (name, value) in response.headers() {
        if name != CONTENT_TYPE && name != "content-length" {
            parts.headers.append(name, value.clone());
        }
    }
    parts.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Response::from_parts(parts, body)
}

/// Whether the body is already one that people or programs can read: a page shown again with 422, a problem.
fn is_drawn(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/html") || kind.starts_with("application/")
}

fn ways_on(error: &PageError, path: &str) -> Vec<(String, String)> {
    let mut next = error.next.clone();
    let mut add = |label: &str, path: &str| next.push((label.to_owned(), path.to_owned()));
    match error.status {
        StatusCode::UNAUTHORIZED => add("Sign in", "/sign-in"),
        StatusCode::NOT_FOUND => add("Search", "/search"),
        status if status.is_server_error() => add("Try again", path),
        _ => {}
    }
    add("Home", "/");
    next
}

fn usual_words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => ("That request makes no sense to us", "A part of the address or the form is damaged."),
        401 => ("Please sign in", "This page is for people who are signed in."),
        403 => ("You can't do that here", "Your account may not do this. Ask whoever runs the place if it should."),
        404 => ("Nothing here", "The page may have moved, or it belongs to somebody else."),
        405 => ("Not this way", "This page does not take that kind of request."),
        408 => ("That took too long", "The request did not arrive in time. Please send it again."),
        409 => ("Not right now", "Things have changed in the meantime. Please look again."),
        413 => ("That is too much", "What you sent is larger than this page takes."),
        414 | 431 => ("That address is too long", "Please ask with fewer words."),
        415 => ("Not in this form", "This page takes what its own form sends."),
        422 => ("Please look at this again", "A field is missing or wrong."),
        429 => ("Slowly, please", "That was too often. Please try again in a while."),
        503 => ("A moment, please", "We are busy. Nothing was changed; please try again."),
        507 => ("No room left", "Nothing was changed. Please tell whoever runs this site that its disk is full."),
        _ if status.is_server_error() => ("That went wrong", "The mistake is ours, and it has been noted."),
        _ => ("That did not work", "Please go back and try again."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Kind;

    struct SoldOut;

    impl Refusal for SoldOut {
        fn name(&self) -> &'static str {
            "sold-out"
        }
        fn kind(&self) -> Kind {
            Kind::Conflict
        }
        fn message(&self) -> String {
            "The last one is gone.".to_owned()
        }
    }

    #[test]
    fn refusals_and_faults_have_their_status() {
        let refused = PageError::from(SoldOut);
        assert_eq!((refused.status().as_u16(), refused.detail.as_str()), (409, "The last one is gone."));
        assert_eq!(PageError::from(Stop::Refuse(SoldOut)), PageError::from(SoldOut));
        let status = |fault: Fault| PageError::from(fault).into_response();
        let busy = status(Fault::busy("writing", "queue full"));
        assert_eq!(busy.status(), 503);
        assert_eq!(busy.headers()[RETRY_AFTER], "1");
        assert_eq!(status(Fault::bug("x", "y")).status(), 500);
        assert_eq!(status(Fault::new(FaultKind::Full, "x", "y")).status(), 507);
    }

    #[test]
    fn every_error_leads_on() {
        for status in [400, 401, 403, 404, 405, 413, 415, 422, 429, 500, 503, 507] {
            let error = PageError::plain(StatusCode::from_u16(status).unwrap());
            assert!(!error.title.is_empty() && !error.detail.is_empty());
            assert_eq!(ways_on(&error, "/here").last().unwrap().1, "/");
        }
    }
}
