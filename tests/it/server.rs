//! The front door over raw TCP: what is malformed, too long, slow or broken off gets its 4xx and harms nobody; the
//! server says when it is ready and stops in good order.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test complains by panicking, also in its helpers")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use highstreet::base::clock::monotonic;
use tempfile::TempDir;

/// Longest that any answer may take here: beyond all limits of the server.
const PATIENCE: Duration = Duration::from_secs(40);

/// `serve` or `demo` in a folder of its own, killed by its id when dropped.
struct Running {
    child: Child,
    address: SocketAddr,
    _out: BufReader<ChildStdout>,
    folder: TempDir,
}

fn highstreet() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highstreet"));
    command.env_clear().stdin(Stdio::null());
    command
}

impl Running {
    fn start(subcommand: &str) -> Running {
        let folder = tempfile::tempdir().unwrap();
        let mut command = highstreet();
        command.args([subcommand, "--listen", "127.0.0.1:0", "--data"]).arg(folder.path().join("data"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "it ended before it was ready");
            if let Some(address) = line.strip_prefix("ready http://") {
                break address.trim().parse().unwrap();
            }
        };
        Running { child, address, _out: out, folder }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Everything that the server says to these bytes until it closes.
    fn says(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // A server that has seen enough may stop reading: what it says counts.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn status(&self, bytes: &[u8]) -> u16 {
        status_of(&self.says(bytes))
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// How long the server takes to end, and its exit code.
    fn ends(&mut self) -> (Duration, Option<i32>) {
        let asked = monotonic();
        while asked.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (asked.elapsed(), status.code());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not stop");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status_of(answer: &str) -> u16 {
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
    status.and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

#[test]
fn malformed_requests_get_their_4xx_and_the_server_goes_on() {
    let server = Running::start("serve");
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
        let status = server.status(request.as_bytes());
        assert!(expected.contains(&status), "{name}: {status}");
        assert_eq!(server.status(get("/healthz").as_bytes()), 200, "after {name}");
    }
}

#[test]
fn addresses_of_every_size_and_kind_get_an_answer_below_500() {
    let server = Running::start("serve");
    for size in [1000, 8000, 8192, 8300, 9000, 16_384, 65_000, 1_000_000] {
        let status = server.status(get(&format!("/{}", "a".repeat(size))).as_bytes());
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
        let status = server.status(get(path).as_bytes());
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

#[test]
fn a_request_of_absolute_form_is_answered_and_pipelined_ones_in_order() {
    let server = Running::start("serve");
    let absolute = "GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(server.status(absolute.as_bytes()), 200);
    let keep = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let chunked =
        "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let said = server.says(format!("{keep}{chunked}{}", get("/robots.txt")).as_bytes());
    let statuses: Vec<&str> = said.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["200", "404", "200"], "{said}");
}

#[test]
fn errors_are_problems_under_api_and_pages_elsewhere_with_the_security_headers() {
    let server = Running::start("serve");
    let problem = server.says(get("/api/v1/nothing").as_bytes());
    assert!(problem.contains("content-type: application/problem+json"), "{problem}");
    assert!(problem.contains(r#""type":"not-found""#) && problem.contains(r#""status":404"#), "{problem}");
    let page = server.says(get("/nothing").as_bytes());
    assert!(page.starts_with("HTTP/1.1 404") && page.contains("content-type: text/html"), "{page}");
    let post = "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let not_allowed = server.says(post.as_bytes());
    assert!(not_allowed.starts_with("HTTP/1.1 405") && not_allowed.contains("allow: GET,HEAD"), "{not_allowed}");
    let turned_away = server.says(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
    for answer in [problem, page, not_allowed, turned_away, server.says(get("/robots.txt").as_bytes())] {
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
    let server = Running::start("serve");
    let url = highstreet::web::assets::url("icons/sprite.svg");
    let ask = |headers: &str| {
        server.says(format!("GET {url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").as_bytes())
    };
    let plain = ask("");
    assert!(plain.starts_with("HTTP/1.1 200") && plain.contains("immutable"), "{}", &plain[..300]);
    assert!(plain.contains("content-type: image/svg+xml") && plain.contains("<symbol"));
    assert!(ask("Accept-Encoding: gzip, br\r\n").contains("content-encoding: br"));
    assert!(ask("Accept-Encoding: gzip\r\n").contains("content-encoding: gzip"));
    let etag = plain.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    assert!(ask(&format!("If-None-Match: {etag}\r\n")).starts_with("HTTP/1.1 304"));
    assert_eq!(server.status(get("/assets/icons/sprite.svg").as_bytes()), 404);
    assert_eq!(server.status(get("/assets/licences/lucide.txt").as_bytes()), 404);
}

#[test]
fn a_demo_answers_to_loopback_names_only() {
    let server = Running::start("demo");
    let named = |host: &str| format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for host in ["localhost", "127.0.0.1:8080", "[::1]", "LOCALHOST:1"] {
        assert_eq!(server.status(named(host).as_bytes()), 200, "{host}");
    }
    for host in ["highstreet.example", "localhost.evil.example", "192.168.0.1"] {
        assert_eq!(server.status(named(host).as_bytes()), 421, "{host}");
    }
}

#[test]
fn http2_is_answered_without_tls() {
    let server = Running::start("serve");
    let mut stream = server.connect();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    stream.write_all(preface).unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(frame[3], 4, "the first frame is SETTINGS");
}

#[test]
fn slow_and_silent_connections_are_cut_within_30_seconds() {
    let server = Running::start("serve");
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
        let mut stream = server.connect();
        stream.write_all(beginning.as_bytes()).unwrap();
        (beginning, stream)
    });
    for (beginning, mut stream) in connections {
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(ended.is_ok() && begun.elapsed() < Duration::from_secs(30), "{beginning:?}: {ended:?}");
    }
    assert_eq!(server.status(get("/healthz").as_bytes()), 200);
}

#[test]
fn sigterm_stops_within_10_seconds_with_a_slow_connection_open() {
    let mut server = Running::start("serve");
    let mut slow = server.connect();
    slow.write_all(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").unwrap();
    let _silent = server.connect();
    let mut kept = server.connect();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    kept.read_exact(&mut [0; 15]).unwrap();
    server.signal("TERM");
    let (took, code) = server.ends();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(code, Some(0));
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn a_taken_port_and_a_taken_folder_are_said_in_one_line() {
    let server = Running::start("serve");
    let other = tempfile::tempdir().unwrap();
    let serve = |address: &str, data: &std::path::Path| -> Output {
        highstreet().args(["serve", "--listen", address, "--data"]).arg(data).output().unwrap()
    };
    let taken = serve(&server.address.to_string(), other.path());
    one_line(&taken, 75, "is taken");
    one_line(&serve("127.0.0.1:0", &server.folder.path().join("data")), 75, "in use");
    one_line(&serve("nonsense", other.path()), 74, "nonsense");
}

#[test]
fn bad_usage_is_one_line_and_exit_2() {
    let run = |arguments: &[&str]| highstreet().args(arguments).output().unwrap();
    one_line(&run(&["serve", "--lissten", "x"]), 2, "--lissten");
    one_line(&run(&["demo", "--listen", "0.0.0.0:0"]), 2, "loopback");
    one_line(&run(&["demo", "--now", "yesterday"]), 2, "--now");
    one_line(&run(&["serve", "--config", "/no/such/file.toml"]), 74, "/no/such/file.toml");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("highstreet.toml");
    std::fs::write(&file, "listen = [\"127.0.0.1:0\"]\ncolour = 1\n").unwrap();
    one_line(&run(&["serve", "--config", file.to_str().unwrap()]), 2, "line 2: unknown field `colour`");
    let help = run(&["--help"]);
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("serve"));
}

#[track_caller]
fn one_line(output: &Output, code: i32, part: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(part) && said.trim_end().lines().count() == 1, "{said}");
}
