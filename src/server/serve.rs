//! The accept loop: takes connections as long as there is room, and on the way out lets the open ones finish.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::base::Fault;
use crate::server::wire::Wire;
use crate::server::{FrontDoor, Limits, Listening};
use crate::web::Peer;

/// First and longest pause after an accept that failed for want of descriptors or memory.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const HTTP2_STREAMS: u32 = 128;

type Builder = auto::Builder<TokioExecutor>;

/// Serves until `stop` resolves; then nothing new is accepted, and what is open may finish within the stop time.
pub async fn serve(
    listening: Vec<Listening>,
    door: FrontDoor,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Fault> {
    let room = Arc::new(Semaphore::new(door.limits().connections));
    let (stopping, _) = watch::channel(false);
    let mut loops = JoinSet::new();
    for Listening { listener, .. } in listening {
        let listener = TcpListener::from_std(listener).map_err(|error| Fault::io("listening", error))?;
        loops.spawn(accept(listener, door.clone(), room.clone(), stopping.subscribe()));
    }
    stop.await;
    stopping.send_replace(true);
    while loops.join_next().await.is_some() {}
    Ok(())
}

async fn accept(listener: TcpListener, door: FrontDoor, room: Arc<Semaphore>, mut stopping: watch::Receiver<bool>) {
    let builder = builder(door.limits());
    let open = GracefulShutdown::new();
    let mut pause = FIRST_PAUSE;
    loop {
        let accepted = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => break,
            accepted = next(&listener, &room) => accepted,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                pause = FIRST_PAUSE;
                attend(&builder, &open, &door, stream, peer, permit);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "can't accept connections");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
    drop(listener);
    let cut_off = tokio::time::timeout(door.limits().stop_time, open.shutdown()).await;
    if cut_off.is_err() {
        tracing::warn!("connections cut off at the end of the stop time");
    }
}

/// The next connection, once there is room for it: others wait in the listener's queue.
async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let permit = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, Peer(address), permit))
}

/// Whether only the connection at hand is lost, and the next one may be fine.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected};
    [ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected].contains(&error.kind())
}

fn attend(
    builder: &Builder,
    open: &GracefulShutdown,
    door: &FrontDoor,
    stream: TcpStream,
    peer: Peer,
    permit: OwnedSemaphorePermit,
) {
    let wire = Wire::new(stream, door.limits());
    let (verdict, door, site) = (wire.verdict(), door.clone(), door.site().clone());
    let service = service_fn(move |request: Request<Incoming>| door.clone().answer(request, peer, verdict.clone()));
    let connection = builder.serve_connection(TokioIo::new(wire), service).into_owned();
    let watched = open.watch(connection);
    tokio::spawn(async move {
        site.metrics.connected();
        if let Err(error) = watched.await {
            tracing::debug!(%error, "connection ended");
        }
        site.metrics.disconnected();
        drop(permit);
    });
}

fn builder(limits: &Limits) -> Builder {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits.headers)
        .max_buf_size(limits.head_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.stall_time / 2)
        .keep_alive_timeout(limits.stall_time / 2);
    builder
}
