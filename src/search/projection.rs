//! Keeps search in step with the store: folds the change log into documents, which capabilities assemble together.
//! Names no capability: `app.rs` hands in who has the places and who adds to them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::{Clock, Fault, Timestamp};
use crate::search::{Change, Document, Due, Search};
use crate::store::{self, Batch, Effect, Read, Snapshot};

/// Documents that are assembled and fed in one go.
const CHUNK: usize = 500;

type PlaceId = [u8; 16];

/// Whoever has the places: where documents come from.
pub trait Source: Send {
    /// Ids in order, those after `after`.
    fn ids(&self, read: &dyn Read, after: Option<PlaceId>, limit: usize) -> Result<Vec<PlaceId>, Fault>;

    /// The document with all that the source knows; `None` if there is no such place.
    fn document(&self, read: &dyn Read, place: PlaceId) -> Result<Option<Document>, Fault>;
}

/// Whoever knows something of places.
pub trait Contributor: Send {
    /// The places whose documents an effect may change.
    fn touched(&self, read: &dyn Read, effect: &Effect) -> Result<Vec<PlaceId>, Fault>;

    /// Documents are not assembled anew, as they were kept: the moment to regain what was remembered while they were.
    fn resume(&mut self, read: &dyn Read) -> Result<(), Fault> {
        let _ = read;
        Ok(())
    }

    /// Adds what it knows of a place now. Where time alone will change that, answers when: it is asked again then.
    fn contribute(
        &mut self,
        read: &dyn Read,
        place: PlaceId,
        now: Timestamp,
        document: &mut Document,
    ) -> Result<Option<Timestamp>, Fault>;
}

/// The projection of the change log into [`Search`].
pub struct Projection {
    search: Arc<Search>,
    clock: Arc<Clock>,
    source: Box<dyn Source>,
    contributors: Vec<Box<dyn Contributor>>,
    /// Places whose documents time alone will change, by when.
    due: BTreeSet<Due>,
    /// `None` until all documents were loaded, by a rebuild or from what was kept.
    seq: Option<u64>,
}

impl Projection {
    pub fn new(
        search: Arc<Search>,
        clock: Arc<Clock>,
        source: Box<dyn Source>,
        contributors: Vec<Box<dyn Contributor>>,
    ) -> Projection {
        Projection { search, clock, source, contributors, due: BTreeSet::new(), seq: None }
    }

    /// Goes on from what search has kept: the places as of a `seq`, and those that are due.
    pub fn resume(&mut self, read: &dyn Read, seq: u64, due: Vec<Due>) -> Result<(), Fault> {
        for contributor in &mut self.contributors {
            contributor.resume(read)?;
        }
        self.due = due.into_iter().collect();
        self.seq = Some(seq);
        Ok(())
    }

    fn change(&mut self, read: &dyn Read, place: PlaceId) -> Result<Change, Fault> {
        let Some(mut document) = self.source.document(read, place)? else { return Ok(Change::Delete(place)) };
        let now = self.clock.now();
        for contributor in &mut self.contributors {
            if let Some(at) = contributor.contribute(read, place, now, &mut document)? {
                self.due.insert((at, place));
            }
        }
        Ok(Change::Put(document))
    }

    fn changes(&mut self, read: &dyn Read, places: &[PlaceId]) -> Result<Vec<Change>, Fault> {
        places.iter().map(|place| self.change(read, *place)).collect()
    }

    fn touched(&self, read: &dyn Read, batches: &[Batch]) -> Result<BTreeSet<PlaceId>, Fault> {
        let mut touched = BTreeSet::new();
        for effect in batches.iter().flat_map(|batch| &batch.effects) {
            for contributor in &self.contributors {
                touched.extend(contributor.touched(read, effect)?);
            }
        }
        Ok(touched)
    }

    /// The places that are due by now, taken off the list.
    fn take_due(&mut self) -> Vec<PlaceId> {
        let later = self.due.split_off(&(self.clock.now(), [u8::MAX; 16]));
        let due = std::mem::replace(&mut self.due, later);
        let places: BTreeSet<PlaceId> = due.into_iter().map(|(_, place)| place).collect();
        places.into_iter().collect()
    }
}

impl store::Projection for Projection {
    fn name(&self) -> &'static str {
        "search"
    }

    fn seq(&self) -> Option<u64> {
        self.seq
    }

    fn rebuild(&mut self, snapshot: &Snapshot) -> Result<(), Fault> {
        self.due.clear();
        self.search.begin_load()?;
        let mut last = None;
        loop {
            let places = self.source.ids(snapshot, last, CHUNK)?;
            let Some(end) = places.last() else { break };
            last = Some(*end);
            let changes = self.changes(snapshot, &places)?;
            self.search.apply(&changes, snapshot.seq())?;
        }
        self.search.finish_load(snapshot.seq())?;
        self.seq = Some(snapshot.seq());
        Ok(())
    }

    fn fold(&mut self, batches: &[Batch], snapshot: &Snapshot) -> Result<(), Fault> {
        let Some(last) = batches.last() else { return Ok(()) };
        let touched: Vec<PlaceId> = self.touched(snapshot, batches)?.into_iter().collect();
        for places in touched.chunks(CHUNK) {
            let changes = self.changes(snapshot, places)?;
            // What is fed in part is not yet what `last` says; feeding it again changes nothing.
            self.search.apply(&changes, self.seq.unwrap_or(0))?;
        }
        self.search.apply(&[], last.seq)?;
        self.seq = Some(last.seq);
        Ok(())
    }

    fn rest(&mut self, snapshot: &Snapshot) -> Result<(), Fault> {
        if self.search.is_stale() {
            return self.rebuild(snapshot);
        }
        let due = self.take_due();
        for places in due.chunks(CHUNK) {
            let changes = self.changes(snapshot, places)?;
            self.search.apply(&changes, snapshot.seq())?;
        }
        self.search.commit()?;
        self.search.look_after(self.clock.now(), &self.due);
        Ok(())
    }
}
