//! A real city from its first day on: set up by its operator, filled, and then traded in; over the real binary.

use serde_json::{Value, json};

use crate::kit::{Launch, Person, Reply, Server, run};
use crate::market::in_days;

/// A few streets of the demo's extract.
const BOX: &str = "24.938,60.164,24.946,60.169";

fn extract() -> String {
    format!("{}/assets/demo/Helsinki.osm.pbf", env!("CARGO_MANIFEST_DIR"))
}

fn data(server: &Server) -> &str {
    server.data().to_str().unwrap()
}

/// Somebody added by the command line, as `highstreet user add` answers.
fn add_user(server: &Server, email: &str, more: &[&str]) -> Person {
    let added = run(&[&["user", "add", email, "--data", data(server), "--json"], more].concat()).expect(0).json();
    Person::with_account(server.url(), email, added["password"].as_str().unwrap())
}

fn operator(server: &Server) -> Person {
    add_user(server, "oskar@example.org", &["--role", "operator"])
}

fn import(server: &Server) {
    run(&["import", "osm", &extract(), "--data", data(server), "--bbox", BOX]).expect(0);
}

const SETTINGS: [(&str, &str); 5] = [
    ("name", "Göteborg"),
    ("zone", "Europe/Stockholm"),
    ("currency", "SEK"),
    ("country", "SE"),
    ("center", "60.1665,24.942"),
];

const FORM: &str = "form[action='/console/settings']";

fn settings_with(field: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    SETTINGS.into_iter().map(|(name, typed)| if name == field { (name, value) } else { (name, typed) }).collect()
}

fn steps(console: &Reply) -> Vec<String> {
    console.attributes("section.part .panel a", "href")
}

#[test]
fn adm_08_the_settings_of_a_city_are_changed_in_the_console_and_every_page_shows_them_at_once() {
    let server = Launch::serve().start();
    let oskar = operator(&server);
    let first = oskar.get("/console/settings").expect(200).form(FORM);
    let shown = ["name", "zone", "currency", "country", "center"].map(|field| first.value(field).unwrap().to_owned());
    assert_eq!(shown, ["Highstreet", "UTC", "EUR", "", ""]);
    oskar.fill("/console/settings", FORM, &SETTINGS).expect(303);
    for path in ["/", "/search", "/sign-in", "/help"] {
        assert_eq!(server.guest().get(path).expect(200).one("header .brand b"), "Göteborg", "{path}");
    }
    let as_json = json!({
        "name": "Göteborg", "zone": "Europe/Stockholm", "currency": "SEK", "country": "SE",
        "center": { "lat": 60.1665, "lon": 24.942 },
    });
    assert_eq!(oskar.api_get("/settings").expect(200).json(), as_json);
    let renamed = json!({ "name": "Gothenburg", "zone": "europe/stockholm", "currency": "SEK" });
    let renamed = oskar.api_post("/settings", &renamed).expect(200).json();
    assert_eq!((&renamed["zone"], &renamed["center"]), (&json!("Europe/Stockholm"), &Value::Null));
    assert_eq!(server.guest().get("/").one("header .brand b"), "Gothenburg");
    let audit = oskar.get("/console").expect(200).all("tbody td.lead");
    assert_eq!(audit.iter().filter(|what| *what == "settings changed").count(), 2, "{audit:?}");
    let again = server.stop().restart();
    assert_eq!(again.guest().get("/").one("header .brand b"), "Gothenburg");
}

#[test]
fn adm_08_a_wrong_setting_is_refused_by_its_field_and_keeps_what_was_typed() {
    let server = Launch::serve().start();
    let oskar = operator(&server);
    for (field, wrong) in [
        ("name", "\u{202e}evil"),
        ("zone", "Europe/Atlantis"),
        ("zone", "Etc/Unknown"),
        ("currency", "XAU"),
        ("currency", "euro"),
        ("country", "Sweden"),
        ("center", "north"),
    ] {
        let refused = oskar.fill("/console/settings", FORM, &settings_with(field, wrong)).expect(422);
        let errors = refused.attributes("p.error", "id");
        assert_eq!(errors, [format!("{field}-error")], "{field}={wrong}");
        let again = refused.form(FORM);
        for (name, typed) in settings_with(field, wrong) {
            assert_eq!(again.value(name), Some(typed), "{field}={wrong} lost {name}");
        }
    }
    let wrong =
        json!({ "name": "X", "zone": "Mars/Olympus", "currency": "EUR", "center": { "lat": 91.0, "lon": 0.0 } });
    let problem = oskar.api_post("/settings", &wrong).expect_problem(422, "invalid").json();
    let named: Vec<&String> = problem["errors"].as_object().unwrap().keys().collect();
    assert_eq!(named, ["center", "zone"]);
    assert_eq!(server.guest().get("/").one("header .brand b"), "Highstreet");
}

#[test]
fn adm_09_an_empty_city_says_what_to_do_next_until_its_first_merchant_sells_in_it() {
    let server = Launch::serve().start();
    let (oskar, guest) = (operator(&server), server.guest());
    let empty = guest.get("/").expect(200);
    assert!(empty.one("main h2").contains("being set up"), "{}", empty.text());
    assert!(oskar.get("/").expect(200).attributes("main a", "href").contains(&"/console/settings".to_owned()));
    assert_eq!(steps(&oskar.get("/console").expect(200)), ["/console/settings", "/console/merchants"]);
    assert!(oskar.get("/console/merchants").expect(200).one("main").contains("highstreet import osm"));

    oskar.fill("/console/settings", FORM, &SETTINGS).expect(303);
    import(&server);
    let places = || guest.api_get("/places?limit=1").expect(200).json();
    eventually(|| places()["total"].as_u64().unwrap(), |total| total > 0);
    let found = places();
    let (place, slug) = (found["items"][0]["id"].as_str().unwrap(), found["items"][0]["slug"].as_str().unwrap());
    assert!(guest.get("/").expect(200).one("main h1").contains("Göteborg"));
    let olga = add_user(&server, "olga@example.org", &[]);
    let page = format!("https://town.example/p/{slug}?x=1");
    let typed = [("name", "Olga & Co"), ("places", page.as_str()), ("owner", "olga@example.org")];
    let merchants = "form[action='/console/merchants']";
    for (field, wrong) in [("places", "/p/no-such-place"), ("places", ","), ("owner", "nobody@example.org")] {
        let typed: Vec<_> =
            typed.iter().map(|(name, value)| (*name, if *name == field { wrong } else { value })).collect();
        let refused = oskar.fill("/console/merchants", merchants, &typed).expect(422);
        assert_eq!(refused.attributes("p.error", "id"), [format!("{field}-error")], "{wrong}");
        assert_eq!(refused.form(merchants).value("name"), Some("Olga & Co"));
    }
    oskar.fill("/console/merchants", merchants, &typed).expect(303);
    let taken = oskar.fill("/console/merchants", merchants, &typed).expect(409);
    assert_eq!(taken.attributes("p.error", "id"), ["places-error"]);
    let second = json!({ "name": "Another", "places": [place], "owner": "olga@example.org" });
    oskar.api_post("/merchants", &second).expect_problem(409, "place-taken");
    let listed = oskar.api_get("/merchants").expect(200).json();
    assert_eq!((&listed["items"][0]["name"], &listed["items"][0]["places"][0]), (&json!("Olga & Co"), &json!(place)));
    assert_eq!(steps(&oskar.get("/console").expect(200)), Vec::<String>::new());

    sells_in_crowns(&server, &oskar, &olga, place);
    run(&["check", "--data", data(&server)]).expect(0);
}

/// The whole loop in the city's own currency, which then stays.
fn sells_in_crowns(server: &Server, oskar: &Person, olga: &Person, place: &str) {
    let offer = json!({
        "kind": "deal", "title": "Coffee", "place": place, "price": { "amount": 4500, "currency": "SEK" },
        "capacity": 5, "sale": { "until": in_days(30) }, "use": { "until": in_days(60) },
    });
    let offer = olga.api_post("/offers", &offer).expect(201).json()["id"].as_str().unwrap().to_owned();
    olga.api_post(&format!("/offers/{offer}/publish"), &json!({})).expect(200);
    let guest = server.guest();
    let take = format!("form[action='/o/{offer}/take']");
    let checkout = guest.fill(&format!("/o/{offer}"), &take, &[("quantity", "1")]).expect(303);
    let checkout = guest.follow(&checkout).expect(200);
    let bought = guest.submit(&checkout.form("form[data-once][action$='/pay']").set("pay", "till")).expect(303);
    let voucher = guest.follow(&bought).expect(200).attributes("a[href^='/me/vouchers/']", "href").remove(0);
    let code = guest.get(&voucher).expect(200).all(".code").join("");
    let used = json!({ "code": code, "place": place, "paid": true });
    let used = olga.api_post("/redemptions", &used).expect(201).json();
    assert_eq!(used["amount"], json!({ "amount": 4500, "currency": "SEK" }));
    let refused = oskar.fill("/console/settings", FORM, &settings_with("currency", "EUR")).expect(409);
    assert_eq!(refused.attributes("p.error", "id"), ["currency-error"]);
    assert!(refused.one("p.error").contains("SEK"), "{}", refused.one("p.error"));
    let euros = json!({ "name": "Göteborg", "zone": "Europe/Stockholm", "currency": "EUR" });
    oskar.api_post("/settings", &euros).expect_problem(409, "currency-in-use");
    oskar.fill("/console/settings", FORM, &settings_with("name", "Nya Göteborg")).expect(303);
}

#[test]
fn dir_03_opening_hours_and_search_follow_the_citys_zone_when_it_is_changed() {
    let server = Launch::demo().now("2026-11-23T12:00:00+02:00").start();
    let (oskar, guest) = (server.operator(), server.guest());
    let settings = oskar.api_get("/settings").expect(200).json();
    let open = || guest.api_get("/places?open=now&limit=1").expect(200).json()["total"].as_u64().unwrap();
    let cafe = || guest.get("/p/cafe-ekberg").expect(200).one("main");
    assert!(cafe().contains("Open until 19:00"));
    let at_noon = open();
    let mut there = settings.clone();
    // It is 23:00 in Auckland then.
    there["zone"] = json!("Pacific/Auckland");
    oskar.api_post("/settings", &there).expect(200);
    assert!(!cafe().contains("Open until 19:00"), "{}", cafe());
    let at_night = eventually(open, |open| open < at_noon / 2);
    oskar.api_post("/settings", &settings).expect(200);
    assert_eq!(eventually(open, |open| open == at_noon), at_noon);
    assert!(at_night > 0, "some are open at night");
}

/// Asks until it is so: search follows a change of every place within a moment, and a page does not wait for all of it.
fn eventually(ask: impl Fn() -> u64, is_so: impl Fn(u64) -> bool) -> u64 {
    for _ in 0..600 {
        let answer = ask();
        if is_so(answer) {
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it never comes: {}", ask())
}
