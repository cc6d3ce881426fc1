//! `highstreet backup`: the whole city in one file, while it is served or not.

use std::path::PathBuf;

use axum::body::Body;
use axum::extract::State;
use clap::Args;

use crate::api::{ApiResult, Problem};
use crate::cli::admin::{Desk, Operator};
use crate::cli::config::Config;
use crate::cli::piped::piped;
use crate::cli::{Exit, Failure, print};
use crate::store::{self, BackupFault, Expect};

#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write; it must not be there yet
    file: PathBuf,
}

impl Backup {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let operator = Operator::reach(&config, Expect::Any)?;
        let mut failure = None;
        let made = store::to_new_file(&self.file, |out, partial| {
            operator.post("/backup", Body::empty(), out).map_err(|cause| {
                failure = Some(cause);
                BackupFault::Damaged("it broke off".to_owned())
            })?;
            out.flush().map_err(|cause| BackupFault::Io { path: partial.to_owned(), cause })?;
            // Read once more from the disk: a backup that can't be restored is none.
            store::verify(partial)
        });
        let manifest = made.map_err(|fault| failure.unwrap_or_else(|| fault.into()))?;
        if config.quiet {
            return Ok(Exit::Done);
        }
        let (rows, seq) = (manifest.rows, manifest.seq);
        Ok(print(&format!("{}: {rows} rows up to commit {seq}\n", self.file.display())))
    }
}

/// `POST /backup`: the backup as it is made.
pub(in crate::cli) async fn operation(State(desk): State<Desk>) -> ApiResult<Body> {
    let snapshot = desk.site.store.snapshot().map_err(Problem::from)?;
    Ok(piped(move |out| store::backup(&snapshot, &desk.folder, out).map(drop)))
}
