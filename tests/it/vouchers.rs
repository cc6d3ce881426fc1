//! Vouchers from outside: what their holder shows, and what the till answers.

use std::thread::scope;

use serde_json::{Value, json};

use crate::kit::{Person, Reply};
use crate::market::{Market, in_days, state};

/// What a scanner reads off the one QR in a page.
#[track_caller]
fn scanned(page: &Reply) -> String {
    let [path] = &page.attributes(".qr svg path", "d")[..] else { panic!("{}: not one QR", page.asked) };
    let dark: Vec<(usize, usize)> = path
        .split('M')
        .filter_map(|square| square.strip_suffix("h1v1h-1")?.split_once(','))
        .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
        .collect();
    // Five dots a module, and the margin that the drawing itself keeps.
    let side = 5 * (5 + dark.iter().map(|(x, y)| *x.max(y)).max().unwrap());
    let shade = |x: usize, y: usize| if dark.contains(&(x / 5, y / 5)) { 0 } else { 255 };
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, shade);
    let [grid] = &picture.detect_grids()[..] else { panic!("{}: no QR is found", page.asked) };
    grid.decode().unwrap().1
}

#[test]
fn the_holder_shows_a_qr_and_a_code_that_say_the_same() {
    let market = Market::with(3);
    let anna = market.server.resident();
    let bought = market.bought(&anna, "test");
    let page = anna.get(&format!("/me/vouchers/{}", bought.voucher)).expect(200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!((scanned(&page), page.one(".code")), (bought.qr.clone(), bought.code.clone()));
    let scan = json!({ "qr": bought.qr, "place": market.place });
    market.till.api_post("/redemptions", &scan).expect(201);
    let used = anna.get(&format!("/me/vouchers/{}", bought.voucher)).expect(200);
    assert!(used.all(".qr").is_empty() && !used.text().contains(&bought.code), "a used code is shown no more");
    let shown = anna.api_get(&format!("/vouchers/{}", bought.voucher)).expect(200).json();
    assert_eq!((&shown["state"], &shown["left"]["amount"]), (&json!("redeemed"), &json!(0)));
    assert_eq!(shown["value"], json!({ "amount": 1250, "currency": "EUR" }));
    assert_eq!(shown["redemptions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_voucher_is_seen_by_its_holder_alone() {
    let market = Market::with(3);
    let (anna, bela) = (market.server.resident(), market.server.second_resident());
    let bought = market.bought(&anna, "test");
    let page = format!("/me/vouchers/{}", bought.voucher);
    let form = anna.get(&page).expect(200).form("form[action$='/reissue']");
    for other in [&bela, &market.till, &market.owner, &market.server.operator()] {
        other.api_get(&format!("/vouchers/{}", bought.voucher)).expect_problem(404, "not-found");
        assert_eq!(other.get(&page).status, 404);
        assert_eq!(other.get(&format!("{page}/order")).status, 404);
    }
    assert_eq!(bela.submit(&form).status, 403, "a form of somebody else's page");
    assert_eq!(anna.get("/me/vouchers/0190a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b").status, 404);
    assert_eq!(anna.get("/me/vouchers/x").status, 404);
}

#[test]
fn vou_02_redeem_is_idempotent() {
    let market = Market::with(3);
    let bought = market.bought(&market.server.resident(), "test");
    let body = json!({ "code": bought.code, "place": market.place });
    let first = market.till.api("POST", "/redemptions", Some(&body), Some("one")).expect(201).json();
    assert_eq!((&first["place"], &first["offer"]), (&json!(market.place), &json!(market.offer)));
    assert_eq!(first["amount"], json!({ "amount": 1250, "currency": "EUR" }));
    assert!(first["by"].is_string() && first["at"].is_string());
    let again = market.till.api("POST", "/redemptions", Some(&body), Some("one")).expect(201).json();
    assert_eq!(again, first);
    market.till.api("POST", "/redemptions", Some(&body), Some("two")).expect_problem(409, "already-redeemed");
    let other = json!({ "code": bought.code, "place": market.place, "paid": true });
    market.till.api("POST", "/redemptions", Some(&other), Some("one")).expect_problem(422, "idempotency-key-reused");
    market.till.api("POST", "/redemptions", Some(&body), None).expect_problem(400, "idempotency-key-required");
}

#[test]
fn vou_02_a_retry_of_a_use_or_an_undo_is_told_what_was_told_first() {
    let market = Market::with(3);
    let bought = market.bought(&market.server.resident(), "test");
    let body = json!({ "code": bought.code, "place": market.place });
    let ask = |path: &str, body: &Value, key: &str, status: u16| {
        market.till.api("POST", path, Some(body), Some(key)).expect(status)
    };
    let used = ask("/redemptions", &body, "one", 201);
    assert_eq!(used.json()["undone"], Value::Null);
    let undo = format!("/redemptions/{}/undo", used.json()["id"].as_str().unwrap());
    let undone = ask(&undo, &json!({}), "two", 200);
    assert!(undone.json()["undone"].is_string());
    assert_eq!(ask("/redemptions", &body, "one", 201).body, used.body, "the use was not undone then");
    ask("/redemptions", &body, "three", 201);
    assert_eq!(ask(&undo, &json!({}), "two", 200).body, undone.body);
    assert_eq!(ask("/redemptions", &body, "one", 201).body, used.body);
}

#[test]
fn vou_03_two_tills_at_once_one_wins() {
    let market = Market::with(20);
    let anna = market.server.resident();
    for _ in 0..5 {
        let bought = market.bought(&anna, "test");
        let answers: Vec<Reply> = scope(|scope| {
            let (market, code) = (&market, bought.code.as_str());
            let at = |till| scope.spawn(move || market.redeem(till, code));
            [at(&market.till), at(&market.owner)].map(|thread| thread.join().unwrap()).into()
        });
        let won: Vec<&Reply> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        let lost = answers.iter().find(|answer| answer.status != 201).unwrap().clone();
        let told = lost.expect_problem(409, "already-redeemed").json();
        let won = won[0].json();
        assert_eq!((&told["who"], &told["when"]), (&won["by"], &won["at"]));
        assert!(told["where"].is_string());
    }
}

#[test]
fn vou_04_a_use_is_taken_back_within_a_minute_and_no_later() {
    let market = Market::with(3);
    let anna = market.server.resident();
    let bought = market.bought(&anna, "test");
    let undo = |redemption: &Value| {
        let path = format!("/redemptions/{}/undo", redemption["id"].as_str().unwrap());
        market.till.api_post(&path, &json!({}))
    };
    let first = market.redeem(&market.till, &bought.code).expect(201).json();
    let others = market.server.other_owner();
    let path = format!("/redemptions/{}/undo", first["id"].as_str().unwrap());
    others.api_post(&path, &json!({})).expect_problem(404, "not-found");
    assert!(undo(&first).expect(200).json()["undone"].is_string());
    undo(&first).expect_problem(409, "already-undone");
    assert_eq!(state(&anna, &bought.voucher), "valid");
    let result = market.at_till(&bought.code).expect(200);
    let undone = market.till.submit(&result.form("form[action^='/till/undo/']")).expect(303);
    assert!(market.till.follow(&undone).expect(200).text().contains("Undone"));
    assert_eq!(state(&anna, &bought.voucher), "valid");
    let last = market.redeem(&market.till, &bought.code).expect(201).json();
    market.at(2 * 60);
    undo(&last).expect_problem(409, "undo-too-late");
    assert_eq!(state(&anna, &bought.voucher), "redeemed");
}

#[test]
fn vou_17_reissue_kills_the_old_code_at_once() {
    let market = Market::with(3);
    let anna = market.server.resident();
    let bought = market.bought(&anna, "test");
    let page = anna.get(&format!("/me/vouchers/{}", bought.voucher)).expect(200);
    let form = page.form("form[action$='/reissue']");
    let fresh = anna.follow(&anna.submit(&form).expect(303)).expect(200);
    let code = fresh.one(".code");
    assert_ne!(code, bought.code);
    anna.submit(&form).expect(303);
    assert_eq!(anna.get(&fresh.path).expect(200).one(".code"), code, "the form sent twice is one new code");
    market.redeem(&market.till, &bought.code).expect_problem(404, "not-found");
    let old = json!({ "qr": bought.qr, "place": market.place });
    market.till.api_post("/redemptions", &old).expect_problem(404, "not-found");
    market.redeem(&market.till, &code).expect(201);
}

#[test]
fn the_till_takes_the_money_first_and_says_in_one_word_how_it_stands() {
    let market = Market::with(3);
    let anna = market.server.resident();
    let bought = market.bought(&anna, "till");
    let typed = bought.code.to_lowercase().replace('-', " ");
    market.redeem(&market.till, &bought.code).expect_problem(409, "unpaid");
    let asked = market.at_till(&typed).expect(409);
    assert_eq!((asked.one(".verdict h1").as_str(), asked.all(".verdict.ask").len()), ("Take 12.50 €", 1));
    assert_eq!(asked.header("cache-control"), Some("no-store"));
    let done = market.till.submit(&asked.form("form[action='/till']")).expect(200);
    assert_eq!((done.one(".verdict h1").as_str(), done.all(".verdict.yes").len()), ("Valid", 1));
    assert_eq!(done.header("cache-control"), Some("no-store"));
    let used = market.at_till(&bought.code).expect(409);
    assert_eq!((used.one(".verdict h1").as_str(), used.all(".verdict.no").len()), ("Already used", 1));
    let till = market.till.get("/till").expect(200);
    assert!(till.all("table tbody tr")[0].contains("Coffee and cake for two"));
    let order = anna.api_get(&format!("/orders/{}", bought.order)).expect(200).json();
    assert_eq!((&order["payment"], &order["fulfilment"]), (&json!("paid"), &json!("fulfilled")));
    let log = market.server.log();
    assert!(!log.contains(&bought.code) && !log.contains(&bought.qr), "a code is in the log");
}

#[test]
fn whatever_is_typed_at_a_till_is_answered_in_words() {
    let market = Market::with(3);
    let form = market.till.get("/till").expect(200).form("form[action='/till']").set("place", &market.place);
    let wrong =
        ["", "x", "\0", "7KQ4-M2XD-9HVT-C\0", "'; --", "<script>alert(1)</script>", "\u{202e}", &"9".repeat(1000)];
    for typed in wrong {
        let answer = market.till.submit(&form.clone().set("code", typed)).expect(422);
        assert!(!answer.one(".field.till-code .error").is_empty(), "{typed:?}");
        assert!(!answer.text().contains("<script>alert"));
    }
    for scan in ["HS1:", "HS1:AAAA", &format!("HS1:{}", "A".repeat(138)), "HS1:\0"] {
        let answer = market.till.submit(&form.clone().set("code", scan)).expect(422);
        assert_eq!(answer.all(".verdict.no").len(), 1, "{scan}");
    }
    assert_eq!(market.till.submit(&form.clone().set("code", &"A".repeat(1 << 20))).status, 413);
    assert_eq!(market.till.submit(&form.clone().set("code", "0000-0000-0000-0")).status, 404);
    assert_eq!(market.till.submit(&form.clone().set("code", "0000-0000-0000-0").set("place", "x")).status, 404);
    for body in [json!({}), json!({ "place": market.place }), json!({ "place": "x", "code": "y" })] {
        assert_eq!(market.till.api_post("/redemptions", &body).status, 422, "{body}");
    }
    let mistyped = market.redeem(&market.till, "0000-0000-0000-1").expect_problem(422, "mistyped").json();
    assert!(mistyped["errors"]["code"].is_string());
}

#[test]
fn a_voucher_counts_at_its_place_and_a_stranger_learns_nothing() {
    let market = Market::with(3);
    let bought = market.bought(&market.server.resident(), "test");
    let places = |person: &Person| {
        let me = person.api_get("/me").expect(200).json();
        let places = me["roles"][0]["places"].as_array().unwrap().clone();
        places.iter().map(|place| place.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let other_owner = market.server.other_owner();
    let theirs = places(&other_owner)[0].clone();
    let at =
        |till: &Person, place: &str| till.api_post("/redemptions", &json!({ "code": bought.code, "place": place }));
    at(&other_owner, &theirs).expect_problem(404, "not-found");
    at(&other_owner, &market.place).expect_problem(404, "not-found");
    at(&market.till, &theirs).expect_problem(404, "not-found");
    at(&market.server.resident(), &market.place).expect_problem(403, "not-allowed");
    at(&market.server.guest(), &market.place).expect_problem(401, "sign-in-first");
    let second = places(&market.owner).into_iter().find(|place| *place != market.place);
    at(&market.owner, &second.expect("the owner has two places")).expect_problem(409, "wrong-place");
    let part = json!({ "code": bought.code, "place": market.place, "amount": { "amount": 500, "currency": "EUR" } });
    market.till.api_post("/redemptions", &part).expect_problem(422, "whole-only");
    market.redeem(&market.till, &bought.code).expect(201);
}

#[test]
fn vou_01_what_is_not_yet_or_not_any_more_good_says_so_and_can_be_given_back() {
    let market = Market::of(json!({ "use": { "from": in_days(2), "until": in_days(40) } }));
    let anna = market.server.resident();
    let bought = market.bought(&anna, "test");
    market.redeem(&market.till, &bought.code).expect_problem(409, "not-yet");
    assert!(anna.get(&format!("/me/vouchers/{}", bought.voucher)).expect(200).text().contains("Not yet"));
    let waiting = market.order(&anna, 1, "test-later").expect(201).json();
    let code = waiting["vouchers"][0]["code"].as_str().unwrap();
    market.redeem(&market.till, code).expect_problem(409, "awaiting-payment");
    market.at(41 * 24 * 3600);
    // Nobody's session is as long as that.
    let (anna, till) = (market.server.resident(), market.server.till());
    market.redeem(&till, &bought.code).expect_problem(409, "expired");
    assert_eq!(state(&anna, &bought.voucher), "expired");
    let page = anna.get(&format!("/me/vouchers/{}", bought.voucher)).expect(200);
    anna.submit(&page.form("form[action$='/refund']")).expect(303);
    assert_eq!(state(&anna, &bought.voucher), "refunded");
}
