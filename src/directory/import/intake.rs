//! Where the places of a file arrive: those outside of the box and those that come twice are left out, the others are
//! written, or compared with what is there, some at a time.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::base::Fault;
use crate::directory::commands::{Met, import_chunk};
use crate::directory::likeness::Likeness;
use crate::directory::queries::place_of_source;
use crate::directory::reading::{FileFault, FileReport, PlaceDraft, RowErrors, Wrong};
use crate::directory::refusal::Refusal;
use crate::directory::rules::described;
use crate::store::{Stop, Store};

use super::survey::{Spot, Survey};
use super::{ImportFault, ImportReport, Take};

/// Places in one command, and the bytes of their texts: far below the bounds of a transaction, and written in a few
/// milliseconds, in which nobody else's command runs.
const CHUNK: usize = 500;
const CHUNK_BYTES: usize = 512 * 1024;
/// Places of one file, which is as large as a city gets. What is remembered of each, to find it twice, is about 150
/// bytes.
const MAX_PLACES: usize = 1_000_000;

pub(super) struct Intake<'a> {
    store: &'a Store,
    take: &'a Take,
    waiting: Vec<PlaceDraft>,
    waiting_bytes: usize,
    seen: Seen,
    spots: Vec<Spot>,
    twice: RowErrors,
    met: Met,
    outside: u64,
}

/// The ids that were met, as numbers: that two of a million get the same one happens once in thirty million files.
#[derive(Default)]
pub(super) struct Seen {
    ids: HashSet<u64>,
    hasher: RandomState,
}

impl Seen {
    /// Whether it was not met before.
    fn add(&mut self, source: &str) -> bool {
        self.ids.insert(self.hasher.hash_one(source))
    }

    pub(super) fn has(&self, source: &str) -> bool {
        self.ids.contains(&self.hasher.hash_one(source))
    }
}

impl<'a> Intake<'a> {
    pub(super) fn new(store: &'a Store, take: &'a Take) -> Intake<'a> {
        Intake {
            store,
            take,
            waiting: Vec::new(),
            waiting_bytes: 0,
            seen: Seen::default(),
            spots: Vec::new(),
            twice: RowErrors::default(),
            met: Met::default(),
            outside: 0,
        }
    }

    pub(super) fn accept(&mut self, row: u64, draft: PlaceDraft) -> Result<(), ImportFault> {
        if self.take.within.is_some_and(|within| !within.contains(draft.point)) {
            self.outside += 1;
            return Ok(());
        }
        if !self.seen.add(&draft.source) {
            self.twice.note(row, Wrong::Twice);
            return Ok(());
        }
        if self.spots.len() == MAX_PLACES {
            return Err(FileFault::TooLarge.into());
        }
        let (source, name) = (draft.source.as_str().into(), draft.facts.name.as_str().into());
        self.spots.push(Spot { likeness: Likeness::of(&draft), source, name });
        self.waiting_bytes += draft.facts.text_bytes();
        self.waiting.push(draft);
        if self.waiting.len() >= CHUNK || self.waiting_bytes >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    /// The rest, and then what is to be told of the whole.
    pub(super) fn finish(mut self, file: FileReport, source: &str) -> Result<ImportReport, ImportFault> {
        self.flush()?;
        let mut report = ImportReport { met: self.met, outside: self.outside, file, ..ImportReport::default() };
        report.file.errors.absorb(self.twice);
        let survey = Survey { store: self.store, within: self.take.within, seen: &self.seen, source };
        survey.complete(self.spots, self.take.merges, &mut report)?;
        Ok(report)
    }

    fn flush(&mut self) -> Result<(), ImportFault> {
        let drafts = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if drafts.is_empty() {
            return Ok(());
        }
        let met = if self.take.is_rehearsal { self.rehearse(&drafts)? } else { self.write(drafts)? };
        self.met.added += met.added;
        self.met.updated += met.updated;
        self.met.unchanged += met.unchanged;
        Ok(())
    }

    fn write(&self, drafts: Vec<PlaceDraft>) -> Result<Met, Fault> {
        let drafts = Arc::new(drafts);
        match self.store.write_blocking(move |tx| import_chunk(tx, &drafts)).outcome {
            Ok(met) => Ok(met),
            Err(Stop::Fault(fault)) => Err(fault),
            Err(Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal)) => Err(never_refused(refusal)),
        }
    }

    /// What [`Intake::write`] would answer.
    fn rehearse(&self, drafts: &[PlaceDraft]) -> Result<Met, Fault> {
        let snapshot = self.store.snapshot()?;
        let now = self.store.clock().now();
        let mut met = Met::default();
        for draft in drafts {
            match place_of_source(&snapshot, &draft.source)? {
                None => met.added += 1,
                Some((_, old)) if !old.is_one_of_its_own() => met.unchanged += 1,
                Some((_, old)) if described(draft, Some(&old), old.slug.clone(), now) == old => met.unchanged += 1,
                Some(_) => met.updated += 1,
            }
        }
        Ok(met)
    }
}

fn never_refused(refusal: Refusal) -> Fault {
    Fault::bug("importing places", format!("{refusal:?}"))
}
