//! The store's handle: open, read, write, follow.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;

use crate::base::{Chance, Clock, Fault, Timestamp};
use crate::store::care::{Care, Condition};
use crate::store::committer::{Committer, InFile};
use crate::store::disk::{Disk, Head, Origin, Place, Snapshot};
use crate::store::hooks::Hooks;
use crate::store::log::Batch;
use crate::store::once::{Once, OnceRefusal, once};
use crate::store::overlay::Overlay;
use crate::store::projection::{self, Projection};
use crate::store::space::Space;
use crate::store::writer::{Answer, HeadWatch, Position, Queue, Writer, command};
use crate::store::{Effect, Outcome, Row, Tx};

/// How to open a store.
pub struct Options<'a> {
    pub place: Place<'a>,
    pub cache_bytes: usize,
    /// The schema that this build writes; a newer store is refused.
    pub schema: u32,
    /// Stamp of a store that is made now; an existing store keeps its own.
    pub origin: Origin,
    pub hooks: Hooks,
    /// Makes the clock from the time of the last commit.
    pub clock: &'a dyn Fn(Timestamp) -> Clock,
}

/// Why a store is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    #[error("this data was written by a newer Highstreet (schema {found}, this build knows {known}): install that one")]
    Newer { found: u32, known: u32 },
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A city's store. Clones share it; the last one closes it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    disk: Arc<Disk>,
    clock: Arc<Clock>,
    care: Arc<Care>,
    hooks: Arc<Hooks>,
    watch: Arc<HeadWatch>,
    queue: Option<Queue>,
    /// Ends the caretaker when it is dropped.
    stop: Option<Sender<()>>,
    /// The writer and the caretaker.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store, or makes a new one.
    pub fn open(options: Options<'_>) -> Result<Store, OpenFault> {
        Store::open_with(options, |disk| Ok(Box::new(InFile::new(disk))))
    }

    /// Opens the store with another way of committing.
    pub fn open_with(
        options: Options<'_>,
        committer: impl FnOnce(Arc<Disk>) -> Result<Box<dyn Committer>, Fault>,
    ) -> Result<Store, OpenFault> {
        Store::open_by_chance(options, Chance::from_system()?, committer)
    }

    /// Opens the store with chance that is given: a simulation can then be run again.
    pub fn open_by_chance(
        options: Options<'_>,
        chance: Chance,
        committer: impl FnOnce(Arc<Disk>) -> Result<Box<dyn Committer>, Fault>,
    ) -> Result<Store, OpenFault> {
        Store::open_on(Disk::open(options.place, options.cache_bytes)?, options, chance, committer)
    }

    /// Opens the store of a disk that is open.
    pub(in crate::store) fn open_on(
        disk: Disk,
        options: Options<'_>,
        mut chance: Chance,
        committer: impl FnOnce(Arc<Disk>) -> Result<Box<dyn Committer>, Fault>,
    ) -> Result<Store, OpenFault> {
        let disk = Arc::new(disk);
        let known = match disk.head()? {
            Some(head) => head,
            None => new_city(&disk, &options, &mut chance)?,
        };
        if known.schema > options.schema {
            return Err(OpenFault::Newer { found: known.schema, known: options.schema });
        }
        let committer = committer(disk.clone())?;
        let head = committer.head()?;
        let clock = Arc::new((options.clock)(head.at));
        let watch = Arc::new(HeadWatch::default());
        watch.set(head.seq);
        let hooks = Arc::new(options.hooks);
        let care =
            Arc::new(Care { disk: disk.clone(), clock: clock.clone(), space: Space::of(options.place.folder()) });
        let writer = Writer {
            committer,
            disk: disk.clone(),
            care: care.clone(),
            clock: clock.clone(),
            hooks: hooks.clone(),
            chance,
            watch: watch.clone(),
            next: Position { seq: head.seq, index: 0 },
            unsettled: None,
        };
        let (queue, writer) = writer.start()?;
        let (stop, caretaker) = care.clone().start()?;
        let threads = Mutex::new(vec![writer, caretaker]);
        let inner = Inner { disk, clock, care, hooks, watch, queue: Some(queue), stop: Some(stop), threads };
        Ok(Store(Arc::new(inner)))
    }

    /// The newest commit, to read from; it stays as it is.
    pub fn snapshot(&self) -> Result<Snapshot, Fault> {
        self.0.disk.snapshot()
    }

    pub fn clock(&self) -> &Arc<Clock> {
        &self.0.clock
    }

    /// Whether it takes writes, and how much room it has.
    pub fn condition(&self) -> Condition {
        self.0.care.condition()
    }

    /// Runs a command; answers when its effects are durable, or when it is refused.
    ///
    /// The closure is free of side effects: it may be run again on a newer state.
    pub async fn write<T, R>(&self, closure: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static) -> Answer<T, R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (job, answer) = command(closure);
        self.submit(job);
        answer.await.unwrap_or_else(|_| Answer::fault(gone()))
    }

    /// The same for a thread that may block: subcommands, timers, tests.
    pub fn write_blocking<T, R>(&self, closure: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static) -> Answer<T, R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (job, answer) = command(closure);
        self.submit(job);
        answer.blocking_recv().unwrap_or_else(|_| Answer::fault(gone()))
    }

    /// Runs a command at most once for its key: a retry is a success and gets the first answer.
    pub async fn write_once<T, R>(
        &self,
        request: Once,
        closure: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static,
    ) -> Answer<T, OnceRefusal<R>>
    where
        T: Row + Send + 'static,
        R: Send + 'static,
    {
        self.write(move |tx| once(tx, &request, &closure)).await
    }

    /// Runs a command on the newest state and commits nothing: what it would do and answer, at a given time and seed.
    pub fn rehearse<T, R>(
        &self,
        now: Timestamp,
        seed: [u8; 32],
        closure: impl Fn(&mut Tx<'_>) -> Outcome<T, R>,
    ) -> Result<(Outcome<T, R>, Vec<Effect>), Fault> {
        let snapshot = self.snapshot()?;
        let batch = Overlay::default();
        let mut tx = Tx::new(&snapshot, &batch, now, Chance::from_seed(seed), &self.0.hooks);
        let outcome = tx.run(closure);
        Ok((outcome, tx.effects()))
    }

    /// Keeps a projection up to date from now on.
    pub fn follow(&self, projection: Box<dyn Projection>) -> Result<(), Fault> {
        projection::follow(self, projection)
    }

    /// Brings a projection up to date once, on this thread.
    pub fn catch_up(&self, projection: &mut dyn Projection) -> Result<u64, Fault> {
        projection::catch_up(self, projection)
    }

    /// Batches of the change log after `seq`, oldest first, at most `limit`.
    pub fn batches_after(&self, seq: u64, limit: usize) -> Result<Vec<Batch>, Fault> {
        self.0.disk.batches_after(seq, limit)
    }

    pub(crate) fn head_watch(&self) -> Arc<HeadWatch> {
        self.0.watch.clone()
    }

    pub(crate) fn downgrade(&self) -> WeakStore {
        WeakStore(Arc::downgrade(&self.0))
    }

    pub(in crate::store) fn submit(&self, job: Box<dyn crate::store::writer::Job>) {
        match &self.0.queue {
            Some(queue) => queue.submit(job),
            None => job.answer(Position::default(), Some(gone())),
        }
    }
}

/// A handle that does not keep the store open.
pub(crate) struct WeakStore(Weak<Inner>);

impl WeakStore {
    pub(crate) fn upgrade(&self) -> Option<Store> {
        self.0.upgrade().map(Store)
    }
}

impl Drop for Inner {
    /// Lets the writer finish what was submitted, and waits for it and for the caretaker.
    fn drop(&mut self) {
        (self.queue, self.stop) = (None, None);
        self.watch.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A closure may have held the last handle: then this is the writer itself, which can't wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                // Its panics were caught and answered; there is nothing more to learn from the join.
                let _ = thread.join();
            }
        }
    }
}

fn new_city(disk: &Disk, options: &Options<'_>, chance: &mut Chance) -> Result<Head, Fault> {
    let head = Head {
        store_id: chance.bytes(),
        schema: options.schema,
        epoch: 1,
        seq: 0,
        at: Timestamp::from_millis(0),
        origin: options.origin,
    };
    disk.seed(&head, &mut std::iter::empty())?;
    Ok(head)
}

fn gone() -> Fault {
    Fault::busy("writing", "the store is closed")
}
