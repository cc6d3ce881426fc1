//! The loop as people walk it: Debian's Chromium on a phone's screen, with JavaScript and without. The walks are in
//! `tests/browser/`; here each gets a demo of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::kit::Server;

/// Runs a script of `tests/browser/` against a new demo, and shows what it found wrong.
#[track_caller]
fn walk(script: &str, args: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    assert!(folder.join("node_modules/playwright-core").is_dir(), "run tests/run once: it installs what this needs");
    let server = Server::demo();
    let mut node = Command::new("node");
    node.current_dir(folder).arg(script).arg(server.url()).args(args).stdin(Stdio::null());
    let walked = node.output().expect("node is installed; tests/run sees to it");
    let complaints = String::from_utf8_lossy(&walked.stderr);
    assert!(walked.status.success(), "{script} {args:?}:\n{complaints}");
}

#[test]
fn browser_walks_the_loop_with_javascript() {
    walk("loop.mjs", &["script"]);
}

#[test]
fn browser_walks_the_loop_without_javascript() {
    walk("loop.mjs", &["no-script"]);
}

#[test]
fn browser_finds_the_pages_accessible() {
    walk("access.mjs", &[]);
}
