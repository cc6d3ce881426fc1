//! `highstreet check`: everything that must always hold, one line a fault; beside a running server or without one.

use axum::body::Body;
use axum::extract::State;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::api::{ApiResult, Json, Problem};
use crate::app;
use crate::base::Fault;
use crate::cli::admin::{Desk, Operator};
use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::store::Expect;

#[derive(Debug, Args)]
pub struct Check {}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Findings {
    ok: bool,
    faults: Vec<String>,
}

impl Check {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let mut told = Vec::new();
        Operator::reach(&config, Expect::Any)?.post("/check", Body::empty(), &mut told)?;
        let findings: Findings =
            serde_json::from_slice(&told).map_err(|error| Fault::bug("reading findings", error))?;
        if config.json {
            print(&format!("{}\n", String::from_utf8_lossy(&told)));
        } else if findings.ok && !config.quiet {
            print("Everything holds.\n");
        } else {
            print(&findings.faults.iter().map(|fault| format!("{fault}\n")).collect::<String>());
        }
        Ok(if findings.ok { Exit::Done } else { Exit::No })
    }
}

/// `POST /check`: the findings of one snapshot.
pub(in crate::cli) async fn operation(State(desk): State<Desk>) -> ApiResult<Json<Findings>> {
    let snapshot = desk.site.store.snapshot().map_err(Problem::from)?;
    let faults = tokio::task::spawn_blocking(move || app::check(&snapshot)).await;
    let faults = faults.map_err(|error| Fault::bug("checking", error))??;
    Ok(Json(Findings { ok: faults.is_empty(), faults }))
}
