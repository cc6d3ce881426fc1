//! `highstreet import`: places from a file.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::base::{BoundingBox, Point};
use crate::cli::config::Config;
use crate::cli::{Exit, Failure};

#[derive(Debug, Args)]
pub struct Import {
    #[command(subcommand)]
    source: Source,
    /// Only say what would change
    #[arg(long, global = true)]
    dry_run: bool,
    /// Take only what lies in this box
    #[arg(long, global = true, value_name = "W,S,E,N", allow_hyphen_values = true, value_parser = bounding_box)]
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

impl Import {
    pub fn run(self, _: Config) -> Result<Exit, Failure> {
        Err(Failure::new(Exit::Bug, "import is not wired up yet"))
    }
}

fn bounding_box(text: &str) -> Result<BoundingBox, String> {
    let degrees: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let corners = degrees.and_then(|degrees| <[f64; 4]>::try_from(degrees).ok());
    let found = corners
        .and_then(|[west, south, east, north]| BoundingBox::new(Point::new(south, west)?, Point::new(north, east)?));
    found.ok_or_else(|| "not a box as west,south,east,north in degrees".to_owned())
}
