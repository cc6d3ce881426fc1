//! How a batch becomes durable: in the file itself, or in a shared log first and in the file after.

use std::sync::Arc;

use crate::base::Fault;
use crate::store::disk::{Disk, Head};
use crate::store::log::{Appended, Batch, ChangeLog};

/// Batches that are caught up with in one go.
const CATCH_UP_BATCHES: usize = 256;

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    Done,
    /// The store was behind; it has caught up, and the closures must run again on the newer state.
    Behind,
}

/// Makes a batch durable. One conformance suite holds for every committer.
pub trait Committer: Send {
    fn commit(&mut self, batch: &Batch) -> Result<Committed, Fault>;

    /// Who the store is, and up to which seq it has applied.
    fn head(&self) -> Result<Head, Fault>;
}

/// The log row and its effects in one transaction of the file: the default.
pub struct InFile {
    disk: Arc<Disk>,
}

impl InFile {
    pub fn new(disk: Arc<Disk>) -> InFile {
        InFile { disk }
    }
}

impl Committer for InFile {
    fn commit(&mut self, batch: &Batch) -> Result<Committed, Fault> {
        self.disk.apply(batch).map(|()| Committed::Done)
    }

    fn head(&self) -> Result<Head, Fault> {
        known_head(&self.disk)
    }
}

/// Appends to a shared log first; the file only follows it.
pub struct Shared<L> {
    disk: Arc<Disk>,
    log: L,
    runtime: tokio::runtime::Runtime,
}

impl<L: ChangeLog> Shared<L> {
    /// Follows the log from where the file is.
    pub fn new(disk: Arc<Disk>, log: L) -> Result<Shared<L>, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Fault::io("starting the log's runtime", error))?;
        let shared = Shared { disk, log, runtime };
        shared.catch_up()?;
        Ok(shared)
    }

    fn catch_up(&self) -> Result<(), Fault> {
        loop {
            let applied = known_head(&self.disk)?.seq;
            let batches = self.runtime.block_on(self.log.read(applied, CATCH_UP_BATCHES))?;
            if batches.is_empty() {
                return Ok(());
            }
            for batch in batches {
                self.disk.apply(&batch)?;
            }
        }
    }

    /// Whether the log has this very batch at its seq; `None` if nothing is there yet.
    fn settled(&self, batch: &Batch) -> Result<Option<bool>, Fault> {
        let found = self.runtime.block_on(self.log.read(batch.seq - 1, 1))?;
        Ok(found.first().map(|there| there.id == batch.id))
    }
}

impl<L: ChangeLog> Committer for Shared<L> {
    fn commit(&mut self, batch: &Batch) -> Result<Committed, Fault> {
        loop {
            let is_ours = match self.runtime.block_on(self.log.append(batch)) {
                Appended::Done => true,
                // Both are settled by id before anyone is answered: an append may arrive although its answer, or the
                // answer to an earlier try, did not.
                Appended::Behind | Appended::Unknown => match self.settled(batch)? {
                    Some(is_ours) => is_ours,
                    None if self.runtime.block_on(self.log.head())? >= batch.seq => false,
                    None => continue,
                },
            };
            self.catch_up()?;
            return Ok(if is_ours { Committed::Done } else { Committed::Behind });
        }
    }

    fn head(&self) -> Result<Head, Fault> {
        known_head(&self.disk)
    }
}

fn known_head(disk: &Disk) -> Result<Head, Fault> {
    disk.head()?.ok_or_else(|| Fault::corrupt("the store", "it has no head"))
}
