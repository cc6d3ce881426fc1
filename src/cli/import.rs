//! `highstreet import`: places from a file.

use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::app;
use crate::base::{BoundingBox, Clock};
use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::directory::{self, ImportFault, ImportReport, OsmFault, Progress, Take};
use crate::store::{Expect, Folder};

#[derive(Debug, Args)]
pub struct Import {
    #[command(subcommand)]
    source: Source,
    /// Only say what would change
    #[arg(long, global = true)]
    dry_run: bool,
    /// Take only what lies in this box
    #[arg(long, global = true, value_name = "W,S,E,N", allow_hyphen_values = true)]
    bbox: Option<BoundingBox>,
    /// Say what was done as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// An extract of OpenStreetMap (.osm.pbf)
    Osm { file: PathBuf },
    /// A collection of features
    Geojson { file: PathBuf },
    /// A table with a header line
    Csv { file: PathBuf },
}

impl Import {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let path = match &self.source {
            Source::Osm { file } => file,
            Source::Geojson { .. } | Source::Csv { .. } => {
                return Err(Failure::usage(
                    "this release imports OpenStreetMap extracts only: highstreet import osm FILE",
                ));
            }
        };
        let file = open(path)?;
        let folder = Folder::open(&config.data(), Expect::Real)?;
        let store = app::open_store(&folder, config.cache_bytes, &Clock::anchored)?;
        let bar = bar(config.quiet || self.json);
        let take = Take { is_rehearsal: self.dry_run, within: self.bbox };
        let imported = directory::import(&store, file, take, |progress| show(&bar, progress));
        bar.finish_and_clear();
        let report = imported.map_err(|fault| failure(path, fault))?;
        Ok(print(&if self.json { as_json(&report) } else { as_text(&report, self.dry_run) }))
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    let found = File::open(path).and_then(|file| Ok((file.metadata()?.is_file(), file)));
    match found {
        Ok((true, file)) => Ok(file),
        Ok((false, _)) => Err(Failure::io(format!("{} is no file", path.display()))),
        Err(error) => Err(Failure::io(format!("{}: {error}", path.display()))),
    }
}

fn failure(path: &Path, fault: ImportFault) -> Failure {
    match fault {
        ImportFault::Store(fault) => fault.into(),
        ImportFault::File(fault @ OsmFault::Unsupported { .. }) => {
            Failure::usage(format!("{}: {fault}", path.display()))
        }
        ImportFault::File(fault) => Failure::io(format!("{}: {fault}", path.display())),
    }
}

/// Seen on a terminal only.
fn bar(is_quiet: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if !is_quiet && std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    let style = ProgressStyle::with_template("{bar:30} {percent} %  {msg}  {bytes_per_sec}, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_length(progress.total);
    bar.set_position(progress.done);
    let seconds = bar.elapsed().max(Duration::from_millis(1)).as_secs_f64();
    bar.set_message(format!("{} places, {:.0}/s", progress.kept, progress.kept as f64 / seconds));
}

fn as_json(report: &ImportReport) -> String {
    let value = json!({
        "read": report.read(),
        "added": report.met.added,
        "updated": report.met.updated,
        "unchanged": report.met.unchanged,
        "vanished": report.vanished,
        "skipped": report.skipped(),
        "errors": [],
    });
    format!("{value}\n")
}

fn as_text(report: &ImportReport, is_rehearsal: bool) -> String {
    let would = if is_rehearsal { "Would be: " } else { "" };
    let met = report.met;
    let mut text = format!(
        "{would}{} added, {} updated, {} unchanged; {} left out.\n",
        met.added,
        met.updated,
        met.unchanged,
        report.skipped()
    );
    if report.vanished > 0 {
        text += &format!("{} places are no longer in the file; they were kept.\n", report.vanished);
    }
    if report.file.unreadable_hours > 0 {
        text += &format!(
            "{} have opening hours that can't be read; they are shown as text.\n",
            report.file.unreadable_hours
        );
    }
    text
}
