//! The desk, the console and help from outside: each page as each role, and an offer from form to sale.

use crate::kit::{Launch, Person, Server};

const UNKNOWN: &str = "0190a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b";

/// This person's merchant.
fn merchant_of(person: &Person) -> String {
    let roles = person.api_get("/me").expect(200).json()["roles"].clone();
    roles[0]["merchant"].as_str().expect("a merchant").to_owned()
}

#[test]
fn every_page_of_the_desk_is_its_merchants_alone() {
    let server = Server::demo();
    let owner = server.owner();
    let merchant = merchant_of(&owner);
    owner.get("/desk").expect(200);
    for path in [
        format!("/desk/{merchant}"),
        format!("/desk/{merchant}/offers"),
        format!("/desk/{merchant}/offers/new"),
        format!("/desk/{merchant}/orders"),
        format!("/desk/{merchant}/orders?show=today"),
        format!("/desk/{merchant}/orders?show=at-till&after=nonsense"),
        format!("/desk/{merchant}/redemptions"),
        format!("/desk/{merchant}/redemptions?after=%00"),
        format!("/desk/{merchant}/reviews"),
        format!("/desk/{merchant}/ledger"),
    ] {
        owner.get(&path).expect(200);
        for (person, status) in [
            (server.guest(), 303),
            (server.resident(), 403),
            (server.till(), 403),
            (server.moderator(), 403),
            (server.other_owner(), 404),
        ] {
            person.get(&path).expect(status);
        }
    }
    for path in [
        "/desk/x",
        &format!("/desk/{UNKNOWN}"),
        &format!("/desk/{merchant}/offers/{UNKNOWN}"),
        &format!("/desk/{merchant}/ledger?order={UNKNOWN}"),
        &format!("/desk/{merchant}/ledger?account=x"),
    ] {
        owner.get(path).expect(404);
    }
}

#[test]
fn every_figure_leads_to_the_rows_behind_it() {
    let server = Server::demo();
    let owner = server.owner();
    let page = owner.get("/desk").expect(200);
    let ways = page.attributes(".figures a", "href");
    assert!(ways.len() >= 4, "{ways:?}");
    for way in ways {
        owner.get(&way).expect(200);
    }
    let orders = owner.get(&format!("/desk/{}/orders", merchant_of(&owner))).expect(200);
    let rows = orders.attributes("table a[href*='/ledger?order=']", "href");
    assert!(!rows.is_empty(), "the demo has trade");
    for way in rows {
        owner.get(&way).expect(200);
    }
}

#[test]
fn an_offer_goes_from_the_form_to_the_street_and_keeps_what_was_typed_when_it_is_refused() {
    let server = Launch::demo().now("2026-11-23T12:00:00+02:00").start();
    let owner = server.owner();
    let new = format!("/desk/{}/offers/new", merchant_of(&owner));
    let typed = [
        ("title", "Rye bread to go"),
        ("price", "4,50"),
        ("list_price", "6"),
        ("capacity", "12"),
        ("sale_until", "2027-03-28T03:30"),
        ("use_until", "2027-06-30T20:00"),
    ];
    let refused = owner.fill(&new, "main form.form", &typed).expect(422);
    let form = refused.form("main form.form");
    assert_eq!((form.value("title"), form.value("price")), (Some("Rye bread to go"), Some("4,50")));
    assert!(refused.one("#sale_until-error").contains("clocks go forward"));
    let created = owner.submit(&form.set("sale_until", "2027-03-28T04:30"));
    assert_eq!(created.status, 303, "{}", created.text());
    let list = owner.follow(&created).expect(200);
    assert!(list.text().contains("Rye bread to go") && list.text().contains("Draft"));
    let publish = list.form("form[action$='/publish']");
    owner.follow(&owner.submit(&publish).expect(303)).expect(200);
    owner.submit(&publish).expect(303);
    let edit = list.attributes("a[href*='/offers/0']", "href").remove(0);
    let again = owner.fill(&edit, "main form.form", &[("price", "5")]);
    assert_eq!(again.status, 303, "{}", again.text());
    assert!(owner.follow(&again).expect(200).text().contains("On sale"));
}

#[test]
fn forms_of_the_desk_without_a_token_of_ours_change_nothing() {
    let server = Server::demo();
    let owner = server.owner();
    let merchant = merchant_of(&owner);
    for path in [
        format!("/desk/{merchant}/offers"),
        format!("/desk/{merchant}/offers/{UNKNOWN}"),
        format!("/desk/{merchant}/offers/{UNKNOWN}/publish"),
    ] {
        owner.post_form(&path, &[("title", "x")]).expect(403);
    }
}

#[test]
fn a_merchants_books_and_orders_are_for_its_staff_by_api_too() {
    let server = Server::demo();
    let owner = server.owner();
    let merchant = merchant_of(&owner);
    let orders = owner.api_get(&format!("/merchants/{merchant}/orders?limit=1")).expect(200).json();
    assert!(orders["items"][0]["lines"][0]["title"].is_string());
    let books = owner.api_get(&format!("/merchants/{merchant}/ledger?limit=2")).expect(200).json();
    for posting in books["items"].as_array().expect("items") {
        let entries = posting["entries"].as_array().expect("entries");
        let sum: i64 = entries.iter().map(|entry| entry["amount"]["amount"].as_i64().expect("an amount")).sum();
        assert_eq!(sum, 0);
    }
    for path in [format!("/merchants/{merchant}/orders"), format!("/merchants/{merchant}/ledger")] {
        server.other_owner().api_get(&path).expect_problem(404, "not-found");
        server.till().api_get(&path).expect_problem(403, "not-allowed");
        server.resident().api_get(&path).expect_problem(403, "not-allowed");
        server.guest().api_get(&path).expect_problem(401, "sign-in-first");
        owner.api_get(&format!("{path}?cursor=AAAA")).expect(422);
    }
}

#[test]
fn the_console_is_the_operators() {
    let server = Server::demo();
    let page = server.operator().get("/console").expect(200);
    assert!(page.text().contains("owner@demo.example"));
    server.operator().get("/console?after=nonsense").expect(200);
    for (person, status) in [(server.guest(), 303), (server.owner(), 403), (server.moderator(), 403)] {
        person.get("/console").expect(status);
    }
}

#[test]
fn help_and_licences_are_for_everybody() {
    let server = Server::demo();
    assert_eq!(server.guest().get("/help").expect(200).one("h1"), "Help");
    let page = server.guest().get("/help/licences").expect(200);
    assert!(page.text().contains("axum 0.8"));
}
