//! How a batch becomes durable: in the file itself, or in a shared log first and in the file after.

use std::sync::Arc;

use crate::base::Fault;
use crate::base::fault::FaultKind;
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
    /// The disk failed so late that nobody can tell before it is well again: [`Disk::has`] will.
    Unknown,
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
        match self.disk.apply(batch) {
            Ok(()) => Ok(Committed::Done),
            Err(fault) if fault.kind == FaultKind::Unsettled => Ok(Committed::Unknown),
            Err(fault) => Err(fault),
        }
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
    /// What this process writes in. It never takes up a later one by itself: that is another's lead.
    epoch: u64,
}

impl<L: ChangeLog> Shared<L> {
    /// Follows the log from where the file is, and writes in the epoch that it finds there, beside others who do.
    pub fn following(disk: Arc<Disk>, log: L) -> Result<Shared<L>, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Fault::io("starting the log's runtime", error))?;
        let mut shared = Shared { disk, log, runtime, epoch: 0 };
        shared.check_lineage()?;
        shared.catch_up()?;
        shared.epoch = known_head(&shared.disk)?.epoch;
        Ok(shared)
    }

    /// The same, but takes the lead: whoever wrote before is refused from now on.
    pub fn leading(disk: Arc<Disk>, log: L) -> Result<Shared<L>, Fault> {
        let mut shared = Shared::following(disk, log)?;
        shared.epoch = shared.runtime.block_on(shared.log.lead(shared.epoch))?;
        // What the one before wrote until it was refused.
        shared.catch_up()?;
        Ok(shared)
    }

    /// A file that is ahead of the log, or has another batch at the same seq, is not this log's.
    fn check_lineage(&self) -> Result<(), Fault> {
        let applied = known_head(&self.disk)?.seq;
        let is_ahead = self.runtime.block_on(self.log.head())? < applied;
        let before = applied.saturating_sub(1);
        let ours = self.disk.batches_after(before, 1)?;
        // What the log has forgotten can't be compared any more.
        let theirs = self.runtime.block_on(self.log.read(before, 1)).unwrap_or_default();
        let differs = applied > 0 && ours.iter().zip(&theirs).any(|(our, their)| our.id != their.id);
        if is_ahead || differs {
            return Err(Fault::corrupt("the shared log", format!("it does not lead to this store's commit {applied}")));
        }
        Ok(())
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
            let appended = self.runtime.block_on(self.log.append(batch));
            // All but `Done` is settled by id before anyone is answered: an append may arrive although its answer, or
            // the answer to an earlier try, did not.
            let is_ours = match appended {
                Appended::Done => true,
                Appended::Behind | Appended::Unknown => match self.settled(batch)? {
                    Some(is_ours) => is_ours,
                    None if appended == Appended::Unknown => continue,
                    // Nothing is in its way but a later epoch.
                    None => return Err(deposed()),
                },
            };
            self.catch_up()?;
            return Ok(if is_ours { Committed::Done } else { Committed::Behind });
        }
    }

    fn head(&self) -> Result<Head, Fault> {
        let head = known_head(&self.disk)?;
        if head.epoch > self.epoch {
            return Err(deposed());
        }
        Ok(Head { epoch: self.epoch, ..head })
    }
}

fn deposed() -> Fault {
    Fault::busy("committing", "another process leads this city now")
}

fn known_head(disk: &Disk) -> Result<Head, Fault> {
    disk.head()?.ok_or_else(|| Fault::corrupt("the store", "it has no head"))
}
