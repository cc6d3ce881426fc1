//! `highstreet check`: every invariant of the data, one line a fault.

use clap::Args;

use crate::cli::config::Config;
use crate::cli::{Exit, Failure};

#[derive(Debug, Args)]
pub struct Check {}

impl Check {
    pub fn run(self, _: Config) -> Result<Exit, Failure> {
        Err(Failure::new(Exit::Bug, "check is not wired up yet"))
    }
}
