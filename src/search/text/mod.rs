//! The text index on disk (tantivy): words of places, their categories, and geo cells as terms. It answers ordinals
//! with scores; everything that changes by the hour (open, offers, ratings) is left to the place table.

mod ask;
mod schema;

use std::path::Path;

use sha2::{Digest, Sha256};
use tantivy::indexer::IndexWriterOptions;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyError, Term};

use crate::base::Fault;
use crate::search::document::Document;
use crate::search::text::schema::Fields;
use crate::search::words;

pub(super) use ask::Match;

/// Another number, another way of indexing: an index with an older one is made anew.
const SCHEMA: u32 = 1;
/// What the one indexing thread may gather before it writes a segment; the least that tantivy takes is 15 MB.
const WRITER_BYTES: usize = 24_000_000;

/// What is needed to search: one committed state of the index.
#[derive(Clone)]
pub(super) struct TextView {
    searcher: Searcher,
    fields: Fields,
}

pub(super) struct TextWriter {
    writer: IndexWriter,
    reader: IndexReader,
    fields: Fields,
    store_id: [u8; 16],
}

/// What an index that was found on disk holds.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) places: Vec<KeptPlace>,
    /// `None` if the last commit was in the middle of a load.
    pub(super) seq: Option<u64>,
}

pub(super) struct KeptPlace {
    pub(super) id: [u8; 16],
    pub(super) ordinal: u32,
    pub(super) fingerprint: u64,
}

/// Opens the index of this store. One that is missing, damaged, foreign or of another schema is made anew; then the
/// third part says why.
pub(super) fn open(dir: &Path, store_id: [u8; 16]) -> Result<(TextWriter, Kept, Option<String>), Fault> {
    match open_existing(dir, store_id) {
        Ok((text, kept)) => Ok((text, kept, None)),
        Err(why) => {
            clear(dir).map_err(|error| Fault::io("emptying the search index", error))?;
            let text = create(dir, store_id).map_err(|error| Fault::io("making the search index", error))?;
            Ok((text, Kept::default(), Some(why)))
        }
    }
}

/// One that is gone when dropped.
pub(super) fn in_memory() -> Result<TextWriter, Fault> {
    let (schema, fields) = schema::build();
    TextWriter::new(&Index::create_in_ram(schema), fields, [0; 16]).map_err(fault)
}

fn open_existing(dir: &Path, store_id: [u8; 16]) -> Result<(TextWriter, Kept), String> {
    let index = Index::open_in_dir(dir).map_err(|error| error.to_string())?;
    let fields = Fields::of(&index.schema()).ok_or("another schema")?;
    let payload = index.load_metas().map_err(|error| error.to_string())?.payload;
    let seq = read_payload(payload.as_deref().unwrap_or_default(), store_id).ok_or("another store or schema")?;
    let damaged = index.validate_checksum().map_err(|error| error.to_string())?;
    if !damaged.is_empty() {
        return Err(format!("{} damaged files", damaged.len()));
    }
    let text = TextWriter::new(&index, fields, store_id).map_err(|error| error.to_string())?;
    let places = text.view().places().map_err(|error| error.to_string())?;
    Ok((text, Kept { places, seq }))
}

fn create(dir: &Path, store_id: [u8; 16]) -> Result<TextWriter, TantivyError> {
    std::fs::create_dir_all(dir)?;
    let (schema, fields) = schema::build();
    let index = Index::create_in_dir(dir, schema)?;
    TextWriter::new(&index, fields, store_id)
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
        Ok(TextWriter { writer, reader, fields, store_id })
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
        self.reader.reload().map_err(fault)
    }

    pub(super) fn view(&self) -> TextView {
        TextView { searcher: self.reader.searcher(), fields: self.fields }
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
    add(document.name.as_bytes());
    add(&document.point.lat_e7().to_le_bytes());
    add(&document.point.lon_e7().to_le_bytes());
    for category in line {
        add(&category.to_le_bytes());
    }
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
