//! What a posted form must be, through the extractor as a handler meets it.

use axum::body::Body;
use axum::http::Method;
use axum::http::header::COOKIE;
use serde::Deserialize;

use super::*;
use crate::web::Csrf;
use crate::web::csrf::CSRF_COOKIE;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    name: String,
}

const FORM: &str = "application/x-www-form-urlencoded";

/// What a browser that was shown a form sends: the cookie, and the token in the body.
fn browser() -> (String, String) {
    let csrf = Csrf::of(&HeaderMap::new(), false).unwrap();
    let token = csrf.to_string();
    (format!("{CSRF_COOKIE}={}", csrf.cookie_value().unwrap()), token)
}

async fn post(kind: &str, cookie: &str, body: String) -> Result<Form<Typed>, PageError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/somewhere")
        .header(CONTENT_TYPE, kind)
        .header(COOKIE, cookie)
        .body(Body::from(body))
        .unwrap();
    Form::from_request(request, &Site::for_tests()).await
}

async fn refused(kind: &str, cookie: &str, body: String) -> u16 {
    post(kind, cookie, body).await.unwrap_err().status().as_u16()
}

#[tokio::test]
async fn a_form_of_ours_is_read() {
    let (cookie, token) = browser();
    let form = post(FORM, &cookie, format!("csrf={token}&key=k1&name=Caf%C3%A9+%00%FF")).await.unwrap();
    assert_eq!(form.fields.name, "Caf\u{e9} \0\u{fffd}");
    assert_eq!(form.once.unwrap().key.as_str(), "k1");
    let charset = post("application/x-www-form-urlencoded; charset=utf-8", &cookie, format!("csrf={token}")).await;
    assert!(charset.unwrap().once.is_none());
}

#[tokio::test]
async fn a_form_is_refused_for_a_wrong_type_a_wrong_token_and_a_wrong_key() {
    let (cookie, token) = browser();
    assert_eq!(refused("text/plain", &cookie, format!("csrf={token}")).await, 415);
    assert_eq!(refused("application/json", &cookie, "{}".to_owned()).await, 415);
    assert_eq!(refused(FORM, &cookie, "name=x".to_owned()).await, 403);
    assert_eq!(refused(FORM, "", format!("csrf={token}")).await, 403);
    assert_eq!(refused(FORM, &browser().0, format!("csrf={token}")).await, 403);
    assert_eq!(refused(FORM, &cookie, format!("csrf={token}&key=")).await, 400);
    assert_eq!(refused(FORM, &cookie, format!("csrf={token}&name=a&name=b")).await, 422);
}

#[test]
fn a_field_that_is_missing_or_sent_twice_is_named() {
    #[derive(Debug, Deserialize)]
    struct Needed {
        #[expect(dead_code, reason = "read by serde alone")]
        place: String,
    }
    for (body, said) in
        [("", "“place” of this form is missing"), ("place=1&place=2", "“place” of this form was sent twice")]
    {
        let error = read::<Needed>(&Bytes::from_static(body.as_bytes())).unwrap_err();
        assert_eq!(error.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(format!("{error:?}").contains(said), "{error:?}");
    }
}

#[tokio::test]
async fn token_and_key_do_not_count_in_the_hash_and_all_else_does() {
    let (cookie, token) = browser();
    let hash = async |body: String| post(FORM, &cookie, body).await.unwrap().once.unwrap().request_hash;
    let first = hash(format!("csrf={token}&key=k1&name=a")).await;
    assert_eq!(first, hash(format!("csrf={token}&key=k2&name=a")).await);
    assert_ne!(first, hash(format!("csrf={token}&key=k1&name=b")).await);
}

#[test]
fn errors_name_their_field_and_keep_the_first_word() {
    let mut errors = FieldErrors::default();
    assert_eq!(errors.check("name", Ok::<_, String>(5)), Some(5));
    assert!(errors.is_empty());
    assert_eq!(errors.check("name", Err::<u8, _>("Please write something here.")), None);
    errors.add("name", "later");
    assert_eq!(errors.of("name"), "Please write something here.");
    assert_eq!(errors.of("other"), "");
    assert_eq!(errors.iter().count(), 1);
}
