//! The folder of search while it is in use: looking after its files, and keeping the table of places.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::base::Timestamp;
use crate::base::clock::monotonic;
use crate::search::Whose;
use crate::search::feeder::Feeder;
use crate::search::kept::{self, Due};
use crate::search::table::Table;

/// A table that changed is kept so often: what came later is replayed from the log.
const KEEP_EVERY: Duration = Duration::from_secs(300);
/// Files are looked at no more often than this, so many blocks of 32 KiB in a turn: 200 MiB in five minutes.
const LOOK_EVERY: Duration = Duration::from_secs(3);
const LOOK_BLOCKS: usize = 64;

pub(super) struct Home {
    dir: PathBuf,
    store_id: [u8; 16],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    looked: Option<Instant>,
    kept: Option<Kept>,
}

/// The table as it was kept last.
struct Kept {
    at: Instant,
    seq: u64,
    mark: Option<Mark>,
}

/// By which a file is known to be the one that was written.
type Mark = (u64, SystemTime);

impl Home {
    pub(super) const TABLE: &'static str = "places";
    pub(super) const WORDS: &'static str = "words";

    pub(super) fn new(dir: &Path, store_id: [u8; 16]) -> Home {
        Home { dir: dir.to_owned(), store_id, state: Mutex::default() }
    }

    /// Looks at the files of the words, if that was not done just now.
    pub(super) fn look(&self, feeder: &Feeder) -> Result<(), String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return Ok(());
        }
        state.looked = Some(monotonic());
        feeder.look_at_files(LOOK_BLOCKS)
    }

    /// As if the last look and the last keeping were long ago.
    #[cfg(test)]
    pub(super) fn forget(&self) {
        *self.state.lock().unwrap() = State::default();
    }

    /// Keeps the table, if the file is not what was kept, or is old.
    pub(super) fn keep(&self, now: Timestamp, seq: u64, table: &Table, due: &BTreeSet<Due>) {
        let path = self.dir.join(Home::TABLE);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |kept: &Kept| {
            let is_recent = kept.seq == seq || kept.at.elapsed() < KEEP_EVERY;
            kept.mark.is_some() && kept.mark == mark(&path) && is_recent
        };
        if state.kept.as_ref().is_some_and(is_good) {
            return;
        }
        let whose = Whose { store_id: self.store_id, head: seq, now };
        // It only saves time at the next start: one that can't be written is no fault, and is tried again later.
        match kept::write(&path, &whose, seq, table, due.iter()) {
            Ok(()) => state.kept = Some(Kept { at: monotonic(), seq, mark: mark(&path) }),
            Err(error) => tracing::warn!(%error, "the table of places can't be kept"),
        }
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}
