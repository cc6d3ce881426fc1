//! How long lines, files and functions may be. Exceptions are ratchets: they may only shrink, and go when not needed.

use super::source::{Finding, Source, demand_none, sources};

const MAX_COLUMNS: usize = 120;
const MAX_FILE_LINES: usize = 600;
const MAX_FUNCTION_LINES: usize = 70;

/// A file, or `file::function`, and how many lines it has today. A flat list of refusals is a fair one.
const LONG_FILES: &[(&str, usize)] = &[];
const LONG_FUNCTIONS: &[(&str, usize)] = &[];

fn wide_lines(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for (number, line) in source.text.lines().enumerate().filter(|(_, line)| line.chars().count() > MAX_COLUMNS) {
            let message = format!("{} columns; break the line (at most {MAX_COLUMNS})", line.chars().count());
            findings.push(Finding::new(&source.path, number + 1, message));
        }
    }
    findings
}

fn long_files(sources: &[Source], exceptions: &[(&str, usize)]) -> Vec<Finding> {
    let sizes =
        sources.iter().map(|source| (source.path.clone(), source.path.as_str(), 1, source.text.lines().count()));
    over(sizes.collect(), MAX_FILE_LINES, exceptions, "make it a folder with parts named after use cases")
}

fn long_functions(sources: &[Source], exceptions: &[(&str, usize)]) -> Vec<Finding> {
    let mut sizes = Vec::new();
    for source in sources {
        for function in &source.facts.functions {
            let name = format!("{}::{}", source.path, function.name);
            sizes.push((name, source.path.as_str(), function.line, function.lines));
        }
    }
    over(sizes, MAX_FUNCTION_LINES, exceptions, "take a step out and name it")
}

/// Sizes are (name, path, line, lines).
fn over(
    sizes: Vec<(String, &str, usize, usize)>,
    limit: usize,
    exceptions: &[(&str, usize)],
    way_out: &str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, allowed) in exceptions {
        let today = sizes.iter().filter(|size| size.0 == *name).map(|size| size.3).max().unwrap_or(0);
        if today <= limit {
            findings.push(Finding(format!("{name}: needs no exception any more; take it off the list")));
        } else if today < *allowed {
            findings.push(Finding(format!("{name}: has shrunk to {today} lines; lower its exception from {allowed}")));
        }
    }
    for (name, path, line, lines) in sizes {
        let allowed =
            exceptions.iter().find(|(exception, _)| *exception == name).map_or(limit, |(_, allowed)| *allowed);
        if lines > allowed {
            findings.push(Finding::new(path, line, format!("{lines} lines (at most {allowed}); {way_out}")));
        }
    }
    findings
}

#[test]
fn lines_have_at_most_120_columns() {
    demand_none(&wide_lines(sources()));
    let line = |columns: usize| Source::parse("src/a.rs", &format!("//{}", "ä".repeat(columns - 2)));
    assert_eq!(wide_lines(&[line(121)]).len(), 1);
    assert_eq!(wide_lines(&[line(120)]), []);
}

#[test]
fn files_have_at_most_600_lines() {
    demand_none(&long_files(sources(), LONG_FILES));
    let file = |lines: usize| [Source::parse("src/a.rs", &"//\n".repeat(lines))];
    assert_eq!(long_files(&file(600), &[]), []);
    assert_eq!(long_files(&file(601), &[]).len(), 1);
    assert_eq!(long_files(&file(700), &[("src/a.rs", 700)]), []);
    assert_eq!(long_files(&file(701), &[("src/a.rs", 700)]).len(), 1, "it grew");
    assert_eq!(long_files(&file(650), &[("src/a.rs", 700)]).len(), 1, "it shrank");
    assert_eq!(long_files(&file(600), &[("src/a.rs", 700)]).len(), 1, "it is not needed");
    assert_eq!(long_files(&file(600), &[("src/gone.rs", 700)]).len(), 1, "it is gone");
}

#[test]
fn functions_have_at_most_70_lines() {
    demand_none(&long_functions(sources(), LONG_FUNCTIONS));
    let function =
        |lines: usize| [Source::parse("src/a.rs", &format!("/// What.\nfn f() {{\n{}}}", "//\n".repeat(lines - 2)))];
    assert_eq!(long_functions(&function(70), &[]), []);
    assert_eq!(long_functions(&function(71), &[]).len(), 1);
    assert_eq!(long_functions(&function(80), &[("src/a.rs::f", 80)]), []);
    assert_eq!(long_functions(&function(75), &[("src/a.rs::f", 80)]).len(), 1, "it shrank");
}
