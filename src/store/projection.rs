//! Projections: what is derived from the rows by folding the change log, and can be made anew from a scan.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::base::Fault;
use crate::store::log::Batch;
use crate::store::{Snapshot, Store};

/// Batches folded in one go.
const FOLD_BATCHES: usize = 256;
/// How long a projection sleeps when nothing happens, before it looks again.
const IDLE: Duration = Duration::from_secs(5);
/// How long a projection that failed waits before it tries again.
const AFTER_A_FAULT: Duration = Duration::from_secs(1);

/// Something derived. It holds no truth: deleting it loses nothing, making it anew resends nothing.
pub trait Projection: Send + 'static {
    fn name(&self) -> &'static str;

    /// The last batch folded in; `None` if it must be made anew.
    fn seq(&self) -> Option<u64>;

    /// Makes it anew from every row.
    fn rebuild(&mut self, snapshot: &Snapshot) -> Result<(), Fault>;

    /// Folds batches in, oldest first. The snapshot may be newer than they are.
    fn fold(&mut self, batches: &[Batch], snapshot: &Snapshot) -> Result<(), Fault>;

    /// Nothing waits to be folded: the moment for what time alone changes, and for making things durable. Comes
    /// after every fold, and every few seconds.
    fn rest(&mut self, snapshot: &Snapshot) -> Result<(), Fault> {
        let _ = snapshot;
        Ok(())
    }
}

/// Brings a projection up to the newest commit; answers the seq it has reached.
pub(crate) fn catch_up(store: &Store, projection: &mut dyn Projection) -> Result<u64, Fault> {
    loop {
        let snapshot = store.snapshot()?;
        let at = match projection.seq() {
            Some(seq) if seq <= snapshot.seq() => seq,
            // Never made, or made from a future that a restore has undone.
            Some(_) | None => {
                rebuild(projection, &snapshot)?;
                continue;
            }
        };
        if at == snapshot.seq() {
            projection.rest(&snapshot)?;
            return Ok(at);
        }
        let batches = store.batches_after(at, FOLD_BATCHES)?;
        let is_unbroken = batches.first().is_some_and(|first| first.seq == at + 1);
        if is_unbroken {
            projection.fold(&batches, &store.snapshot()?)?;
        } else {
            rebuild(projection, &snapshot)?;
        }
    }
}

fn rebuild(projection: &mut dyn Projection, snapshot: &Snapshot) -> Result<(), Fault> {
    projection.rebuild(snapshot)?;
    if projection.seq() == Some(snapshot.seq()) {
        return Ok(());
    }
    Err(Fault::bug(projection.name(), "a rebuild has not reached the state that it was made from"))
}

/// Keeps a projection up to date on a thread of its own until the store closes.
pub(crate) fn follow(store: &Store, mut projection: Box<dyn Projection>) -> Result<(), Fault> {
    let weak = store.downgrade();
    let name = projection.name();
    store.followers().note(name, projection.seq());
    let run = move || {
        let mut is_sound = true;
        // The thread holds the store only while it folds, so that dropping the last handle closes it.
        while let Some(store) = weak.upgrade() {
            let turn = AssertUnwindSafe(|| {
                if !is_sound {
                    rebuild(projection.as_mut(), &store.snapshot()?)?;
                }
                catch_up(&store, projection.as_mut())
            });
            // Nobody knows in what state a panic left it: it is made anew.
            let (unwound, reached) = match catch_unwind(turn) {
                Ok(reached) => (false, reached),
                Err(_) => (true, Err(Fault::bug(name, "it panicked"))),
            };
            is_sound = !unwound && (is_sound || reached.is_ok());
            store.followers().note(name, if is_sound { projection.seq() } else { None });
            let watch = store.head_watch();
            drop(store);
            match reached {
                Ok(seq) => {
                    if watch.wait_past(seq, IDLE).is_none() {
                        return;
                    }
                }
                Err(fault) => {
                    tracing::error!(projection = name, %fault, "a projection stands still");
                    std::thread::sleep(AFTER_A_FAULT);
                }
            }
        }
    };
    let thread = std::thread::Builder::new().name(name.into()).spawn(run);
    thread.map(drop).map_err(|error| Fault::io("starting a projection", error))
}
