//! How long the change log is kept: 7 days, and longer for a projection that still needs it, unless that one is so slow
//! that making it anew is sooner done.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::base::Timestamp;

/// How long every batch is kept.
pub const KEPT_SECONDS: i64 = 7 * 24 * 3600;
/// A projection that needs older batches than this is rebuilt instead.
pub const TOO_SLOW_SECONDS: i64 = 30 * 24 * 3600;
/// The newest batches are kept however old they are: where little happens, a restart folds them instead of rebuilding.
pub const KEPT_BATCHES: u64 = 256;

/// How far the projections are that follow the store.
#[derive(Default)]
pub(crate) struct Followers(Mutex<BTreeMap<&'static str, u64>>);

impl Followers {
    /// Notes the last batch that a projection has folded in. One that must be made anew needs none.
    pub fn note(&self, name: &'static str, seq: Option<u64>) {
        let mut followers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match seq {
            Some(seq) => followers.insert(name, seq),
            None => followers.remove(name),
        };
    }

    /// The last batch that all of them have folded in; `None` if nobody waits for any.
    pub fn slowest(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
    }
}

/// What of the log is kept at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeping {
    pub head: u64,
    pub slowest: Option<u64>,
    pub now: Timestamp,
}

impl Keeping {
    /// Whether the batch of this seq and time may be forgotten.
    pub fn lets_go(self, seq: u64, at: Timestamp) -> bool {
        let age = self.now.seconds_since(at);
        let is_folded = self.slowest.is_none_or(|slowest| seq <= slowest);
        seq.saturating_add(KEPT_BATCHES) <= self.head && age > if is_folded { KEPT_SECONDS } else { TOO_SLOW_SECONDS }
    }
}
