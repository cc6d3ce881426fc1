//! What a self-test found, for people and for programs.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::base::Fault;
use crate::cli::Exit;
use crate::cli::fsync::FsyncTimes;

/// Faults of one rule that are told; a broken rule breaks thousands of times.
const MOST_TOLD: usize = 20;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    ok: bool,
    rules: Vec<Raced>,
    /// What `highstreet check` says of the city afterwards.
    check: Vec<String>,
    claims_per_second: f64,
    fsync: FsyncTimes,
    /// On whose disk.
    disk: PathBuf,
}

/// One rule, and how it fared.
#[derive(Debug, Default, Serialize)]
pub(super) struct Raced {
    pub name: &'static str,
    pub rule: &'static str,
    pub held: bool,
    pub rounds: u64,
    /// Commands that were answered.
    pub answers: u64,
    pub faults: Vec<String>,
}

impl Report {
    pub fn new(
        rules: Vec<Raced>,
        check: Vec<String>,
        claims_per_second: f64,
        fsync: FsyncTimes,
        disk: PathBuf,
    ) -> Report {
        let ok = rules.iter().all(|raced| raced.held) && check.is_empty();
        let (rules, check) = (rules.into_iter().map(Raced::shortened).collect(), shortened(check));
        Report { ok, rules, check, claims_per_second, fsync, disk }
    }

    pub fn exit(&self) -> Exit {
        if self.ok { Exit::Done } else { Exit::No }
    }

    pub fn as_json(&self) -> Result<String, Fault> {
        let text = serde_json::to_string(self).map_err(|error| Fault::bug("telling what held", error))?;
        Ok(format!("{text}\n"))
    }

    /// What held, a line each; then what did not, a line a fault.
    pub fn as_text(&self, is_quiet: bool) -> String {
        let mut text = String::new();
        if !is_quiet {
            text.push_str(&self.held());
        }
        for Raced { rule, faults, .. } in self.rules.iter().filter(|raced| !raced.held) {
            faults.iter().for_each(|fault| line(&mut text, format_args!("BROKEN  {rule}: {fault}")));
        }
        self.check.iter().for_each(|fault| line(&mut text, format_args!("BROKEN  highstreet check: {fault}")));
        text
    }

    fn held(&self) -> String {
        let mut text = String::new();
        for Raced { rule, rounds, answers, .. } in self.rules.iter().filter(|raced| raced.held) {
            line(&mut text, format_args!("held    {rule} ({answers} answers in {rounds} races)"));
        }
        if self.check.is_empty() {
            line(&mut text, format_args!("held    all that highstreet check looks at, afterwards"));
        }
        let (rate, fsync, disk) = (self.claims_per_second, self.fsync, self.disk.display());
        line(&mut text, format_args!("{rate:.0} claims a second, each durable; {fsync}, in {disk}"));
        text
    }
}

impl Raced {
    fn shortened(self) -> Raced {
        Raced { faults: shortened(self.faults), ..self }
    }
}

fn shortened(mut faults: Vec<String>) -> Vec<String> {
    let more = faults.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        faults.truncate(MOST_TOLD);
        faults.push(format!("and {more} more"));
    }
    faults
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{words}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_rule_is_told_a_line_a_fault_and_no_more_than_twenty() {
        let faults = (0..25).map(|number| number.to_string()).collect();
        let broken = Raced { name: "b", rule: "nothing breaks", held: false, rounds: 1, answers: 9, faults };
        let held = Raced { name: "h", rule: "all holds", held: true, rounds: 2, answers: 7, faults: vec![] };
        let fsync = FsyncTimes { median_ms: 0.5, p99_ms: 2.0 };
        let report = Report::new(vec![broken, held], vec!["a pool".to_owned()], 1234.5, fsync, "/disk".into());
        assert_eq!(report.exit(), Exit::No);
        let quiet = report.as_text(true);
        assert_eq!(quiet.lines().count(), 22, "{quiet}");
        assert!(quiet.contains("BROKEN  nothing breaks: and 5 more\nBROKEN  highstreet check: a pool\n"), "{quiet}");
        let all = report.as_text(false);
        assert!(all.starts_with("held    all holds (7 answers in 2 races)\n1234 claims a second, each durable; "));
        assert!(all.ends_with(&quiet) && !all.contains("afterwards"), "{all}");
    }
}
