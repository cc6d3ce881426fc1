//! `highstreet restore`: a data folder from a backup.

use std::path::PathBuf;

use clap::Args;

use crate::cli::config::Config;
use crate::cli::{Exit, Failure};

#[derive(Debug, Args)]
pub struct Restore {
    /// The backup to read
    file: PathBuf,
}

impl Restore {
    pub fn run(self, _: Config) -> Result<Exit, Failure> {
        Err(Failure::new(Exit::Bug, format!("restore from {} is not wired up yet", self.file.display())))
    }
}
