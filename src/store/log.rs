//! The change log: the ordered effects of all commits, and the seam behind which it may be shared one day.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use minicbor::{Decode, Encode};

use crate::base::{Fault, Timestamp};
use crate::store::overlay::Effect;

/// One commit: effects, not commands, so that replay needs no determinism.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Batch {
    /// Gap-free from 1.
    #[n(0)]
    pub seq: u64,
    /// Grows with every restore and every change of leader.
    #[n(1)]
    pub epoch: u64,
    /// Random: tells whether an append of unknown outcome was ours.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub id: [u8; 16],
    #[n(3)]
    pub at: Timestamp,
    #[n(4)]
    pub effects: Vec<Effect>,
}

impl Batch {
    /// When a batch was committed, from its row; its effects may be many, and are not read.
    pub(in crate::store) fn time_of(row: &[u8]) -> Result<Timestamp, Fault> {
        let mut decoder = minicbor::Decoder::new(row);
        let at = decoder.array().and_then(|_| {
            // Seq, epoch and id stand before it.
            (0..3).try_for_each(|_| decoder.skip())?;
            decoder.decode()
        });
        at.map_err(|error| Fault::corrupt("a batch of the change log can't be read", error))
    }
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is in the log, durable.
    Done,
    /// Somebody else's batch has this seq, or a later epoch leads: read on and decide again.
    Behind,
    /// No answer came; the batch may be in the log or not. Its id settles it.
    Unknown,
}

/// A log that several processes could share. `InFile` needs none: its log lies beside the rows.
pub trait ChangeLog: Send {
    /// Appends the batch if the log's head is just before its seq and its epoch leads.
    fn append(&self, batch: &Batch) -> impl Future<Output = Appended> + Send;

    /// Batches after `seq`, oldest first, at most `limit`.
    fn read(&self, after: u64, limit: usize) -> impl Future<Output = Result<Vec<Batch>, Fault>> + Send;

    /// The last seq; 0 if there is none.
    fn head(&self) -> impl Future<Output = Result<u64, Fault>> + Send;

    /// Waits until the head is past `seq`, or the time is over; answers the head.
    fn wait(&self, past: u64, at_most: Duration) -> impl Future<Output = Result<u64, Fault>> + Send;

    /// Takes the lead: a new epoch, higher than every earlier one and than `above`. Appends in earlier ones are
    /// refused from now on.
    fn lead(&self, above: u64) -> impl Future<Output = Result<u64, Fault>> + Send;

    /// Forgets batches up to and including `seq`.
    fn trim(&self, up_to: u64) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// A log in memory, shared by its clones: for the conformance suite, and as the model of a shared log.
#[derive(Clone, Default)]
pub struct MemoryLog {
    shared: Arc<(Mutex<Remembered>, Condvar)>,
}

#[derive(Default)]
struct Remembered {
    batches: Vec<Batch>,
    /// Head when the batches before were trimmed.
    trimmed: u64,
    epoch: u64,
    mishaps: Vec<Mishap>,
}

/// What shall go wrong with the next append, for tests of whoever appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The batch is stored, the answer is lost.
    AnswerLost,
    /// The batch never arrives, and neither does an answer.
    RequestLost,
}

impl MemoryLog {
    /// The next appends suffer these, last first.
    pub fn plan(&self, mishaps: Vec<Mishap>) {
        self.locked().mishaps = mishaps;
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Remembered> {
        // A panic while it was locked leaves no half-done change behind: each one is a single push or assignment.
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn head(&self) -> u64 {
        self.batches.last().map_or(self.trimmed, |batch| batch.seq)
    }
}

impl ChangeLog for MemoryLog {
    async fn append(&self, batch: &Batch) -> Appended {
        let mut log = self.locked();
        let mishap = log.mishaps.pop();
        if mishap == Some(Mishap::RequestLost) {
            return Appended::Unknown;
        }
        if batch.seq != log.head() + 1 || batch.epoch < log.epoch {
            return Appended::Behind;
        }
        log.epoch = batch.epoch;
        log.batches.push(batch.clone());
        self.shared.1.notify_all();
        if mishap == Some(Mishap::AnswerLost) { Appended::Unknown } else { Appended::Done }
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<Batch>, Fault> {
        let log = self.locked();
        if after < log.trimmed {
            return Err(Fault::io("reading the change log", format!("batches up to {} are trimmed", log.trimmed)));
        }
        Ok(log.batches.iter().filter(|batch| batch.seq > after).take(limit).cloned().collect())
    }

    async fn head(&self) -> Result<u64, Fault> {
        Ok(self.locked().head())
    }

    async fn wait(&self, past: u64, at_most: Duration) -> Result<u64, Fault> {
        let waiting = self.shared.1.wait_timeout_while(self.locked(), at_most, |log| log.head() <= past);
        let (log, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        Ok(log.head())
    }

    async fn lead(&self, above: u64) -> Result<u64, Fault> {
        let mut log = self.locked();
        log.epoch = log.epoch.max(above) + 1;
        Ok(log.epoch)
    }

    async fn trim(&self, up_to: u64) -> Result<(), Fault> {
        let mut log = self.locked();
        log.trimmed = up_to.min(log.head()).max(log.trimmed);
        let trimmed = log.trimmed;
        log.batches.retain(|batch| batch.seq > trimmed);
        Ok(())
    }
}
