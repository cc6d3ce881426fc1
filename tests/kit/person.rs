//! Somebody with a browser and, once asked for, an API token: a guest, or one who signs in at the first request.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

use super::{Form, Reply};

/// Longest that one answer may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
const IDLE: Duration = Duration::from_secs(5);
const MAX_BODY_BYTES: u64 = 64 << 20;

/// Cookies are kept, redirects are not followed. May be shared by threads: they are one browser then.
#[derive(Debug)]
pub struct Person {
    agent: Agent,
    base: String,
    credentials: Option<(String, String)>,
    page_session: OnceLock<()>,
    token: OnceLock<String>,
}

impl Person {
    /// Nobody in particular, at the server of that address (`http://127.0.0.1:PORT`).
    pub fn guest(base: &str) -> Person {
        Person::new(base, None)
    }

    /// Somebody with an account; signs in by page at the first page and by API at the first API call.
    pub fn with_account(base: &str, email: &str, password: &str) -> Person {
        Person::new(base, Some((email.to_owned(), password.to_owned())))
    }

    fn new(base: &str, credentials: Option<(String, String)>) -> Person {
        let config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(LIMIT))
            // A connection that has rested as long as the server lets it may be closed the moment it is used again.
            .max_idle_age(IDLE)
            .build();
        Person {
            agent: config.new_agent(),
            base: base.trim_end_matches('/').to_owned(),
            credentials,
            page_session: OnceLock::new(),
            token: OnceLock::new(),
        }
    }

    // Pages.

    /// Asks for a page.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.sign_in();
        self.send("GET", path, &[], Vec::new())
    }

    /// Sends a form as the page gave it and as it was filled in since.
    #[track_caller]
    pub fn submit(&self, form: &Form) -> Reply {
        self.sign_in();
        self.submit_raw(form)
    }

    /// Sends these fields and nothing else: no CSRF token, no hidden key.
    #[track_caller]
    pub fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.submit(&Form { method: "POST".to_owned(), action: path.to_owned(), fields })
    }

    /// Goes where a redirect points.
    #[track_caller]
    pub fn follow(&self, reply: &Reply) -> Reply {
        let location = reply.header("location").unwrap_or_else(|| panic!("{} redirects nowhere", reply.asked));
        self.get(location.strip_prefix(&self.base).unwrap_or(location))
    }

    /// Opens a page, fills in the one form that the selector finds there, sends it.
    #[track_caller]
    pub fn fill(&self, path: &str, css: &str, fields: &[(&str, &str)]) -> Reply {
        let form = self.get(path).expect(200).form(css);
        self.submit(&fields.iter().fold(form, |form, (name, value)| form.set(name, value)))
    }

    // API.

    /// `GET /api/v1{path}` with this person's token.
    #[track_caller]
    pub fn api_get(&self, path: &str) -> Reply {
        self.api("GET", path, None, None)
    }

    /// `POST /api/v1{path}` with this person's token and a fresh idempotency key.
    #[track_caller]
    pub fn api_post(&self, path: &str, body: &Value) -> Reply {
        self.api("POST", path, Some(body), Some(&fresh_key()))
    }

    /// Any API call: with or without a body, with a key of one's own or with none.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, body: Option<&Value>, key: Option<&str>) -> Reply {
        let mut headers = Vec::new();
        if let Some(token) = self.token() {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        if let Some(key) = key {
            headers.push(("idempotency-key".to_owned(), key.to_owned()));
        }
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        self.send(method, &format!("/api/v1{path}"), &headers, body)
    }

    /// The API token; `None` for a guest. Signs in when first asked.
    #[track_caller]
    pub fn token(&self) -> Option<&str> {
        let (email, password) = self.credentials.as_ref()?;
        let sign_in = || {
            let body = json!({ "email": email, "password": password }).to_string().into_bytes();
            let reply = self.send("POST", "/api/v1/sessions", &[("content-type", "application/json")], body);
            reply.expect(201).json()["token"].as_str().expect("a session has a token").to_owned()
        };
        Some(self.token.get_or_init(sign_in))
    }

    // Both.

    /// One request with exactly these headers and this body, and the cookies.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        let asked = format!("{method} {path}");
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = if body.is_empty() {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent.run(request.body(body).expect("a request"))
        };
        let mut answer = sent.unwrap_or_else(|error| panic!("{asked}: no answer: {error}"));
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MAX_BODY_BYTES).read_to_vec();
        let body = body.unwrap_or_else(|error| panic!("{asked}: the body broke off: {error}"));
        Reply { asked, path: path.to_owned(), status, headers, body }
    }

    /// The value of a cookie that this person's browser keeps.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.agent.cookie_jar_lock().iter().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
    }

    /// Throws all cookies away, as somebody does who clears the browser.
    pub fn forget_cookies(&self) {
        self.agent.cookie_jar_lock().clear();
    }

    #[track_caller]
    fn sign_in(&self) {
        let Some((email, password)) = &self.credentials else { return };
        self.page_session.get_or_init(|| {
            let page = self.send("GET", "/sign-in", &[], Vec::new()).expect(200);
            let form = page.form("form[action^='/sign-in']").set("email", email).set("password", password);
            let reply = self.submit_raw(&form);
            assert_eq!(reply.status, 303, "{email} can't sign in:\n{}", reply.text());
        });
    }

    #[track_caller]
    fn submit_raw(&self, form: &Form) -> Reply {
        let encoded = serde_urlencoded::to_string(&form.fields).expect("fields are text");
        if form.method == "GET" {
            return self.send("GET", &format!("{}?{encoded}", form.action), &[], Vec::new());
        }
        let kind = [("content-type", "application/x-www-form-urlencoded"), ("origin", self.base.as_str())];
        // A body even without fields: an empty form is a form too.
        self.send(&form.method, &form.action, &kind, if encoded.is_empty() { b"&".to_vec() } else { encoded.into() })
    }
}

/// An idempotency key that no other request of this run has.
fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
