//! `highstreet reindex`: rebuilds all that is derived, beside a running server or without one; resends nothing.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::api::{ApiResult, Json, Problem};
use crate::app;
use crate::base::Fault;
use crate::cli::admin::{Desk, Operator};
use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::store::{Expect, Folder, Store};

/// A million places take minutes; longer is a broken disk.
const LONGEST: Duration = Duration::from_secs(30 * 60);

#[derive(Debug, Args)]
pub struct Reindex {}

/// What can be found again.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Reindexed {
    places: usize,
    seq: u64,
}

impl Reindex {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let operator = Operator::reach(&config, Expect::Any)?;
        let done: Reindexed = match operator.own_city() {
            Some((store, folder)) => alone(store, folder)?,
            None => operator.ask("/reindex", &())?,
        };
        if config.json {
            let text = serde_json::to_string(&done).map_err(|error| Fault::bug("telling what was done", error))?;
            return Ok(print(&format!("{text}\n")));
        }
        Ok(if config.quiet { Exit::Done } else { print(&format!("{} places can be found again.\n", done.places)) })
    }
}

/// From nothing: whatever lies in the folder of the index may be damaged.
fn alone(store: &Store, folder: &Folder) -> Result<Reindexed, Failure> {
    match std::fs::remove_dir_all(folder.index()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Fault::io("removing the old index", error).into());
        }
        _ => {}
    }
    let (search, mut projection) = app::search(store, folder)?;
    let seq = store.catch_up(&mut projection)?;
    Ok(Reindexed { places: search.count(), seq })
}

/// `POST /reindex`: what is there goes on being found until all is made anew.
pub(in crate::cli) async fn operation(State(desk): State<Desk>) -> ApiResult<Json<Reindexed>> {
    let search = &desk.site.search;
    if !search.renew(LONGEST).await {
        let detail = "search is not rebuilt yet: see the log, and try again";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail));
    }
    Ok(Json(Reindexed { places: search.count(), seq: search.seq() }))
}
