//! Asking the text index. A question is a list of plain words, each of which must be found somewhere in a place;
//! nothing is ever parsed as a query language, so no text can be a wrong one.

use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, FuzzyTermQuery, Occur, Query, TermQuery,
    TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader, TantivyDocument, TantivyError, Term};

use crate::base::{BoundingBox, Fault};
use crate::search::categories::Categories;
use crate::search::language;
use crate::search::text::schema::cell_terms;
use crate::search::text::{Columns, KeptPlace, Phrase, TextView, fault, phrases};

/// What a place gets for a word that means its category; a rare word in a name gets more, a common one less.
const CATEGORY_SCORE: f32 = 8.0;
/// How much the second best field of a word counts beside the best.
const TIE_BREAKER: f32 = 0.2;
/// Another form of a word, in whichever field.
const STEM_WEIGHT: f32 = 1.0;
/// Shorter words have too many neighbours at one edit.
const MIN_FUZZY_CHARS: usize = 3;
/// A misspelt word counts less than a right one.
const FUZZY_SCORE: f32 = 2.0;
/// A word that fewer places have may be a misspelling of another one.
const RARE: u64 = 10;
/// Parts of a word that were written without a space have at least so many characters.
const MIN_PART_CHARS: usize = 2;
/// What a place gains whose name has as many words as were asked for.
const WHOLE_NAME: f32 = 0.5;

/// A place that was found.
#[derive(Clone, Copy, Debug)]
pub(in crate::search) struct Match {
    pub(in crate::search) ordinal: u32,
    pub(in crate::search) score: f32,
    pub(in crate::search) address: DocAddress,
}

/// Which words may be meant as their neighbours at one edit.
#[derive(Clone, Copy)]
enum Spelling {
    /// Those that hardly any place has.
    RareIsMisspelt,
    AnyIsMisspelt,
}

impl TextView {
    /// The places that have all these words, in cells that the area touches (not only in the area). Where no place of
    /// the city has all of them as they are written, each may be misspelt.
    pub(in crate::search) fn find(
        &self,
        terms: &[String],
        area: Option<BoundingBox>,
        categories: &Categories,
    ) -> Result<Vec<Match>, Fault> {
        self.find_or_fail(terms, area, categories).map_err(fault)
    }

    fn find_or_fail(
        &self,
        terms: &[String],
        area: Option<BoundingBox>,
        categories: &Categories,
    ) -> Result<Vec<Match>, TantivyError> {
        let terms = self.joined(terms)?;
        let found = self.find_spelt(&terms, area, categories, Spelling::RareIsMisspelt)?;
        let is_nowhere = || -> Result<bool, TantivyError> {
            Ok(area.is_none() || self.find_spelt(&terms, None, categories, Spelling::RareIsMisspelt)?.is_empty())
        };
        if found.is_empty() && is_nowhere()? {
            return self.find_spelt(&terms, area, categories, Spelling::AnyIsMisspelt);
        }
        Ok(found)
    }

    fn find_spelt(
        &self,
        terms: &[String],
        area: Option<BoundingBox>,
        categories: &Categories,
        spelling: Spelling,
    ) -> Result<Vec<Match>, TantivyError> {
        let mut clauses = Vec::with_capacity(terms.len() + 1);
        let is_short = |term: &String| term.chars().count() < MIN_FUZZY_CHARS;
        let is_any_long = !terms.iter().all(is_short);
        for term in terms {
            // With one letter changed it may be any word.
            let may_lack = matches!(spelling, Spelling::AnyIsMisspelt) && is_any_long && is_short(term);
            let occur = if may_lack { Occur::Should } else { Occur::Must };
            clauses.push((occur, self.word(term, categories, spelling)?));
        }
        if let Some(cells) = area.and_then(cell_terms) {
            let in_cells = ConstScoreQuery::new(self.any_of(self.fields.cell, cells), 0.0);
            clauses.push((Occur::Must, Box::new(in_cells)));
        }
        let matches = Matches { columns: &self.columns, terms: terms.len() };
        self.searcher.search(&BooleanQuery::new(clauses), &matches)
    }

    /// Neighbours that are one word in names, while one of them is none: "Ek berg" is Ekberg.
    fn joined(&self, terms: &[String]) -> Result<Vec<String>, TantivyError> {
        let mut joined: Vec<String> = Vec::with_capacity(terms.len());
        for term in terms {
            if let Some(before) = joined.last_mut() {
                let whole = format!("{before}{term}");
                let is_broken = self.places_with(before)? == 0 || self.places_with(term)? == 0;
                if is_broken && self.frequency(self.fields.name, &whole)? > 0 {
                    *before = whole;
                    continue;
                }
            }
            joined.push(term.clone());
        }
        Ok(joined)
    }

    fn frequency(&self, field: Field, term: &str) -> Result<u64, TantivyError> {
        self.searcher.doc_freq(&Term::from_field_text(field, term))
    }

    /// How many places have a word, counted once for each field.
    fn places_with(&self, term: &str) -> Result<u64, TantivyError> {
        self.fields.weighted().into_iter().map(|(field, _)| self.frequency(field, term)).sum()
    }

    /// The places whose names have all these words, the last of which may be just begun.
    pub(in crate::search) fn find_begun(&self, terms: &[String]) -> Result<Vec<Match>, Fault> {
        let names = [self.fields.name, self.fields.other_name];
        let Some((begun, whole)) = terms.split_last() else { return Ok(Vec::new()) };
        let in_names = |query: &dyn Fn(Field) -> Box<dyn Query>| -> (Occur, Box<dyn Query>) {
            (Occur::Must, Box::new(BooleanQuery::union(names.into_iter().map(query).collect())))
        };
        let mut clauses: Vec<_> = whole.iter().map(|term| in_names(&|field| exact(field, term))).collect();
        clauses.push(in_names(&|field| {
            Box::new(FuzzyTermQuery::new_prefix(Term::from_field_text(field, begun), 0, true)) as Box<dyn Query>
        }));
        self.searcher
            .search(&BooleanQuery::new(clauses), &Matches { columns: &self.columns, terms: terms.len() })
            .map_err(fault)
    }

    /// Dishes or streets that have a word that begins so.
    pub(in crate::search) fn phrases(&self, phrase: Phrase, folded: &str) -> Result<Vec<String>, Fault> {
        phrases::begun(&self.searcher, &self.fields, phrase, folded).map_err(fault)
    }

    /// The name of a place that was found, as it is written.
    pub(in crate::search) fn label(&self, found: &Match) -> Result<String, Fault> {
        let document: TantivyDocument = self.searcher.doc(found.address).map_err(fault)?;
        let label = document.get_first(self.fields.label).and_then(|value| value.as_str().map(str::to_owned));
        Ok(label.unwrap_or_default())
    }

    /// Whether there are places of this category.
    pub(in crate::search) fn has_category(&self, id: u16) -> Result<bool, Fault> {
        let term = Term::from_field_u64(self.fields.category, u64::from(id));
        Ok(self.searcher.doc_freq(&term).map_err(fault)? > 0)
    }

    /// The names of the segments, which tell whether anything was indexed.
    #[cfg(test)]
    pub(in crate::search) fn segments(&self) -> Vec<String> {
        self.searcher.segment_readers().iter().map(|segment| segment.segment_id().uuid_string()).collect()
    }

    /// All places that the index holds, in the order of their ordinals.
    pub(in crate::search) fn places(&self) -> Result<Vec<KeptPlace>, Fault> {
        self.read_places().map_err(fault)
    }

    fn read_places(&self) -> Result<Vec<KeptPlace>, TantivyError> {
        let mut places = Vec::new();
        for segment in self.searcher.segment_readers() {
            let column = |name: &str| segment.fast_fields().column_first_or_default::<u64>(name);
            let (ordinals, fingerprints) = (column("ordinal")?, column("fingerprint")?);
            let (high, low) = (column("id_high")?, column("id_low")?);
            for document in segment.doc_ids_alive() {
                let id = u128::from(high.get_val(document)) << 64 | u128::from(low.get_val(document));
                places.push(KeptPlace {
                    id: id.to_be_bytes(),
                    ordinal: ordinals.get_val(document) as u32,
                    fingerprint: fingerprints.get_val(document),
                });
            }
        }
        places.sort_by_key(|place| place.ordinal);
        Ok(places)
    }

    /// One word: in any field, in another form, as the name of a category, or misspelt.
    fn word(&self, term: &str, categories: &Categories, spelling: Spelling) -> Result<Box<dyn Query>, TantivyError> {
        let fields = self.fields.weighted();
        let meant = categories.with_word(term);
        let mut ways: Vec<Box<dyn Query>> = Vec::with_capacity(fields.len() + 2);
        let mut places = 0;
        for (field, weight) in fields {
            let found = self.frequency(field, term)?;
            if found > 0 {
                ways.push(Box::new(BoostQuery::new(exact(field, term), weight)));
            }
            places += found;
        }
        for stem in language::stems(term) {
            let found = self.frequency(self.fields.stem, &stem)?;
            if found > 0 {
                ways.push(Box::new(BoostQuery::new(exact(self.fields.stem, &stem), STEM_WEIGHT)));
            }
            places += found;
        }
        if !meant.is_empty() {
            let any = self.any_of(self.fields.category, meant.iter().copied().map(u64::from));
            ways.push(Box::new(ConstScoreQuery::new(any, CATEGORY_SCORE)));
        }
        let is_known = match spelling {
            Spelling::RareIsMisspelt => places >= RARE || !meant.is_empty(),
            Spelling::AnyIsMisspelt => false,
        };
        if !is_known && term.chars().count() >= MIN_FUZZY_CHARS {
            for (field, weight) in fields {
                let fuzzy = FuzzyTermQuery::new(Term::from_field_text(field, term), 1, true);
                ways.push(Box::new(ConstScoreQuery::new(Box::new(fuzzy), FUZZY_SCORE * weight)));
            }
        }
        if places == 0 {
            ways.extend(self.parted(term)?);
        }
        Ok(Box::new(DisjunctionMaxQuery::with_tie_breaker(ways, TIE_BREAKER)))
    }

    /// A word as two words of a name: "cafeekberg" is Cafe Ekberg.
    fn parted(&self, term: &str) -> Result<Vec<Box<dyn Query>>, TantivyError> {
        let mut ways: Vec<Box<dyn Query>> = Vec::new();
        let name = self.fields.name;
        for (at, _) in term.char_indices().skip(MIN_PART_CHARS) {
            let (first, second) = term.split_at(at);
            let is_part = |part: &str| -> Result<bool, TantivyError> {
                Ok(part.chars().count() >= MIN_PART_CHARS && self.frequency(name, part)? > 0)
            };
            if is_part(first)? && is_part(second)? {
                ways.push(Box::new(BooleanQuery::intersection(vec![exact(name, first), exact(name, second)])));
            }
        }
        Ok(ways)
    }

    /// Gathered as a bit set, in which the words then look up: faster than a union that must be walked along.
    fn any_of(&self, field: Field, numbers: impl IntoIterator<Item = u64>) -> Box<dyn Query> {
        Box::new(TermSetQuery::new(numbers.into_iter().map(|number| Term::from_field_u64(field, number))))
    }
}

fn exact(field: Field, term: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs))
}

/// What every match of a segment needs.
pub(super) fn columns(segment: &SegmentReader) -> Result<Columns, TantivyError> {
    let column = |name: &str| segment.fast_fields().column_first_or_default::<u64>(name);
    let (ordinals, name_words) = (column("ordinal")?, column("name_words")?);
    let documents = 0..segment.max_doc();
    Ok(Columns {
        ordinals: documents.clone().map(|document| ordinals.get_val(document) as u32).collect(),
        name_words: documents.map(|document| name_words.get_val(document).min(255) as u8).collect(),
    })
}

/// Collects every match: facets need them all.
struct Matches<'a> {
    columns: &'a [Arc<Columns>],
    /// How many words were asked for.
    terms: usize,
}

struct SegmentMatches {
    segment: SegmentOrdinal,
    columns: Option<Arc<Columns>>,
    terms: f32,
    found: Vec<Match>,
}

impl Collector for Matches<'_> {
    type Fruit = Vec<Match>;
    type Child = SegmentMatches;

    fn for_segment(&self, segment: SegmentOrdinal, _: &SegmentReader) -> Result<SegmentMatches, TantivyError> {
        let columns = self.columns.get(segment as usize).cloned();
        Ok(SegmentMatches { segment, columns, terms: self.terms as f32, found: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<Vec<Match>>) -> Result<Vec<Match>, TantivyError> {
        Ok(segments.into_iter().flatten().collect())
    }
}

impl SegmentCollector for SegmentMatches {
    type Fruit = Vec<Match>;

    fn collect(&mut self, document: DocId, score: Score) {
        let Some(columns) = &self.columns else { return };
        let index = document as usize;
        if let (Some(ordinal), Some(words)) = (columns.ordinals.get(index), columns.name_words.get(index)) {
            let words = f32::from((*words).max(1));
            let likeness = words.min(self.terms) / words.max(self.terms);
            let score = score * (1.0 + WHOLE_NAME * likeness);
            self.found.push(Match { ordinal: *ordinal, score, address: DocAddress::new(self.segment, document) });
        }
    }

    fn harvest(self) -> Vec<Match> {
        self.found
    }
}
