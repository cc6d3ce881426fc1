//! `highstreet import`: places from a file, beside a running server or without one.
//!
//! The owner of the data folder reads the file, and tells how far it is as lines of JSON, of which the last is the end.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use crate::api::{ApiResult, Problem};
use crate::base::{BoundingBox, Fault};
use crate::cli::admin::{Desk, Operator};
use crate::cli::config::Config;
use crate::cli::incoming::{MAX_FILE_BYTES, received};
use crate::cli::piped::piped;
use crate::cli::{Exit, Failure, print};
use crate::directory::{
    self, Categories, FileFault, Format, ImportFault, Mapping, Progress, Renamed, SourceName, Take,
};
use crate::store::{Expect, Folder, Store};

mod progress;
mod told;

use progress::{Listener, bar};
use told::Told;

/// What `highstreet import csv --help` tells of columns; features have properties of the same names.
const COLUMNS: &str = "\
Columns, in any order and in small or capital letters; others are passed over:

  id             needed: the same for the same place in every file
  name           needed
  lat, lon       needed in a table: degrees, such as 60.1699 and 24.9384
  category       a word such as bakery, Friseur or sushi-restaurant (every page of
                 /search?category= has one in its address), or a tag such as shop=bakery
  street, housenumber, postcode, city
  phone, email, website
  opening_hours  as in Mo-Fr 09:00-18:00; Sa 10:00-14:00
  wheelchair     yes, limited or no
  cuisine        a list: sushi;ramen
  diet           a list: vegan;vegetarian;halal;kosher;gluten_free
  brand, floor

Tags of OpenStreetMap are taken as they are (addr:street, contact:phone, name:fi,
diet:vegan, shop, amenity), also with an underscore (addr_street). Without a known
category, the tags tell it, or --category does.

A table is parted by commas, semicolons or tabs; its header is row 1. It and GeoJSON
may be packed with gzip. Of what has an extent the middle is taken.

A place is found again by --source and its id. What people of the city have edited
stays as they said. Nothing is deleted.";

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
    /// Make one of two listings of the same place lead to the other, instead of only telling of them
    #[arg(long, global = true, conflicts_with = "dry_run")]
    merge_duplicates: bool,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// An extract of OpenStreetMap (.osm.pbf)
    Osm { file: PathBuf },
    /// A collection of features, also packed with gzip
    #[command(after_help = COLUMNS)]
    Geojson {
        file: PathBuf,
        #[command(flatten)]
        mapping: MappingArguments,
    },
    /// A table with a header line, also packed with gzip
    #[command(after_help = COLUMNS)]
    Csv {
        file: PathBuf,
        #[command(flatten)]
        mapping: MappingArguments,
    },
}

#[derive(Debug, Default, Args)]
struct MappingArguments {
    /// Where the file is from: ids of different sources never meet [default: the format's name]
    #[arg(long, value_name = "NAME")]
    source: Option<SourceName>,
    /// Take the file's column THEIRS for our OURS, such as name=title; may be given several times
    #[arg(long, value_name = "OURS=THEIRS")]
    column: Vec<Renamed>,
    /// The category of places of which the file tells none that is known
    #[arg(long, value_name = "WORD")]
    category: Option<String>,
}

/// How to take the file in, as it stands in the address of the operation.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Asked {
    dry_run: bool,
    merge_duplicates: bool,
    bbox: Option<String>,
    source: Option<String>,
    /// One a line.
    columns: String,
    category: Option<String>,
}

/// A line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Said {
    Progress { done: u64, total: u64, kept: u64 },
    Done(Told),
    Failed { exit: Exit, message: String },
}

impl Import {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let (format, path, mapping) = match self.source {
            Source::Osm { file } => ("osm", file, MappingArguments::default()),
            Source::Geojson { file, mapping } => ("geojson", file, mapping),
            Source::Csv { file, mapping } => ("csv", file, mapping),
        };
        if let Some(word) = mapping.category.as_deref().filter(|word| Categories::get().by_word(word).is_none()) {
            return Err(Failure::usage(format!("there is no category {word:?} (see --help)")));
        }
        let file = open(&path)?;
        let operator = Operator::reach(&config, expected(&config.data()))?;
        let columns: Vec<String> = mapping.column.iter().map(ToString::to_string).collect();
        let asked = Asked {
            dry_run: self.dry_run,
            merge_duplicates: self.merge_duplicates,
            bbox: self.bbox.map(as_text),
            source: mapping.source.map(|source| source.as_str().to_owned()),
            columns: columns.join("\n"),
            category: mapping.category,
        };
        let query = serde_urlencoded::to_string(&asked).map_err(|error| Fault::bug("asking for an import", error))?;
        let bar = bar(config.quiet || config.json);
        let mut listener = Listener { bar: &bar, pending: Vec::new(), end: None };
        let posted = operator.post_file(&format!("/import/{format}?{query}"), file, &mut listener);
        let end = listener.end;
        bar.finish_and_clear();
        let told = posted.and_then(|()| end.unwrap_or_else(|| Err(Failure::io("the import broke off"))));
        let told = told.map_err(|failure| Failure::new(failure.exit, format!("{}: {failure}", path.display())))?;
        if config.json {
            let json = serde_json::to_string(&told).map_err(|error| Fault::bug("telling of an import", error))?;
            print(&format!("{json}\n"));
        } else if !config.quiet {
            print(&told.as_text(self.dry_run));
        }
        Ok(told.exit())
    }
}

/// A city of either kind takes places; where there is none, a real one is founded.
fn expected(data: &std::path::Path) -> Expect {
    if Folder::is_city(data) { Expect::Any } else { Expect::Real }
}

fn open(path: &std::path::Path) -> Result<File, Failure> {
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

/// `POST /import/{format}`: the file in, lines of [`Said`] out.
pub(in crate::cli) async fn operation(
    State(desk): State<Desk>,
    Path(format): Path<String>,
    Query(asked): Query<Asked>,
    body: Body,
) -> ApiResult<Body> {
    let format = match format.as_str() {
        "osm" => Format::Osm,
        "geojson" => Format::Geojson,
        "csv" => Format::Csv,
        _ => return Err(Problem::not_found()),
    };
    let take = asked.take().map_err(|cause| Problem::new(StatusCode::BAD_REQUEST, "bad-question", cause))?;
    let file = received(&desk.folder, body).await?;
    Ok(piped(move |out| take_in(&desk.site.store, file, format, &take, out)))
}

impl Asked {
    fn take(self) -> Result<Take, String> {
        let within =
            self.bbox.map(|text| text.parse::<BoundingBox>()).transpose().map_err(|error| error.to_string())?;
        let source = self.source.map(|text| text.parse()).transpose()?;
        let renamed = self.columns.lines().map(str::parse).collect::<Result<_, _>>()?;
        let category = self.category.and_then(|word| Categories::get().by_word(&word)).map(|category| category.id);
        let mapping = Mapping { source, renamed, category };
        Ok(Take { is_rehearsal: self.dry_run, within, merges: self.merge_duplicates, mapping })
    }
}

/// Goes on to its end when nobody listens any more: half an import would be right as well, a whole one is better.
fn take_in(store: &Store, file: File, format: Format, take: &Take, out: &mut dyn Write) -> io::Result<()> {
    let imported = directory::import(store, file, format, take, |Progress { done, total, kept }| {
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
        ImportFault::File(FileFault::Unsupported { .. }) => Exit::BadUsage,
        ImportFault::File(_) => Exit::Io,
    }
}
