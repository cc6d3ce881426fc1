//! `highstreet restore`: a data folder from a backup.

use std::path::PathBuf;

use clap::Args;

use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::{schema, store};

#[derive(Debug, Args)]
pub struct Restore {
    /// The backup to read
    file: PathBuf,
}

impl Restore {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let folder = config.data();
        let head = store::restore(&self.file, &folder, schema::NUMBER)?;
        if config.quiet {
            return Ok(Exit::Done);
        }
        Ok(print(&format!("{}: a city up to commit {}, of {}\n", folder.display(), head.seq, head.at)))
    }
}
