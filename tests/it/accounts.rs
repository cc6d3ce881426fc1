//! People at the door: signing up, in and out, by page and by API.

use serde_json::json;

use crate::kit::{Finished, Form, Launch, Person, Reply, Server, run};

const PASSWORD: &str = "correct horse";

fn sign_up(person: &Person, email: &str) -> Reply {
    let fields = [("name", "Anna"), ("email", email), ("password", PASSWORD)];
    person.fill("/sign-up", "main form", &fields)
}

fn sign_in(person: &Person, email: &str, password: &str) -> Reply {
    person.fill("/sign-in", "main form", &[("email", email), ("password", password)])
}

fn session(person: &Person) -> String {
    person.cookie("hs_session").expect("a session")
}

fn city_with_anna() -> (Server, Person) {
    let server = Launch::serve().start();
    let anna = server.guest();
    assert_eq!(sign_up(&anna, "anna@example.org").status, 303);
    (server, anna)
}

#[test]
fn whoever_signs_up_is_in_and_who_signs_out_is_out_everywhere_that_this_session_went() {
    let (server, anna) = city_with_anna();
    let me = anna.get("/me");
    assert_eq!(me.status, 200);
    assert!(me.text().contains("anna@example.org"));
    let stolen = format!("hs_session={}", session(&anna));
    assert_eq!(server.guest().send("GET", "/me", &[("cookie", &stolen)], Vec::new()).status, 200);
    assert_eq!(anna.post_form("/sign-out", &[]).status, 403, "another site's form signs nobody out");
    let out: Form = me.form("form[action='/sign-out']");
    assert_eq!(anna.submit(&out).status, 303);
    assert_eq!(anna.get("/me").header("location"), Some("/sign-in?next=%2Fme"));
    assert_eq!(server.guest().send("GET", "/me", &[("cookie", &stolen)], Vec::new()).status, 303);
}

#[test]
fn a_sign_in_has_a_new_session_and_goes_on_to_a_page_of_this_site_only() {
    let (server, anna) = city_with_anna();
    let browser = server.guest();
    let planted = "hs_session=0000000000000000000000000000000000000000000000000000000000000000";
    assert_eq!(browser.send("GET", "/me", &[("cookie", planted)], Vec::new()).status, 303);
    for (next, location) in [("/me", "/me"), ("", "/"), ("//evil.example/", "/"), ("https://evil.example", "/")] {
        let page = browser.get(&format!("/sign-in?next={}", next.replace('/', "%2F"))).expect(200);
        let form = page.form("main form").set("email", "ANNA@example.org").set("password", PASSWORD);
        let reply = browser.submit(&form);
        assert_eq!((reply.status, reply.header("location")), (303, Some(location)), "{next}");
        assert_ne!(session(&browser), session(&anna));
        browser.forget_cookies();
    }
}

#[test]
fn an_unknown_address_and_a_wrong_password_answer_alike_and_keep_what_was_typed_but_the_password() {
    let (server, _) = city_with_anna();
    let refused = |email: &str| {
        let reply = sign_in(&server.guest(), email, "wrong horse");
        assert_eq!(reply.status, 401);
        assert!(reply.text().contains(email) && !reply.text().contains("wrong horse"));
        reply.text().replace(email, "")
    };
    let without_tokens = |text: String| {
        let lines: Vec<String> = text.lines().filter(|line| !line.contains("csrf")).map(str::to_owned).collect();
        lines
    };
    assert_eq!(without_tokens(refused("anna@example.org")), without_tokens(refused("nobody@example.org")));
    let api = |email: &str| {
        let body = json!({ "email": email, "password": "wrong horse" });
        let reply = server.guest().api("POST", "/sessions", Some(&body), None);
        (reply.status, reply.text())
    };
    assert_eq!(api("anna@example.org"), api("nobody@example.org"));
    assert_eq!((api("anna@example.org").0, api("not an address").0), (401, 401));
}

#[test]
fn a_sign_up_with_wrong_fields_names_them_and_keeps_what_was_typed_but_the_password() {
    let (server, _) = city_with_anna();
    let refused = |fields: &[(&str, &str)]| server.guest().fill("/sign-up", "main form", fields);
    let short = refused(&[("name", "Bert"), ("email", "bert@example.org"), ("password", "short77")]);
    assert_eq!(short.status, 422);
    assert!(short.text().contains("Bert") && short.text().contains("at least 8 characters"));
    assert!(!short.text().contains("short77"));
    let taken = refused(&[("name", "Bert"), ("email", "Anna@Example.org"), ("password", PASSWORD)]);
    assert_eq!(taken.status, 409);
    assert!(taken.text().contains("There is an account with this address"));
    let hostile = "<script>alert(1)</script>\u{202e}";
    let strange = refused(&[("name", hostile), ("email", "x@example.org"), ("password", PASSWORD)]);
    assert_eq!(strange.status, 422);
    assert!(!strange.text().contains("<script>alert"));
}

#[test]
fn a_session_of_the_api_is_a_bearer_token_and_a_cookie_is_none() {
    let (server, anna) = city_with_anna();
    let body = json!({ "email": "anna@example.org", "password": PASSWORD });
    let made = server.guest().api("POST", "/sessions", Some(&body), None).expect(201);
    let user = json!({ "email": "anna@example.org", "name": "Anna", "roles": [] });
    assert_eq!(made.json()["user"], user);
    let bearer = format!("Bearer {}", made.json()["token"].as_str().unwrap());
    let me = server.guest().send("GET", "/api/v1/me", &[("authorization", &bearer)], Vec::new());
    assert_eq!((me.status, me.json()), (200, user));
    assert_eq!(anna.api_get("/me").status, 401, "the browser's cookie does not sign in a program");
    let forged = server.guest().send("GET", "/api/v1/me", &[("authorization", "Bearer hs_0")], Vec::new());
    assert_eq!((forged.status, forged.json()["type"].as_str().map(str::to_owned)), (401, Some("sign-in-first".into())));
}

/// A subcommand on the folder of a server, as the machine's operator types it.
fn operate(data: &std::path::Path, line: &str) -> Finished {
    let mut words: Vec<&str> = line.split(' ').collect();
    words.extend(["--json", "--data", data.to_str().expect("a path")]);
    run(&words)
}

#[test]
fn the_operator_adds_lists_and_changes_people_beside_a_running_server_and_without_one() {
    let server = Launch::serve().start();
    let added = operate(server.data(), "user add olga@example.org --name Olga --role operator").expect(0).json();
    let made = added["password"].as_str().unwrap();
    let olga = Person::with_account(server.url(), "olga@example.org", made);
    let roles = json!([{ "role": "operator", "merchant": null, "places": [] }]);
    assert_eq!(olga.api_get("/me").expect(200).json()["roles"], roles);
    operate(server.data(), "user add OLGA@example.org").expect(1);
    operate(server.data(), "user role olga@example.org").expect(0);
    assert_eq!(olga.api_get("/me").expect(200).json()["roles"], json!([]), "it counts at once");
    operate(server.data(), "user reset-password olga@example.org").expect(0);
    assert_eq!(olga.api_get("/me").status, 401);
    let stopped = server.stop();
    let listed = operate(stopped.data(), "user list").expect(0).json();
    assert_eq!((&listed["items"][0]["email"], &listed["items"][1]), (&json!("olga@example.org"), &json!(null)));
    operate(stopped.data(), "user role nobody@example.org").expect(1);
}

#[test]
fn a_token_of_the_operator_works_within_its_scopes_until_it_is_revoked() {
    let (server, _) = city_with_anna();
    let create = |scope: &str| {
        operate(server.data(), &format!("token create --user anna@example.org --scope {scope}")).expect(0).json()
    };
    let me = |token: &serde_json::Value| {
        let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
        server.guest().send("GET", "/api/v1/me", &[("authorization", &bearer)], Vec::new()).status
    };
    let (own, read) = (create("own till"), create("read"));
    assert!(own["token"].as_str().unwrap().starts_with("hs_"));
    assert_eq!((me(&own), me(&read)), (200, 403));
    let listed = operate(server.data(), "token list").expect(0);
    assert!(!listed.stdout.contains(own["token"].as_str().unwrap()));
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 2);
    operate(server.data(), &format!("token revoke {}", own["id"].as_str().unwrap())).expect(0);
    assert_eq!(me(&own), 401);
    operate(server.data(), &format!("token revoke {}", own["id"].as_str().unwrap())).expect(1);
}

#[test]
fn bad_usage_of_people_and_tokens_is_one_line_and_exit_2() {
    let server = Launch::serve().start();
    for line in [
        "user add not-an-address",
        "user add anna@example.org --role king",
        "user add anna@example.org --role owner@nowhere",
        "user add anna@example.org --password-stdin",
        "user add anna@example.org --password secret-secret",
        "token create --user anna@example.org",
        "token create --user anna@example.org --scope everything",
    ] {
        let finished = operate(server.data(), line);
        assert_eq!((finished.code, finished.stderr.trim_end().lines().count()), (Some(2), 1), "{line}: {finished:?}");
    }
}
