//! JSON bodies: bounded in bytes and depth, and refused with the field named.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Problem;
use crate::web::{Once, OnceKey, Site};

/// Bound of a body, unless a route asks for more (`DefaultBodyLimit`).
pub const MAX_JSON_BYTES: usize = 64 * 1024;
/// No request of ours nests deeper than lines of an order.
pub const MAX_JSON_DEPTH: usize = 16;

/// A body read, or an answer to write.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// The body of a POST that moves money, stock, booked time or a voucher: it must carry an `Idempotency-Key`.
#[derive(Clone, Debug)]
pub struct Posted<T> {
    pub body: T,
    pub once: Once,
}

impl<T: DeserializeOwned> FromRequest<Site> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, site: &Site) -> Result<Json<T>, Problem> {
        check_type(request.headers())?;
        let bytes = read(request, site).await?;
        Ok(Json(parse(&bytes)?))
    }
}

impl<T: DeserializeOwned> FromRequest<Site> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, site: &Site) -> Result<Posted<T>, Problem> {
        let key = key_of(request.headers())?;
        let route = format!("{} {}", request.method(), request.uri().path());
        let sent_type = check_type(request.headers());
        let bytes = read(request, site).await?;
        // `POST /orders/{id}/cancel` has nothing to say: an empty body is an empty object.
        let body = if bytes.is_empty() { parse(b"{}")? } else { sent_type.and_then(|()| parse(&bytes))? };
        Ok(Posted { body, once: Once::new(key, [route.as_bytes(), &bytes]) })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn key_of(headers: &HeaderMap) -> Result<OnceKey, Problem> {
    let sent = headers.get("idempotency-key").ok_or_else(|| {
        let detail = "This request needs a header Idempotency-Key, so that sending it again does nothing twice.";
        Problem::new(StatusCode::BAD_REQUEST, "idempotency-key-required", detail)
    })?;
    let text = sent.to_str().unwrap_or_default();
    OnceKey::parse(text).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "idempotency-key-malformed", format!("Idempotency-Key: {error}."))
    })
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json { Ok(()) } else { Err(Problem::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE)) }
}

async fn read(request: Request, site: &Site) -> Result<Bytes, Problem> {
    Bytes::from_request(request, site).await.map_err(|error| Problem::plain(error.status()))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if depth(bytes) > MAX_JSON_DEPTH {
        return Err(Problem::bad_request("The JSON is nested too deeply."));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let body = serde_path_to_error::deserialize(&mut reader).map_err(|error| refused(&error))?;
    reader.end().map_err(|error| Problem::bad_request(format!("The body is not one JSON value: {error}.")))?;
    Ok(body)
}

/// Malformed text is 400; well-formed JSON that does not fit is 422 and names the field.
fn refused(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (inner, path) = (error.inner(), error.path().to_string());
    match inner.classify() {
        serde_json::error::Category::Data => {
            let text = inner.to_string();
            let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
            let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
            Problem::invalid(field_name(&path, missing), message)
        }
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof | serde_json::error::Category::Io => {
            Problem::bad_request(format!("The body is not JSON: {inner}."))
        }
    }
}

/// The path of the value at fault; for a missing one, the path of where it should stand.
fn field_name(path: &str, missing: Option<&str>) -> String {
    match (path, missing) {
        (".", Some(missing)) => missing.to_owned(),
        (path, Some(missing)) => format!("{path}.{missing}"),
        (".", None) => "body".to_owned(),
        (path, None) => path.to_owned(),
    }
}

/// How deep brackets nest outside of strings.
fn depth(bytes: &[u8]) -> usize {
    let (mut deepest, mut now, mut is_string, mut is_escaped) = (0_usize, 0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'[' | b'{' if !is_string => now += 1,
            b']' | b'}' if !is_string => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}

#[cfg(test)]
mod tests;
