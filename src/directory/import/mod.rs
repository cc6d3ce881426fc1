//! Taking a file of places into the store. The whole file is read before the first write; then it is written in small
//! commands, so that nobody waits for a large one. Run again on the same file it changes nothing, and after a break it
//! goes on: what was written is found unchanged.

use std::io::{Read, Seek};

use crate::base::{BoundingBox, Fault};
use crate::directory::columns::Mapping;
use crate::directory::commands::Met;
use crate::directory::facts::Gatherer;
use crate::directory::reading::{FileFault, FileReport, Progress, RowErrors, Sink};
use crate::directory::{features, osm, rows};
use crate::store::Store;

mod intake;
mod survey;
mod unpacked;

use intake::Intake;
pub use survey::{Twin, Vanished};
use unpacked::Unpacked;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Osm,
    Geojson,
    Csv,
}

/// How to take a file in.
#[derive(Clone, Debug, Default)]
pub struct Take {
    /// Only say what would change.
    pub is_rehearsal: bool,
    /// Only what lies in here.
    pub within: Option<BoundingBox>,
    /// Whether of two listings of one place one becomes the way to the other; else they are only told.
    pub merges: bool,
    pub mapping: Mapping,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub met: Met,
    /// Places from the same source that the file no longer has. They are kept: a file may be a smaller cut.
    pub vanished: Vanished,
    /// Places of the file that seem to be listed a second time, in the file or in the city.
    pub twins: Twins,
    /// Listings that became the way to another one.
    pub merged: u64,
    /// Places of the file that lie outside of the box.
    pub outside: u64,
    pub file: FileReport,
}

/// Pairs that seem to be one place: all are counted, the first are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Twins {
    pub count: u64,
    pub told: Vec<Twin>,
}

impl ImportReport {
    /// Places in the file, whatever became of them.
    pub const fn read(&self) -> u64 {
        let Met { added, updated, unchanged } = self.met;
        added + updated + unchanged + self.skipped()
    }

    /// Places that were left out.
    pub const fn skipped(&self) -> u64 {
        self.outside + self.file.skipped.total() + self.file.errors.count
    }

    pub const fn errors(&self) -> &RowErrors {
        &self.file.errors
    }
}

/// Why an import stopped. What was taken in by then is right, and is unchanged at the next try.
#[derive(Debug, thiserror::Error)]
pub enum ImportFault {
    #[error(transparent)]
    File(#[from] FileFault),
    #[error(transparent)]
    Store(#[from] Fault),
}

/// Takes a file in.
pub fn import(
    store: &Store,
    mut file: impl Read + Seek,
    format: Format,
    take: &Take,
    mut on_progress: impl FnMut(Progress),
) -> Result<ImportReport, ImportFault> {
    let mut gatherer = Gatherer::default();
    if !take.is_rehearsal {
        let on_progress = |progress| on_progress(part(0, 2, progress));
        read(&mut file, format, &take.mapping, &mut gatherer, on_progress, |_, _| Ok::<(), FileFault>(()))?;
    }
    let (nth, of) = if take.is_rehearsal { (0, 1) } else { (1, 2) };
    let mut intake = Intake::new(store, take);
    let on_progress = |progress| on_progress(part(nth, of, progress));
    let report =
        read(&mut file, format, &take.mapping, &mut gatherer, on_progress, |row, draft| intake.accept(row, draft))?;
    intake.finish(report, source(format, &take.mapping))
}

/// The progress of one of several readings, in that of all.
const fn part(nth: u64, of: u64, Progress { done, total, kept }: Progress) -> Progress {
    Progress { done: done + nth * total, total: of * total, kept }
}

/// What the ids of the file's places begin with.
fn source(format: Format, mapping: &Mapping) -> &str {
    match (format, &mapping.source) {
        (Format::Osm, _) => osm::SOURCE,
        (_, Some(named)) => named.as_str(),
        (Format::Geojson, None) => features::SOURCE,
        (Format::Csv, None) => rows::SOURCE,
    }
}

/// Reads a file from its beginning, whatever its format.
fn read<E: From<FileFault>>(
    file: &mut (impl Read + Seek),
    format: Format,
    mapping: &Mapping,
    gatherer: &mut Gatherer,
    mut on_progress: impl FnMut(Progress),
    sink: impl Sink<E>,
) -> Result<FileReport, E> {
    if format == Format::Osm {
        return osm::read(file, gatherer, on_progress, sink);
    }
    let unpacked = Unpacked::open(file).map_err(FileFault::Io)?;
    let (total, done) = (unpacked.total(), unpacked.done());
    let on_kept = |kept| on_progress(Progress { done: done.get(), total, kept });
    match format {
        Format::Osm | Format::Csv => rows::read(unpacked, mapping, gatherer, on_kept, sink),
        Format::Geojson => features::read(unpacked, mapping, gatherer, on_kept, sink),
    }
}
