//! The one writer: turns changes of documents into changes of the place table and the text index. Facts show at
//! once, words with the next commit of the index.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::Fault;
use crate::base::clock::monotonic;
use crate::search::View;
use crate::search::categories::Categories;
use crate::search::document::Document;
use crate::search::ordinals::Ordinals;
use crate::search::schedules::ScheduleNumbers;
use crate::search::table::{Row, Table};
use crate::search::text::{self, Entry, KeptPlace, TextView, TextWriter};

/// Words wait no longer than this for their commit while changes keep coming.
const COMMIT_EVERY: Duration = Duration::from_millis(500);

/// So long the index on disk may bear an older `seq` if only facts have changed since.
const COMMIT_SEQ_EVERY: Duration = Duration::from_secs(60);

/// The fingerprint of what is not in the text index.
const NO_WORDS: u64 = 0;

/// A change of one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Put(Document),
    Delete([u8; 16]),
}

pub(super) struct Feeder {
    table: Table,
    categories: Arc<Categories>,
    ordinals: Ordinals,
    schedule_numbers: ScheduleNumbers,
    /// By ordinal: what the text index holds of it; 0 if nothing.
    fingerprints: Vec<u64>,
    /// Ordinals that can be given to other places. Those of the second list only after the next commit, for until
    /// then the text index may still answer them with the words of the place that is gone.
    freed: Vec<u32>,
    freed_since_commit: Vec<u32>,
    text: TextWriter,
    /// While the text index is made anew: what is shown of the one before.
    shown: Option<TextView>,
    /// Whether everything there is was fed, and its words committed, since the beginning of this index.
    is_whole: bool,
    text_changed: bool,
    committed_at: Instant,
    /// While all documents are fed anew: those that came, by ordinal.
    seen: Option<Vec<bool>>,
    seq: u64,
}

impl Feeder {
    /// Goes on with the places of the kept table. Without one, places of the kept words get their ordinals back, so
    /// that those words are good still.
    pub(super) fn new(text: TextWriter, words_are_whole: bool, kept: Option<(Table, u64)>) -> Result<Feeder, Fault> {
        let mut feeder = Feeder {
            table: Table::default(),
            categories: Arc::default(),
            ordinals: Ordinals::default(),
            schedule_numbers: ScheduleNumbers::default(),
            fingerprints: Vec::new(),
            freed: Vec::new(),
            freed_since_commit: Vec::new(),
            shown: None,
            is_whole: words_are_whole && kept.is_some(),
            text,
            text_changed: false,
            committed_at: monotonic(),
            seen: None,
            seq: 0,
        };
        let words = feeder.text.view().places()?;
        match kept {
            Some((table, seq)) => {
                feeder.seq = seq;
                feeder.go_on_with(table);
                // Places that the table does not know yet come with the log, under whichever ordinals.
                words.iter().for_each(|place| feeder.remember(place.ordinal, place.fingerprint));
            }
            None => feeder.take_back(&words),
        }
        Ok(feeder)
    }

    fn go_on_with(&mut self, table: Table) {
        let is_here = |ordinal: &u32| table.find(*ordinal).is_some();
        let (here, gone): (Vec<u32>, Vec<u32>) = (0..table.ordinals()).partition(is_here);
        self.ordinals = Ordinals::of(&here, |ordinal| table.id_of(ordinal));
        let schedules = here.iter().filter_map(|ordinal| schedule_of(&table, *ordinal));
        self.schedule_numbers = ScheduleNumbers::of(&table.schedules, schedules);
        self.freed = gone;
        self.table = table;
    }

    fn take_back(&mut self, words: &[KeptPlace]) {
        for place in words {
            while self.table.ordinals() < place.ordinal {
                self.freed.push(self.table.reserve([0; 16], None));
            }
            let ordinal = self.reserve(place.id, None);
            self.remember(ordinal, place.fingerprint);
        }
    }

    pub(super) fn view(&self) -> View {
        let text = self.shown.clone().unwrap_or_else(|| self.text.view());
        let (table, categories) = (self.table.clone(), Arc::clone(&self.categories));
        View { table, text, categories, is_whole: self.is_whole }
    }

    pub(super) const fn seq(&self) -> u64 {
        self.seq
    }

    pub(super) fn look_at_files(&self, blocks: usize) -> Result<(), String> {
        self.text.look(blocks)
    }

    pub(super) fn set_categories(&mut self, categories: Arc<Categories>) {
        self.categories = categories;
    }

    /// Begins a text index from nothing: the words of every place are put again. What there was goes on being shown
    /// until they are whole.
    pub(super) fn forget_words(&mut self) -> Result<(), Fault> {
        let before = self.text.view();
        self.shown.get_or_insert(before);
        self.text.begin_anew()?;
        self.fingerprints.fill(NO_WORDS);
        self.text_changed = true;
        Ok(())
    }

    pub(super) fn begin_load(&mut self) {
        self.seen = Some(Vec::new());
    }

    pub(super) const fn is_loading(&self) -> bool {
        self.seen.is_some()
    }

    /// Takes out what did not come since [`Feeder::begin_load`], and commits.
    pub(super) fn finish_load(&mut self, seq: u64) -> Result<(), Fault> {
        if let Some(seen) = self.seen.take() {
            let has_come = |ordinal: u32| seen.get(ordinal as usize).copied().unwrap_or(false);
            for ordinal in (0..self.table.ordinals()).filter(|ordinal| !has_come(*ordinal)) {
                // A freed ordinal still bears the id that had it, which may have come back under another one.
                if let Some(id) = self.table.id_of(ordinal)
                    && self.ordinal_of(&id) == Some(ordinal)
                {
                    self.delete(&id);
                }
            }
        }
        self.seq = seq;
        self.commit_now()?;
        self.shown = None;
        self.is_whole = true;
        self.freed.append(&mut self.freed_since_commit);
        Ok(())
    }

    pub(super) fn apply(&mut self, changes: &[Change], seq: u64) -> Result<(), Fault> {
        for change in changes {
            match change {
                Change::Put(document) => self.put(document)?,
                Change::Delete(id) => self.delete(id),
            }
        }
        self.seq = seq;
        Ok(())
    }

    /// Whether words have waited long enough.
    pub(super) fn is_commit_due(&self) -> bool {
        self.text_changed && self.committed_at.elapsed() >= COMMIT_EVERY
    }

    /// Commits words that wait, and now and then the `seq` alone: facts need no commit.
    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        if self.text_changed || self.committed_at.elapsed() >= COMMIT_SEQ_EVERY { self.commit_now() } else { Ok(()) }
    }

    fn commit_now(&mut self) -> Result<(), Fault> {
        self.text.commit((!self.is_loading()).then_some(self.seq))?;
        self.text_changed = false;
        self.committed_at = monotonic();
        // What is still shown may have the words of those that are gone.
        if self.shown.is_none() {
            self.freed.append(&mut self.freed_since_commit);
        }
        Ok(())
    }

    /// Up to where a search sees everything, words included; `None` while that is unchanged.
    pub(super) fn visible_seq(&self) -> Option<u64> {
        (!self.is_loading() && !self.text_changed).then_some(self.seq)
    }

    fn put(&mut self, document: &Document) -> Result<(), Fault> {
        let ordinal = match self.ordinal_of(&document.id) {
            Some(ordinal) => ordinal,
            None => {
                let freed = self.freed.pop();
                self.reserve(document.id, freed)
            }
        };
        self.put_facts(ordinal, document);
        if let Some(seen) = &mut self.seen {
            seen.resize(seen.len().max(ordinal as usize + 1), false);
            if let Some(seen) = seen.get_mut(ordinal as usize) {
                *seen = true;
            }
        }
        self.put_words(ordinal, document)
    }

    fn put_facts(&mut self, ordinal: u32, document: &Document) {
        let before = schedule_of(&self.table, ordinal);
        let row = Row {
            point: document.point,
            category: document.category,
            price_level: document.price_level.unwrap_or(0),
            rating: document.rating,
            flags: document.flags,
            schedule: self.schedule_numbers.take(&document.hours, &mut self.table.schedules),
        };
        if let Some(schedule) = before {
            self.schedule_numbers.give_back(schedule, &self.table.schedules);
        }
        self.table.put(ordinal, &row);
    }

    fn put_words(&mut self, ordinal: u32, document: &Document) -> Result<(), Fault> {
        let line: Vec<u16> = self.categories.line(document.category).collect();
        let fingerprint = text::fingerprint(document, &line);
        if self.fingerprints.get(ordinal as usize) == Some(&fingerprint) {
            return Ok(());
        }
        self.text_changed = true;
        self.remember(ordinal, NO_WORDS);
        self.text.put(&Entry { ordinal, document, line: &line, fingerprint })?;
        self.remember(ordinal, fingerprint);
        Ok(())
    }

    fn delete(&mut self, id: &[u8; 16]) {
        let Some(ordinal) = self.ordinal_of(id) else { return };
        if let Some(schedule) = schedule_of(&self.table, ordinal) {
            self.schedule_numbers.give_back(schedule, &self.table.schedules);
        }
        self.table.remove(ordinal);
        self.ordinals.remove(id, |ordinal| self.table.id_of(ordinal));
        self.text.delete(ordinal);
        self.text_changed = true;
        self.remember(ordinal, NO_WORDS);
        self.freed_since_commit.push(ordinal);
    }

    fn ordinal_of(&self, id: &[u8; 16]) -> Option<u32> {
        self.ordinals.get(id, |ordinal| self.table.id_of(ordinal))
    }

    fn reserve(&mut self, id: [u8; 16], freed: Option<u32>) -> u32 {
        let ordinal = self.table.reserve(id, freed);
        self.ordinals.insert(&id, ordinal, |ordinal| self.table.id_of(ordinal));
        ordinal
    }

    fn remember(&mut self, ordinal: u32, fingerprint: u64) {
        let index = ordinal as usize;
        self.fingerprints.resize(self.fingerprints.len().max(index + 1), NO_WORDS);
        if let Some(remembered) = self.fingerprints.get_mut(index) {
            *remembered = fingerprint;
        }
    }
}

fn schedule_of(table: &Table, ordinal: u32) -> Option<u32> {
    let (chunk, slot) = table.find(ordinal)?;
    chunk.schedules.get(slot).copied()
}
