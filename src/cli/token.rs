//! `highstreet token`: API tokens.

use clap::Args;

use crate::cli::config::Config;
use crate::cli::{Exit, Failure};

#[derive(Debug, Args)]
pub struct Token {}

impl Token {
    pub fn run(self, _: Config) -> Result<Exit, Failure> {
        Err(Failure::new(Exit::Bug, "token is not wired up yet"))
    }
}
