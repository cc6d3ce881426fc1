//! The operator's door: HTTP over a Unix socket in the data folder, for subcommands that run beside the server.
//!
//! It is open to root and to the folder's owner, whom the kernel names. What may be asked there is wired by `cli`.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::service::service_fn;
use hyper::{client, server};
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use crate::base::Fault;

/// Subcommands that are served at once.
const MOST_AT_ONCE: usize = 8;
const PAUSE_AFTER_A_FAULT: Duration = Duration::from_millis(100);
/// The address of a Unix socket has room for so many bytes and a NUL.
const MAX_ADDRESS_BYTES: usize = 107;
const OWNER_ONLY: u32 = 0o600;

/// The open socket; it is gone when this is dropped.
#[derive(Debug)]
pub struct AdminDoor {
    listener: UnixListener,
    path: PathBuf,
}

impl AdminDoor {
    /// Opens the door. The process owns the folder, so a socket that lies there is one that a crash left.
    pub fn open(path: &Path) -> Result<AdminDoor, Fault> {
        let fault = |error| Fault::io(format!("opening {}", path.display()), error);
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(error)),
            _ => {}
        }
        let listener = within_reach(path).and_then(|(_folder, address)| UnixListener::bind(address)).map_err(fault)?;
        let door = AdminDoor { listener, path: path.to_owned() };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(OWNER_ONLY)).map_err(fault)?;
        Ok(door)
    }

    /// Serves until it is dropped.
    pub async fn serve(self, operations: Router) {
        let room = Arc::new(Semaphore::new(MOST_AT_ONCE));
        loop {
            // The semaphore is never closed.
            let Ok(permit) = room.clone().acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) if may_enter(&stream) => {
                    let operations = operations.clone();
                    tokio::spawn(async move {
                        attend(stream, operations).await;
                        drop(permit);
                    });
                }
                Ok(_) => tracing::warn!("somebody else's process knocked at the operator's door"),
                Err(error) => {
                    tracing::warn!(%error, "can't accept at the operator's door");
                    tokio::time::sleep(PAUSE_AFTER_A_FAULT).await;
                }
            }
        }
    }
}

impl Drop for AdminDoor {
    fn drop(&mut self) {
        // If it can't be removed, the next who owns the folder removes it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Asks the process that owns the folder; `None` if nobody listens.
pub async fn ask_admin(path: &Path, request: Request<Body>) -> Result<Option<Response<Body>>, Fault> {
    let fault = |error: &dyn std::fmt::Display| Fault::io("asking the running Highstreet", error);
    let (_folder, address) = match within_reach(path) {
        Err(error) if is_nobody(&error) => return Ok(None),
        reached => reached.map_err(|error| fault(&error))?,
    };
    let stream = match UnixStream::connect(address).await {
        Err(error) if is_nobody(&error) => return Ok(None),
        stream => stream.map_err(|error| fault(&error))?,
    };
    let (mut sender, connection) =
        client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| fault(&error))?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| fault(&error))?;
    Ok(Some(response.map(Body::new)))
}

/// No socket, none that anybody listens at, or no folder that could have one.
fn is_nobody(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, NotADirectory, NotFound};
    [ConnectionRefused, NotADirectory, NotFound].contains(&error.kind())
}

/// The path, or a shorter way to the same file: `/proc` leads through the open folder.
fn within_reach(path: &Path) -> io::Result<(Option<std::fs::File>, PathBuf)> {
    let parts = path.parent().zip(path.file_name());
    let Some((folder, name)) = parts.filter(|_| path.as_os_str().len() > MAX_ADDRESS_BYTES) else {
        return Ok((None, path.to_owned()));
    };
    let folder = std::fs::File::open(folder)?;
    let number = std::os::fd::AsRawFd::as_raw_fd(&folder);
    Ok((Some(folder), PathBuf::from(format!("/proc/self/fd/{number}")).join(name)))
}

fn may_enter(stream: &UnixStream) -> bool {
    let owner = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| is_trusted(peer.uid(), owner))
}

fn is_trusted(user: u32, owner: u32) -> bool {
    user == 0 || user == owner
}

async fn attend(stream: UnixStream, operations: Router) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let operations = operations.clone();
        async move { operations.oneshot(request.map(Body::new)).await }
    });
    let connection = server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a subcommand went away");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use http_body_util::BodyExt;

    use super::*;

    async fn says(path: &Path) -> Option<String> {
        let request = Request::post("/echo").header("host", "admin").body(Body::from("hello")).unwrap();
        let response = ask_admin(path, request).await.unwrap()?;
        Some(String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_door_is_the_owners_and_replaces_what_a_crash_left_and_is_gone_when_closed() {
        let parent = tempfile::tempdir().unwrap();
        for folder in ["short".to_owned(), "long".repeat(50)] {
            let path = parent.path().join(folder).join("admin.sock");
            std::fs::create_dir(path.parent().unwrap()).unwrap();
            assert_eq!(says(&path).await, None);
            std::fs::write(&path, "left by a crash").unwrap();
            let door = AdminDoor::open(&path).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            let echo = Router::new().route("/echo", post(async |body: String| body));
            let serving = tokio::spawn(door.serve(echo));
            assert_eq!(says(&path).await.as_deref(), Some("hello"));
            serving.abort();
            assert!(serving.await.unwrap_err().is_cancelled());
            assert_eq!(says(&path).await, None);
            assert!(!path.exists());
        }
    }

    #[test]
    fn root_and_the_owner_may_enter() {
        assert!(is_trusted(0, 1000) && is_trusted(1000, 1000));
        assert!(!is_trusted(1001, 1000) && !is_trusted(1000, 0));
    }
}
