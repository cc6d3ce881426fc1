//! Operations: what subcommands do with a city, whether a server runs or not. Each is one handler in its subcommand's
//! file and one row here; a subcommand asks the process that owns the folder, or answers itself as its owner.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::post;
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::{self, Runtime};
use tower::ServiceExt;

use crate::api::Problem;
use crate::app;
use crate::base::{Clock, Fault};
use crate::cli::config::Config;
use crate::cli::piped::piped;
use crate::cli::{Exit, Failure, backup, check, clock, import, reindex, token, user};
use crate::search::Search;
use crate::server::ask_admin;
use crate::store::{Expect, Folder, FolderFault, Origin, Store};
use crate::web::Site;

/// Both sides are of the same build, or nothing is done: operations change from release to release.
const VERSION_HEADER: &str = "highstreet-version";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long the owner of the folder may take to open its door, or to be gone.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// What an operation works with.
#[derive(Clone)]
pub(in crate::cli) struct Desk {
    pub site: Site,
    pub folder: Arc<Path>,
}

/// Every operation, a row each.
pub(in crate::cli) fn operations(desk: Desk) -> Router {
    Router::new()
        .route("/backup", post(backup::operation))
        .route("/check", post(check::operation))
        .route("/clock/show", post(clock::show))
        .route("/clock/accept", post(clock::accept))
        .route("/import/osm", post(import::operation))
        .route("/reindex", post(reindex::operation))
        .route("/user/add", post(user::add))
        .route("/user/list", post(user::list_some))
        .route("/user/role", post(user::role))
        .route("/user/reset-password", post(user::reset_password))
        .route("/token/create", post(token::create))
        .route("/token/list", post(token::list))
        .route("/token/revoke", post(token::revoke))
        .layer(from_fn(same_version))
        .with_state(desk)
}

async fn same_version(request: Request, next: Next) -> axum::response::Response {
    match version(request.headers()) {
        Some(VERSION) => next.run(request).await,
        other => {
            let other = other.unwrap_or("unknown");
            let detail = format!("the running Highstreet is version {VERSION}, this one {other}: use the same");
            Problem::new(StatusCode::CONFLICT, "other-version", detail).into_response()
        }
    }
}

fn version(headers: &HeaderMap) -> Option<&str> {
    headers.get(VERSION_HEADER)?.to_str().ok()
}

/// Whoever carries out operations: the process that owns the folder, or this one.
pub(in crate::cli) struct Operator {
    runtime: Runtime,
    way: Way,
}

enum Way {
    Asking(PathBuf),
    /// The folder is owned as long as its store is open.
    Own(Router, Store, Folder),
}

impl Operator {
    /// Reaches the city in the configured folder.
    pub fn reach(config: &Config, expect: Expect) -> Result<Operator, Failure> {
        let path = config.data();
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::io(format!("can't start: {error}")))?;
        let socket = Folder::admin_socket(&path);
        let mut tries = 0;
        let way = loop {
            if runtime.block_on(answers(&socket))? {
                break Way::Asking(socket);
            }
            match Folder::open(&path, expect) {
                Ok(folder) => {
                    let (router, store) = own(&folder, config)?;
                    break Way::Own(router, store, folder);
                }
                // It is starting or stopping, or another subcommand is at work.
                Err(FolderFault::Locked { .. }) if tries < TRIES => std::thread::sleep(BETWEEN_TRIES),
                Err(fault) => return Err(fault.into()),
            }
            tries += 1;
        };
        Ok(Operator { runtime, way })
    }

    /// The city, where this process is its owner: for work that needs no desk.
    pub fn own_city(&self) -> Option<(&Store, &Folder)> {
        match &self.way {
            Way::Asking(_) => None,
            Way::Own(_, store, folder) => Some((store, folder)),
        }
    }

    /// Has an operation done that reads a file.
    pub fn post_file(&self, operation: &str, mut file: File, out: &mut dyn Write) -> Result<(), Failure> {
        let body = {
            let _inside = self.runtime.enter();
            piped(move |to| std::io::copy(&mut file, to).map(drop))
        };
        self.post(operation, body, out)
    }

    /// Has an operation done, and writes what it tells to `out`.
    pub fn post(&self, operation: &str, body: Body, out: &mut dyn Write) -> Result<(), Failure> {
        let request = request(operation, body)?;
        self.runtime.block_on(async {
            let response = match &self.way {
                Way::Asking(socket) => ask_admin(socket, request).await?.ok_or_else(gone)?,
                Way::Own(router, ..) => router.clone().oneshot(request).await.unwrap_or_else(|never| match never {}),
            };
            read(response, out).await
        })
    }

    /// Has an operation done whose question and answer are JSON.
    pub fn ask<T: DeserializeOwned>(&self, operation: &str, question: &impl Serialize) -> Result<T, Failure> {
        let unwritable = |error: serde_json::Error| Failure::from(Fault::bug("asking for an operation", error));
        let mut answer = Vec::new();
        self.post(operation, Body::from(serde_json::to_vec(question).map_err(unwritable)?), &mut answer)?;
        serde_json::from_slice(&answer).map_err(unwritable)
    }
}

/// Whether somebody listens; what it answers to nothing in particular is no matter.
async fn answers(socket: &Path) -> Result<bool, Failure> {
    Ok(ask_admin(socket, request("/", Body::empty())?).await?.is_some())
}

fn own(folder: &Folder, config: &Config) -> Result<(Router, Store), Failure> {
    let store = app::open_store(folder, config.cache_bytes, &Clock::careful)?;
    let is_demo = store.snapshot()?.head().origin == Origin::Demo;
    // No operation asks search.
    let site = app::site(store.clone(), Arc::new(Search::in_memory()?), is_demo, None)?;
    Ok((operations(Desk { site, folder: folder.path().into() }), store))
}

fn request(operation: &str, body: Body) -> Result<Request, Failure> {
    let request = Request::post(operation)
        .header("host", "admin")
        .header("content-type", "application/json")
        .header(VERSION_HEADER, VERSION)
        .body(body);
    request.map_err(|error| Failure::from(Fault::bug("asking the running Highstreet", error)))
}

async fn read(response: Response<Body>, out: &mut dyn Write) -> Result<(), Failure> {
    let status = response.status();
    let mut body = response.into_body();
    if !status.is_success() {
        let told = body.collect().await.map_err(broke_off)?.to_bytes();
        return Err(failure(status, &told));
    }
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(broke_off)?.into_data() else { continue };
        out.write_all(&piece).map_err(|error| Failure::io(format!("can't write: {error}")))?;
    }
    Ok(())
}

/// The problem that was answered, as a subcommand's end.
fn failure(status: StatusCode, problem: &[u8]) -> Failure {
    let problem: serde_json::Value = serde_json::from_slice(problem).unwrap_or_default();
    let detail = problem["detail"].as_str().unwrap_or("the operation failed");
    let exit = match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Exit::TryAgain,
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Exit::BadUsage,
        StatusCode::INSUFFICIENT_STORAGE => Exit::Io,
        status if status.is_server_error() => Exit::Bug,
        _ => Exit::No,
    };
    Failure::new(exit, detail)
}

fn broke_off(error: axum::Error) -> Failure {
    Failure::io(format!("the operation broke off: {error}"))
}

fn gone() -> Failure {
    Failure::new(Exit::TryAgain, "the running Highstreet went away: try again")
}
