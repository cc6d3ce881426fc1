//! Offers from outside: the deal page, finding deals, and a merchant's steps with them.

use serde_json::{Value, json};

use crate::kit::{Person, Server};

const UNKNOWN: &str = "0190a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b";

/// A place of this person's merchant.
fn place_of(person: &Person) -> String {
    let roles = person.api_get("/me").expect(200).json()["roles"].clone();
    roles[0]["places"][0].as_str().expect("a place").to_owned()
}

fn deal(place: &str) -> Value {
    json!({
        "kind": "deal", "title": "Two buns and coffee", "place": place, "capacity": 3, "per_person": 2, "left": 99,
        "price": { "amount": 900, "currency": "EUR" }, "list_price": { "amount": 1250, "currency": "EUR" },
        "sale": { "until": "2099-01-01T00:00:00Z" }, "use": { "until": "2099-01-01T00:00:00Z" },
        "terms": "<script>alert(1)</script> One coffee of any size.",
    })
}

/// A deal that ends within ten years of today's clock.
fn current(place: &str) -> Value {
    let year: u32 = 1 + year_now();
    let until = format!("{year}-12-31T20:00:00+02:00");
    let mut deal = deal(place);
    deal["sale"] = json!({ "until": until });
    deal["use"] = json!({ "until": until });
    deal
}

fn year_now() -> u32 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs();
    1970 + u32::try_from(since / 31_557_600).expect("a year")
}

fn published(owner: &Person) -> String {
    let draft = owner.api_post("/offers", &current(&place_of(owner))).expect(201).json();
    let id = draft["id"].as_str().expect("an id").to_owned();
    owner.api_post(&format!("/offers/{id}/publish"), &json!({})).expect(200);
    id
}

#[test]
fn deal_01_a_deal_shows_both_prices_and_the_computed_percentage() {
    let server = Server::demo();
    let id = published(&server.owner());
    let page = server.guest().get(&format!("/o/{id}")).expect(200);
    assert_eq!(page.one("h1"), "Two buns and coffee");
    let price = page.one(".price.big").replace('\u{a0}', " ");
    assert!(price.contains("9.00") && price.contains("12.50") && price.contains("28 % off"), "{price}");
    assert!(page.text().contains("&#60;script&#62;") || page.text().contains("&lt;script&gt;"));
    assert!(!page.text().contains("<script>alert"));
    let found = server.guest().api_get(&format!("/offers/{id}")).expect(200).json();
    assert_eq!((&found["state"], &found["left"], &found["percent_off"]), (&json!("on-sale"), &json!(3), &json!(28)));
}

#[test]
fn a_draft_is_there_for_its_managers_only() {
    let server = Server::demo();
    let owner = server.owner();
    let draft = owner.api_post("/offers", &current(&place_of(&owner))).expect(201).json();
    let id = draft["id"].as_str().expect("an id");
    assert_eq!(draft["state"], "draft");
    for (person, status) in [
        (server.guest(), 404),
        (server.resident(), 404),
        (server.till(), 404),
        (server.other_owner(), 404),
        (owner, 200),
    ] {
        person.get(&format!("/o/{id}")).expect(status);
        person.api_get(&format!("/offers/{id}")).expect(status);
    }
    for bad in [UNKNOWN, "x", "%00"] {
        server.guest().get(&format!("/o/{bad}")).expect(404);
    }
}

#[test]
fn a_foreign_place_is_not_found_and_every_wrong_field_is_named() {
    let server = Server::demo();
    let (owner, place) = (server.owner(), place_of(&server.owner()));
    server.other_owner().api_post("/offers", &current(&place)).expect_problem(404, "not-found");
    server.resident().api_post("/offers", &current(&place)).expect_problem(403, "not-allowed");
    server.guest().api_post("/offers", &current(&place)).expect_problem(401, "sign-in-first");
    let without_key = owner.api("POST", "/offers", Some(&current(&place)), None);
    without_key.expect_problem(400, "idempotency-key-required");
    for (field, pointer, value) in [
        ("title", "/title", json!("\u{202e}")),
        ("price", "/price/amount", json!(-1)),
        ("price.currency", "/price/currency", json!("XXXX")),
        ("list_price", "/list_price/amount", json!(1)),
        ("capacity", "/capacity", json!(-1)),
        ("sale.until", "/sale/until", json!("tomorrow")),
        ("sale.until", "/sale/until", json!("1999-01-01T00:00:00Z")),
        ("use.until", "/use/until", json!("9999-01-01T00:00:00Z")),
        ("kind", "/kind", json!("bargain")),
    ] {
        let mut wrong = current(&place);
        *wrong.pointer_mut(pointer).expect("a field") = value;
        let reply = owner.api_post("/offers", &wrong).expect(422);
        assert!(reply.json()["errors"][field].is_string(), "{field}: {}", reply.text());
    }
}

#[test]
fn the_same_key_makes_one_offer() {
    let server = Server::demo();
    let owner = server.owner();
    let deal = current(&place_of(&owner));
    let make = || owner.api("POST", "/offers", Some(&deal), Some("one")).expect(201).json()["id"].clone();
    assert_eq!(make(), make());
}

#[test]
fn pay_18_a_retry_of_a_merchants_step_is_told_what_was_told_first() {
    let server = Server::demo();
    let owner = server.owner();
    let deal = current(&place_of(&owner));
    let ask = |path: &str, body: &Value, status: u16| owner.api("POST", path, Some(body), Some(path)).expect(status);
    let made = ask("/offers", &deal, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let published = ask(&format!("/offers/{id}/publish"), &json!({}), 200);
    let order = json!({ "lines": [{ "offer": id, "quantity": 1 }], "pay": "till" });
    server.resident().api_post("/orders", &order).expect(201);
    let paused = ask(&format!("/offers/{id}/pause"), &json!({}), 200);
    let withdrawn = ask(&format!("/offers/{id}/withdraw"), &json!({}), 200);
    let states = [&made, &published, &paused, &withdrawn].map(|told| told.json()["state"].clone());
    assert_eq!(states, ["draft", "on-sale", "paused", "withdrawn"]);
    assert_eq!([&published, &paused].map(|told| told.json()["left"].clone()), [3, 2]);
    assert_eq!(ask("/offers", &deal, 201).body, made.body);
    for (step, told) in [("publish", &published), ("pause", &paused), ("withdraw", &withdrawn)] {
        assert_eq!(ask(&format!("/offers/{id}/{step}"), &json!({}), 200).body, told.body, "{step}");
    }
}

#[test]
fn deals_are_found_by_place_words_and_distance_and_paged() {
    let server = Server::demo();
    let owner = server.owner();
    let (id, place) = (published(&owner), place_of(&owner));
    let ids = |query: &str| -> Vec<String> {
        let items = server.guest().api_get(&format!("/offers?{query}")).expect(200).json()["items"].clone();
        let items = items.as_array().expect("items").clone();
        items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert!(ids(&format!("place={place}&limit=100")).contains(&id));
    assert_eq!(ids("q=BUNS%20and%20Coffee"), [id.as_str()]);
    assert!(ids("q=nothing-is-called-so").is_empty());
    assert!(ids("near=0,0&within=1000").is_empty());
    assert!(ids("near=60.17,24.94&within=100000&limit=100").contains(&id));
    let all = ids("limit=100");
    let first = server.guest().api_get("/offers?limit=1").expect(200).json();
    assert_eq!(first["items"][0]["id"].as_str(), Some(all[0].as_str()));
    let second = format!("limit=1&cursor={}", first["next"].as_str().expect("more than one deal"));
    assert_eq!(ids(&second), all[1..2]);
    server.guest().api_get("/offers?near=x").expect(422);
}

#[test]
fn deal_19_pausing_never_voids_sold_vouchers() {
    let server = Server::demo();
    let (owner, buyer) = (server.owner(), server.resident());
    let (id, place) = (published(&owner), place_of(&owner));
    let order = json!({ "lines": [{ "offer": id, "quantity": 1 }], "pay": "test" });
    let bought = buyer.api_post("/orders", &order).expect(201).json();
    let step = |path: String| owner.api_post(&path, &json!({})).expect(200).json()["state"].clone();
    assert_eq!(step(format!("/offers/{id}/pause")), "paused");
    buyer.api_post("/orders", &order).expect_problem(409, "sale-closed");
    let page = buyer.get(&format!("/o/{id}")).expect(200);
    assert!(page.text().contains("Paused") && page.all("form[action$='/take']").is_empty());
    assert_eq!(step(format!("/offers/{id}/resume")), "on-sale");
    assert_eq!(step(format!("/offers/{id}/withdraw")), "withdrawn");
    owner.api_post(&format!("/offers/{id}/publish"), &json!({})).expect_problem(409, "wrong-state");
    let used = json!({ "code": bought["vouchers"][0]["code"], "place": place });
    owner.api_post("/redemptions", &used).expect(201);
}

#[test]
fn deal_05_what_is_left_and_taken_counts_sold_ones() {
    let server = Server::demo();
    let (owner, buyer) = (server.owner(), server.resident());
    let id = published(&owner);
    let order = json!({ "lines": [{ "offer": id, "quantity": 2 }], "pay": "test" });
    buyer.api_post("/orders", &order).expect(201);
    let page = server.guest().get(&format!("/o/{id}")).expect(200);
    assert!(page.text().contains("1 of 3 left") && page.text().contains("2 taken so far"));
}
