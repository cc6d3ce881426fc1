//! The tree of categories as search needs it: who stands below whom, and the words in every language by which a
//! category is meant. Queries are turned into categories, so a new synonym needs no new index.

use std::collections::{BTreeMap, HashMap};

use crate::base::Locale;
use crate::search::{language, words};

/// Deeper than any tree that people browse; ends a tree that bites its tail.
const MAX_DEPTH: usize = 16;

/// Names of categories with more words are not recognised as a whole.
const MAX_NAME_WORDS: usize = 5;

/// One category, as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    pub id: u16,
    pub parent: Option<u16>,
    /// Names and synonyms in all languages; the first is the one to show.
    pub names: Vec<(Locale, String)>,
}

/// All categories.
#[derive(Clone, Debug, Default)]
pub struct Categories {
    /// By id.
    parents: Vec<Option<u16>>,
    /// Word, or stem with its language -> the categories that have it in one of their names.
    by_word: HashMap<String, Vec<u16>>,
    /// (Folded name, category) -> the name as written.
    by_name: BTreeMap<(String, u16), String>,
}

impl Categories {
    pub fn new(categories: &[Category]) -> Categories {
        let mut made = Categories::default();
        for category in categories {
            if let Some(parent) = category.parent {
                made.set_parent(category.id, parent);
            }
            for (locale, name) in &category.names {
                for word in words::words_of(name) {
                    made.add_word(language::stem(*locale, &word), category.id);
                    made.add_word(Some(word), category.id);
                }
                made.by_name.entry((words::folded_name(name), category.id)).or_insert_with(|| name.clone());
            }
        }
        made
    }

    /// The category itself, then its parent, and so on up.
    pub fn line(&self, id: u16) -> impl Iterator<Item = u16> {
        std::iter::successors(Some(id), |id| self.parents.get(usize::from(*id)).copied().flatten()).take(MAX_DEPTH)
    }

    fn set_parent(&mut self, id: u16, parent: u16) {
        let index = usize::from(id);
        self.parents.resize(self.parents.len().max(index + 1), None);
        if let Some(unset) = self.parents.get_mut(index) {
            *unset = Some(parent);
        }
    }

    fn add_word(&mut self, word: Option<String>, category: u16) {
        let Some(word) = word else { return };
        let with_word = self.by_word.entry(word).or_default();
        if !with_word.contains(&category) {
            with_word.push(category);
        }
    }

    /// Those that have this word, or another form of it, in one of their names.
    pub(super) fn with_word(&self, word: &str) -> Vec<u16> {
        let forms = std::iter::once(word.to_owned()).chain(language::stems(word));
        let mut found: Vec<u16> = forms.filter_map(|form| self.by_word.get(&form)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Those of which one name is said whole by neighbouring words: with "sushi restaurant" sushi
    /// restaurants are meant, and not every restaurant.
    pub(super) fn named(&self, terms: &[String]) -> Vec<u16> {
        let mut named: Vec<u16> = Vec::new();
        for length in 1..=terms.len().min(MAX_NAME_WORDS) {
            for run in terms.windows(length) {
                let name = run.join(" ");
                let found = self.by_name.range((name.clone(), 0)..=(name, u16::MAX)).map(|((_, id), _)| *id);
                let found: Vec<u16> = found.collect();
                if !found.is_empty() {
                    // A longer name says more than the words in it.
                    named = found;
                }
            }
        }
        named
    }

    /// Those with a name that begins so, shortest name first.
    pub(super) fn with_prefix(&self, folded: &str) -> Vec<(&str, u16)> {
        let mut found: Vec<(&str, u16)> = self
            .by_name
            .range((folded.to_owned(), 0)..)
            .take_while(|((name, _), _)| name.starts_with(folded))
            .map(|((_, id), name)| (name.as_str(), *id))
            .collect();
        found.sort_by_key(|(name, id)| (name.len(), *id));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(id: u16, parent: Option<u16>, names: &[&str]) -> Category {
        Category { id, parent, names: names.iter().map(|name| (Locale::Fi, (*name).to_owned())).collect() }
    }

    #[test]
    fn words_of_every_language_mean_the_category() {
        let categories = Categories::new(&[
            category(1, None, &["Restaurant", "餐馆", "Ravintola"]),
            category(2, None, &["Hairdresser", "Friseur", "Parturi-kampaamo"]),
        ]);
        assert_eq!(categories.with_word("餐馆"), [1]);
        assert_eq!(categories.with_word("friseur"), [2]);
        assert_eq!(categories.with_word("kampaamo"), [2]);
        assert_eq!(categories.with_word("ravintolassa"), [1], "another form");
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(categories.named(&words("parturi kampaamo helsinki")), [2]);
        assert!(categories.named(&words("kampaamo")).is_empty());
        assert_eq!(categories.with_prefix("rav"), [("Ravintola", 1)]);
    }

    #[test]
    fn a_tree_that_bites_its_tail_ends() {
        let categories = Categories::new(&[category(1, Some(2), &[]), category(2, Some(1), &[])]);
        assert_eq!(categories.line(1).count(), MAX_DEPTH);
    }
}
