//! The kit, tried on a stand-in: what it does when a server is silent, dies or answers, and how it reads forms.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::json;

use crate::kit::{Launch, Person, Reply, Server};

const PAGE: &str = r#"<!doctype html><title>T</title><h1>Sign
  in</h1><form method="post" action="/sign-in"><input type="hidden" name="csrf" value="c&amp;1"><input name="email">
  <input type="password" name="password"><input type="checkbox" name="stay" value="yes" checked>
  <input type="checkbox" name="news" value="yes"><textarea name="note">old</textarea>
  <select name="city"><option value="a">A<option value="b" selected>B</select>
  <input name="off" value="1" disabled><button name="do" value="go">Go</button></form>"#;

/// Answers `/sign-in` with a form and a cookie, and everything else with what it was asked, as JSON.
fn stand_in() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = answer(&stream);
        }
    });
    url
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let header = |name: &str| head.lines().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned));
    let length = header("content-length: ").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let asked = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1");
    let (status, extra, reply) = match asked {
        "GET /sign-in" => ("200 OK", "set-cookie: visit=7; Path=/; HttpOnly\r\n", PAGE.to_owned()),
        "POST /sign-in" => ("303 See Other", "location: /me\r\nset-cookie: session=s3; Path=/\r\n", String::new()),
        "POST /api/v1/sessions" => ("201 Created", "", json!({ "token": "t1" }).to_string()),
        "POST /api/v1/orders" => {
            ("409 Conflict", "content-type: application/problem+json\r\n", json!({ "type": "sold-out" }).to_string())
        }
        _ => {
            let echo = json!({ "asked": asked, "body": String::from_utf8_lossy(&body), "cookie": header("cookie: "),
                "key": header("idempotency-key: "), "bearer": header("authorization: ") });
            ("200 OK", "", echo.to_string())
        }
    };
    write!(stream, "HTTP/1.1 {status}\r\n{extra}connection: close\r\ncontent-length: {}\r\n\r\n{reply}", reply.len())
}

/// A shell in the server's place.
fn shell(script: &str) -> Launch {
    Launch::program("/bin/sh").arg("-c").arg(script).ready_within(Duration::from_millis(500))
}

fn complaint(of: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(of)).expect_err("it must complain");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_server_is_ready_when_it_says_so() {
    let ready = "echo 'resident@demo.example'; echo oops >&2; echo ready http://127.0.0.1:9/; exec sleep 60";
    let server = shell(ready).env("LANG", "C").start();
    assert_eq!((server.url(), server.address()), ("http://127.0.0.1:9", "127.0.0.1:9"));
    assert_eq!(server.greeting(), ["resident@demo.example"]);
    assert!(server.data().is_dir());
    assert!(std::path::Path::new(&format!("/proc/{}", server.process_id())).exists());
    let stopped = server.stop();
    assert_eq!(stopped.log, "oops\n");
    assert!(!stopped.status.success() && stopped.data().is_dir());
    let again = stopped.restart();
    let (folder, process) = (again.data().to_owned(), again.process_id());
    assert_eq!(folder, stopped.data());
    again.kill();
    drop(stopped);
    assert!(!folder.exists(), "the folder goes with the last who has it");
    assert!(!std::path::Path::new(&format!("/proc/{process}")).exists());
}

#[test]
fn a_server_that_dies_shows_what_it_said() {
    assert!(complaint(|| drop(shell("echo the disk is gone >&2; exit 74").start())).contains("the disk is gone"));
}

#[test]
fn a_server_that_is_never_ready_is_given_up() {
    assert!(complaint(|| drop(shell("echo hello; exec sleep 60").start())).contains("not ready"));
}

#[test]
fn a_form_is_sent_as_a_browser_would() {
    let guest = Person::guest(&stand_in());
    let form = guest.get("/sign-in").expect(200).form("form");
    assert_eq!((form.method.as_str(), form.action.as_str()), ("POST", "/sign-in"));
    let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [("csrf", "c&1"), ("email", ""), ("password", ""), ("stay", "yes"), ("note", "old"), ("city", "b")];
    assert_eq!(fields, expected);
    assert_eq!(form.value("city"), Some("b"));
    let mut form = form.set("email", "a@b.example").without("stay");
    form.action = "/echo".to_owned();
    let echo = guest.submit(&form).json();
    assert_eq!(echo["body"], "csrf=c%261&password=&note=old&city=b&email=a%40b.example");
    assert_eq!(echo["cookie"], "visit=7");
    assert_eq!(guest.post_form("/echo", &[]).json()["body"], "&");
}

#[test]
fn cookies_are_kept_and_redirects_are_not_followed() {
    let guest = Person::guest(&stand_in());
    let reply = guest.fill("/sign-in", "form", &[("email", "a@b.example")]).expect(303);
    assert_eq!(reply.header("Location"), Some("/me"));
    assert_eq!(guest.cookie("session").as_deref(), Some("s3"));
    assert_eq!(guest.follow(&reply).json()["asked"], "GET /me");
    guest.forget_cookies();
    assert_eq!(guest.cookie("session"), None);
}

#[test]
fn somebody_with_an_account_signs_in_when_needed() {
    let url = stand_in();
    let person = Person::with_account(&url, "a@b.example", "secret");
    assert_eq!(person.cookie("session"), None);
    let cookies = person.get("/me").json()["cookie"].to_string();
    assert!(cookies.contains("session=s3") && cookies.contains("visit=7"), "{cookies}");
    let echo = person.api_get("/me").json();
    assert_eq!((&echo["asked"], &echo["bearer"]), (&json!("GET /api/v1/me"), &json!("bearer t1")));
    assert_eq!(Person::guest(&url).api_get("/me").json()["bearer"], json!(null));
}

#[test]
fn every_api_post_has_a_key_of_its_own_unless_told() {
    let guest = Person::guest(&stand_in());
    let key = |reply: Reply| reply.json()["key"].clone();
    assert_ne!(key(guest.api_post("/echo", &json!({}))), key(guest.api_post("/echo", &json!({}))));
    assert_eq!(key(guest.api("POST", "/echo", Some(&json!({})), Some("k"))), "k");
    assert_eq!(key(guest.api("DELETE", "/echo", None, None)), json!(null));
}

#[test]
fn what_was_not_expected_is_shown() {
    let guest = Person::guest(&stand_in());
    guest.api_post("/orders", &json!({})).expect_problem(409, "sold-out");
    let orders = || guest.api_post("/orders", &json!({}));
    assert!(complaint(|| drop(orders().expect(201))).contains("sold-out"));
    assert!(complaint(|| drop(orders().expect_problem(409, "cap-reached"))).contains("cap-reached"));
    let page = guest.get("/sign-in");
    assert_eq!(page.one("h1"), "Sign in");
    assert_eq!(page.attributes("form", "action"), ["/sign-in"]);
    assert!(complaint(|| drop(page.one("input"))).contains("finds"));
    assert!(complaint(|| drop(page.form("form.none"))).contains("finds 0 forms"));
}

#[test]
fn people_of_the_demo_are_known_by_what_they_do() {
    // Named here so that the whole kit is compiled, whatever tests there are.
    let people: [fn(&Server) -> Person; 8] = [
        Server::guest,
        Server::resident,
        Server::second_resident,
        Server::owner,
        Server::other_owner,
        Server::till,
        Server::moderator,
        Server::operator,
    ];
    assert_eq!(people.len(), 8);
}
