//! `highstreet compact`: gives the space in the store's file that nothing uses back to the disk. Not beside a server.

use clap::Args;
use serde_json::json;

use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::schema;
use crate::store::{Expect, Folder};

#[derive(Debug, Args)]
pub struct Compact {}

impl Compact {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let folder = Folder::open(&config.data(), Expect::Any)?;
        let (before, after) = folder.compact(schema::NUMBER, config.cache_bytes)?;
        if config.json {
            return Ok(print(&format!("{}\n", json!({ "before": before, "after": after }))));
        }
        if config.quiet {
            return Ok(Exit::Done);
        }
        Ok(print(&format!("{}: {before} bytes before, {after} after\n", folder.store_file().display())))
    }
}
