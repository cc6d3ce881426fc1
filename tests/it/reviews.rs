//! Reviews from outside: who is let in, what hostile requests get, how the score is published.

use serde_json::json;

use crate::kit::{Launch, Person, Server};

const UNKNOWN: &str = "0190a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b";
const PASSWORD: &str = "correct horse";

/// A city with Anna, who has bought nothing.
fn city_with_anna() -> (Server, Person, Person) {
    let server = Launch::serve().start();
    let browser = server.guest();
    let fields = [("name", "Anna"), ("email", "anna@example.org"), ("password", PASSWORD)];
    browser.fill("/sign-up", "main form", &fields).expect(303);
    let anna = Person::with_account(server.url(), "anna@example.org", PASSWORD);
    (server, browser, anna)
}

#[test]
fn rev_05_the_formula_of_the_score_is_published_with_examples() {
    let server = Launch::serve().start();
    let page = server.guest().get("/help/score").expect(200);
    assert_eq!(page.one(".formula"), "score = (5 × 3.5 + sum of all stars) ÷ (5 + number of reviews)");
    // (5 x 3.5 + 5) / 6, (5 x 3.5 + 1) / 6, (5 x 3.5 + 420) / 105
    assert_eq!(page.all("main dl dd"), ["3.8", "3.1", "4.2"]);
}

#[test]
fn rev_01_strangers_write_no_reviews_and_answer_none() {
    let (server, _, _) = city_with_anna();
    let stranger = server.guest();
    let form = stranger.get(&format!("/me/orders/{UNKNOWN}/review"));
    let sign_in = format!("/sign-in?next=%2Fme%2Forders%2F{UNKNOWN}%2Freview");
    assert_eq!((form.status, form.header("location")), (303, Some(sign_in.as_str())));
    let review = json!({ "order": UNKNOWN, "rating": 5, "text": "" });
    let words = json!({ "rating": 5, "text": "" });
    let reply = json!({ "text": "Thanks" });
    for (path, body) in [
        (format!("/places/{UNKNOWN}/reviews"), review),
        (format!("/reviews/{UNKNOWN}/change"), words),
        (format!("/reviews/{UNKNOWN}/reply"), reply),
    ] {
        stranger.api("POST", &path, Some(&body), None).expect_problem(401, "sign-in-first");
    }
}

#[test]
fn what_is_unknown_or_not_ones_own_is_not_found() {
    let (_server, browser, anna) = city_with_anna();
    for order in [UNKNOWN, "x", "..%2F..%2Fetc", "%00"] {
        for path in [format!("/me/orders/{order}/review"), format!("/me/orders/{order}/review?place={UNKNOWN}")] {
            assert_eq!(browser.get(&path).status, 404, "{path}");
        }
    }
    anna.api_get(&format!("/places/{UNKNOWN}/reviews")).expect_problem(404, "not-found");
    anna.api_get("/places/nowhere/reviews").expect_problem(404, "not-found");
    let review = json!({ "order": UNKNOWN, "rating": 5, "text": "" });
    anna.api_post(&format!("/places/{UNKNOWN}/reviews"), &review).expect_problem(404, "not-found");
    let words = json!({ "rating": 5, "text": "" });
    anna.api_post(&format!("/reviews/{UNKNOWN}/change"), &words).expect_problem(404, "not-found");
    let reply = anna.api_post(&format!("/reviews/{UNKNOWN}/reply"), &json!({ "text": "Thanks" }));
    reply.expect_problem(403, "not-allowed");
}

#[test]
fn forms_of_reviews_without_a_token_of_ours_change_nothing() {
    let (_server, browser, _) = city_with_anna();
    let fields = [("rating", "5"), ("text", "")];
    assert_eq!(browser.post_form(&format!("/me/orders/{UNKNOWN}/review"), &fields).status, 403);
    assert_eq!(browser.post_form(&format!("/me/orders/{UNKNOWN}/review/change"), &fields).status, 403);
    let reply = browser.post_form(&format!("/desk/{UNKNOWN}/reviews/{UNKNOWN}/reply"), &[("text", "Thanks")]);
    assert_eq!(reply.status, 403);
}

#[test]
fn hostile_words_are_refused_with_the_field_named() {
    let (_server, _, anna) = city_with_anna();
    let refused = |rating: serde_json::Value, text: &str| {
        let reply = anna.api_post(&format!("/reviews/{UNKNOWN}/change"), &json!({ "rating": rating, "text": text }));
        assert_eq!(reply.status, 422, "{rating} {} bytes", text.len());
        let fields = reply.json()["errors"].as_object().expect("errors by field").clone();
        fields.keys().cloned().collect::<Vec<_>>()
    };
    for rating in [json!(0), json!(6), json!(-1), json!(4.5), json!("5"), json!(null), json!(1e300)] {
        assert_eq!(refused(rating, ""), ["rating"]);
    }
    for text in ["\u{202e}gnp.exe", "a\u{0}b", &format!("Z{}", "\u{300}".repeat(5000)), &"a".repeat(4001)] {
        assert_eq!(refused(json!(5), text), ["text"]);
    }
    let body = json!({ "rating": 5, "text": "", "aspects": { "parking": 5 } });
    let strange = anna.api_post(&format!("/reviews/{UNKNOWN}/change"), &body);
    strange.expect_problem(422, "invalid-aspects");
}
