//! Asking the text index. A question is a list of plain words, each of which must be found somewhere in a place;
//! nothing is ever parsed as a query language, so no text can be a wrong one.

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
use crate::search::text::schema::cell_terms;
use crate::search::text::{KeptPlace, Ordinals, TextView, fault};

/// What a place gets for a word that means its category; a rare word in a name gets more, a common one less.
const CATEGORY_SCORE: f32 = 8.0;
/// How much the second best field of a word counts beside the best.
const TIE_BREAKER: f32 = 0.2;
/// Shorter words have too many neighbours at one edit.
const MIN_FUZZY_CHARS: usize = 4;
/// A misspelt word counts less than a right one.
const FUZZY_SCORE: f32 = 2.0;

/// A place that was found.
#[derive(Clone, Copy, Debug)]
pub(in crate::search) struct Match {
    pub(in crate::search) ordinal: u32,
    pub(in crate::search) score: f32,
    pub(in crate::search) address: DocAddress,
}

impl TextView {
    /// The places that have all these words, in cells that the area touches (not only in the area).
    pub(in crate::search) fn find(
        &self,
        terms: &[String],
        area: Option<BoundingBox>,
        categories: &Categories,
    ) -> Result<Vec<Match>, Fault> {
        let mut clauses = Vec::with_capacity(terms.len() + 1);
        for term in terms {
            clauses.push((Occur::Must, self.word(term, categories).map_err(fault)?));
        }
        if let Some(cells) = area.and_then(cell_terms) {
            let in_cells = ConstScoreQuery::new(self.any_of(self.fields.cell, cells), 0.0);
            clauses.push((Occur::Must, Box::new(in_cells)));
        }
        self.searcher.search(&BooleanQuery::new(clauses), &Matches(&self.ordinals)).map_err(fault)
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
        self.searcher.search(&BooleanQuery::new(clauses), &Matches(&self.ordinals)).map_err(fault)
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

    /// One word, in any field or as the name of a category; a word that nobody uses, with one letter changed.
    fn word(&self, term: &str, categories: &Categories) -> Result<Box<dyn Query>, TantivyError> {
        let fields = self.fields.weighted();
        let meant = categories.with_word(term);
        let mut ways: Vec<Box<dyn Query>> = Vec::with_capacity(fields.len() + 1);
        for (field, weight) in fields {
            if self.searcher.doc_freq(&Term::from_field_text(field, term))? > 0 {
                ways.push(Box::new(BoostQuery::new(exact(field, term), weight)));
            }
        }
        if !meant.is_empty() {
            let any = self.any_of(self.fields.category, meant.iter().copied().map(u64::from));
            ways.push(Box::new(ConstScoreQuery::new(any, CATEGORY_SCORE)));
        }
        if ways.is_empty() && term.chars().count() >= MIN_FUZZY_CHARS {
            for (field, weight) in fields {
                let fuzzy = FuzzyTermQuery::new(Term::from_field_text(field, term), 1, true);
                ways.push(Box::new(ConstScoreQuery::new(Box::new(fuzzy), FUZZY_SCORE * weight)));
            }
        }
        Ok(Box::new(DisjunctionMaxQuery::with_tie_breaker(ways, TIE_BREAKER)))
    }

    /// Gathered as a bit set, in which the words then look up: faster than a union that must be walked along.
    fn any_of(&self, field: Field, numbers: impl IntoIterator<Item = u64>) -> Box<dyn Query> {
        Box::new(TermSetQuery::new(numbers.into_iter().map(|number| Term::from_field_u64(field, number))))
    }
}

fn exact(field: Field, term: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs))
}

/// The ordinal of each document of a segment.
pub(super) fn ordinals(segment: &SegmentReader) -> Result<Ordinals, TantivyError> {
    let column = segment.fast_fields().column_first_or_default::<u64>("ordinal")?;
    Ok((0..segment.max_doc()).map(|document| column.get_val(document) as u32).collect())
}

/// Collects every match: facets need them all.
struct Matches<'a>(&'a [Ordinals]);

struct SegmentMatches {
    segment: SegmentOrdinal,
    ordinals: Ordinals,
    found: Vec<Match>,
}

impl Collector for Matches<'_> {
    type Fruit = Vec<Match>;
    type Child = SegmentMatches;

    fn for_segment(&self, segment: SegmentOrdinal, _: &SegmentReader) -> Result<SegmentMatches, TantivyError> {
        let ordinals = self.0.get(segment as usize).cloned().unwrap_or_default();
        Ok(SegmentMatches { segment, ordinals, found: Vec::new() })
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
        if let Some(ordinal) = self.ordinals.get(document as usize) {
            let address = DocAddress::new(self.segment, document);
            self.found.push(Match { ordinal: *ordinal, score, address });
        }
    }

    fn harvest(self) -> Vec<Match> {
        self.found
    }
}
