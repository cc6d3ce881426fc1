//! `highstreet import`: places from a file, beside a running server or without one.
//!
//! The owner of the data folder reads the file, and tells how far it is as lines of JSON, of which the last is the end.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{ApiResult, Problem};
use crate::base::{BoundingBox, Fault};
use crate::cli::admin::{Desk, Operator};
use crate::cli::config::Config;
use crate::cli::incoming::{MAX_FILE_BYTES, received};
use crate::cli::piped::piped;
use crate::cli::{Exit, Failure, print};
use crate::directory::{self, ImportFault, ImportReport, OsmFault, Progress, Take};
use crate::store::{Expect, Folder, Store};

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

/// How to take the file in, as it stands in the address of the operation.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Asked {
    dry_run: bool,
    bbox: Option<String>,
}

/// A line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Said {
    Progress { done: u64, total: u64, kept: u64 },
    Done(Told),
    Failed { exit: Exit, message: String },
}

/// What came of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Told {
    read: u64,
    added: u64,
    updated: u64,
    unchanged: u64,
    vanished: u64,
    skipped: u64,
    unreadable_hours: u64,
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
        let operator = Operator::reach(&config, expected(&config.data()))?;
        let asked = Asked { dry_run: self.dry_run, bbox: self.bbox.map(as_text) };
        let query = serde_urlencoded::to_string(&asked).map_err(|error| Fault::bug("asking for an import", error))?;
        let bar = bar(config.quiet || config.json);
        let mut listener = Listener { bar: &bar, pending: Vec::new(), end: None };
        let posted = operator.post_file(&format!("/import/osm?{query}"), file, &mut listener);
        let end = listener.end;
        bar.finish_and_clear();
        let told = posted.and_then(|()| end.unwrap_or_else(|| Err(Failure::io("the import broke off"))));
        let told = told.map_err(|failure| Failure::new(failure.exit, format!("{}: {failure}", path.display())))?;
        if config.quiet && !config.json {
            return Ok(Exit::Done);
        }
        Ok(print(&if config.json { told.as_json() } else { told.as_text(self.dry_run) }))
    }
}

/// A city of either kind takes places; where there is none, a real one is founded.
fn expected(data: &Path) -> Expect {
    if Folder::is_city(data) { Expect::Any } else { Expect::Real }
}

fn open(path: &Path) -> Result<File, Failure> {
    let found = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    match found {
        Err(error) => Err(Failure::io(format!("{}: {error}", path.display()))),
        Ok((about, _)) if !about.is_file() => Err(Failure::io(format!("{} is no file", path.display()))),
        Ok((about, _)) if about.len() > MAX_FILE_BYTES => {
            Err(Failure::io(format!("{} is too large: cut it to one city first", path.display())))
        }
        Ok((_, file)) => Ok(file),
    }
}

fn as_text(within: BoundingBox) -> String {
    let (from, to) = (within.south_west(), within.north_east());
    format!("{},{},{},{}", from.lon(), from.lat(), to.lon(), to.lat())
}

/// `POST /import/osm`: the file in, lines of [`Said`] out.
pub(in crate::cli) async fn operation(
    State(desk): State<Desk>,
    Query(asked): Query<Asked>,
    body: Body,
) -> ApiResult<Body> {
    let within = asked.bbox.map(|text| text.parse::<BoundingBox>()).transpose();
    let within = within.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "bad-box", error.to_string()))?;
    let take = Take { is_rehearsal: asked.dry_run, within };
    let file = received(&desk.folder, body).await?;
    Ok(piped(move |out| take_in(&desk.site.store, file, take, out)))
}

/// Goes on to its end when nobody listens any more: half an import would be right as well, a whole one is better.
fn take_in(store: &Store, file: File, take: Take, out: &mut dyn Write) -> io::Result<()> {
    let imported = directory::import(store, file, take, |Progress { done, total, kept }| {
        let _ = say(out, &Said::Progress { done, total, kept });
    });
    let end = match imported {
        Ok(report) => Said::Done(Told::of(&report)),
        Err(fault) => Said::Failed { exit: exit_of(&fault), message: fault.to_string() },
    };
    say(out, &end)
}

fn say(out: &mut dyn Write, said: &Said) -> io::Result<()> {
    serde_json::to_writer(&mut *out, said)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn exit_of(fault: &ImportFault) -> Exit {
    match fault {
        ImportFault::Store(fault) => Failure::from(fault.clone()).exit,
        ImportFault::File(OsmFault::Unsupported { .. }) => Exit::BadUsage,
        ImportFault::File(_) => Exit::Io,
    }
}

/// Shows the progress that it hears of, and keeps the end.
struct Listener<'a> {
    bar: &'a ProgressBar,
    pending: Vec<u8>,
    end: Option<Result<Told, Failure>>,
}

impl Listener<'_> {
    fn hear(&mut self, line: &[u8]) -> io::Result<()> {
        match serde_json::from_slice(line)? {
            Said::Progress { done, total, kept } => show(self.bar, Progress { done, total, kept }),
            Said::Done(told) => self.end = Some(Ok(told)),
            Said::Failed { exit, message } => self.end = Some(Err(Failure::new(exit, message))),
        }
        Ok(())
    }
}

impl Write for Listener<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            self.hear(&line)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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

impl Told {
    fn of(report: &ImportReport) -> Told {
        Told {
            read: report.read(),
            added: report.met.added,
            updated: report.met.updated,
            unchanged: report.met.unchanged,
            vanished: report.vanished,
            skipped: report.skipped(),
            unreadable_hours: report.file.unreadable_hours,
        }
    }

    /// Reading an extract skips what is no place; it has no rows that could be wrong one by one.
    fn as_json(self) -> String {
        let Told { read, added, updated, unchanged, vanished, skipped, .. } = self;
        let value = json!({
            "read": read, "added": added, "updated": updated, "unchanged": unchanged,
            "vanished": vanished, "skipped": skipped, "errors": [],
        });
        format!("{value}\n")
    }

    fn as_text(self, is_rehearsal: bool) -> String {
        let would = if is_rehearsal { "Would be: " } else { "" };
        let Told { added, updated, unchanged, skipped, .. } = self;
        let mut text = format!("{would}{added} added, {updated} updated, {unchanged} unchanged; {skipped} left out.\n");
        if self.vanished > 0 {
            text += &format!("{} places are no longer in the file; they were kept.\n", self.vanished);
        }
        if self.unreadable_hours > 0 {
            let count = self.unreadable_hours;
            text += &format!("{count} have opening hours that can't be read; they are shown as text.\n");
        }
        text
    }
}
