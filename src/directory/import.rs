//! Taking a file of places into the store: a series of small commands, so that nobody waits for a large one. Run again
//! on the same file it changes nothing, and after a break it goes on.

use std::collections::HashSet;
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::base::{BoundingBox, Fault};
use crate::directory::commands::{Met, import_chunk};
use crate::directory::model::{PLACES, Place};
use crate::directory::osm::{self, OsmFault, OsmReport, PlaceDraft, Progress};
use crate::directory::queries::place_of_source;
use crate::directory::refusal::Refusal;
use crate::directory::rules::described;
use crate::store::{self, Span, Stop, Store};

/// Places in one command: three rows each, far below the bounds of a transaction.
const CHUNK: usize = 500;
/// What the ids of everything from OpenStreetMap begin with.
const OSM: &str = "osm:";

/// How to take a file in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Take {
    /// Only say what would change.
    pub is_rehearsal: bool,
    /// Only what lies in here.
    pub within: Option<BoundingBox>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub met: Met,
    /// Places from the same source that the file no longer has. They are kept: a file may be a smaller cut.
    pub vanished: u64,
    /// Places of the file that lie outside of the box.
    pub outside: u64,
    pub file: OsmReport,
}

impl ImportReport {
    /// Places in the file, whatever became of them.
    pub const fn read(&self) -> u64 {
        self.file.kept + self.file.skipped.total()
    }

    /// Places that were left out.
    pub const fn skipped(&self) -> u64 {
        self.outside + self.file.skipped.total()
    }
}

/// Why an import stopped. What was taken in by then is right, and is unchanged at the next try.
#[derive(Debug, thiserror::Error)]
pub enum ImportFault {
    #[error(transparent)]
    File(#[from] OsmFault),
    #[error(transparent)]
    Store(#[from] Fault),
}

/// Takes an extract of OpenStreetMap in.
pub fn import(
    store: &Store,
    file: impl Read + Seek + Send,
    take: Take,
    on_progress: impl FnMut(Progress),
) -> Result<ImportReport, ImportFault> {
    let mut intake = Intake { store, take, waiting: Vec::new(), seen: HashSet::new(), report: ImportReport::default() };
    let file = osm::read(file, on_progress, |draft| intake.accept(draft))?;
    intake.flush()?;
    intake.report.file = file;
    intake.report.vanished = intake.vanished()?;
    Ok(intake.report)
}

struct Intake<'a> {
    store: &'a Store,
    take: Take,
    waiting: Vec<PlaceDraft>,
    seen: HashSet<String>,
    report: ImportReport,
}

impl Intake<'_> {
    fn accept(&mut self, draft: PlaceDraft) -> Result<(), ImportFault> {
        if self.take.within.is_some_and(|within| !within.contains(draft.point)) {
            self.report.outside += 1;
            return Ok(());
        }
        self.seen.insert(draft.source.clone());
        self.waiting.push(draft);
        if self.waiting.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ImportFault> {
        let drafts = std::mem::take(&mut self.waiting);
        if drafts.is_empty() {
            return Ok(());
        }
        let met = if self.take.is_rehearsal { self.rehearse(&drafts)? } else { self.write(drafts)? };
        self.report.met.added += met.added;
        self.report.met.updated += met.updated;
        self.report.met.unchanged += met.unchanged;
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
                Some((_, old)) if described(draft, Some(&old), old.slug.clone(), now) == old => met.unchanged += 1,
                Some(_) => met.updated += 1,
            }
        }
        Ok(met)
    }

    fn vanished(&self) -> Result<u64, Fault> {
        let snapshot = self.store.snapshot()?;
        let read: &dyn store::Read = &snapshot;
        let is_gone = |place: &Place| {
            place.source.as_ref().is_some_and(|source| source.starts_with(OSM) && !self.seen.contains(source))
                && self.take.within.is_none_or(|within| within.contains(place.point))
        };
        let mut gone = 0;
        for row in read.scan(&PLACES, Span::all())? {
            gone += u64::from(is_gone(&row?.1));
        }
        Ok(gone)
    }
}

fn never_refused(refusal: Refusal) -> Fault {
    Fault::bug("importing places", format!("{refusal:?}"))
}
