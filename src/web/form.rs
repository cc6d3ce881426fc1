//! Forms: bounded, proved to come from our own page, and kept as typed when they have to be shown again.
//!
//! A form's struct holds what was typed (`String`, `Option<String>`, `Vec` is not known); the handler parses it into
//! values through [`FieldErrors`], and shows the page again with status 422 when one of them is wrong.

use std::collections::BTreeMap;
use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::base::Refusal;
use crate::web::csrf::CSRF_FIELD;
use crate::web::once::{KEY_FIELD, Once, OnceKey};
use crate::web::{PageError, Site, Visit};

/// Bound of a form's body, unless a route asks for more (`DefaultBodyLimit`).
pub const MAX_FORM_BYTES: usize = 64 * 1024;

/// A posted form whose token fits the browser's cookie.
#[derive(Clone, Debug)]
pub struct Form<T> {
    pub fields: T,
    /// The hidden key with the hash of all other fields; a form without a key can't be sent twice safely.
    pub once: Option<Once>,
}

impl<T> Form<T> {
    /// The key, for forms that move money, stock or a voucher: the page gave one, so a lack of it is a bad request.
    pub fn required_once(&self) -> Result<&Once, PageError> {
        self.once.as_ref().ok_or_else(|| unreadable("This form lacks its key. Please load the page again."))
    }
}

impl<T: DeserializeOwned> FromRequest<Site> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, site: &Site) -> Result<Form<T>, PageError> {
        let visit = Visit::of(request.extensions(), request.headers(), site)?;
        check_type(request.headers())?;
        let route = format!("{} {}", request.method(), request.uri().path());
        let bytes = Bytes::from_request(request, site).await.map_err(|error| PageError::plain(error.status()))?;
        let pairs: Vec<(String, String)> = read(&bytes)?;
        if !visit.csrf().accepts(value_of(&pairs, CSRF_FIELD).unwrap_or_default()) {
            return Err(forged());
        }
        let once = once_of(&route, &pairs)?;
        Ok(Form { fields: read(&bytes)?, once })
    }
}

/// What is wrong with which field, for the page that shows the form again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(BTreeMap<&'static str, String>);

impl FieldErrors {
    /// Notes a wrong field; the first word on a field stays.
    pub fn add(&mut self, field: &'static str, message: impl fmt::Display) {
        self.0.entry(field).or_insert_with(|| message.to_string());
    }

    /// The value, or a note on its field.
    pub fn check<T, E: fmt::Display>(&mut self, field: &'static str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.add(field, error)).ok()
    }

    /// A refusal that names a field.
    pub fn of_refusal(refusal: &impl Refusal) -> Option<FieldErrors> {
        let mut errors = FieldErrors::default();
        errors.add(refusal.field()?, refusal.message());
        Some(errors)
    }

    /// What to show beside the field; empty if it is right.
    pub fn of(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(field, message)| (*field, message.as_str()))
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), PageError> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    Err(PageError::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

fn read<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, PageError> {
    serde_urlencoded::from_bytes(bytes)
        .map_err(|error| PageError::plain(StatusCode::UNPROCESSABLE_ENTITY).detail(which_field(&error.to_string())))
}

/// A browser sends every field of our forms once; whoever does not is told which one is wrong.
fn which_field(error: &str) -> String {
    let field = |start: &str| error.strip_prefix(start)?.strip_suffix('`');
    match (field("missing field `"), field("duplicate field `")) {
        (Some(field), _) => format!("The field “{field}” of this form is missing."),
        (_, Some(field)) => format!("The field “{field}” of this form was sent twice."),
        (None, None) => "A field of this form can't be read.".to_owned(),
    }
}

fn value_of<'a>(pairs: &'a [(String, String)], field: &str) -> Option<&'a str> {
    pairs.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
}

fn once_of(route: &str, pairs: &[(String, String)]) -> Result<Option<Once>, PageError> {
    let Some(key) = value_of(pairs, KEY_FIELD) else { return Ok(None) };
    let key = OnceKey::parse(key).map_err(|_| unreadable("The key of this form is damaged. Please load it again."))?;
    let fields = pairs.iter().filter(|(name, _)| name != KEY_FIELD && name != CSRF_FIELD);
    let parts = fields.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    Ok(Some(Once::new(key, std::iter::once(route.as_bytes()).chain(parts))))
}

fn unreadable(detail: &str) -> PageError {
    PageError::plain(StatusCode::BAD_REQUEST).detail(detail)
}

pub fn forged() -> PageError {
    PageError::plain(StatusCode::FORBIDDEN)
        .titled("That form is not ours, or too old")
        .detail("Nothing was changed. Please go back, load the page again and send it once more; cookies must be on.")
}

#[cfg(test)]
mod tests;
