//! The one writer thread: takes what waits, runs each command in turn, commits once, and only then answers.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::base::clock::monotonic;
use crate::base::fault::FaultKind;
use crate::base::{Chance, Clock, Fault, Timestamp};
use crate::store::care::Care;
use crate::store::committer::{Committed, Committer};
use crate::store::disk::Disk;
use crate::store::hooks::Hooks;
use crate::store::log::Batch;
use crate::store::overlay::Overlay;
use crate::store::{Outcome, Stop, Tx};

/// Commands that wait at most; one more is told to try again.
const QUEUE_JOBS: usize = 1024;
/// Commands in one commit.
const BATCH_JOBS: usize = 256;
/// Effects that end a batch; what waits beyond them has its turn in the next.
const BATCH_BYTES: usize = 16 << 20;

/// How long those wait at most whose commit is of unknown outcome, until the disk tells.
const UNSETTLED_WAIT: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Where in the order of all decisions an answer was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The commit that the decision belongs to, or that it was made on if it had no effects.
    pub seq: u64,
    /// Its place among the decisions of that commit and those made on it.
    pub index: u64,
}

/// The outcome of a command, and where in the order of all decisions it stands.
#[derive(Debug)]
pub struct Answer<T, R> {
    pub position: Position,
    pub outcome: Outcome<T, R>,
}

impl<T, R> Answer<T, R> {
    pub(crate) fn fault(fault: Fault) -> Answer<T, R> {
        Answer { position: Position::default(), outcome: Err(Stop::Fault(fault)) }
    }
}

/// A command in the queue, without its types.
pub(crate) trait Job: Send {
    /// Runs the command; whether its effects are to stay.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Answers what the last run came to, or the fault that befell the batch.
    fn answer(self: Box<Self>, position: Position, fault: Option<Fault>);
}

struct Command<F, T, R> {
    closure: F,
    outcome: Option<Outcome<T, R>>,
    reply: oneshot::Sender<Answer<T, R>>,
}

/// A job of this closure, and where its answer will arrive.
pub(crate) fn command<F, T, R>(closure: F) -> (Box<dyn Job>, oneshot::Receiver<Answer<T, R>>)
where
    F: Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static,
    T: Send + 'static,
    R: Send + 'static,
{
    let (reply, receiver) = oneshot::channel();
    (Box::new(Command { closure, outcome: None, reply }), receiver)
}

impl<F, T, R> Job for Command<F, T, R>
where
    F: Fn(&mut Tx<'_>) -> Outcome<T, R> + Send,
    T: Send,
    R: Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let outcome = tx.run(&self.closure);
        let stays = matches!(outcome, Ok(_) | Err(Stop::RefuseKeeping(_)));
        self.outcome = Some(outcome);
        stays
    }

    fn answer(self: Box<Self>, position: Position, fault: Option<Fault>) {
        let outcome = match (fault, self.outcome) {
            (Some(fault), _) => Err(Stop::Fault(fault)),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(Stop::Fault(Fault::bug("a command", "it was answered before it ran"))),
        };
        // Whoever asked may have gone away; the decision stands all the same.
        let _ = self.reply.send(Answer { position, outcome });
    }
}

/// The door of the queue.
pub(crate) struct Queue(SyncSender<Box<dyn Job>>);

impl Queue {
    pub(crate) fn submit(&self, job: Box<dyn Job>) {
        let (job, cause) = match self.0.try_send(job) {
            Ok(()) => return,
            Err(TrySendError::Full(job)) => (job, "too many writes are waiting"),
            Err(TrySendError::Disconnected(job)) => (job, "the store is closed"),
        };
        job.answer(Position::default(), Some(Fault::busy("writing", cause)));
    }
}

/// The seq of the last commit, for those who wait for the next.
#[derive(Default)]
pub(crate) struct HeadWatch {
    seq: Mutex<(u64, bool)>,
    changed: Condvar,
}

impl HeadWatch {
    /// Waits until the head is past `seq`, the store closes or the time is over; answers the head, `None` if closed.
    pub(crate) fn wait_past(&self, seq: u64, at_most: Duration) -> Option<u64> {
        let locked = self.seq.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.changed.wait_timeout_while(locked, at_most, |(head, closed)| *head <= seq && !*closed);
        let (state, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        (!state.1).then_some(state.0)
    }

    pub(crate) fn set(&self, seq: u64) {
        let before = std::mem::replace(&mut self.seq.lock().unwrap_or_else(PoisonError::into_inner).0, seq);
        if before != seq {
            self.changed.notify_all();
        }
    }

    pub(crate) fn close(&self) {
        self.seq.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.changed.notify_all();
    }
}

pub(crate) struct Writer {
    pub committer: Box<dyn Committer>,
    pub disk: Arc<Disk>,
    pub care: Arc<Care>,
    pub clock: Arc<Clock>,
    pub hooks: Arc<Hooks>,
    pub chance: Chance,
    pub watch: Arc<HeadWatch>,
    /// Where the next decision stands.
    pub next: Position,
    /// A batch whose commit failed so late that nobody can tell yet what became of it.
    pub unsettled: Option<Unsettled>,
}

pub(crate) struct Unsettled {
    batch: Position,
    id: [u8; 16],
    jobs: Vec<Box<dyn Job>>,
    since: Instant,
}

impl Writer {
    /// Starts the thread; it ends when every door of its queue is gone.
    pub(crate) fn start(mut self) -> Result<(Queue, std::thread::JoinHandle<()>), Fault> {
        let (sender, receiver) = sync_channel(QUEUE_JOBS);
        let run = move || self.run(&receiver);
        let thread = std::thread::Builder::new().name("writer".into()).spawn(run);
        Ok((Queue(sender), thread.map_err(|error| Fault::io("starting the writer", error))?))
    }

    fn run(&mut self, queue: &Receiver<Box<dyn Job>>) {
        let mut waiting = VecDeque::new();
        loop {
            self.settle();
            // No gathering delay: what came in during the last fsync is the next batch.
            waiting.extend(queue.try_iter().take(BATCH_JOBS - waiting.len()));
            if waiting.is_empty() {
                match self.next_job(queue) {
                    Ok(job) => waiting.push_back(job),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                continue;
            }
            self.turn(&mut waiting);
        }
        self.give_up();
        self.watch.close();
    }

    fn next_job(&self, queue: &Receiver<Box<dyn Job>>) -> Result<Box<dyn Job>, RecvTimeoutError> {
        match self.unsettled {
            Some(_) => queue.recv_timeout(BETWEEN_LOOKS),
            None => queue.recv().map_err(RecvTimeoutError::from),
        }
    }

    /// Decides and commits what waits, or as much of it as one batch holds, and answers it.
    fn turn(&mut self, waiting: &mut VecDeque<Box<dyn Job>>) {
        // A panic in here, below the commands, must not end all writing for good.
        let committed = catch_unwind(AssertUnwindSafe(|| self.care.check().and_then(|()| self.commit(waiting))));
        match committed.unwrap_or_else(|_| Err(Fault::bug("committing", "the writer panicked"))) {
            Ok(Decided { first, jobs, unsettled: None }) => answer(waiting.drain(..jobs), first),
            Ok(Decided { first, jobs, unsettled: Some(id) }) => {
                let jobs = waiting.drain(..jobs).collect();
                self.unsettled = Some(Unsettled { batch: first, id, jobs, since: monotonic() });
            }
            Err(fault) => refuse(waiting.drain(..), &fault),
        }
    }

    /// Answers those whose commit was of unknown outcome, once the disk tells.
    fn settle(&mut self) {
        let Some(unsettled) = &self.unsettled else { return };
        match self.disk.has(unsettled.batch.seq, &unsettled.id) {
            Ok(None) if unsettled.since.elapsed() > UNSETTLED_WAIT => self.give_up(),
            Ok(None) => {}
            Ok(Some(is_durable)) => {
                let Some(Unsettled { batch, jobs, .. }) = self.unsettled.take() else { return };
                if is_durable {
                    let count = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
                    self.next = Position { seq: batch.seq, index: count };
                    self.watch.set(batch.seq);
                    answer(jobs, batch);
                } else {
                    refuse(jobs, &Fault::io("committing", "the disk failed, and the commit is not on it"));
                }
            }
            Err(fault) => tracing::warn!(%fault, "a commit of unknown outcome stays so"),
        }
    }

    /// Nobody could tell in time.
    fn give_up(&mut self) {
        let Some(Unsettled { jobs, .. }) = self.unsettled.take() else { return };
        let cause = "the disk failed, and does not tell yet whether the commit is on it";
        refuse(jobs, &Fault::new(FaultKind::Unsettled, "committing", cause));
    }

    fn commit(&mut self, waiting: &mut VecDeque<Box<dyn Job>>) -> Result<Decided, Fault> {
        loop {
            let head = self.committer.head()?;
            self.watch.set(head.seq);
            let now = self.clock.now().max(head.at);
            let (jobs, overlay) = self.decide(waiting, now)?;
            let count = u64::try_from(jobs).unwrap_or(u64::MAX);
            if overlay.is_empty() {
                let first = if self.next.seq == head.seq { self.next } else { Position { seq: head.seq, index: 0 } };
                self.next = Position { index: first.index + count, ..first };
                return Ok(Decided { first, jobs, unsettled: None });
            }
            let effects = overlay.into_effects();
            let batch = Batch { seq: head.seq + 1, epoch: head.epoch, id: self.chance.bytes(), at: now, effects };
            let first = Position { seq: batch.seq, index: 0 };
            match self.committer.commit(&batch)? {
                Committed::Done => {
                    self.next = Position { seq: batch.seq, index: count };
                    self.watch.set(batch.seq);
                    return Ok(Decided { first, jobs, unsettled: None });
                }
                Committed::Unknown => return Ok(Decided { first, jobs, unsettled: Some(batch.id) }),
                Committed::Behind => {}
            }
        }
    }

    /// Runs commands of the batch, each over the ones before it; answers how many, and what they come to.
    fn decide(&mut self, waiting: &mut VecDeque<Box<dyn Job>>, now: Timestamp) -> Result<(usize, Overlay), Fault> {
        let snapshot = self.disk.snapshot()?;
        let mut overlay = Overlay::default();
        let mut jobs = 0;
        for job in waiting {
            let chance = Chance::from_seed(self.chance.bytes());
            let mut tx = Tx::new(&snapshot, &overlay, now, chance, &self.hooks);
            if job.run(&mut tx) {
                let own = tx.into_overlay();
                overlay.absorb(own);
            }
            jobs += 1;
            if overlay.bytes() > BATCH_BYTES {
                break;
            }
        }
        Ok((jobs, overlay))
    }
}

/// So many commands from the front of the queue are decided; the first of them stands here.
struct Decided {
    first: Position,
    jobs: usize,
    /// The id of their batch, where nobody knows whether it is durable. All others are.
    unsettled: Option<[u8; 16]>,
}

fn answer(jobs: impl IntoIterator<Item = Box<dyn Job>>, first: Position) {
    for (index, job) in (first.index..).zip(jobs) {
        job.answer(Position { index, ..first }, None);
    }
}

fn refuse(jobs: impl IntoIterator<Item = Box<dyn Job>>, fault: &Fault) {
    for job in jobs {
        job.answer(Position::default(), Some(fault.clone()));
    }
}
