//! `highstreet reindex`: rebuilds all that is derived; resends nothing.

use clap::Args;
use serde_json::json;

use crate::app;
use crate::base::{Clock, Fault};
use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::store::{Expect, Folder};

#[derive(Debug, Args)]
pub struct Reindex {
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

impl Reindex {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let folder = Folder::open(&config.data(), Expect::Any)?;
        let store = app::open_store(&folder, config.cache_bytes, &Clock::anchored)?;
        let index = folder.index();
        match std::fs::remove_dir_all(&index) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Fault::io("removing the old index", error).into());
            }
            _ => {}
        }
        let (search, mut projection) = app::search(&store, &folder)?;
        let seq = store.catch_up(&mut projection)?;
        let places = search.count();
        Ok(print(&if self.json {
            format!("{}\n", json!({ "places": places, "seq": seq }))
        } else {
            format!("{places} places can be found again.\n")
        }))
    }
}
