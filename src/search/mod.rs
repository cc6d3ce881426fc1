//! Finding places. A table in memory answers everything without words (near, box, facets, open now, order); an index
//! on disk finds words, and the table then filters and counts what it found. Search knows documents, not the
//! capabilities that they come from. One thread feeds it (the projection of the change log), any number asks.

mod categories;
mod cow;
mod distance;
mod document;
mod facets;
mod feeder;
mod grid;
mod ordinals;
mod projection;
mod query;
mod renewal;
mod schedules;
mod sieve;
mod suggest;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::base::Fault;
use crate::search::feeder::Feeder;
use crate::search::renewal::Renewal;
use crate::search::table::Table;
use crate::search::text::TextView;

pub use categories::{Categories, Category};
pub use document::{Document, Field, Flag, Flags, Hours, Rating};
pub use feeder::Change;
pub use projection::{Contributor, Projection, Source};
pub use query::{Facets, Hit, MAX_LIMIT, Query, Results, Sort, Suggestion, SuggestionKind};

/// All places of the city, ready to be found.
pub struct Search {
    /// What readers see; replaced whole, so that facts and words of one answer belong together.
    view: RwLock<Arc<View>>,
    feeder: Mutex<Feeder>,
    visible: watch::Sender<u64>,
    loaded: AtomicBool,
    renewal: Renewal,
}

/// One consistent state.
struct View {
    table: Table,
    text: TextView,
    categories: Arc<Categories>,
}

/// What [`Search::open`] found on disk. The place table starts empty either way: feed all documents between
/// [`Search::begin_load`] and [`Search::finish_load`]; words that are on disk already are not indexed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenState {
    /// The words are those of this `seq`.
    UpTo(u64),
    /// The words are missing or unfinished, for this reason.
    NeedsRebuild(String),
}

impl Search {
    /// Opens the index of this store in its folder. A missing, damaged or foreign index is made anew.
    pub fn open(dir: &Path, store_id: [u8; 16]) -> Result<(Search, OpenState), Fault> {
        let (text, kept, made_anew) = text::open(dir, store_id)?;
        let state = match (made_anew, kept.seq) {
            (Some(why), _) => OpenState::NeedsRebuild(why),
            (None, None) => OpenState::NeedsRebuild("the last load was not finished".to_owned()),
            (None, Some(seq)) => OpenState::UpTo(seq),
        };
        Ok((Search::of(Feeder::new(text, kept)), state))
    }

    /// One without a folder, for stores without one.
    pub fn in_memory() -> Result<Search, Fault> {
        Ok(Search::of(Feeder::new(text::in_memory()?, text::Kept::default())))
    }

    fn of(feeder: Feeder) -> Search {
        let view = RwLock::new(Arc::new(feeder.view()));
        let (feeder, visible, loaded) = (Mutex::new(feeder), watch::Sender::new(0), AtomicBool::new(false));
        Search { view, feeder, visible, loaded, renewal: Renewal::default() }
    }

    /// Sets the tree of categories. The index knows each place with its category's ancestors: after the tree has
    /// changed its shape (not only its names), load all documents anew.
    pub fn set_categories(&self, categories: Categories) {
        let mut feeder = self.feeder();
        feeder.set_categories(Arc::new(categories));
        self.show(&feeder);
    }

    /// From here to [`Search::finish_load`] all documents are fed; what is here now goes on being found meanwhile.
    pub fn begin_load(&self) {
        let mut feeder = self.feeder();
        if self.renewal.begin() {
            feeder.forget_words();
        }
        feeder.begin_load();
    }

    /// Every document up to `seq` was fed: takes out what was not among them, and commits.
    pub fn finish_load(&self, seq: u64) -> Result<(), Fault> {
        let mut feeder = self.feeder();
        feeder.finish_load(seq)?;
        self.show(&feeder);
        self.loaded.store(true, Ordering::Relaxed);
        self.renewal.finish();
        Ok(())
    }

    /// Has everything made anew by whoever feeds, words included, and waits for it; false if that takes too long.
    /// What is here now goes on being found meanwhile.
    pub async fn renew(&self, at_most: Duration) -> bool {
        let number = self.renewal.ask();
        self.renewal.wait(number, at_most).await
    }

    /// Whether all documents are to be loaded anew.
    pub fn is_stale(&self) -> bool {
        self.renewal.is_wanted()
    }

    /// Applies changes, of which `seq` is the last. Facts show at once; words when the feeding thread says with
    /// [`Search::commit`] that nothing more waits, at the latest with the first change 500 ms after the last commit.
    pub fn apply(&self, changes: &[Change], seq: u64) -> Result<(), Fault> {
        let mut feeder = self.feeder();
        feeder.apply(changes, seq)?;
        let commits = feeder.is_commit_due();
        if commits {
            feeder.commit()?;
        }
        // A load is shown by the commit: showing every step would copy the table over and over.
        if commits || !feeder.is_loading() {
            self.show(&feeder);
        }
        Ok(())
    }

    /// Makes all words durable and findable. Call it when nothing more waits to be fed, and before the end.
    pub fn commit(&self) -> Result<(), Fault> {
        let mut feeder = self.feeder();
        feeder.commit()?;
        self.show(&feeder);
        Ok(())
    }

    /// Answers a query. No text and no number makes it fail, only a broken disk does.
    pub fn find(&self, query: &Query) -> Result<Results, Fault> {
        let view = self.view();
        let Some(typed) = query.words.as_deref().filter(|typed| !is_blank(typed)) else {
            return Ok(sieve::browse(query, &view.table, &view.categories));
        };
        let terms = words::terms_of(typed);
        if terms.is_empty() {
            return Ok(Results::default());
        }
        let found = view.text.find(&terms, sieve::area(query), &view.categories)?;
        Ok(sieve::sift(query, &view.table, &view.categories, &found))
    }

    /// What the beginning of a question may become: categories with places first, then names of places.
    pub fn suggest(&self, begun: &str, limit: usize) -> Result<Vec<Suggestion>, Fault> {
        suggest::suggest(&self.view(), begun, limit)
    }

    /// Up to where everything can be found.
    pub fn seq(&self) -> u64 {
        *self.visible.borrow()
    }

    /// Whether all documents have been fed since the start.
    pub fn is_loaded(&self) -> bool {
        self.loaded.load(Ordering::Relaxed)
    }

    /// Waits until everything up to `seq` can be found; false if that takes too long.
    pub async fn wait_for(&self, seq: u64, at_most: Duration) -> bool {
        let mut visible = self.visible.subscribe();
        tokio::time::timeout(at_most, visible.wait_for(|shown| *shown >= seq)).await.is_ok()
    }

    /// How many places there are.
    pub fn count(&self) -> usize {
        self.view().table.count()
    }

    fn show(&self, feeder: &Feeder) {
        let view = Arc::new(feeder.view());
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
        if let Some(seq) = feeder.visible_seq() {
            self.visible.send_replace(seq);
        }
    }

    fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn feeder(&self) -> MutexGuard<'_, Feeder> {
        self.feeder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing was typed: a query without words, unlike one of punctuation, which finds nothing.
fn is_blank(typed: &str) -> bool {
    typed.chars().take(words::MAX_QUERY_CHARS).all(char::is_whitespace)
}
