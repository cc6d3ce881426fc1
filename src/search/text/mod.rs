//! The text index on disk (tantivy): words of places, their categories, and geo cells as terms. It answers ordinals
//! with scores; everything that changes by the hour (open, offers, ratings) is left to the place table.

mod ask;
mod phrases;
mod schema;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tantivy::index::SegmentId;
use tantivy::indexer::IndexWriterOptions;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyError, Term};

use crate::base::Fault;
use crate::search::Whose;
use crate::search::disk::Folder;
use crate::search::document::Document;
use crate::search::text::schema::Fields;
use crate::search::words;

pub(super) use ask::Match;
pub(super) use phrases::Phrase;

/// Another number, another way of indexing: an index with an older one is made anew.
const SCHEMA: u32 = 2;
/// What the one indexing thread may gather before it writes a segment; the least that tantivy takes is 15 MB.
const WRITER_BYTES: usize = 24_000_000;

/// What is needed to search: one committed state of the index.
#[derive(Clone)]
pub(super) struct TextView {
    searcher: Searcher,
    fields: Fields,
    columns: Arc<[Arc<Columns>]>,
}

/// What every match of a segment needs, by document.
struct Columns {
    ordinals: Vec<u32>,
    /// How many words the name has.
    name_words: Vec<u8>,
}

pub(super) struct TextWriter {
    writer: IndexWriter,
    reader: IndexReader,
    fields: Fields,
    store_id: [u8; 16],
    /// `None` in memory.
    dir: Option<PathBuf>,
    folder: Option<Folder>,
    columns: HashMap<SegmentId, Arc<Columns>>,
    view: TextView,
}

/// What was opened.
pub(super) struct Opened {
    pub(super) text: TextWriter,
    /// `None` if the last commit was in the middle of a load.
    pub(super) seq: Option<u64>,
    /// Why what was found could not be used.
    pub(super) made_anew: Option<String>,
}

/// A place as the index knows it.
pub(super) struct KeptPlace {
    pub(super) id: [u8; 16],
    pub(super) ordinal: u32,
    pub(super) fingerprint: u64,
}

/// Opens the index of this store. One that is missing, damaged, foreign or of another schema is made anew.
pub(super) fn open(dir: &Path, whose: &Whose) -> Result<Opened, Fault> {
    match open_existing(dir, whose) {
        Ok((text, seq)) => Ok(Opened { text, seq, made_anew: None }),
        Err(why) => {
            let text = create(dir, whose.store_id)?;
            Ok(Opened { text, seq: None, made_anew: Some(why) })
        }
    }
}

/// One that is gone when dropped.
pub(super) fn in_memory() -> Result<TextWriter, Fault> {
    let (schema, fields) = schema::build();
    TextWriter::new(&Index::create_in_ram(schema), fields, [0; 16]).map_err(fault)
}

fn open_existing(dir: &Path, whose: &Whose) -> Result<(TextWriter, Option<u64>), String> {
    let folder = Folder::new(dir);
    let index = Index::open(folder.clone()).map_err(|error| error.to_string())?;
    let fields = Fields::of(&index.schema()).ok_or("another schema")?;
    let payload = index.load_metas().map_err(|error| error.to_string())?.payload;
    let payload = payload.as_deref().unwrap_or_default();
    let seq = read_payload(payload, whose.store_id).ok_or("another store or schema")?;
    if seq.is_some_and(|seq| seq > whose.head) {
        return Err("ahead of the store".to_owned());
    }
    let text = TextWriter::new(&index, fields, whose.store_id).map_err(|error| error.to_string())?;
    Ok((text.at(dir, folder), seq))
}

/// A new one in place of whatever is there.
fn create(dir: &Path, store_id: [u8; 16]) -> Result<TextWriter, Fault> {
    clear(dir).map_err(|error| Fault::io("emptying the search index", error))?;
    let made = || -> Result<TextWriter, TantivyError> {
        std::fs::create_dir_all(dir)?;
        let folder = Folder::new(dir);
        let (schema, fields) = schema::build();
        let index = Index::create(folder.clone(), schema, IndexSettings::default())?;
        Ok(TextWriter::new(&index, fields, store_id)?.at(dir, folder))
    };
    made().map_err(|error| Fault::io("making the search index", error))
}

fn clear(dir: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(dir),
        Ok(_) => std::fs::remove_file(dir),
    }
}

impl TextWriter {
    fn new(index: &Index, fields: Fields, store_id: [u8; 16]) -> Result<TextWriter, TantivyError> {
        index.tokenizers().register(words::TOKENIZER, words::analyzer());
        let options = IndexWriterOptions::builder().memory_budget_per_thread(WRITER_BYTES).num_merge_threads(1);
        let writer = index.writer_with_options(options.build())?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let view = TextView { searcher: reader.searcher(), fields, columns: Arc::new([]) };
        let (dir, folder, columns) = (None, None, HashMap::new());
        let mut text = TextWriter { writer, reader, fields, store_id, dir, folder, columns, view };
        text.look_again()?;
        Ok(text)
    }

    fn at(self, dir: &Path, folder: Folder) -> TextWriter {
        TextWriter { dir: Some(dir.to_owned()), folder: Some(folder), ..self }
    }

    /// Puts an empty one in place of this one. Views of this one are good as long as somebody has them.
    pub(super) fn begin_anew(&mut self) -> Result<(), Fault> {
        let (dir, store_id) = (self.dir.clone(), self.store_id);
        let before = std::mem::replace(self, TextWriter { dir: dir.clone(), store_id, ..in_memory()? });
        // What it still wants to write must not land in the new one. That it can't is why it goes.
        drop(before.writer.wait_merging_threads());
        if let Some(dir) = dir {
            *self = create(&dir, store_id)?;
        }
        Ok(())
    }

    /// Looks whether the files are what was written, so many blocks of them.
    pub(super) fn look(&self, blocks: usize) -> Result<(), String> {
        self.folder.as_ref().map_or(Ok(()), |folder| folder.look(blocks))
    }

    /// Takes what was committed into view.
    fn look_again(&mut self) -> Result<(), TantivyError> {
        self.reader.reload()?;
        let searcher = self.reader.searcher();
        let mut known = std::mem::take(&mut self.columns);
        let mut all = Vec::new();
        for segment in searcher.segment_readers() {
            let columns = match known.remove(&segment.segment_id()) {
                Some(columns) => columns,
                None => Arc::new(ask::columns(segment)?),
            };
            self.columns.insert(segment.segment_id(), Arc::clone(&columns));
            all.push(columns);
        }
        self.view = TextView { searcher, fields: self.fields, columns: all.into() };
        Ok(())
    }

    /// Puts a place's words, in place of those that its ordinal had.
    pub(super) fn put(&self, entry: &Entry<'_>) -> Result<(), Fault> {
        self.delete(entry.ordinal);
        self.writer.add_document(self.fields.document(entry)).map_err(fault)?;
        Ok(())
    }

    pub(super) fn delete(&self, ordinal: u32) {
        self.writer.delete_term(Term::from_field_u64(self.fields.ordinal, u64::from(ordinal)));
    }

    /// Makes all of the above durable and visible. Without a `seq` the index counts as unfinished.
    pub(super) fn commit(&mut self, seq: Option<u64>) -> Result<(), Fault> {
        let payload = write_payload(self.store_id, seq);
        let mut prepared = self.writer.prepare_commit().map_err(fault)?;
        prepared.set_payload(&payload);
        prepared.commit().map_err(fault)?;
        self.look_again().map_err(fault)
    }

    pub(super) fn view(&self) -> TextView {
        self.view.clone()
    }
}

/// One place as the index takes it.
pub(super) struct Entry<'a> {
    pub(super) ordinal: u32,
    pub(super) document: &'a Document,
    /// The category and all above it.
    pub(super) line: &'a [u16],
    pub(super) fingerprint: u64,
}

/// A number that is another one whenever the index would hold something else of this place.
pub(super) fn fingerprint(document: &Document, line: &[u16]) -> u64 {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(&document.id);
    add(document.name.as_bytes());
    add(&document.point.lat_e7().to_le_bytes());
    add(&document.point.lon_e7().to_le_bytes());
    for category in line {
        add(&category.to_le_bytes());
    }
    add(&[document.language.map_or(u8::MAX, |language| language as u8)]);
    for (field, text) in &document.words {
        add(&[*field as u8]);
        add(text.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn write_payload(store_id: [u8; 16], seq: Option<u64>) -> String {
    let store = u128::from_be_bytes(store_id);
    let seq = seq.map_or("unfinished".to_owned(), |seq| seq.to_string());
    format!("highstreet {SCHEMA} {store:032x} {seq}")
}

/// The seq in a payload of this schema and store.
fn read_payload(payload: &str, store_id: [u8; 16]) -> Option<Option<u64>> {
    let seq = payload.strip_prefix(write_payload(store_id, None).strip_suffix("unfinished")?)?;
    if seq == "unfinished" { Some(None) } else { seq.parse().ok().map(Some) }
}

fn fault(error: TantivyError) -> Fault {
    if let TantivyError::IoError(error) = error {
        return Fault::io("using the search index", error);
    }
    Fault::corrupt("using the search index", error)
}
