//! `highstreet reindex`: rebuilds all that is derived; resends nothing.

use clap::Args;

use crate::cli::config::Config;
use crate::cli::{Exit, Failure};

#[derive(Debug, Args)]
pub struct Reindex {}

impl Reindex {
    pub fn run(self, _: Config) -> Result<Exit, Failure> {
        Err(Failure::new(Exit::Bug, "reindex is not wired up yet"))
    }
}
