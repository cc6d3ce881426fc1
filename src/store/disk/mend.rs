//! How the store comes back after its disk has failed: without help, and readable all the time.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::base::Fault;
use crate::store::disk::{Disk, Generation, View, io_fault, locked, no_head};
use crate::store::shield::{Failure, Shield};

/// How long those may go on who read from the opening that failed; then they are cut off.
const LAST_READS: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(5);

impl Disk {
    /// Refuses as long as the disk is not well after a failure.
    pub fn check_well(&self) -> Result<(), Fault> {
        self.failed().as_ref().map_or(Ok(()), |failure| Err(failure.later()))
    }

    /// Whether this very batch is durable; `None` as long as nobody can tell.
    pub fn has(&self, seq: u64, id: &[u8; 16]) -> Result<Option<bool>, Fault> {
        if self.failed().is_some() {
            return Ok(None);
        }
        let found = self.batches_after(seq.saturating_sub(1), 1)?;
        Ok(Some(found.first().is_some_and(|batch| batch.seq == seq && batch.id == *id)))
    }

    /// If something has failed: opens the file anew. What was committed is durable once more before any reader sees
    /// it, and readers of the old opening are done before anybody writes: the engine takes pages for free that they
    /// still read. Whatever fails on the way leaves readers where they are; try again.
    pub(in crate::store) fn mend(&self) -> Result<Mended, Fault> {
        let at = "opening the store anew";
        let mut writing = locked(&self.writing);
        let Some(failure) = writing.shield.failure() else { return Ok(Mended::WasWell) };
        self.set_failed(Some(failure));
        let file = (self.opener)().map_err(|error| io_fault(at, error))?;
        let new = Generation::new(Shield::holding(file), self.cache_bytes)?;
        let view = new.view()?;
        self.check_lineage(view.as_deref())?;
        new.shield.pour().map_err(|error| io_fault(at, error))?;
        self.publish(view);
        let old = std::mem::replace(&mut *writing, new);
        wait_for(&old.readers);
        old.shield.cut();
        drop(old);
        self.set_failed(None);
        Ok(Mended::IsWellAgain)
    }

    /// The file has what readers see, and at most the one commit whose outcome nobody knew.
    fn check_lineage(&self, found: Option<&View>) -> Result<(), Fault> {
        let Some(seen) = self.view() else { return Ok(()) };
        let (seen, found) = (&seen.head, &found.ok_or_else(no_head)?.head);
        if found.store_id == seen.store_id && (seen.seq..=seen.seq + 1).contains(&found.seq) {
            return Ok(());
        }
        let cause = format!("it was at commit {}, and the file is at {} now", seen.seq, found.seq);
        Err(Fault::corrupt("opening the store anew", cause))
    }

    /// How often the disk has failed since this was opened.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(in crate::store::disk) fn set_failed(&self, failure: Option<Failure>) {
        let mut failed = self.failed.write().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(failure)) = (&*failed, &failure) {
            self.failures.fetch_add(1, Ordering::Relaxed);
            let fault = failure.later();
            tracing::error!(%fault, "the disk has failed: what is there is served, and nothing is written for now");
        }
        *failed = failure;
    }

    fn failed(&self) -> Option<Failure> {
        self.failed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What mending came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Mended {
    WasWell,
    IsWellAgain,
}

fn wait_for(readers: &Arc<()>) {
    let tries = LAST_READS.as_millis() / POLL.as_millis();
    for _ in 0..tries {
        if Arc::strong_count(readers) == 1 {
            return;
        }
        std::thread::sleep(POLL);
    }
}
