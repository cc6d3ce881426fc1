//! Limits of JSON that hold before it is parsed: the parser would take a string of any length into memory, and go as
//! deep as its own limit. Bytes pass through as they are.

use std::fmt;
use std::io::{self, Read};

const BUFFER_BYTES: usize = 64 * 1024;
/// Of a multipolygon's numbers in a collection there are seven levels.
const MAX_DEPTH: u32 = 32;
const MAX_STRING_BYTES: u32 = 64 * 1024;
/// Seventeen digits are all that a coordinate can use.
const MAX_WORD_BYTES: u32 = 1_024;

/// Which limit a file goes beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Depth,
    String,
    Word,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Depth => write!(f, "lists and objects lie more than {MAX_DEPTH} deep in each other"),
            Limit::String => write!(f, "a text is longer than {} KiB", MAX_STRING_BYTES / 1024),
            Limit::Word => write!(f, "a number or word is longer than {MAX_WORD_BYTES} characters"),
        }
    }
}

/// A limit, and the byte at which the file went beyond it.
#[derive(Debug)]
struct Refused(u64, Limit);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "near byte {}: {}", self.0, self.1)
    }
}

impl std::error::Error for Refused {}

/// The limit that the error tells of, or the error of reading itself.
pub(super) fn refused(error: serde_json::Error) -> Result<(u64, Limit), io::Error> {
    let error = io::Error::from(error);
    let refused = error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>());
    refused.map(|refused| (refused.0, refused.1)).ok_or(error)
}

/// A reader that stops where a limit is passed.
pub(super) struct Guard<R> {
    inner: R,
    buffer: Vec<u8>,
    /// What of the buffer was checked and is still to be handed on.
    ready: (usize, usize),
    checked: u64,
    depth: u32,
    /// Bytes of the string or word that we are in.
    length: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Between,
    Word,
    String,
    /// After a backslash.
    Escape,
}

impl<R> Guard<R> {
    pub(super) fn new(inner: R) -> Guard<R> {
        let buffer = vec![0; BUFFER_BYTES];
        Guard { inner, buffer, ready: (0, 0), checked: 0, depth: 0, length: 0, state: State::Between }
    }

    fn check(&mut self, until: usize) -> Result<(), Refused> {
        for byte in &self.buffer[..until] {
            self.checked += 1;
            self.state = match (self.state, *byte) {
                (State::String, b'\\') => State::Escape,
                (State::String, b'"') => State::Between,
                (State::String | State::Escape, _) => State::String,
                (_, b'"') => State::String,
                (_, b'[' | b'{') => {
                    self.depth += 1;
                    State::Between
                }
                (_, b']' | b'}') => {
                    self.depth = self.depth.saturating_sub(1);
                    State::Between
                }
                (_, b',' | b':' | b' ' | b'\n' | b'\r' | b'\t') => State::Between,
                (State::Between | State::Word, _) => State::Word,
            };
            self.length = if self.state == State::Between { 0 } else { self.length + 1 };
            if let Some(limit) = self.passed() {
                return Err(Refused(self.checked, limit));
            }
        }
        Ok(())
    }
}

impl<R> Guard<R> {
    /// The limit that the last byte went beyond.
    fn passed(&self) -> Option<Limit> {
        if self.depth > MAX_DEPTH {
            return Some(Limit::Depth);
        }
        let (longest, limit) = match self.state {
            State::Between => return None,
            State::Word => (MAX_WORD_BYTES, Limit::Word),
            State::String | State::Escape => (MAX_STRING_BYTES, Limit::String),
        };
        (self.length > longest).then_some(limit)
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ready.0 == self.ready.1 {
            let read = self.inner.read(&mut self.buffer)?;
            self.check(read).map_err(io::Error::other)?;
            self.ready = (0, read);
        }
        let ready = &self.buffer[self.ready.0..self.ready.1];
        let length = ready.len().min(out.len());
        out[..length].copy_from_slice(&ready[..length]);
        self.ready.0 += length;
        Ok(length)
    }
}
