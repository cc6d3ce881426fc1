//! What an import tells at its end: for programs as the contract has it, for people in a few lines.

use serde::{Deserialize, Serialize};

use crate::cli::Exit;
use crate::directory::{ImportReport, Twin};

/// Lines of one kind that people read; programs get more of them.
const SHOWN: usize = 10;

/// What came of it. Counts are exact, lists end after the first hundred.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Told {
    read: u64,
    added: u64,
    updated: u64,
    unchanged: u64,
    vanished: u64,
    skipped: u64,
    errors: Vec<Row>,
    error_count: u64,
    vanished_places: Vec<Gone>,
    duplicates: u64,
    duplicate_places: Vec<Pair>,
    merged: u64,
    unreadable_hours: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    row: u64,
    reason: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Gone {
    url: String,
    name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pair {
    name: String,
    one: String,
    other: String,
}

impl Told {
    pub(super) fn of(report: &ImportReport) -> Told {
        let errors = report.errors();
        let row = |error: &crate::directory::RowError| Row { row: error.row, reason: error.wrong.to_string() };
        let gone = |(url, name): &(String, String)| Gone { url: url.clone(), name: name.clone() };
        let pair =
            |Twin { name, one, other }: &Twin| Pair { name: name.clone(), one: one.clone(), other: other.clone() };
        Told {
            read: report.read(),
            added: report.met.added,
            updated: report.met.updated,
            unchanged: report.met.unchanged,
            vanished: report.vanished.count,
            skipped: report.skipped(),
            errors: errors.told.iter().map(row).collect(),
            error_count: errors.count,
            vanished_places: report.vanished.told.iter().map(gone).collect(),
            duplicates: report.twins.count,
            duplicate_places: report.twins.told.iter().map(pair).collect(),
            merged: report.merged,
            unreadable_hours: report.file.unreadable_hours,
        }
    }

    /// A file of which no row is any good gets a no.
    pub(super) const fn exit(&self) -> Exit {
        if self.error_count > 0 && self.skipped == self.read { Exit::No } else { Exit::Done }
    }

    pub(super) fn as_text(&self, is_rehearsal: bool) -> String {
        let would = if is_rehearsal { "Would be: " } else { "" };
        let Told { added, updated, unchanged, skipped, .. } = self;
        let mut text = format!("{would}{added} added, {updated} updated, {unchanged} unchanged; {skipped} left out.\n");
        let mut list = |head: String, count: u64, lines: Vec<String>| {
            if count == 0 {
                return;
            }
            text += &format!("{count} {head}\n");
            lines.iter().take(SHOWN).for_each(|line| text += &format!("  {line}\n"));
            if count > SHOWN as u64 {
                text += "  and so on: --json tells more.\n";
            }
        };
        let rows = self.errors.iter().map(|error| format!("row {}: {}", error.row, error.reason));
        list("rows are wrong:".to_owned(), self.error_count, rows.collect());
        let gone = self.vanished_places.iter().map(|gone| format!("{} ({})", gone.name, gone.url));
        list("places are no longer in the file; they were kept:".to_owned(), self.vanished, gone.collect());
        let pairs = self.duplicate_places.iter().map(|pair| format!("{}: {} and {}", pair.name, pair.one, pair.other));
        let merged = match self.merged {
            0 => "pairs seem to be one place each (--merge-duplicates merges them):".to_owned(),
            merged => format!("pairs seem to be one place each; {merged} were merged:"),
        };
        list(merged, self.duplicates, pairs.collect());
        if self.unreadable_hours > 0 {
            let count = self.unreadable_hours;
            text += &format!("{count} have opening hours that can't be read; they are shown as text.\n");
        }
        text
    }
}
