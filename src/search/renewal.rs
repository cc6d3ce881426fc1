//! Asking for everything to be made anew while it is searched, and hearing when it was.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// Each request has a number; a load serves all that were made before it began.
pub(super) struct Renewal {
    wanted: AtomicU64,
    begun: AtomicU64,
    done: watch::Sender<u64>,
}

impl Default for Renewal {
    fn default() -> Renewal {
        Renewal { wanted: AtomicU64::new(0), begun: AtomicU64::new(0), done: watch::Sender::new(0) }
    }
}

impl Renewal {
    pub(super) fn ask(&self) -> u64 {
        self.wanted.fetch_add(1, Ordering::AcqRel) + 1
    }

    pub(super) fn is_wanted(&self) -> bool {
        *self.done.borrow() < self.wanted.load(Ordering::Acquire)
    }

    /// A load begins. Answers whether it has to make everything anew.
    pub(super) fn begin(&self) -> bool {
        let is_wanted = self.is_wanted();
        self.begun.store(self.wanted.load(Ordering::Acquire), Ordering::Release);
        is_wanted
    }

    /// The load is finished.
    pub(super) fn finish(&self) {
        self.done.send_replace(self.begun.load(Ordering::Acquire));
    }

    pub(super) async fn wait(&self, number: u64, at_most: Duration) -> bool {
        let mut done = self.done.subscribe();
        tokio::time::timeout(at_most, done.wait_for(|done| *done >= number)).await.is_ok()
    }
}
