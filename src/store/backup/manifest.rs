//! The manifest of a backup: whose it is, and what must be in it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BackupFault, MAX_PARTS};
use crate::base::Timestamp;
use crate::store::{Head, Origin};

/// The form of backups that this build writes and reads.
const FORM: u32 = 1;

/// What a backup says of itself, as JSON; a last line has the checksum of what is before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub form: u32,
    pub store_id: String,
    pub schema: u32,
    pub epoch: u64,
    pub seq: u64,
    /// Time of the last commit in it, in milliseconds since 1970.
    pub at_ms: i64,
    pub demo: bool,
    pub rows: u64,
    /// SHA-256 of the file up to the manifest, paddings included.
    pub sha256: String,
    pub parts: Vec<Part>,
}

/// One entry of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

impl Manifest {
    pub(super) fn new(head: &Head, rows: u64, sha256: String, parts: Vec<Part>) -> Manifest {
        Manifest {
            form: FORM,
            store_id: hex(&head.store_id),
            schema: head.schema,
            epoch: head.epoch,
            seq: head.seq,
            at_ms: head.at.millis(),
            demo: head.origin == Origin::Demo,
            rows,
            sha256,
            parts,
        }
    }

    /// The head of a city that is made from this backup: another store, in a later epoch, with the same past.
    pub(super) fn successor(&self, store_id: [u8; 16]) -> Result<Head, BackupFault> {
        let epoch = self.epoch.checked_add(1).ok_or_else(|| BackupFault::damaged("its epoch is beyond all measure"))?;
        Ok(Head {
            store_id,
            schema: self.schema,
            epoch,
            seq: self.seq,
            at: Timestamp::from_millis(self.at_ms),
            origin: if self.demo { Origin::Demo } else { Origin::Real },
        })
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, BackupFault> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(BackupFault::damaged)?;
        bytes.push(b'\n');
        let checksum = hex(&Sha256::digest(&bytes));
        bytes.extend_from_slice(checksum.as_bytes());
        bytes.push(b'\n');
        Ok(bytes)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Manifest, BackupFault> {
        const CHECKSUM_LINE: usize = 65;
        let damaged = || BackupFault::damaged("its manifest does not fit its checksum");
        let (json, line) = bytes.split_at_checked(bytes.len().wrapping_sub(CHECKSUM_LINE)).ok_or_else(damaged)?;
        if line != format!("{}\n", hex(&Sha256::digest(json))).as_bytes() {
            return Err(damaged());
        }
        let manifest: Manifest = serde_json::from_slice(json).map_err(BackupFault::damaged)?;
        if manifest.form != FORM {
            return Err(BackupFault::damaged(format!("its form is {}, and this build knows {FORM}", manifest.form)));
        }
        if manifest.parts.len() > MAX_PARTS {
            return Err(BackupFault::damaged("it names too many files"));
        }
        Ok(manifest)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
