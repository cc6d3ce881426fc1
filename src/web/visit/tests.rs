//! A browser's way through pages: cookies, forms, messages and errors, through the layer around a small router.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::header::{CONTENT_TYPE, COOKIE, RETRY_AFTER};
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;
use tower::ServiceExt;

use super::*;
use crate::web::{FieldErrors, Form, PageError, PageResult, SeeOther, page, page_with};

#[derive(Template)]
#[template(
    ext = "html",
    source = "[{{ frame.csrf }}] {{ typed }} {% if let Some(text) = error %}{{ text }}{% endif %} \
                                   {% if let Some(flash) = frame.flash %}{{ flash.kind }}:{{ flash.text }}{% endif %}"
)]
struct NamePage {
    frame: Frame,
    typed: String,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Typed {
    name: String,
}

async fn ask(frame: Frame) -> Response {
    page(NamePage { frame, typed: String::new(), error: None })
}

async fn answer(frame: Frame, form: Form<Typed>) -> PageResult {
    let mut errors = FieldErrors::default();
    let Some(name) = errors.check("name", crate::base::Line::<10>::parse(&form.fields.name)) else {
        let error = Some(errors.of("name").to_owned());
        return Ok(page_with(StatusCode::UNPROCESSABLE_ENTITY, NamePage { frame, typed: form.fields.name, error }));
    };
    Ok(SeeOther::at("/name").flash(Flash::done(format!("Hello {name}"))).into_response())
}

/// A browser that keeps its cookies.
struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
}

struct Seen {
    response: Response,
    text: String,
}

impl Browser {
    fn new() -> Browser {
        let site = Site::for_tests();
        let router = Router::new()
            .route("/name", get(ask).post(answer))
            .route("/number/{number}", get(async |Path(_): Path<u8>| "a number"))
            .route("/busy", get(async || -> PageResult { Err(Fault::busy("writing", "queue full").into()) }))
            .fallback(async || PageError::not_found())
            .layer(from_fn_with_state(site.clone(), visit))
            .with_state(site);
        Browser { router, cookies: BTreeMap::new() }
    }

    async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Seen {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header(COOKIE, cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(body)).unwrap();
        let mut response = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let body = std::mem::take(response.body_mut());
        let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        Seen { response, text }
    }

    async fn get(&mut self, path: &str) -> Seen {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Fills in the form of the page and sends it.
    async fn say(&mut self, name: &str, headers: &[(&str, &str)]) -> Seen {
        let token = self.get("/name").await.text;
        let token = token.split(['[', ']']).nth(1).unwrap().to_owned();
        self.send(Method::POST, "/name", headers, format!("csrf={token}&name={name}")).await
    }
}

#[tokio::test]
async fn a_form_that_did_its_work_leads_on_with_a_message_shown_once() {
    let mut browser = Browser::new();
    let sent = browser.say("Ada", &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(sent.response.status(), 303);
    assert!(browser.get("/name").await.text.contains("done:Hello Ada"));
    assert!(!browser.get("/name").await.text.contains("Hello"), "shown twice");
}

#[tokio::test]
async fn a_wrong_field_is_422_with_what_was_typed_kept_and_escaped() {
    let sent = Browser::new().say("%3Cscript%3Ealert(1)", &[]).await;
    assert_eq!(sent.response.status(), 422);
    assert!(sent.text.contains("&#60;script&#62;alert(1)") && sent.text.contains("10 characters"), "{}", sent.text);
}

#[tokio::test]
async fn a_forged_request_is_refused_before_any_handler() {
    let mut browser = Browser::new();
    for headers in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let sent = browser.say("Ada", &[headers]).await;
        assert_eq!(sent.response.status(), 403);
        assert!(sent.text.contains("Nothing was changed"), "{}", sent.text);
    }
}

#[tokio::test]
async fn a_browser_gets_no_cookie_before_it_sees_a_form() {
    let mut browser = Browser::new();
    browser.get("/number/7").await;
    assert!(browser.cookies.is_empty());
    browser.get("/name").await;
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["csrf"]);
}

#[tokio::test]
async fn every_error_is_a_page_with_a_way_on() {
    let mut browser = Browser::new();
    for (path, status) in [("/nothing", 404), ("/number/many", 400), ("/number/%ff", 400), ("/busy", 503)] {
        let seen = browser.get(path).await;
        assert_eq!(seen.response.status(), status, "{path}");
        assert!(seen.text.contains("<html") && seen.text.contains("href=\"/\""), "{path}: {}", seen.text);
        assert_eq!(seen.response.headers().contains_key(RETRY_AFTER), status == 503);
        assert!(!seen.text.contains("queue full") && !seen.text.contains("Cannot parse"), "{}", seen.text);
    }
}
