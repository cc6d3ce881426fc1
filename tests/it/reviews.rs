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

/// A resident of the demo who bought a deal where the demo's till works: the order's id, its place, its voucher's code.
struct Bought {
    order: String,
    place: String,
    code: String,
}

fn buy(server: &Server, buyer: &Person) -> Bought {
    let place = server.till().api_get("/me").expect(200).json()["roles"][0]["places"][0].as_str().unwrap().to_owned();
    let offers = server.guest().api_get(&format!("/offers?place={place}")).expect(200).json();
    let on_sale = offers["items"].as_array().unwrap().iter().find(|offer| offer["state"] == "on-sale").unwrap();
    let wish = json!({ "lines": [{ "offer": on_sale["id"], "quantity": 1 }], "pay": "test" });
    let order = buyer.api_post("/orders", &wish).expect(201).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    Bought { order: text(&order["id"]), place, code: text(&order["vouchers"][0]["code"]) }
}

impl Bought {
    fn redeem(&self, server: &Server) {
        let body = json!({ "code": self.code, "place": self.place, "paid": true });
        server.till().api_post("/redemptions", &body).expect(201);
    }

    fn review(&self, author: &Person, rating: u8, text: &str) -> crate::kit::Reply {
        let body = json!({ "order": self.order, "rating": rating, "aspects": { "service": 4 }, "text": text });
        author.api_post(&format!("/places/{}/reviews", self.place), &body)
    }
}

#[test]
fn rev_01_a_review_by_api_needs_a_used_order_of_ones_own_and_comes_once() {
    let server = Server::demo();
    let (anna, bela) = (server.resident(), server.second_resident());
    let bought = buy(&server, &anna);
    bought.review(&anna, 5, "Too early").expect_problem(403, "not-consumed");
    bought.redeem(&server);
    bought.review(&bela, 1, "Not mine").expect_problem(404, "not-found");
    let url = format!("/places/{}/reviews", bought.place);
    let before = server.guest().api_get(&url).expect(200).json()["rating"]["count"].as_u64().unwrap();
    let made = bought.review(&anna, 4, "Good <b>soup</b>").expect(201).json();
    assert_eq!(
        (&made["rating"], &made["text"], &made["visited"]),
        (&json!(4), &json!("Good <b>soup</b>"), &json!(true))
    );
    assert_eq!((&made["aspects"], &made["transaction"]), (&json!({ "service": 4 }), &json!("order")));
    bought.review(&anna, 5, "Again").expect_problem(409, "already-reviewed");
    let list = server.guest().api_get(&format!("{url}?limit=1")).expect(200);
    assert_eq!(list.json()["items"][0], made, "the newest first");
    assert_eq!(list.json()["rating"]["count"], before + 1);
    let best = server.guest().api_get(&format!("{url}?sort=rating")).expect(200).json();
    let stars: Vec<u64> = best["items"].as_array().unwrap().iter().map(|row| row["rating"].as_u64().unwrap()).collect();
    assert!(stars.is_sorted_by(|one, next| one >= next), "{stars:?}");
    for hostile in ["?sort=worst", "?limit=0", "?cursor=AAAA", "?cursor=%00"] {
        assert_eq!(server.guest().api_get(&format!("{url}{hostile}")).status, 422, "{hostile}");
    }
}

#[test]
fn rev_04_a_review_by_form_is_changed_once_and_its_place_answers() {
    let server = Server::demo();
    let anna = server.resident();
    let bought = buy(&server, &anna);
    let form = format!("/me/orders/{}/review", bought.order);
    assert_eq!(anna.get(&form).status, 403, "nothing is used yet");
    bought.redeem(&server);
    assert_eq!(server.second_resident().get(&form).status, 404);
    let wrong = anna.fill(&form, "main form", &[("text", "Fine <script>\u{202e}")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("Please give 1 to 5 stars") && !wrong.text().contains("<script>\u{202e}"));
    let page =
        anna.get(&form).expect(200).form("main form").set("rating", "5").set("text", "<script>alert(1)</script>");
    let sent = anna.submit(&page).expect(303);
    let location = sent.header("location").unwrap().to_owned();
    assert!(location.starts_with("/p/") && location.ends_with("#reviews"), "{location}");
    assert_eq!(anna.submit(&page).status, 303, "sent twice, it is one review");
    anna.fill(&form, "main form", &[("rating", "2"), ("text", "Ill afterwards")]).expect(303);
    assert_eq!(anna.get(&form).status, 409, "it was changed once");
    let list = server.guest().api_get(&format!("/places/{}/reviews?limit=1", bought.place)).expect(200).json();
    let review = &list["items"][0];
    assert_eq!((&review["rating"], &review["text"]), (&json!(2), &json!("Ill afterwards")));
    assert!(review["edited_at"].is_string());
    let path = format!("/reviews/{}/reply", review["id"].as_str().unwrap());
    let answer = |person: &Person, text: &str| person.api_post(&path, &json!({ "text": text }));
    answer(&server.other_owner(), "Come to us").expect_problem(404, "not-found");
    answer(&server.till(), "Sorry").expect_problem(403, "not-allowed");
    let replied = answer(&server.owner(), "We are sorry.").expect(201).json();
    assert_eq!(replied["reply"]["text"], "We are sorry.");
    answer(&server.owner(), "Please come again.").expect(201);
    answer(&server.owner(), "Or not.").expect_problem(409, "already-replied");
    answer(&server.owner(), " ").expect_problem(422, "invalid-text");
}

#[test]
fn rev_04_a_refused_review_or_reply_is_shown_again_with_what_was_typed_and_the_field_named() {
    let server = Server::demo();
    let (anna, owner) = (server.resident(), server.owner());
    let bought = buy(&server, &anna);
    bought.redeem(&server);
    let form = format!("/me/orders/{}/review", bought.order);
    let too_long = "b".repeat(4001);
    let wrong = anna.fill(&form, "main form", &[("rating", "2"), ("text", &too_long)]).expect(422);
    assert_eq!(wrong.attributes("p.error", "id"), ["text-error"]);
    let again = wrong.form("main form");
    assert_eq!((again.value("rating"), again.value("text").map(str::trim)), (Some("2"), Some(too_long.as_str())));
    let unrated = anna.submit(&again.clone().set("rating", "9").set("text", "Fine soup")).expect(422);
    assert_eq!(unrated.attributes("p.error", "id"), ["rating-error"]);
    assert_eq!(unrated.form("main form").value("text").map(str::trim), Some("Fine soup"));
    // The form that was shown again is as good as the first one.
    anna.submit(&unrated.form("main form").set("rating", "4")).expect(303);

    let me = owner.api_get("/me").expect(200).json();
    let desk = format!("/desk/{}/reviews", me["roles"][0]["merchant"].as_str().unwrap());
    let first_form = owner.get(&desk).expect(200).attributes("main form[action$='/reply']", "action").remove(0);
    let reply_form = format!("form[action='{first_form}']");
    let refused = owner.fill(&desk, &reply_form, &[("text", "Sorry \u{202e}for that")]).expect(422);
    assert_eq!(refused.attributes("p.error", "id"), ["text-error"]);
    assert!(refused.one("main article").contains("Fine soup"), "it is answered beside the review");
    let again = refused.form("main form");
    assert_eq!(again.value("text").map(str::trim), Some("Sorry \u{202e}for that"));
    owner.submit(&again.clone().set("text", "Sorry for that")).expect(303);
    let stale = owner.submit(&again.clone().set("text", "Sorry indeed").set("key", "another")).expect(303);
    assert!(owner.follow(&stale).expect(200).text().contains("Sorry indeed"));
    let third = owner.submit(&again.set("text", "Sorry for the third time").set("key", "a-third")).expect(409);
    assert!(third.one("main .flash").contains("changed once"));
    assert_eq!(third.form("main form").value("text").map(str::trim), Some("Sorry for the third time"));
}
