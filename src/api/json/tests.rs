//! What JSON bodies must be, through the extractors as a handler meets them.

use axum::body::Body;
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
struct Order {
    lines: Vec<OrderLine>,
}

#[derive(Debug, Deserialize)]
struct OrderLine {
    quantity: u32,
}

fn request(kind: &str, body: impl Into<Body>) -> Request {
    Request::builder().method("POST").uri("/api/v1/orders").header(CONTENT_TYPE, kind).body(body.into()).unwrap()
}

async fn problem(kind: &str, body: &str) -> serde_json::Value {
    let read = Json::<Order>::from_request(request(kind, body.to_owned()), &Site::for_tests()).await;
    serde_json::to_value(read.unwrap_err()).unwrap()
}

#[tokio::test]
async fn a_good_body_is_read() {
    let body = r#"{"lines": [{"quantity": 2}], "later": true}"#;
    let read = Json::<Order>::from_request(request("application/json; charset=utf-8", body), &Site::for_tests()).await;
    assert_eq!(read.unwrap().0.lines[0].quantity, 2);
}

#[tokio::test]
async fn a_wrong_field_is_422_and_named() {
    let json = "application/json";
    let wrong = problem(json, r#"{"lines": [{"quantity": 2}, {"quantity": "two"}]}"#).await;
    assert_eq!(wrong["status"], 422);
    assert!(wrong["errors"]["lines[1].quantity"].as_str().unwrap().contains("invalid type"), "{wrong}");
    assert!(problem(json, r#"{"lines": [{}]}"#).await["errors"]["lines[0].quantity"].is_string());
    assert!(problem(json, "{}").await["errors"]["lines"].is_string());
    assert!(problem(json, "[1]").await["status"] == 422 || problem(json, "[1]").await["status"] == 400);
    assert_eq!(problem(json, r#"{"lines": [{"quantity": -1}]}"#).await["status"], 422);
    assert_eq!(problem(json, r#"{"lines": [{"quantity": 1e99}]}"#).await["status"], 422);
}

#[tokio::test]
async fn what_is_no_json_is_400_and_what_is_not_sent_as_json_415() {
    for broken in ["", "{", "{\"lines\": [}", "{\"lines\": []} x", "\u{0}", "{\"lines\": \"\\ud800\"}"] {
        let status = problem("application/json", broken).await["status"].clone();
        assert_eq!(status, 400, "{broken:?}");
    }
    assert_eq!(problem("text/plain", "{}").await["status"], 415);
    assert_eq!(problem("application/x-www-form-urlencoded", "{}").await["status"], 415);
    let deep = "[".repeat(5000);
    assert_eq!(problem("application/json", &deep).await["status"], 400);
}

#[tokio::test]
async fn a_body_over_the_bound_is_413() {
    let limited = tower::ServiceExt::oneshot(
        axum::Router::new()
            .route("/api/v1/orders", axum::routing::post(async |Json(_): Json<Order>| "read"))
            .layer(axum::extract::DefaultBodyLimit::max(MAX_JSON_BYTES))
            .with_state(Site::for_tests()),
        request("application/json", format!(r#"{{"lines": [], "x": "{}"}}"#, "x".repeat(MAX_JSON_BYTES))),
    );
    assert_eq!(limited.await.unwrap().status(), 413);
}

#[tokio::test]
async fn a_post_that_moves_something_needs_a_key() {
    let posted = async |key: Option<&str>, body: &'static str| {
        let mut request = request("application/json", body);
        if let Some(key) = key {
            request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        }
        Posted::<serde_json::Value>::from_request(request, &Site::for_tests()).await
    };
    assert_eq!(posted(None, "{}").await.unwrap_err().name(), "idempotency-key-required");
    assert_eq!(posted(Some(""), "{}").await.unwrap_err().status(), 400);
    assert_eq!(posted(Some(&"k".repeat(201)), "{}").await.unwrap_err().status(), 400);
    let first = posted(Some("k"), "{\"a\":1}").await.unwrap().once;
    assert_eq!(first, posted(Some("k"), "{\"a\":1}").await.unwrap().once);
    assert_ne!(first, posted(Some("k"), "{\"a\":2}").await.unwrap().once);
    assert!(posted(Some("k"), "").await.is_ok(), "an empty body is an empty object");
}

#[test]
fn depth_counts_brackets_outside_of_strings() {
    assert_eq!(depth(br#"{"a": [1, {"b": "[[[[\"{{"}]}"#), 3);
    assert_eq!(depth(b"]]]["), 1);
}
