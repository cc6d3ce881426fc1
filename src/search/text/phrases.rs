//! Dishes and streets as suggestions: each stands in the dictionary of one field under every word that it has, with the
//! text to show behind it. How many places have it is the term's count, and nothing more is kept.

use std::collections::{BTreeMap, BTreeSet};

use tantivy::{Searcher, TantivyError};

use crate::search::document::{self, Document};
use crate::search::text::schema::Fields;
use crate::search::words;

/// Between what is compared and what is shown.
const SEPARATOR: char = '\u{1}';
/// A phrase is found by the first words that it has.
const MAX_WORDS: usize = 6;
/// One letter may begin thousands of streets; so many are looked at in each segment.
const MAX_LOOKED_AT: usize = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::search) enum Phrase {
    Dish,
    Street,
}

impl Phrase {
    const fn letter(self) -> char {
        match self {
            Phrase::Dish => 'd',
            Phrase::Street => 's',
        }
    }

    const fn of(field: document::Field) -> Option<Phrase> {
        match field {
            document::Field::Speciality | document::Field::Offer => Some(Phrase::Dish),
            document::Field::Street => Some(Phrase::Street),
            document::Field::OtherName | document::Field::Review => None,
        }
    }
}

/// The terms of a document.
pub(super) fn terms(document: &Document) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for (field, text) in &document.words {
        // A postal code is no street to suggest.
        let Some(phrase) = Phrase::of(*field).filter(|_| text.contains(char::is_alphabetic)) else { continue };
        let folded = words::folded_name(text);
        let starts = folded.match_indices(' ').map(|(at, _)| at + 1);
        for start in std::iter::once(0).chain(starts).take(MAX_WORDS) {
            let rest = folded.get(start..).unwrap_or_default();
            terms.insert(format!("{}{rest}{SEPARATOR}{text}", phrase.letter()));
        }
    }
    terms
}

/// Phrases that have a word that begins so, as they are written, those of most places first.
pub(super) fn begun(
    searcher: &Searcher,
    fields: &Fields,
    phrase: Phrase,
    folded: &str,
) -> Result<Vec<String>, TantivyError> {
    let prefix = format!("{}{folded}", phrase.letter());
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(fields.phrase)?;
        let mut terms = index.terms().range().ge(&prefix).into_stream()?;
        for _ in 0..MAX_LOOKED_AT {
            if !terms.advance() || !terms.key().starts_with(prefix.as_bytes()) {
                break;
            }
            let term = String::from_utf8_lossy(terms.key());
            let Some((_, shown)) = term.split_once(SEPARATOR) else { continue };
            let places = found.entry(shown.to_owned()).or_default();
            *places = places.saturating_add(terms.value().doc_freq);
        }
    }
    let mut found: Vec<(String, u32)> = found.into_iter().collect();
    found.sort_by(|(a, places_a), (b, places_b)| places_b.cmp(places_a).then_with(|| a.cmp(b)));
    Ok(found.into_iter().map(|(shown, _)| shown).collect())
}
