//! A body that a thread writes while it is sent: what an operation tells is never whole in memory.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Pieces that wait to be sent, and how large they get.
const PIECES: usize = 4;
const PIECE_BYTES: usize = 256 * 1024;

/// The body that `write` fills on a thread of its own. When it fails, the body breaks off, which nobody takes for an
/// end.
pub(in crate::cli) fn piped<E: std::fmt::Display>(
    write: impl FnOnce(&mut dyn Write) -> Result<(), E> + Send + 'static,
) -> Body {
    let (sender, pieces) = channel(PIECES);
    tokio::task::spawn_blocking(move || {
        let mut out = io::BufWriter::with_capacity(PIECE_BYTES, Pipe(sender));
        let written = write(&mut out).map_err(|error| error.to_string());
        let written = written.and_then(|()| out.flush().map_err(|error| error.to_string()));
        if let Err(cause) = written {
            tracing::warn!(cause, "an operation broke off");
            // What is buffered goes with the rest: only the fault is told.
            let (pipe, _) = out.into_parts();
            let _ = pipe.0.blocking_send(Err(io::Error::other(cause)));
        }
    });
    Body::new(Piped(pieces))
}

struct Pipe(Sender<io::Result<Bytes>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Piped(Receiver<io::Result<Bytes>>);

impl http_body::Body for Piped {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn what_is_written_arrives_and_what_breaks_off_is_an_error() {
        let long = vec![7; 3 * PIECE_BYTES + 1];
        let written = long.clone();
        let whole = piped(move |out| out.write_all(&written)).collect().await.unwrap().to_bytes();
        assert!(whole == long);
        let broken = piped(|out| out.write_all(b"half").and_then(|()| Err(io::Error::other("as planned"))));
        assert!(broken.collect().await.unwrap_err().to_string().contains("as planned"));
    }
}
