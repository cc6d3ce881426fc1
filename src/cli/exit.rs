//! How a command ends: the exit code, and for failures the one line that says why.

use std::process::{ExitCode, Termination};

use crate::base::Fault;
use crate::base::fault::FaultKind;
use crate::server::ListenFault;
use crate::store::{BackupFault, FolderFault, OpenFault};

/// Exit codes; those from 64 on are as in sysexits.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Exit {
    Done = 0,
    /// The answer is no.
    No = 1,
    BadUsage = 2,
    Bug = 70,
    Io = 74,
    TryAgain = 75,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// Why a command did not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub exit: Exit,
    pub message: String,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into() }
    }

    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::BadUsage, message)
    }

    pub fn io(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Io, message)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        let exit = match fault.kind {
            FaultKind::Busy | FaultKind::Unsettled | FaultKind::Stopped => Exit::TryAgain,
            FaultKind::Full | FaultKind::Io | FaultKind::Corrupt => Exit::Io,
            FaultKind::Bug => Exit::Bug,
        };
        Failure::new(exit, fault.to_string())
    }
}

impl From<OpenFault> for Failure {
    fn from(fault: OpenFault) -> Failure {
        match fault {
            OpenFault::Newer { .. } => Failure::io(fault.to_string()),
            OpenFault::Fault(fault) => fault.into(),
        }
    }
}

impl From<FolderFault> for Failure {
    fn from(fault: FolderFault) -> Failure {
        let exit = match &fault {
            FolderFault::Locked { .. } => Exit::TryAgain,
            FolderFault::Io { .. } => Exit::Io,
            FolderFault::Store { cause, .. } => Failure::from(cause.clone()).exit,
            FolderFault::Foreign { .. }
            | FolderFault::NoCity { .. }
            | FolderFault::NotOwner { .. }
            | FolderFault::Demo { .. }
            | FolderFault::Real { .. } => Exit::BadUsage,
        };
        Failure::new(exit, fault.to_string())
    }
}

impl From<BackupFault> for Failure {
    fn from(fault: BackupFault) -> Failure {
        let exit = match &fault {
            BackupFault::Exists(_) | BackupFault::NotEmpty(_) => Exit::BadUsage,
            BackupFault::Busy(_) => Exit::TryAgain,
            BackupFault::Damaged(_) | BackupFault::Newer { .. } | BackupFault::Io { .. } => Exit::Io,
            BackupFault::Fault(fault) => Failure::from(fault.clone()).exit,
        };
        Failure::new(exit, fault.to_string())
    }
}

impl From<ListenFault> for Failure {
    fn from(fault: ListenFault) -> Failure {
        let exit = match fault {
            ListenFault::Taken { .. } => Exit::TryAgain,
            ListenFault::Io { .. } => Exit::Io,
        };
        Failure::new(exit, fault.to_string())
    }
}
