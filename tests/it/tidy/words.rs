//! What every file says at its top, and what none says anywhere.

use super::source::{Finding, Source, demand_none, sources};

/// Macros that mark unfinished work.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];
/// Comments that do. Taken apart, so that this line is no finding.
const UNFINISHED_NOTES: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO"), concat!("HA", "CK")];

fn unfinished(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for called in source.facts.macros.iter().filter(|called| UNFINISHED.contains(&called.name.as_str())) {
            findings.push(Finding::new(
                &source.path,
                called.line,
                format!("{}! is unfinished work; finish it", called.name),
            ));
        }
        for (number, line) in source.text.lines().enumerate() {
            let words = || line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(note) = UNFINISHED_NOTES.iter().find(|note| words().any(|word| word == **note)) {
                findings.push(Finding::new(&source.path, number + 1, format!("{note} is unfinished work; finish it")));
            }
        }
    }
    findings
}

fn allowances(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for attribute in source.facts.attributes.iter().filter(|attribute| attribute.name == "allow") {
            let message = "allow hides what it no longer needs to; write #[expect(.., reason = \"..\")]";
            findings.push(Finding::new(&source.path, attribute.line, message));
        }
    }
    findings
}

fn nameless_files(sources: &[Source]) -> Vec<Finding> {
    let nameless = sources.iter().filter(|source| !source.text.starts_with("//! "));
    nameless.map(|source| Finding::new(&source.path, 1, "begin with //!: what it is, and what it is not")).collect()
}

#[test]
fn nothing_is_left_unfinished() {
    demand_none(&unfinished(sources()));
    let note = concat!("// FIX", "ME later");
    for bad in ["fn f() { todo!() }", "fn f() { vec![dbg!(1)]; }", "fn f() { std::unimplemented!() }", note] {
        assert_eq!(unfinished(&[Source::parse("src/a.rs", bad)]).len(), 1, "{bad}");
    }
    assert_eq!(unfinished(&[Source::parse("src/a.rs", "fn todo() { let unfixme = 1; }")]), []);
}

#[test]
fn lints_are_expected_and_never_allowed() {
    demand_none(&allowances(sources()));
    for bad in [
        "#![allow(dead_code)]",
        "#[allow(dead_code)] fn f() {}",
        "#[cfg_attr(test, allow(dead_code))] fn f() {}",
        "macro_rules! m { () => { #[allow(dead_code)] fn f() {} } }",
        "fn f() { #[allow(unused)] let x = 1; }",
    ] {
        assert_eq!(allowances(&[Source::parse("src/a.rs", bad)]).len(), 1, "{bad}");
    }
    assert_eq!(allowances(&[Source::parse("src/a.rs", "#[expect(dead_code, reason = \"\")] fn allow() {}")]), []);
}

#[test]
fn every_file_says_first_what_it_is() {
    demand_none(&nameless_files(sources()));
    assert_eq!(nameless_files(&[Source::parse("src/a.rs", "// No.\nuse std::fmt;")]).len(), 1);
}
