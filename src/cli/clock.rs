//! `highstreet clock`: the city's time beside the machine's; and, where wall time is so far after the last commit that
//! nothing is written, the word of the operator that it is right.

use axum::Json;
use axum::extract::State;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use crate::admin;
use crate::api::{ApiResult, Problem};
use crate::base::Fault;
use crate::base::clock::wall_time;
use crate::cli::admin::{Desk, Operator};
use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::store::Expect;
use crate::web::Site;

#[derive(Debug, Args)]
pub struct Clock {
    #[command(subcommand)]
    command: ClockCommand,
}

#[derive(Debug, Subcommand)]
enum ClockCommand {
    /// Show both
    Show,
    /// Believe the machine's clock, and write again
    Accept,
}

/// Both clocks.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Clocks {
    /// The city's time.
    now: String,
    /// The machine's.
    machine: String,
    /// How far the machine's is ahead.
    turned_seconds: i64,
    /// Nothing is written until `clock accept`.
    in_doubt: bool,
}

impl Clock {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let operator = Operator::reach(&config, Expect::Any)?;
        let operation = match self.command {
            ClockCommand::Show => "/clock/show",
            ClockCommand::Accept => "/clock/accept",
        };
        let clocks: Clocks = operator.ask(operation, &())?;
        if config.json {
            let text = serde_json::to_string(&clocks).map_err(|error| Fault::bug("telling the time", error))?;
            return Ok(print(&format!("{text}\n")));
        }
        let Clocks { now, machine, in_doubt, .. } = &clocks;
        let doubt =
            if *in_doubt { "\nNothing is written until you set it, or run `highstreet clock accept`." } else { "" };
        Ok(if config.quiet { Exit::Done } else { print(&format!("city\t{now}\nmachine\t{machine}{doubt}\n")) })
    }
}

fn clocks(site: &Site) -> Json<Clocks> {
    let clock = site.clock();
    Json(Clocks {
        now: clock.now().to_string(),
        machine: wall_time().to_string(),
        turned_seconds: clock.turned_ms() / 1000,
        in_doubt: clock.doubt().is_some(),
    })
}

/// `POST /clock/show`
pub(in crate::cli) async fn show(State(desk): State<Desk>) -> Json<Clocks> {
    clocks(&desk.site)
}

/// `POST /clock/accept`
pub(in crate::cli) async fn accept(State(desk): State<Desk>) -> ApiResult<Json<Clocks>> {
    admin::believe_clock(&desk.site, None).await.map_err(Problem::from)?;
    Ok(clocks(&desk.site))
}
