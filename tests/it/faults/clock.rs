//! A machine's clock that somebody turns, while the city runs and while it does not.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::kit::{faketime_library, until};
use crate::kit::{Launch, Server, run};
use crate::market::in_days;

const NOTICED: Duration = Duration::from_secs(5);

/// Wall time as the file says (`+0`, `-1d`, `+31y`), looked at anew each time; monotonic time is left alone.
fn with_clock(launch: Launch, file: &Path) -> Launch {
    launch
        .env("LD_PRELOAD", &faketime_library())
        .env("FAKETIME_TIMESTAMP_FILE", &file.to_string_lossy())
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("FAKETIME_NO_CACHE", "1")
}

fn turned_seconds(server: &Server) -> i64 {
    let text = server.guest().get("/metrics").expect(200).text();
    let name = "\nhighstreet_clock_turned_seconds ";
    text.split_once(name).and_then(|(_, rest)| rest.lines().next()).unwrap().parse().unwrap()
}

#[test]
fn a_clock_that_is_turned_while_it_runs_is_reported_and_changes_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clock");
    let turn = |text: &str| std::fs::write(&file, text).unwrap();
    turn("+0");
    let server = with_clock(Launch::demo(), &file).start();
    let (owner, resident, till) = (server.owner(), server.resident(), server.till());
    let place = till.api_get("/me").expect(200).json()["roles"][0]["places"][0].as_str().unwrap().to_owned();
    let offer = json!({ "kind": "deal", "title": "Tea", "place": place, "capacity": 10,
        "price": { "amount": 500, "currency": "EUR" }, "list_price": { "amount": 900, "currency": "EUR" },
        "sale": { "until": in_days(1) }, "use": { "until": in_days(2) } });
    let offer = owner.api_post("/offers", &offer).expect(201).json()["id"].as_str().unwrap().to_owned();
    owner.api_post(&format!("/offers/{offer}/publish"), &json!({})).expect(200);
    let order =
        || resident.api_post("/orders", &json!({ "lines": [{ "offer": offer, "quantity": 1 }], "pay": "test" }));
    let answers = || -> Vec<Value> {
        let paths = [format!("/offers/{offer}"), "/vouchers".to_owned(), "/orders".to_owned(), "/me".to_owned()];
        paths.iter().map(|path| resident.api_get(path).expect(200).json()).collect()
    };
    order().expect(201);
    let before = answers();
    let steps = [
        ("-1d", -86_400, "behind the city's own time"),
        ("+31y", 31 * 365 * 86_400, "ahead of the city's own time"),
        ("+0", 0, "agrees with the city's own time again"),
    ];
    for (text, seconds, logged) in steps {
        turn(text);
        // The first is the proof that the program sees the turned clock at all.
        let is_seen = || (turned_seconds(&server) - seconds).abs() < 20 * 86_400 * i64::from(seconds > 0) + 60;
        until("the metrics tell", NOTICED, is_seen);
        until(logged, NOTICED, || server.log().contains(logged));
        assert_eq!(answers(), before, "at {text}");
        let console = server.operator().get("/console").expect(200).text();
        assert_eq!(console.contains("the city&#39;s own time"), seconds != 0, "at {text}: {console}");
    }
    // What was valid is used, and what is on sale is sold, at any hour of the machine's.
    for text in ["-1d", "+31y"] {
        turn(text);
        let code = order().expect(201).json()["vouchers"][0]["code"].as_str().unwrap().to_owned();
        till.api_post("/redemptions", &json!({ "code": code, "place": place })).expect(201);
    }
}

#[test]
fn started_31_years_later_it_writes_nothing_until_the_operator_confirms() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clock");
    let turn = |text: &str| std::fs::write(&file, text).unwrap();
    turn("+0");
    let sign_up = |server: &Server, name: &str| {
        let email = format!("{name}@example.org");
        let fields = [("name", "Anna"), ("email", email.as_str()), ("password", "correct horse")];
        server.guest().fill("/sign-up", "main form", &fields)
    };
    let mut server = with_clock(Launch::serve(), &file).start();
    let data = server.data().to_string_lossy().into_owned();
    let told =
        run(&["user", "add", "op@example.org", "--role", "operator", "--data", &data, "--json"]).expect(0).json();
    let password = told["password"].as_str().unwrap().to_owned();
    let operator = crate::kit::Person::with_account(server.url(), "op@example.org", &password);
    operator.get("/console").expect(200);
    let cookie = format!("hs_session={}", operator.cookie("hs_session").unwrap());
    // Once by the form of the console, once on the command line.
    for (years, by_form) in [("+31y", true), ("+62y", false)] {
        turn(years);
        server = server.kill().restart();
        let refused = sign_up(&server, "early").expect(503);
        assert!(refused.text().contains("looked at its clock") && refused.header("retry-after").is_some());
        assert_eq!(server.guest().get("/readyz").expect(503).text(), "waiting for clock\n");
        server.guest().get("/").expect(200);
        if by_form {
            let base = server.url().to_owned();
            let console = server.guest().send("GET", "/console", &[("cookie", &cookie)], Vec::new()).expect(200);
            let form = console.form("form[action='/console/clock']");
            let csrf = console.header("set-cookie").and_then(|set| set.split(';').next()).unwrap().to_owned();
            let headers = [
                ("cookie", format!("{cookie}; {csrf}")),
                ("origin", base),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ];
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let body = serde_urlencoded::to_string(&form.fields).unwrap();
            server.guest().send("POST", "/console/clock", &headers, body.into()).expect(303);
        } else {
            let shown = run(&["clock", "show", "--data", &data, "--json"]).expect(0).json();
            assert_eq!(shown["in_doubt"], true, "{shown}");
            let accepted = run(&["clock", "accept", "--data", &data, "--json"]).expect(0).json();
            assert_eq!(accepted["in_doubt"], false, "{accepted}");
        }
        assert_eq!(sign_up(&server, &format!("late{by_form}")).status, 303);
        until("it is ready", NOTICED, || server.guest().get("/readyz").status == 200);
    }
    // Confirmed is confirmed: the commits since tell the time.
    server = server.kill().restart();
    assert_eq!(sign_up(&server, "later").status, 303);
}
