//! The connection as hyper sees it: cut when it stalls, read along with, and closed so that the last answer arrives.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::base::clock::monotonic;
use crate::server::Limits;
use crate::server::heads::{Heads, Malformed};

/// How long, and how much, is still read from who goes on sending after our last word. Closing with unread bytes
/// resets the connection, and the answer would be lost with it.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// Ends a request line that has no end, so that hyper lets the front door answer.
const END_OF_HEAD: &[u8] = b" HTTP/1.1\r\nhost: -\r\n\r\n";

/// What the reader has found, for the front door: set before hyper sees the head in question.
#[derive(Clone, Debug, Default)]
pub struct Verdict(Arc<AtomicU8>);

impl Verdict {
    pub fn get(&self) -> Option<Malformed> {
        match self.0.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Malformed::UriTooLong),
            _ => Some(Malformed::Framing),
        }
    }

    fn set(&self, malformed: Malformed) {
        let number = match malformed {
            Malformed::UriTooLong => 1,
            Malformed::Framing => 2,
        };
        self.0.store(number, Ordering::Release);
    }
}

/// A TCP connection with time limits.
pub struct Wire {
    stream: TcpStream,
    heads: Heads,
    verdict: Verdict,
    /// Rest of [`END_OF_HEAD`] to hand to hyper; after it there is nothing more to read. It does not count as the
    /// end of the stream, for then hyper would think that nobody waits for the answer.
    tail: Option<&'static [u8]>,
    timer: Pin<Box<Sleep>>,
    stall_time: Duration,
    /// Last byte in either direction; until the protocol is known, the start of the connection.
    moved: Instant,
    allowed: Duration,
    lingered: Option<(Instant, usize)>,
}

impl Wire {
    pub fn new(stream: TcpStream, limits: &Limits) -> Wire {
        Wire {
            stream,
            heads: Heads::new(limits.uri_bytes),
            verdict: Verdict::default(),
            tail: None,
            timer: Box::pin(tokio::time::sleep(limits.head_time)),
            stall_time: limits.stall_time,
            moved: monotonic(),
            allowed: limits.head_time,
            lingered: None,
        }
    }

    pub fn verdict(&self) -> Verdict {
        self.verdict.clone()
    }

    /// Bytes went through. The timer is not set anew each time: it looks at `moved` when it rings.
    fn progress(&mut self) {
        if self.heads.knows_protocol() {
            self.moved = monotonic();
            self.allowed = self.stall_time;
        }
    }

    /// To be called before answering `Pending`: an error once nothing has moved for too long.
    fn check_stall(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let idle = self.moved.elapsed();
            let Some(left) = self.allowed.checked_sub(idle).filter(|left| !left.is_zero()) else {
                return Err(io::ErrorKind::TimedOut.into());
            };
            self.timer.set(tokio::time::sleep(left));
        }
        Ok(())
    }

    fn or_stalled<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match polled {
            Poll::Pending => match self.check_stall(cx) {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            },
            Poll::Ready(result) => {
                self.progress();
                Poll::Ready(result)
            }
        }
    }

    /// How many bytes of the tail were read, once there is one.
    fn read_tail(&mut self, buffer: &mut ReadBuf<'_>) -> Option<usize> {
        let tail = self.tail?;
        let (now, later) = tail.split_at(tail.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.tail = Some(later);
        Some(now.len())
    }

    fn read_along(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let Some(found) = self.heads.read(&buffer.filled()[before..]) else { return };
        self.verdict.set(found.malformed);
        if found.malformed == Malformed::UriTooLong {
            buffer.set_filled(before + found.keep);
            self.tail = Some(END_OF_HEAD);
            self.read_tail(buffer);
        }
    }

    /// Reads and forgets what still comes, until the other side closes as well.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut space = [0; 16 * 1024];
        loop {
            let (since, bytes) = *self.lingered.get_or_insert_with(|| (monotonic(), 0));
            let left = LINGER.saturating_sub(since.elapsed());
            if left.is_zero() || bytes > LINGER_BYTES {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.lingered = Some((since, bytes + buffer.filled().len()));
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    self.timer.set(tokio::time::sleep(left));
                    ready!(self.timer.as_mut().poll(cx));
                }
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.read_tail(buffer) {
            Some(0) => return this.or_stalled(cx, Poll::Pending),
            Some(_) => return Poll::Ready(Ok(())),
            None => {}
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) {
            this.read_along(buffer, before);
        }
        this.or_stalled(cx, polled)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.or_stalled(cx, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, parts);
        this.or_stalled(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingered.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        this.poll_linger(cx).map(Ok)
    }
}
