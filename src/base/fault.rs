//! What went wrong on our side. A fault is never an answer for a person; a [`crate::base::Refusal`] is.

use std::fmt;

/// A fault of ours: logged once at the edge with its cause, shown to people as "please try again".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {cause}")]
pub struct Fault {
    pub kind: FaultKind,
    /// What we were at: "reading a voucher".
    pub what: String,
    /// What the machine said.
    pub cause: String,
}

/// What a caller can do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The queue is full or we are stopping: try again shortly (503, exit 75).
    Busy,
    /// The disk is full or keeps no more than the reserve (507).
    Full,
    /// The disk or the network failed (503, exit 74).
    Io,
    /// The disk failed at the very end of a commit, and nobody can tell yet whether it is durable (503, exit 75).
    Unsettled,
    /// Nothing is written until the operator has looked at something (503, exit 75).
    Stopped,
    /// Stored bytes are not what we wrote (500, exit 74).
    Corrupt,
    /// Our own mistake, a panic included (500, exit 70).
    Bug,
}

impl Fault {
    pub fn new(kind: FaultKind, what: impl Into<String>, cause: impl fmt::Display) -> Fault {
        Fault { kind, what: what.into(), cause: cause.to_string() }
    }

    pub fn busy(what: impl Into<String>, cause: impl fmt::Display) -> Fault {
        Fault::new(FaultKind::Busy, what, cause)
    }

    pub fn io(what: impl Into<String>, cause: impl fmt::Display) -> Fault {
        Fault::new(FaultKind::Io, what, cause)
    }

    pub fn corrupt(what: impl Into<String>, cause: impl fmt::Display) -> Fault {
        Fault::new(FaultKind::Corrupt, what, cause)
    }

    pub fn bug(what: impl Into<String>, cause: impl fmt::Display) -> Fault {
        Fault::new(FaultKind::Bug, what, cause)
    }
}
