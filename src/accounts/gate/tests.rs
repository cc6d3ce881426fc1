//! Who is recognised by what, and how a stranger becomes a guest: in the purchase, once, and only if it succeeds.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Form as Typed;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::middleware::from_fn;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use serde::Deserialize;
use tower::ServiceExt;

use super::*;
use crate::accounts::access::Role;
use crate::accounts::model::PersonId;
use crate::store::Stop;
use crate::web::{Form, PageResult};

#[derive(Deserialize)]
struct Purchase {
    is_sold_out: bool,
}

/// What a room that sells does with a buyer: answers the person's id.
async fn buy(State(site): State<Site>, caller: Caller, form: Form<Purchase>) -> PageResult {
    let once = form.required_once()?;
    let (buyer, is_sold_out) = (caller.buyer(once), form.fields.is_sold_out);
    let acting = buyer.clone();
    let place = move |tx: &mut Tx<'_>| -> Outcome<PersonId, Refusal> {
        let actor = acting.actor(tx)?;
        if is_sold_out { Err(Stop::Refuse(Refusal::UnknownToken)) } else { Ok(actor.person) }
    };
    let person = site.store.write_once(once.by(buyer.once_actor()), place).await.outcome?;
    let mut response = person.to_string().into_response();
    response.headers_mut().extend(buyer.cookie(&site).map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

async fn who(viewer: Viewer) -> String {
    viewer.person().map(|person| person.roles()[0]).unwrap_or(Role::Anonymous).name().to_owned()
}

async fn form(Typed(_): Typed<()>) {}

fn router(site: &Site) -> Router {
    Router::new()
        .route("/who", get(who))
        .route("/api/v1/who", get(who))
        .route(
            "/desk",
            get(who).post(form).route_layer(from_fn(|request, next| admit(Action::SeeTrade, request, next))),
        )
        .route("/api/v1/desk", get(who).route_layer(from_fn(|request, next| admit(Action::SeeTrade, request, next))))
        .route("/buy", post(buy))
        .layer(from_fn_with_state(site.clone(), recognise))
        .with_state(site.clone())
}

struct Seen {
    status: StatusCode,
    location: String,
    cookie: Option<String>,
    text: String,
}

async fn send(site: &Site, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Seen {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(site).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let header = |name| parts.headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
    Seen {
        status: parts.status,
        location: header(LOCATION).unwrap_or_default(),
        cookie: header(SET_COOKIE).map(|set| set.split(';').next().unwrap().to_owned()),
        text: String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap(),
    }
}

/// A browser that was shown a form: its cookie, and a token for a form.
struct Browser {
    cookie: String,
    csrf: String,
}

fn browser() -> Browser {
    let csrf = Csrf::of(&HeaderMap::new(), false).unwrap();
    let token = csrf.to_string();
    Browser { cookie: format!("csrf={}", csrf.cookie_value().unwrap()), csrf: token }
}

async fn purchase(site: &Site, browser: &Browser, session: Option<&str>, key: &str, is_sold_out: bool) -> Seen {
    let cookies = session.map_or(browser.cookie.clone(), |session| format!("{}; {session}", browser.cookie));
    let kind = "application/x-www-form-urlencoded";
    let body = format!("csrf={}&key={key}&is_sold_out={is_sold_out}", browser.csrf);
    send(site, "POST", "/buy", &[(COOKIE.as_str(), &cookies), (CONTENT_TYPE.as_str(), kind)], body).await
}

#[tokio::test]
async fn a_form_that_a_stranger_sends_twice_is_one_guest_with_or_without_the_first_answers_cookie() {
    let (site, browser) = (Site::for_tests(), browser());
    let first = purchase(&site, &browser, None, "k1", false).await;
    assert_eq!(first.status, 200);
    let session = first.cookie.as_deref().unwrap();
    let retry = purchase(&site, &browser, None, "k1", false).await;
    assert_eq!((&retry.text, retry.cookie.as_deref()), (&first.text, Some(session)));
    let seq = site.store.snapshot().unwrap().seq();
    assert_eq!(purchase(&site, &browser, Some(session), "k1", false).await.text, first.text);
    assert_eq!(site.store.snapshot().unwrap().seq(), seq, "the first answer, and nothing done anew");
    let next = purchase(&site, &browser, Some(session), "k2", false).await;
    assert_eq!((&next.text, next.cookie), (&first.text, None), "the same guest, who has a cookie already");
}

#[tokio::test]
async fn two_browsers_are_two_guests_even_with_the_same_key() {
    let site = Site::for_tests();
    let (one, other) = (browser(), browser());
    let first = purchase(&site, &one, None, "k", false).await;
    let second = purchase(&site, &other, None, "k", false).await;
    assert_ne!((first.text, first.cookie), (second.text, second.cookie));
}

#[tokio::test]
async fn a_purchase_that_is_refused_leaves_no_guest() {
    let (site, browser) = (Site::for_tests(), browser());
    let refused = purchase(&site, &browser, None, "k", true).await;
    assert_eq!((refused.status.as_u16(), refused.cookie), (404, None));
    assert_eq!(site.store.snapshot().unwrap().seq(), 0);
}

#[tokio::test]
async fn a_page_knows_cookies_alone_and_the_api_bearers_alone() {
    let (site, browser) = (Site::for_tests(), browser());
    let session = purchase(&site, &browser, None, "k", false).await.cookie.unwrap();
    let bearer = session.replace("hs_session=", "Bearer ");
    let who =
        async |path, name: &str, value: &str| send(&site, "GET", path, &[(name, value)], String::new()).await.text;
    let (cookie, authorization) = (COOKIE.as_str(), AUTHORIZATION.as_str());
    assert_eq!(who("/who", cookie, &session).await, "guest");
    assert_eq!(who("/api/v1/who", authorization, &bearer).await, "guest");
    assert_eq!(who("/who", authorization, &bearer).await, "anonymous");
    assert_eq!(who("/api/v1/who", cookie, &session).await, "anonymous");
    assert_eq!(who("/who", cookie, "hs_session=0").await, "anonymous");
}

#[tokio::test]
async fn the_gate_sends_strangers_and_guests_to_sign_in_and_back_and_programs_get_401() {
    let (site, browser) = (Site::for_tests(), browser());
    let session = purchase(&site, &browser, None, "k", false).await.cookie.unwrap();
    for headers in [&[][..], &[(COOKIE.as_str(), session.as_str())]] {
        let turned_away = send(&site, "GET", "/desk?tab=1&x=%26", headers, String::new()).await;
        assert_eq!(turned_away.status, 303);
        assert_eq!(turned_away.location, "/sign-in?next=%2Fdesk%3Ftab%3D1%26x%3D%2526");
    }
    let posted = send(&site, "POST", "/desk", &[], String::new()).await;
    assert_eq!((posted.status.as_u16(), posted.location.as_str()), (303, "/sign-in"));
    let program = send(&site, "GET", "/api/v1/desk", &[], String::new()).await;
    assert_eq!(program.status, 401);
    assert!(program.text.contains("sign-in-first"));
}
