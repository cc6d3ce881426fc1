//! `cargo bench`: one line a figure on standard output and nothing else there, in the form
//! `bench NAME VALUE UNIT | budget B | peer NAME P | ratio R`. It prints and never judges: no figure fails it, only a
//! measurement that can't be taken. `cargo bench -- NAME` takes those whose name contains NAME.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that can't be taken complains by panicking, also in its helpers"
)]

#[path = "../kit/mod.rs"]
#[expect(dead_code, unused_imports, reason = "tests use the rest of it")]
mod kit;

mod buyers;
mod claims;
mod deal_page;
mod figure;
mod import;
mod memory;
mod nginx;
mod postgres;
mod process;
mod search;
mod size;
mod start;
mod weight;
mod wrk;

use std::panic::catch_unwind;
use std::process::ExitCode;

use size::Size;

type Bench = (&'static str, fn(Size));

/// What measures, under the name that picks it.
const BENCHES: [Bench; 7] = [
    ("weight", weight::measure),
    ("start", start::measure),
    ("memory", memory::measure),
    ("import", import::measure),
    ("deal-page", deal_page::measure),
    ("claims", claims::measure),
    ("search", search::measure),
];

fn main() -> ExitCode {
    // Cargo says --bench.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let size = Size::asked_for();
    let mut failed = false;
    for (name, measure) in BENCHES.into_iter().filter(|(name, _)| is_wanted(name)) {
        if catch_unwind(move || measure(size)).is_err() {
            eprintln!("bench: {name} can't be measured, see above");
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
