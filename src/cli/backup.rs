//! `highstreet backup`: the whole city in one file.

use std::path::PathBuf;

use clap::Args;

use crate::cli::config::Config;
use crate::cli::{Exit, Failure};

#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write
    file: PathBuf,
}

impl Backup {
    pub fn run(self, _: Config) -> Result<Exit, Failure> {
        Err(Failure::new(Exit::Bug, format!("backup to {} is not wired up yet", self.file.display())))
    }
}
