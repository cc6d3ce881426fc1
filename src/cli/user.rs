//! `highstreet user`: people of the city.

use clap::Args;

use crate::cli::config::Config;
use crate::cli::{Exit, Failure};

#[derive(Debug, Args)]
pub struct User {}

impl User {
    pub fn run(self, _: Config) -> Result<Exit, Failure> {
        Err(Failure::new(Exit::Bug, "user is not wired up yet"))
    }
}
