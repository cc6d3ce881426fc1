//! What an operator asks about the machine: `selftest`, `doctor`, `config`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::kit::Launch;

/// What a city of its own is called that a self-test makes.
const OWN_FOLDER: &str = "highstreet-selftest";
const RULES: usize = 11;

/// The binary, without the settings of whoever runs the tests.
fn highstreet(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highstreet"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HIGHSTREET_")) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// The exit code and the standard output; nothing may stand on standard error.
#[track_caller]
fn said(command: &mut Command) -> (i32, String) {
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[track_caller]
fn json_of(expected: i32, command: &mut Command) -> Value {
    let (code, text) = said(command);
    assert_eq!(code, expected, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A configuration beside the city, so that nothing of this machine's is read.
fn configured(folder: &TempDir, lines: &str) -> PathBuf {
    let file = folder.path().join("highstreet.toml");
    std::fs::write(&file, lines).unwrap();
    file
}

#[test]
fn a_selftest_beside_a_served_city_holds_and_leaves_nothing_behind() {
    let server = Launch::serve().start();
    let (code, told) = said(&mut highstreet(&["selftest", "--seconds", "1", "--data", text(server.data())]));
    assert_eq!(code, 0, "{told}");
    let held = told.lines().filter(|line| line.starts_with("held ")).count();
    assert_eq!(held, RULES + 1, "{told}");
    let last = told.lines().last().unwrap();
    assert!(
        last.contains(" claims a second, each durable; fsync takes ") && last.ends_with(text(server.data())),
        "{last}"
    );
    assert!(!server.data().join(OWN_FOLDER).exists());
    server.guest().get("/readyz").expect(200);
}

#[test]
fn a_selftest_tells_programs_what_held() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("city");
    let told = json_of(0, &mut highstreet(&["selftest", "--seconds", "1", "--json", "--data", text(&data)]));
    assert_eq!((&told["ok"], &told["check"]), (&json!(true), &json!([])), "{told}");
    let rules = told["rules"].as_array().unwrap();
    assert_eq!(rules.len(), RULES);
    for rule in rules {
        assert_eq!((&rule["held"], &rule["faults"]), (&json!(true), &json!([])), "{rule}");
        assert!(rule["answers"].as_u64() > Some(60) && rule["rounds"].as_u64() >= Some(1), "{rule}");
    }
    for figure in [&told["claims_per_second"], &told["fsync"]["median_ms"], &told["fsync"]["p99_ms"]] {
        assert!(figure.as_f64() > Some(0.0), "{told}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let quiet = said(&mut highstreet(&["selftest", "--seconds", "1", "-q", "--data", text(&data)]));
    assert_eq!(quiet, (0, String::new()));
}

#[test]
fn a_selftest_that_is_stopped_or_misused_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let data = ["--data", text(folder.path())];
    for seconds in ["0", "-1", "soon", "999999999"] {
        let misused = highstreet(&[&["selftest", "--seconds", seconds][..], &data].concat()).output().unwrap();
        assert_eq!(misused.status.code(), Some(2), "{misused:?}");
    }
    let mut running = highstreet(&[&["selftest", "--seconds", "600"][..], &data].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let own = folder.path().join(OWN_FOLDER);
    while !own.join("city.redb").exists() {
        assert!(running.try_wait().unwrap().is_none(), "it ended early");
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&running), Signal::TERM).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(75));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The findings of the doctor, as `about: verdict`, and the whole.
#[track_caller]
fn diagnosis(expected: i32, file: &Path, data: &Path) -> (Vec<String>, Value) {
    let command = ["doctor", "--json", "--config", text(file), "--data", text(data)];
    let told = json_of(expected, &mut highstreet(&command));
    assert_eq!(told["ok"], json!(expected == 0), "{told}");
    let found = told["findings"].as_array().unwrap().iter();
    let found = found.map(|one| format!("{}: {}", one["about"].as_str().unwrap(), one["verdict"].as_str().unwrap()));
    (found.collect(), told)
}

#[test]
fn the_doctor_finds_a_healthy_city_healthy_served_or_not() {
    let folder = TempDir::new().unwrap();
    let file = configured(&folder, "listen = [\"127.0.0.1:0\", \"localhost:0\"]\n");
    let data = folder.path().join("city");
    let (found, told) = diagnosis(0, &file, &data);
    let around = ["ports: ok", "ports: ok", "mail: note", "certificate: note"];
    let before = ["configuration: ok", "disk: ok"];
    assert_eq!(found[..2], before, "{told}");
    assert_eq!(found[3..], [&["city: note", "clock: ok"][..], &around].concat(), "{told}");
    assert!(!data.exists(), "it founds no city");

    let server = Launch::serve().start_on(&data);
    let heard = configured(&folder, &format!("listen = [\"{}\"]\n", server.address()));
    let (found, told) = diagnosis(0, &heard, &data);
    assert_eq!(found[3..7], ["city: ok", "clock: ok", "index: ok", "ports: ok"], "{told}");
    assert!(told["findings"][3]["says"].as_str().unwrap().ends_with("; it is served"), "{told}");
    server.stop();

    let (found, told) = diagnosis(0, &file, &data);
    assert_eq!(found[3..6], ["city: ok", "clock: ok", "index: ok"], "{told}");
    std::fs::remove_dir_all(data.join("index")).unwrap();
    let (found, told) = diagnosis(0, &file, &data);
    assert_eq!(found[5], "index: note", "{told}");
    for (_, says) in ["mail", "certificate"].iter().zip(told["findings"].as_array().unwrap().iter().rev()) {
        assert!(says["says"].as_str().unwrap().starts_with("not in this version"), "{says}");
    }
    let (code, lines) = said(&mut highstreet(&["doctor", "-q", "--config", text(&file), "--data", text(&data)]));
    assert_eq!((code, lines.as_str()), (0, ""));
}

#[test]
fn the_doctor_names_what_is_wrong() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("city");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let file = configured(&folder, &format!("listen = [\"{address}\"]\n"));
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("city.redb"), vec![0xA5; 8192]).unwrap();
    let (found, told) = diagnosis(1, &file, &data);
    assert!(found.contains(&"city: bad".to_owned()) && found.contains(&"ports: bad".to_owned()), "{told}");
    let command = ["doctor", "-q", "--config", text(&file), "--data", text(&data)];
    let (code, lines) = said(&mut highstreet(&command));
    assert_eq!((code, lines.lines().count()), (1, 2), "{lines}");
    assert!(lines.contains("BAD   city: ") && lines.contains(&format!("BAD   ports: {address} is taken")), "{lines}");

    let (found, told) = diagnosis(1, &configured(&folder, "colour = \"red\"\n"), &data);
    assert_eq!(found, ["configuration: bad"]);
    assert!(told["findings"][0]["says"].as_str().unwrap().contains("line 1: unknown field"), "{told}");
}

#[test]
fn config_shows_what_holds_and_who_said_so_but_no_secret() {
    let folder = TempDir::new().unwrap();
    let file = configured(&folder, "cache_mib = 32\nmetrics_token = \"very secret\"\n");
    let show = |more: &[&str]| {
        let mut command = highstreet(&[&["config", "show", "--data", "/town", "--config", text(&file)], more].concat());
        command.env("HIGHSTREET_LISTEN", "[::1]:80, localhost:81");
        command
    };
    let told = json_of(0, &mut show(&["--json"]));
    assert_eq!(told["file"], json!(file));
    let setting = |name: &str| (told["settings"][name]["value"].clone(), told["settings"][name]["source"].clone());
    assert_eq!(setting("data"), (json!("/town"), json!("flag")));
    assert_eq!(setting("listen"), (json!(["[::1]:80", "localhost:81"]), json!("variable")));
    assert_eq!(setting("cache_mib"), (json!(32), json!("file")));
    assert_eq!(setting("log.format"), (json!("auto"), json!("default")));
    assert_eq!(setting("metrics_token").1, json!("file"));
    let (code, shown) = said(&mut show(&[]));
    assert_eq!(code, 0);
    assert!(
        shown.contains("# HIGHSTREET_LISTEN\n") && shown.contains("# metrics_token is set, and not shown"),
        "{shown}"
    );
    assert!(!shown.contains("very secret") && !told.to_string().contains("very secret"));
}

#[test]
fn config_check_says_what_is_wrong_and_ends_in_a_no() {
    let folder = TempDir::new().unwrap();
    let check = |lines: &str, more: &[&str]| {
        let file = configured(&folder, lines);
        highstreet(&[&["config", "check", "--data", text(folder.path()), "--config", text(&file)], more].concat())
    };
    assert_eq!(said(&mut check("cache_mib = 8\n", &[])), (0, "The configuration is right.\n".to_owned()));
    assert_eq!(json_of(0, &mut check("", &["--json"])), json!({ "ok": true, "faults": [] }));
    for (lines, part) in [
        ("\nlissten = []\n", "line 2: unknown field `lissten`"),
        ("listen = \"127.0.0.1:80\"\n", "line 1: "),
        ("listen = []\n", "listen: names no address"),
        ("listen = [\"127.0.0.1\"]\n", "listen: 127.0.0.1: "),
        ("cache_mib = -1\n", "line 1: "),
    ] {
        let (code, told) = said(&mut check(lines, &[]));
        assert!(code == 1 && told.lines().count() == 1 && told.contains(part), "{lines}: {code} {told}");
    }
    let told = json_of(1, check("", &["--json"]).env("HIGHSTREET_LISSTEN", "x"));
    assert_eq!(told["faults"], json!(["HIGHSTREET_LISSTEN: there is no such setting"]));
    let missing = folder.path().join("missing.toml");
    let (code, told) = said(&mut highstreet(&["config", "check", "--config", text(&missing)]));
    assert!(code == 1 && told.contains("missing.toml: No such file"), "{code} {told}");
    assert_eq!(highstreet(&["config"]).output().unwrap().status.code(), Some(2));
}
