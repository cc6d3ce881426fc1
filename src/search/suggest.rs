//! Suggestions while somebody types.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::base::Fault;
use crate::search::View;
use crate::search::query::{Suggestion, SuggestionKind};
use crate::search::text::{Match, Phrase};
use crate::search::words;

const MAX_SUGGESTIONS: usize = 20;
/// At most so many of them are categories, so that places have room.
const MAX_CATEGORIES: usize = 3;
/// And at most so many dishes, and as many streets.
const MAX_PHRASES: usize = 2;
/// One letter may begin half of all names; so many are looked at.
const MAX_LOOKED_AT: usize = 5_000;
/// Names repeat (branches of a chain); so many times more names are read than are wanted.
const READ_AHEAD: usize = 4;

pub(super) fn suggest(view: &View, begun: &str, limit: usize) -> Result<Vec<Suggestion>, Fault> {
    let terms = words::terms_of(begun);
    let limit = limit.min(MAX_SUGGESTIONS);
    if terms.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut suggestions = categories(view, begun, limit.min(MAX_CATEGORIES))?;
    for (phrase, kind) in [(Phrase::Dish, SuggestionKind::Dish), (Phrase::Street, SuggestionKind::Street)] {
        let room = (limit - suggestions.len()).min(MAX_PHRASES);
        let found = view.text.phrases(phrase, &words::folded_name(begun))?;
        suggestions.extend(found.into_iter().take(room).map(|text| Suggestion { text, kind }));
    }
    suggestions.extend(names(view, begun, &terms, limit - suggestions.len())?);
    Ok(suggestions)
}

fn categories(view: &View, begun: &str, limit: usize) -> Result<Vec<Suggestion>, Fault> {
    let mut found: Vec<Suggestion> = Vec::new();
    for (name, id) in view.categories.with_prefix(&words::folded_name(begun)) {
        let kind = SuggestionKind::Category(id);
        let is_new = !found.iter().any(|other| other.kind == kind);
        if found.len() < limit && is_new && view.text.has_category(id)? {
            found.push(Suggestion { text: name.to_owned(), kind });
        }
    }
    Ok(found)
}

fn names(view: &View, begun: &str, terms: &[String], limit: usize) -> Result<Vec<Suggestion>, Fault> {
    let mut found = view.text.find_begun(terms)?;
    found.truncate(MAX_LOOKED_AT);
    let mut found: Vec<(Reverse<(u16, u32)>, Match)> =
        found.into_iter().filter_map(|one| Some((Reverse(view.standing(one.ordinal)?), one))).collect();
    found.sort_unstable_by_key(|(standing, one)| (*standing, one.ordinal));
    let mut labels = Vec::new();
    for (_, one) in found.iter().take(limit * READ_AHEAD) {
        labels.push((view.text.label(one)?, one.ordinal));
    }
    let begun = words::folded_name(begun);
    labels.sort_by_key(|(label, _)| !words::folded_name(label).starts_with(&begun));
    let mut times: HashMap<String, usize> = HashMap::new();
    for (label, _) in &labels {
        *times.entry(label.clone()).or_default() += 1;
    }
    let mut suggestions = Vec::new();
    for (text, ordinal) in labels {
        // Several places of one name are suggested once, at the first.
        let Some(count) = times.remove(&text) else { continue };
        let Some(id) = view.table.id_of(ordinal) else { continue };
        let kind = if count > 1 { SuggestionKind::Words } else { SuggestionKind::Place(id) };
        suggestions.push(Suggestion { text, kind });
    }
    suggestions.truncate(limit);
    Ok(suggestions)
}

impl View {
    /// What a place is ranked by where words don't tell; `None` if it is gone.
    fn standing(&self, ordinal: u32) -> Option<(u16, u32)> {
        let (chunk, slot) = self.table.find(ordinal)?;
        chunk.ratings.get(slot).map(|rating| (rating.score, rating.count))
    }
}
