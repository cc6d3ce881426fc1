//! The libraries that we link: one TLS provider, and every licence shown.

use std::collections::BTreeSet;
use std::process::Command;

use super::source::{Finding, demand_none, root};

/// ring is the one TLS provider; these would bring a second one, or a C library.
const NOT_LINKED: &[&str] = &["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls"];
const LICENCES: &str = "assets/licences/third-party.json";

fn second_tls_providers(lock: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in lock.lines().enumerate() {
        let name = line.strip_prefix("name = ").map(|name| name.trim_matches('"'));
        if let Some(name) = name.filter(|name| NOT_LINKED.contains(name)) {
            let message = format!("{name} is linked; `cargo tree -i {name}` says by whom: switch that feature off");
            findings.push(Finding::new("Cargo.lock", number + 1, message));
        }
    }
    findings
}

/// `linked` has lines of `name vVERSION`, as `cargo tree` prints them.
fn licences_not_shown(linked: &str, shown: &serde_json::Value) -> Vec<Finding> {
    let shown: BTreeSet<String> = shown["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|package| {
            format!("{} v{}", package["name"].as_str().unwrap_or(""), package["version"].as_str().unwrap_or(""))
        })
        .collect();
    let first_two = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let linked: BTreeSet<String> =
        linked.lines().map(first_two).filter(|line| !line.is_empty() && !line.starts_with("highstreet ")).collect();
    let wrong =
        |package: &String, what: &str| Finding::new(LICENCES, 1, format!("{package} {what}; run packaging/licences"));
    let missing = linked.difference(&shown).map(|package| wrong(package, "is linked and not shown"));
    missing.chain(shown.difference(&linked).map(|package| wrong(package, "is shown and not linked"))).collect()
}

#[test]
fn there_is_one_tls_provider() {
    demand_none(&second_tls_providers(&std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock")));
    assert_eq!(second_tls_providers("[[package]]\nname = \"openssl\"\nversion = \"1\"\n").len(), 1);
    assert_eq!(second_tls_providers("[[package]]\nname = \"openssl-probe\"\n"), []);
}

#[test]
fn every_linked_library_shows_its_licence() {
    let tree = ["tree", "--locked", "--offline", "-e", "normal", "--prefix", "none", "--format", "{p}"];
    let target = ["--target", "x86_64-unknown-linux-gnu"];
    let cargo = Command::new(env!("CARGO")).args(tree).args(target).current_dir(root()).output().expect("cargo");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let shown = std::fs::read_to_string(root().join(LICENCES)).expect("the licences; run packaging/licences");
    let shown = serde_json::from_str(&shown).expect("the licences are JSON");
    demand_none(&licences_not_shown(&String::from_utf8_lossy(&cargo.stdout), &shown));

    let shown = serde_json::json!({ "packages": [{ "name": "http", "version": "1.4.0" }] });
    let linked = "highstreet v0.1.0 (/x)\nhttp v1.4.0\nhttp v1.4.0 (*)\n";
    assert_eq!(licences_not_shown(linked, &shown), []);
    assert_eq!(licences_not_shown("http v1.5.0", &shown).len(), 2);
}
