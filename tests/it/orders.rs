//! Orders from outside: the way of a stranger through the pages, and what programs are answered.

use serde_json::{Value, json};

use crate::kit::{Launch, Person, Reply};
use crate::market::{Market, state};

/// Takes so many of the deal on its page.
#[track_caller]
fn take(market: &Market, buyer: &Person, quantity: &str) -> Reply {
    let page = buyer.get(&format!("/o/{}", market.offer)).expect(200);
    buyer.submit(&page.form("form[action$='/take']").set("quantity", quantity))
}

/// Pays on the checkout that a redirect leads to.
#[track_caller]
fn pay(buyer: &Person, checkout: &Reply, method: &str) -> Reply {
    buyer.submit(&checkout.form("form[action$='/pay']").set("pay", method))
}

#[test]
fn a_stranger_takes_a_deal_and_has_its_vouchers_without_an_account() {
    let market = Market::with(5);
    let stranger = market.server.guest();
    let taken = take(&market, &stranger, "2").expect(303);
    let checkout = stranger.follow(&taken).expect(200);
    assert!(checkout.path.starts_with("/orders/") && checkout.path.ends_with("/checkout"), "{}", checkout.path);
    assert_eq!(checkout.one("dd.total"), "25.00 €");
    assert_eq!(checkout.all("time[data-until]").len(), 1);
    let order = stranger.follow(&pay(&stranger, &checkout, "till").expect(303)).expect(200);
    assert_eq!(order.all("article.stub.valid").len(), 2);
    assert_eq!(stranger.get("/me/orders").expect(200).all("article.stub").len(), 1);
    assert_eq!(stranger.get("/me/vouchers").expect(200).all("article.stub.valid").len(), 2);
    let voucher = stranger.get(&order.attributes("article.stub a", "href")[0]).expect(200);
    assert_eq!(voucher.header("cache-control"), Some("no-store"));
    assert!(voucher.text().contains("12.50\u{a0}€</b> to pay at the till"));
    assert_eq!(voucher.all(".qr svg").len(), 1);
    assert!(!voucher.text().contains(" style="));
    let back = stranger.get(&format!("{}/order", voucher.path)).expect(303);
    assert!(order.path.starts_with(back.header("location").unwrap()));
    assert_eq!(market.server.guest().get(&order.path).status, 303, "nobody is sent to sign in");
    assert_eq!(market.server.resident().get(&order.path).status, 404, "somebody else's order is nobody's");
}

#[test]
fn deal_08_hold_expires_and_frees_what_was_kept() {
    let market = Market::with(1);
    let (slow, quick) = (market.server.guest(), market.server.guest());
    let checkout = slow.follow(&take(&market, &slow, "1").expect(303)).expect(200);
    let page = quick.get(&format!("/o/{}", market.offer)).expect(200);
    assert!(page.all("form[action$='/take']").is_empty(), "what is held is not shown as free");
    market.order(&market.server.resident(), 1, "test").expect_problem(409, "sold-out");
    market.at(11 * 60);
    take(&market, &quick, "1").expect(303);
    let late = pay(&slow, &checkout, "test").expect(409);
    assert_eq!(late.attributes("main a[href^='/o/']", "href"), [format!("/o/{}", market.offer)]);
    let gone = slow.get(&checkout.path).expect(303);
    assert_eq!(
        gone.header("location"),
        Some(checkout.path.replace("/checkout", "").replace("/orders", "/me/orders").as_str())
    );
    assert_eq!(slow.follow(&gone).expect(200).all(".state"), ["Not paid", "Expired"]);
}

#[test]
fn who_comes_too_late_is_told_on_the_page_of_the_deal() {
    let market = Market::of(json!({ "capacity": 2, "per_person": 1 }));
    let (first, second) = (market.server.resident(), market.server.guest());
    let page = second.get(&format!("/o/{}", market.offer)).expect(200);
    let form = page.form("form[action$='/take']");
    for quantity in ["0", "-1", "", "two", "99999999999999999999", "\0", "51"] {
        let refused = second.submit(&form.clone().set("quantity", quantity)).expect(422);
        assert!(refused.one("h1").contains("Coffee"), "{quantity}");
    }
    let refused = take(&market, &second, "2").expect(409);
    assert!(refused.one("[role=alert]").contains('1'), "the cap is told");
    market.order(&first, 1, "test").expect(201);
    market.order(&market.server.second_resident(), 1, "till").expect(201);
    let refused = second.submit(&form).expect(409);
    assert!(!refused.one("[role=alert]").is_empty());
    market.owner.api_post(&format!("/offers/{}/pause", market.offer), &json!({})).expect(200);
    assert_eq!(second.submit(&form).status, 409);
    assert_eq!(second.post_form(&format!("/o/{}/take", market.offer), &[("quantity", "1")]).status, 403);
    assert_eq!(second.submit(&form.clone().without("key")).status, 400);
    let huge = form.set("quantity", &"9".repeat(1 << 20));
    assert_eq!(second.submit(&huge).status, 413);
}

#[test]
fn a_form_sent_twice_is_one_order_of_one_guest() {
    let market = Market::with(5);
    let stranger = market.server.guest();
    let page = stranger.get(&format!("/o/{}", market.offer)).expect(200);
    let form = page.form("form[action$='/take']");
    let (first, again) = (stranger.submit(&form).expect(303), stranger.submit(&form).expect(303));
    assert_eq!(first.header("location"), again.header("location"));
    let checkout = stranger.follow(&first).expect(200);
    let paid = pay(&stranger, &checkout, "test").expect(303);
    assert_eq!(pay(&stranger, &checkout, "test").expect(303).header("location"), paid.header("location"));
    assert_eq!(stranger.get("/me/orders").expect(200).all("article.stub").len(), 1);
    assert_eq!(pay(&stranger, &checkout, "").status, 422);
}

#[test]
fn an_order_answers_programs_as_the_contract_says() {
    let market = Market::with(5);
    let anna = market.server.resident();
    let order = market.order(&anna, 2, "test").expect(201).json();
    assert_eq!((&order["payment"], &order["fulfilment"]), (&json!("paid"), &json!("open")));
    assert_eq!(order["total"], json!({ "amount": 2500, "currency": "EUR" }));
    assert_eq!((&order["lines"][0]["offer"], &order["lines"][0]["quantity"]), (&json!(market.offer), &json!(2)));
    let vouchers = order["vouchers"].as_array().unwrap();
    assert_eq!(vouchers.len(), 2);
    for voucher in vouchers {
        assert_eq!(voucher["state"], "valid");
        assert!(voucher["qr"].as_str().unwrap().starts_with("HS1:") && voucher["code"].as_str().unwrap().len() == 16);
    }
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(anna.api_get(&path).expect(200).json(), order);
    market.server.second_resident().api_get(&path).expect_problem(404, "not-found");
    let at_till = market.order(&anna, 1, "till").expect(201).json();
    assert_eq!((&at_till["payment"], &at_till["vouchers"][0]["state"]), (&json!("at-till"), &json!("valid")));
    let waiting = market.order(&anna, 1, "test-later").expect(201).json();
    assert_eq!((&waiting["payment"], &waiting["vouchers"][0]["state"]), (&json!("awaiting"), &json!("issued")));
    let first = anna.api_get("/orders?limit=2").expect(200).json();
    let rest = anna.api_get(&format!("/orders?limit=2&cursor={}", first["next"].as_str().unwrap())).expect(200).json();
    let ids: Vec<&Value> =
        [&first, &rest].iter().flat_map(|page| page["items"].as_array().unwrap()).map(|o| &o["id"]).collect();
    assert_eq!(ids[..3], [&waiting["id"], &at_till["id"], &order["id"]]);
}

#[test]
fn pay_18_the_same_key_gives_the_same_order_and_another_body_is_refused() {
    let market = Market::with(5);
    let anna = market.server.resident();
    let body = |quantity: u32| json!({ "lines": [{ "offer": market.offer, "quantity": quantity }], "pay": "test" });
    let first = anna.api("POST", "/orders", Some(&body(1)), Some("my-key")).expect(201).json();
    assert_eq!(anna.api("POST", "/orders", Some(&body(1)), Some("my-key")).expect(201).json(), first);
    anna.api("POST", "/orders", Some(&body(2)), Some("my-key")).expect_problem(422, "idempotency-key-reused");
    anna.api("POST", "/orders", Some(&body(1)), None).expect_problem(400, "idempotency-key-required");
    assert_eq!(
        anna.api_get("/vouchers").expect(200).json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|voucher| voucher["offer"] == json!(market.offer))
            .count(),
        1
    );
}

/// Asks under a key of its own; the answer's bytes.
fn asked(person: &Person, path: &str, body: &Value, key: &str, status: u16) -> Vec<u8> {
    person.api("POST", path, Some(body), Some(key)).expect(status).body
}

#[test]
fn pay_18_a_retry_is_told_what_was_told_first_whatever_has_become_of_the_order() {
    let market = Market::with(9);
    let anna = market.server.resident();
    let body = |pay: &str| json!({ "lines": [{ "offer": market.offer, "quantity": 2 }], "pay": pay });
    let ways = ["test", "till", "test-later"];
    let first = ways.map(|pay| asked(&anna, "/orders", &body(pay), pay, 201));
    let order = |told: &[u8]| serde_json::from_slice::<Value>(told).unwrap();
    let id = |told: &[u8]| order(told)["id"].as_str().unwrap().to_owned();
    let vouchers = order(&first[0])["vouchers"].clone();
    assert_eq!((&vouchers[0]["state"], &order(&first[2])["payment"]), (&json!("valid"), &json!("awaiting")));

    market.redeem(&market.till, vouchers[0]["code"].as_str().unwrap()).expect(201);
    let lost = format!("/me/vouchers/{}", vouchers[1]["id"].as_str().unwrap());
    anna.fill(&lost, "form[action$='/reissue']", &[]).expect(303);
    let settled = json!({ "result": "paid" });
    anna.api_post(&format!("/demo/payments/{}", id(&first[2])), &settled).expect(200);
    let cancel = format!("/orders/{}/cancel", id(&first[1]));
    let cancelled = asked(&anna, &cancel, &json!({}), "cancel", 200);
    assert_eq!(order(&cancelled)["fulfilment"], "cancelled");
    let now: Vec<Value> =
        first.iter().map(|told| anna.api_get(&format!("/orders/{}", id(told))).expect(200).json()).collect();
    for (way, told) in first.iter().enumerate() {
        assert_ne!(now[way], order(told), "nothing has become of the order by {}", ways[way]);
        assert!(asked(&anna, "/orders", &body(ways[way]), ways[way], 201) == *told, "{} is told anew", ways[way]);
    }
    // Past the end of all use, and of the session: the key is the person's.
    market.at(28 * 24 * 3600);
    let anna = market.server.resident();
    for (way, told) in first.iter().enumerate() {
        assert!(asked(&anna, "/orders", &body(ways[way]), ways[way], 201) == *told, "{} is told anew", ways[way]);
    }
    assert!(asked(&anna, &cancel, &json!({}), "cancel", 200) == cancelled);
}

#[test]
fn a_refused_order_says_why_and_names_the_field() {
    let market = Market::of(json!({ "capacity": 3, "per_person": 2 }));
    let (anna, bela) = (market.server.resident(), market.server.second_resident());
    let field = |reply: Reply, name: &str| assert!(reply.json()["errors"][name].is_string(), "{}", reply.text());
    field(market.order(&anna, 1, "gold").expect(422), "pay");
    field(market.order(&anna, 0, "test").expect(422), "quantity");
    let ordered = |lines: Value| anna.api_post("/orders", &json!({ "lines": lines, "pay": "test" }));
    field(ordered(json!([])).expect(422), "lines");
    field(ordered(json!([{ "offer": "x", "quantity": 1 }])).expect(422), "lines[0].offer");
    assert_eq!(ordered(json!([{ "offer": market.offer, "quantity": -1 }])).status, 422);
    ordered(json!([{ "offer": "0190a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b", "quantity": 1 }]))
        .expect_problem(404, "not-found");
    market.order(&anna, 3, "test").expect_problem(409, "cap-reached");
    market.order(&anna, 2, "test").expect(201);
    market.order(&anna, 1, "test").expect_problem(409, "cap-reached");
    market.order(&bela, 2, "till").expect_problem(409, "sold-out");
    market.owner.api_post(&format!("/offers/{}/pause", market.offer), &json!({})).expect(200);
    market.order(&bela, 1, "till").expect_problem(409, "sale-closed");
    market.order(&market.server.guest(), 1, "till").expect_problem(401, "sign-in-first");
}

#[test]
fn pay_04_late_payment_counts_if_all_is_free_and_goes_back_if_it_is_gone() {
    let market = Market::with(2);
    let (anna, bela) = (market.server.resident(), market.server.second_resident());
    let late = |order: &Value, result: &str| {
        let path = format!("/demo/payments/{}", order["id"].as_str().unwrap());
        anna.api_post(&path, &json!({ "result": result })).expect(200).json()
    };
    let order = market.order(&anna, 2, "test-later").expect(201).json();
    market.at(11 * 60);
    let paid = late(&order, "paid");
    assert_eq!((&paid["payment"], &paid["vouchers"][0]["state"]), (&json!("paid"), &json!("valid")));
    assert_eq!(late(&order, "failed"), paid, "a report that comes out of order changes nothing");
    anna.api_post(&format!("/orders/{}/cancel", order["id"].as_str().unwrap()), &json!({})).expect(200);
    let order = market.order(&anna, 2, "test-later").expect(201).json();
    market.at(22 * 60);
    market.order(&bela, 1, "test").expect(201);
    let refunded = late(&order, "paid");
    assert_eq!((&refunded["payment"], &refunded["fulfilment"]), (&json!("refunded"), &json!("cancelled")));
    assert_eq!(refunded["vouchers"][0]["state"], "void");
}

#[test]
fn play_money_moves_for_the_buyer_and_the_operator_alone_and_only_in_a_demo() {
    let market = Market::with(2);
    let order = market.order(&market.server.resident(), 1, "test-later").expect(201).json();
    let path = format!("/demo/payments/{}", order["id"].as_str().unwrap());
    let report = json!({ "result": "paid" });
    market.server.second_resident().api_post(&path, &report).expect_problem(404, "not-found");
    market.owner.api_post(&path, &report).expect_problem(404, "not-found");
    market.server.guest().api_post(&path, &report).expect_problem(401, "sign-in-first");
    assert_eq!(market.server.operator().api_post(&path, &json!({ "result": "maybe" })).status, 422);
    assert_eq!(market.server.operator().api_post(&path, &report).expect(200).json()["payment"], "paid");
    let real = Launch::serve().start();
    real.guest().api_post(&path, &report).expect_problem(404, "not-found");
    real.guest().api_post(&path, &json!({})).expect_problem(404, "not-found");
}

#[test]
fn vou_12_refund_any_time_before_use() {
    let market = Market::with(4);
    let anna = market.server.resident();
    let bought = market.bought(&anna, "test");
    let page = anna.get(&format!("/me/vouchers/{}", bought.voucher)).expect(200);
    anna.submit(&page.form("form[action$='/refund']")).expect(303);
    assert_eq!(state(&anna, &bought.voucher), "refunded");
    market.redeem(&market.till, &bought.code).expect_problem(409, "refunded");
    let order = anna.api_get(&format!("/orders/{}", bought.order)).expect(200).json();
    assert_eq!((&order["payment"], &order["fulfilment"]), (&json!("refunded"), &json!("cancelled")));
    let used = market.bought(&anna, "test");
    market.redeem(&market.till, &used.code).expect(201);
    let page = anna.get(&format!("/me/orders/{}", used.order)).expect(200);
    assert!(page.all("form[action$='/cancel']").is_empty() && page.all(".code").is_empty());
    anna.api_post(&format!("/orders/{}/cancel", used.order), &json!({})).expect_problem(409, "nothing-to-cancel");
    let kept = market.bought(&anna, "till");
    let page = anna.get(&format!("/me/orders/{}", kept.order)).expect(200);
    anna.submit(&page.form("form[action$='/cancel']")).expect(303);
    assert_eq!(state(&anna, &kept.voucher), "void");
    assert_eq!(market.order(&anna, 3, "till").status, 201, "what went back can be sold again");
}

#[test]
fn what_is_somebody_elses_answers_like_what_does_not_exist() {
    let market = Market::with(4);
    let (anna, bela) = (market.server.resident(), market.server.second_resident());
    let bought = market.bought(&anna, "test");
    let redemption = market.redeem(&market.till, &market.bought(&anna, "test").code).expect(201).json();
    let form = bela.get(&format!("/o/{}", market.offer)).expect(200).form("form[action$='/take']");
    let nobody = "0190a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b";
    let paths = |order: &str, voucher: &str| {
        [
            format!("/orders/{order}/pay"),
            format!("/orders/{order}/cancel"),
            format!("/me/vouchers/{voucher}/reissue"),
            format!("/me/vouchers/{voucher}/refund"),
        ]
    };
    for path in [paths(&bought.order, &bought.voucher), paths(nobody, nobody), paths("x", "x")].concat() {
        let sent = crate::kit::Form { action: path.clone(), ..form.clone().set("pay", "test") };
        assert_eq!(bela.submit(&sent).status, 404, "{path}");
    }
    for order in [bought.order.as_str(), nobody, "x"] {
        assert_eq!(bela.get(&format!("/orders/{order}/checkout")).status, 404);
    }
    for voucher in [bought.voucher.as_str(), nobody, "x"] {
        assert_eq!(bela.get(&format!("/me/vouchers/{voucher}/order")).status, 404);
    }
    let other = market.server.other_owner();
    let form = other.get(&format!("/o/{}", market.offer)).expect(200).form("form[action$='/take']");
    for redemption in [redemption["id"].as_str().unwrap(), nobody, "x"] {
        let sent = crate::kit::Form { action: format!("/till/undo/{redemption}"), ..form.clone().set("x", redemption) };
        assert_eq!(other.submit(&sent).status, 404, "{redemption}");
    }
    assert_eq!(state(&anna, &bought.voucher), "valid");
}
