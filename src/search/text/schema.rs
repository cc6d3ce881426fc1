//! The fields of the text index: what is in them, and how much a word in each of them weighs.

use std::collections::BTreeSet;

use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, STORED, Schema, TextFieldIndexing, TextOptions,
};

use crate::base::BoundingBox;
use crate::search::document::{self, Document};
use crate::search::grid::{Cell, Cover};
use crate::search::text::{Entry, phrases};
use crate::search::{language, words};

/// The levels of geo cells that are terms: edges of about 1, 4, 18, 70 and 280 km.
const CELL_LEVELS: [u32; 5] = [1, 3, 5, 7, 9];
/// A box is covered by at most so many cells, of the finest level that can.
const MAX_CELLS: usize = 36;

/// Tokenizers that tantivy knows by itself.
const WHITESPACE: &str = "whitespace";
const RAW: &str = "raw";

#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) ordinal: Field,
    pub(super) id_high: Field,
    pub(super) id_low: Field,
    pub(super) fingerprint: Field,
    pub(super) category: Field,
    pub(super) cell: Field,
    /// The name as written, for suggestions.
    pub(super) label: Field,
    /// How many words the name has.
    pub(super) name_words: Field,
    pub(super) name: Field,
    pub(super) other_name: Field,
    pub(super) speciality: Field,
    pub(super) street: Field,
    pub(super) offer: Field,
    pub(super) review: Field,
    /// The stems of all words in the language of the document.
    pub(super) stem: Field,
    /// Dishes and streets by every beginning of a word in them: see `phrases.rs`.
    pub(super) phrase: Field,
}

pub(super) fn build() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let indexing = |tokenizer| TextFieldIndexing::default().set_tokenizer(tokenizer).set_fieldnorms(false);
    let text = |indexing: TextFieldIndexing| TextOptions::default().set_indexing_options(indexing);
    let counted = |tokenizer| indexing(tokenizer).set_index_option(IndexRecordOption::WithFreqs);
    let words = || text(counted(words::TOKENIZER));
    let name = || text(counted(words::TOKENIZER).set_fieldnorms(true));
    let term = NumericOptions::default().set_indexed();
    let fields = Fields {
        ordinal: schema.add_u64_field("ordinal", INDEXED | FAST),
        id_high: schema.add_u64_field("id_high", FAST),
        id_low: schema.add_u64_field("id_low", FAST),
        fingerprint: schema.add_u64_field("fingerprint", FAST),
        category: schema.add_u64_field("category", term.clone()),
        cell: schema.add_u64_field("cell", term),
        label: schema.add_text_field("label", STORED),
        name_words: schema.add_u64_field("name_words", FAST),
        name: schema.add_text_field("name", name()),
        other_name: schema.add_text_field("other_name", name()),
        speciality: schema.add_text_field("speciality", words()),
        street: schema.add_text_field("street", words()),
        offer: schema.add_text_field("offer", words()),
        review: schema.add_text_field("review", words()),
        stem: schema.add_text_field("stem", text(counted(WHITESPACE))),
        phrase: schema.add_text_field("phrase", text(indexing(RAW).set_index_option(IndexRecordOption::Basic))),
    };
    (schema.build(), fields)
}

impl Fields {
    /// The fields of an index that was found; `None` if it was made otherwise.
    pub(super) fn of(found: &Schema) -> Option<Fields> {
        let (schema, fields) = build();
        (*found == schema).then_some(fields)
    }

    /// The fields with words, and their weights.
    pub(super) const fn weighted(&self) -> [(Field, f32); 6] {
        [
            (self.name, 3.0),
            (self.other_name, 2.5),
            (self.speciality, 2.0),
            (self.street, 1.2),
            (self.offer, 1.5),
            (self.review, 0.5),
        ]
    }

    pub(super) fn document(&self, entry: &Entry<'_>) -> TantivyDocument {
        let id = u128::from_be_bytes(entry.document.id);
        let mut made = TantivyDocument::default();
        made.add_u64(self.ordinal, u64::from(entry.ordinal));
        made.add_u64(self.id_high, (id >> 64) as u64);
        made.add_u64(self.id_low, id as u64);
        made.add_u64(self.fingerprint, entry.fingerprint);
        for category in entry.line {
            made.add_u64(self.category, u64::from(*category));
        }
        for level in CELL_LEVELS {
            made.add_u64(self.cell, cell_term(Cell::of(entry.document.point).coarser(level), level));
        }
        let document = entry.document;
        made.add_text(self.label, &document.name);
        made.add_u64(self.name_words, words::terms_of(&document.name).len() as u64);
        made.add_text(self.name, &document.name);
        for (field, text) in &document.words {
            made.add_text(self.field(*field), text);
        }
        for spelt in language::spelt(&document.name) {
            made.add_text(self.other_name, spelt);
        }
        made.add_text(self.stem, stems(document).join(" "));
        for phrase in phrases::terms(document) {
            made.add_text(self.phrase, phrase);
        }
        made
    }

    const fn field(&self, field: document::Field) -> Field {
        match field {
            document::Field::OtherName => self.other_name,
            document::Field::Speciality => self.speciality,
            document::Field::Street => self.street,
            document::Field::Offer => self.offer,
            document::Field::Review => self.review,
        }
    }
}

/// The stems of all words, each once, in the language that somebody told or that is the likeliest.
fn stems(document: &Document) -> Vec<String> {
    let texts = || std::iter::once(&document.name).chain(document.words.iter().map(|(_, text)| text));
    let guess = || language::detect(&texts().map(String::as_str).collect::<Vec<_>>().join(" "));
    let Some(language) = document.language.or_else(guess) else { return Vec::new() };
    let words: BTreeSet<String> = texts().flat_map(|text| words::words_of(text)).collect();
    let stems: BTreeSet<String> = words.iter().filter_map(|word| language::stem(language, word)).collect();
    stems.into_iter().collect()
}

/// The terms of the cells that cover a box; `None` if it is too large to be worth it.
pub(super) fn cell_terms(area: BoundingBox) -> Option<Vec<u64>> {
    CELL_LEVELS.into_iter().find_map(|level| {
        let cover = Cover::coarser(area, level);
        (cover.len() <= MAX_CELLS).then(|| cover.cells().map(|cell| cell_term(cell, level)).collect())
    })
}

fn cell_term(cell: Cell, level: u32) -> u64 {
    u64::from(level) << 32 | u64::from(cell.0)
}
