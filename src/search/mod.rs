//! Finding places. A table in memory answers everything without words (near, box, facets, open now, order); an index
//! on disk finds words, and the table then filters and counts what it found. Search knows documents, not the
//! capabilities that they come from. One thread feeds it (the projection of the change log), any number asks.

mod categories;
mod cow;
mod disk;
mod distance;
mod document;
mod facets;
mod feeder;
mod grid;
mod home;
mod kept;
mod language;
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

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::base::{Fault, Timestamp};
use crate::search::feeder::Feeder;
use crate::search::home::Home;
use crate::search::kept::Kept;
use crate::search::renewal::Renewal;
use crate::search::table::Table;
use crate::search::text::TextView;

pub use categories::{Categories, Category};
pub use document::{Document, Field, Flag, Flags, Hours, Rating};
pub use feeder::Change;
pub use kept::Due;
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
    /// The words can't be read, and will be made anew.
    is_broken: AtomicBool,
    /// `None` in memory.
    home: Option<Home>,
}

/// One consistent state.
struct View {
    table: Table,
    text: TextView,
    categories: Arc<Categories>,
    is_whole: bool,
}

/// The store that an index must be of, and when it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Whose {
    pub store_id: [u8; 16],
    /// The last commit: an index of a later one is of a past that a restore has undone.
    pub head: u64,
    pub now: Timestamp,
}

/// What [`Search::open`] found on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenState {
    /// Every place is here as of this `seq`: apply what came after it. Words that were lost are asked to be made anew.
    Resumed { seq: u64, due: Vec<Due> },
    /// No place is here yet, for this reason: feed all documents between [`Search::begin_load`] and
    /// [`Search::finish_load`]. Words that are on disk are not indexed again.
    NeedsRebuild(String),
}

impl Search {
    /// Opens what is kept of this store in its folder. What is missing, damaged or foreign there is made anew.
    pub fn open(dir: &Path, whose: &Whose) -> Result<(Search, OpenState), Fault> {
        let kept = kept::read(&dir.join(Home::TABLE), whose);
        clear_foreign(dir).map_err(|error| Fault::io("clearing the folder of search", error))?;
        let text = text::open(&dir.join(Home::WORDS), whose)?;
        let lost_words = text.made_anew.or_else(|| text.seq.is_none().then(|| "the last load was not finished".into()));
        let (table, state) = match kept {
            Ok(Kept { seq, table, due }) => (Some((table, seq)), OpenState::Resumed { seq, due }),
            Err(why) => (None, OpenState::NeedsRebuild(format!("the table of places: {why}"))),
        };
        let is_resumed = table.is_some();
        let feeder = Feeder::new(text.text, lost_words.is_none(), table)?;
        let search = Search::of(feeder, Some(Home::new(dir, whose.store_id)));
        if let Some(why) = lost_words {
            tracing::info!(why, "the words of the search index are made anew");
            search.renewal.ask();
        }
        search.loaded.store(is_resumed, Ordering::Relaxed);
        Ok((search, state))
    }

    /// One without a folder, for stores without one.
    pub fn in_memory() -> Result<Search, Fault> {
        Ok(Search::of(Feeder::new(text::in_memory()?, true, None)?, None))
    }

    fn of(feeder: Feeder, home: Option<Home>) -> Search {
        let search = Search {
            view: RwLock::new(Arc::new(feeder.view())),
            feeder: Mutex::new(feeder),
            visible: watch::Sender::new(0),
            loaded: AtomicBool::new(false),
            renewal: Renewal::default(),
            is_broken: AtomicBool::new(false),
            home,
        };
        search.show(&search.feeder());
        search
    }

    /// Sets the tree of categories. The index knows each place with its category's ancestors: after the tree has
    /// changed its shape (not only its names), load all documents anew.
    pub fn set_categories(&self, categories: Categories) {
        let mut feeder = self.feeder();
        feeder.set_categories(Arc::new(categories));
        self.show(&feeder);
    }

    /// From here to [`Search::finish_load`] all documents are fed; what is here now goes on being found meanwhile.
    pub fn begin_load(&self) -> Result<(), Fault> {
        let mut feeder = self.feeder();
        if self.renewal.begin() {
            feeder.forget_words()?;
        }
        feeder.begin_load();
        Ok(())
    }

    /// Every document up to `seq` was fed: takes out what was not among them, and commits.
    pub fn finish_load(&self, seq: u64) -> Result<(), Fault> {
        let mut feeder = self.feeder();
        self.unless_broken(feeder.finish_load(seq))?;
        self.show(&feeder);
        self.loaded.store(true, Ordering::Relaxed);
        self.is_broken.store(false, Ordering::Relaxed);
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
        self.unless_broken(feeder.apply(changes, seq))?;
        let commits = feeder.is_commit_due();
        if commits {
            self.unless_broken(feeder.commit())?;
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
        self.unless_broken(feeder.commit())?;
        self.show(&feeder);
        Ok(())
    }

    /// Looks after what is on disk, when nothing else is to do: damage is asked to be made good, and the table of
    /// places is kept now and then, with what is due.
    pub fn look_after(&self, now: Timestamp, due: &BTreeSet<Due>) {
        let Some(home) = self.home.as_ref().filter(|_| self.is_loaded() && !self.is_stale()) else { return };
        let (table, seq) = {
            let feeder = self.feeder();
            if let Err(why) = home.look(&feeder) {
                return self.lose_words(&why);
            }
            (feeder.view().table, feeder.seq())
        };
        home.keep(now, seq, &table, due);
    }

    /// Answers a query. No text, no number and no damage on disk makes it fail.
    pub fn find(&self, query: &Query) -> Results {
        let view = self.view();
        let Some(typed) = query.words.as_deref().filter(|typed| !is_blank(typed)) else {
            return Results { is_partial: !self.is_loaded(), ..sieve::browse(query, &view.table, &view.categories) };
        };
        let terms = words::terms_of(typed);
        if terms.is_empty() {
            return Results::default();
        }
        match self.read(|| view.text.find(&terms, sieve::area(query), &view.categories)) {
            Some(found) => {
                let named = view.categories.named(&terms);
                let results = sieve::sift(query, &view.table, &view.categories, &found, &named);
                Results { is_partial: !view.is_whole || self.is_broken.load(Ordering::Relaxed), ..results }
            }
            None => Results { is_partial: true, ..without_words(query, &terms, &view) },
        }
    }

    /// What the beginning of a question may become: categories with places first, then names of places.
    pub fn suggest(&self, begun: &str, limit: usize) -> Vec<Suggestion> {
        let view = self.view();
        self.read(|| suggest::suggest(&view, begun, limit)).unwrap_or_default()
    }

    /// Reads the text index. Damage is noted, and is nobody's answer; that of a file which its sums do not show may
    /// come as a panic of the library.
    fn read<T>(&self, read: impl FnOnce() -> Result<T, Fault>) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(found)) => return Some(found),
            Ok(Err(fault)) => self.lose_words(&fault.to_string()),
            Err(_) => self.lose_words("reading it panicked"),
        }
        None
    }

    /// Whatever went wrong with the words, they are made anew.
    fn unless_broken(&self, done: Result<(), Fault>) -> Result<(), Fault> {
        done.inspect_err(|fault| self.lose_words(&fault.to_string()))
    }

    fn lose_words(&self, why: &str) {
        self.is_broken.store(true, Ordering::Relaxed);
        if !self.is_stale() {
            tracing::warn!(why, "the search index is damaged and will be made anew");
            self.renewal.ask();
        }
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
        self.feeder.lock().unwrap_or_else(|poisoned| {
            self.feeder.clear_poison();
            self.lose_words("writing it panicked");
            poisoned.into_inner()
        })
    }
}

/// Nothing was typed: a query without words, unlike one of punctuation, which finds nothing.
fn is_blank(typed: &str) -> bool {
    typed.chars().take(words::MAX_QUERY_CHARS).all(char::is_whitespace)
}

/// Without the text index: the places of the categories that the words mean.
fn without_words(query: &Query, terms: &[String], view: &View) -> Results {
    let meant: Vec<u16> = terms.iter().flat_map(|term| view.categories.with_word(term)).collect();
    if meant.is_empty() {
        return Results::default();
    }
    let categories = if query.categories.is_empty() { meant } else { query.categories.clone() };
    let query = Query { words: None, categories, ..query.clone() };
    sieve::browse(&query, &view.table, &view.categories)
}

/// Removes what older releases left in the folder, which is search's own.
fn clear_foreign(dir: &Path) -> std::io::Result<()> {
    if std::fs::symlink_metadata(dir).is_ok_and(|found| !found.is_dir()) {
        std::fs::remove_file(dir)?;
    }
    std::fs::create_dir_all(dir)?;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if [Home::TABLE, Home::WORDS].iter().any(|ours| entry.file_name() == *ours) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
