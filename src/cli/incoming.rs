//! A file that a subcommand sends: kept in the data folder while it is worked on, under no name.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;

use crate::api::Problem;
use crate::base::Fault;

/// Longest file: a small country. What is larger is to be cut first.
pub(in crate::cli) const MAX_FILE_BYTES: u64 = 4 << 30;
const NAME: &str = "incoming";
const OWNER_ONLY: u32 = 0o600;

/// Takes the file in, and answers it from its start; its room is free again when it is closed.
pub(in crate::cli) async fn received(folder: &Path, mut body: Body) -> Result<std::fs::File, Problem> {
    let fault = |error| Problem::from(Fault::io("taking a file in", error));
    let mut file = tokio::fs::File::from_std(nameless(folder).map_err(fault)?);
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|error| broke_off(&error))?.into_data() else { continue };
        length += piece.len() as u64;
        if length > MAX_FILE_BYTES {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "too-large", "the file is too large: cut it first"));
        }
        file.write_all(&piece).await.map_err(fault)?;
    }
    file.flush().await.map_err(fault)?;
    let mut file = file.into_std().await;
    file.rewind().map_err(fault)?;
    Ok(file)
}

/// The name is only there for a moment, so that a crash leaves nothing behind for long.
fn nameless(folder: &Path) -> io::Result<std::fs::File> {
    let path = folder.join(NAME);
    let remove = || match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    remove()?;
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(OWNER_ONLY).open(&path)?;
    remove()?;
    Ok(file)
}

fn broke_off(error: &axum::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "broke-off", format!("the file broke off: {error}"))
}
