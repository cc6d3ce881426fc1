//! The front door over raw TCP: what is malformed, too long, slow or broken off gets its 4xx and harms nobody; the
//! server says when it is ready and stops in good order.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use highstreet::base::clock::monotonic;
use rustix::process::Signal;

use super::kit::{Finished, Launch, Server, run};

/// Longest that any answer may take here: beyond all limits of the server.
const PATIENCE: Duration = Duration::from_secs(40);

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything that the server says to these bytes until it closes.
fn says(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    // A server that has seen enough may stop reading: what it says counts.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[track_caller]
fn status(server: &Server, bytes: &[u8]) -> u16 {
    let answer = says(server, bytes);
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
    status.and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

#[test]
fn malformed_requests_get_their_4xx_and_the_server_goes_on() {
    let server = Launch::serve().start();
    let post = "POST /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let long = "x".repeat(100_000);
    let cases: [(&str, String, &[u16]); 26] = [
        ("no Host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n".into(), &[400]),
        ("no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n".into(), &[400]),
        ("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".into(), &[400]),
        ("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n".into(), &[400]),
        ("malformed Host", "GET / HTTP/1.1\r\nHost: a/b?c\r\n\r\n".into(), &[400]),
        ("Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n".into(), &[400]),
        ("Host with a foul port", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n".into(), &[400]),
        ("Host against target", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[400]),
        ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n".into(), &[405]),
        ("TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[405]),
        ("asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[400]),
        ("foreign scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n".into(), &[400]),
        (
            "length and encoding",
            format!("{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            &[400],
        ),
        (
            "encoding and length",
            format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
            &[400],
        ),
        ("two lengths", format!("{post}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde"), &[400]),
        ("twice the same length", format!("{post}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd"), &[400]),
        ("negative length", format!("{post}Content-Length: -1\r\n\r\n"), &[400]),
        ("unknown encoding", format!("{post}Transfer-Encoding: gzip\r\n\r\n"), &[400]),
        ("bad chunk", format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"), &[400]),
        ("large length", format!("{post}Content-Length: 99999999999\r\n\r\n"), &[413]),
        ("large body", format!("{post}Content-Length: 100000\r\n\r\n{long}"), &[413]),
        ("large chunks", format!("{post}Transfer-Encoding: chunked\r\n\r\n186a0\r\n{long}\r\n0\r\n\r\n"), &[413]),
        ("long address", get(&format!("/{long}")), &[414]),
        ("large headers", format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"), &[431]),
        ("many headers", format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(500)), &[431]),
        ("noise", "\u{1}\u{2}\u{3} what is this\r\n\r\n".into(), &[400]),
    ];
    for (name, request, expected) in cases {
        let got = status(&server, request.as_bytes());
        assert!(expected.contains(&got), "{name}: {got}");
        assert_eq!(status(&server, get("/healthz").as_bytes()), 200, "after {name}");
    }
}

#[test]
fn addresses_of_every_size_and_kind_get_an_answer_below_500() {
    let server = Launch::serve().start();
    for size in [1000, 8000, 8192, 8300, 9000, 16_384, 65_000, 1_000_000] {
        let status = status(&server, get(&format!("/{}", "a".repeat(size))).as_bytes());
        assert_eq!(status, if size <= 8000 { 404 } else { 414 }, "{size}");
    }
    for path in [
        "/%00",
        "/%",
        "/%zz",
        "/%ff%fe",
        "/../../etc/passwd",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/x",
        "/a?q=%00%ff",
        "//evil.example",
        "/api/v1/nothing",
        "/api",
        "/%F0%9F%98%80",
    ] {
        let status = status(&server, get(path).as_bytes());
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

#[test]
fn a_request_of_absolute_form_is_answered_and_pipelined_ones_in_order() {
    let server = Launch::serve().start();
    let absolute = "GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(status(&server, absolute.as_bytes()), 200);
    let keep = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let chunked =
        "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let said = says(&server, format!("{keep}{chunked}{}", get("/robots.txt")).as_bytes());
    let statuses: Vec<&str> = said.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["200", "404", "200"], "{said}");
}

#[test]
fn errors_are_problems_under_api_and_pages_elsewhere_with_the_security_headers() {
    let server = Launch::serve().start();
    let problem = says(&server, get("/api/v1/nothing").as_bytes());
    assert!(problem.contains("content-type: application/problem+json"), "{problem}");
    assert!(problem.contains(r#""type":"not-found""#) && problem.contains(r#""status":404"#), "{problem}");
    let page = says(&server, get("/nothing").as_bytes());
    assert!(page.starts_with("HTTP/1.1 404") && page.contains("content-type: text/html"), "{page}");
    let post = "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let not_allowed = says(&server, post.as_bytes());
    assert!(not_allowed.starts_with("HTTP/1.1 405") && not_allowed.contains("allow: GET,HEAD"), "{not_allowed}");
    let turned_away = says(&server, b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
    for answer in [problem, page, not_allowed, turned_away, says(&server, get("/robots.txt").as_bytes())] {
        for header in [
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: ",
            "permissions-policy: camera=(self)",
            "cross-origin-opener-policy: ",
        ] {
            assert!(answer.contains(header), "{header}\n{answer}");
        }
        assert!(!answer.contains("unsafe-"), "{answer}");
    }
}

#[test]
fn assets_have_lasting_names_and_come_compressed() {
    let server = Launch::serve().start();
    let url = highstreet::web::assets::url("icons/sprite.svg");
    let ask = |headers: &str| {
        says(&server, format!("GET {url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").as_bytes())
    };
    let plain = ask("");
    assert!(plain.starts_with("HTTP/1.1 200") && plain.contains("immutable"), "{}", &plain[..300]);
    assert!(plain.contains("content-type: image/svg+xml") && plain.contains("<symbol"));
    assert!(ask("Accept-Encoding: gzip, br\r\n").contains("content-encoding: br"));
    assert!(ask("Accept-Encoding: gzip\r\n").contains("content-encoding: gzip"));
    let etag = plain.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    assert!(ask(&format!("If-None-Match: {etag}\r\n")).starts_with("HTTP/1.1 304"));
    assert_eq!(status(&server, get("/assets/icons/sprite.svg").as_bytes()), 404);
    assert_eq!(status(&server, get("/assets/licences/lucide.txt").as_bytes()), 404);
}

#[test]
fn a_demo_answers_to_loopback_names_only() {
    let server = Launch::demo().start();
    let named = |host: &str| format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for host in ["localhost", "127.0.0.1:8080", "[::1]", "LOCALHOST:1"] {
        assert_eq!(status(&server, named(host).as_bytes()), 200, "{host}");
    }
    for host in ["highstreet.example", "localhost.evil.example", "192.168.0.1"] {
        assert_eq!(status(&server, named(host).as_bytes()), 421, "{host}");
    }
}

#[test]
fn http2_is_answered_without_tls() {
    let server = Launch::serve().start();
    let mut stream = connect(&server);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    stream.write_all(preface).unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(frame[3], 4, "the first frame is SETTINGS");
}

#[test]
fn slow_and_silent_connections_are_cut_within_30_seconds() {
    let server = Launch::serve().start();
    let beginnings = [
        "",
        "P",
        "GET / HTT",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
    ];
    let begun = monotonic();
    let connections = beginnings.map(|beginning| {
        let mut stream = connect(&server);
        stream.write_all(beginning.as_bytes()).unwrap();
        (beginning, stream)
    });
    for (beginning, mut stream) in connections {
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(ended.is_ok() && begun.elapsed() < Duration::from_secs(30), "{beginning:?}: {ended:?}");
    }
    assert_eq!(status(&server, get("/healthz").as_bytes()), 200);
}

#[test]
fn sigterm_stops_within_10_seconds_with_a_slow_connection_open() {
    let server = Launch::serve().start();
    let mut slow = connect(&server);
    slow.write_all(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").unwrap();
    let _silent = connect(&server);
    let mut kept = connect(&server);
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    kept.read_exact(&mut [0; 15]).unwrap();
    let asked = monotonic();
    let stopped = server.stop();
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
}

#[test]
fn systemd_hears_when_the_server_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let hears = || {
        let mut space = [0; 100];
        let length = socket.recv(&mut space).unwrap();
        String::from_utf8_lossy(&space[..length]).trim().to_owned()
    };
    let server = Launch::serve().env("NOTIFY_SOCKET", path.to_str().unwrap()).start();
    assert_eq!(hears(), "READY=1");
    server.signal(Signal::TERM);
    assert_eq!(hears(), "STOPPING=1");
}

#[test]
fn the_log_has_routes_and_no_paths_queries_or_bodies() {
    let server = Launch::serve().start();
    status(&server, get("/assets/secret-path?code=secret-query").as_bytes());
    let body = "password=secret-body";
    let post = "POST /secret-path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: a=secret-cookie\r\n";
    status(&server, format!("{post}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    let log = server.stop().log;
    assert!(log.contains(r#""route":"/assets/{*name}""#), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[test]
fn a_taken_port_and_a_taken_folder_are_said_in_one_line() {
    let server = Launch::serve().start();
    let other = tempfile::tempdir().unwrap();
    let serve = |address: &str, data: &Path| run(&["serve", "--listen", address, "--data", data.to_str().unwrap()]);
    one_line(&serve(server.address(), other.path()), 75, "is taken");
    one_line(&serve("127.0.0.1:0", server.data()), 75, "in use");
    one_line(&serve("nonsense", other.path()), 74, "nonsense");
}

#[test]
fn bad_usage_is_one_line_and_exit_2() {
    one_line(&run(&["serve", "--lissten", "x"]), 2, "--lissten");
    one_line(&run(&["demo", "--listen", "0.0.0.0:0"]), 2, "loopback");
    one_line(&run(&["demo", "--now", "yesterday"]), 2, "--now");
    one_line(&run(&["serve", "--config", "/no/such/file.toml"]), 74, "/no/such/file.toml");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("highstreet.toml");
    std::fs::write(&file, "listen = [\"127.0.0.1:0\"]\ncolour = 1\n").unwrap();
    one_line(&run(&["serve", "--config", file.to_str().unwrap()]), 2, "line 2: unknown field `colour`");
    let help = run(&["--help"]).expect(0);
    assert!(help.stdout.contains("serve"));
}

#[track_caller]
fn one_line(finished: &Finished, code: i32, part: &str) {
    let said = finished.stderr.trim_end();
    assert_eq!(finished.code, Some(code), "{said}");
    assert!(said.contains(part) && said.lines().count() == 1, "{said}");
}
