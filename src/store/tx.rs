//! A transaction: what one command sees and does, before anything is on the disk.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::{Chance, Fault, Timestamp};
use crate::store::disk::SCHEMA_KEY;
use crate::store::hooks::Hooks;
use crate::store::overlay::{Effect, FullKey, Overlay, Pairs, Stretch, scan_through};
use crate::store::read::full_key;
use crate::store::{IndexOf, Key, Read, Row, Table};

/// Most effects of one command; longer work is a series of small commands, so that no one stalls the city.
pub const MAX_EFFECTS: usize = 10_000;
/// Most bytes of one command's effects.
pub const MAX_EFFECT_BYTES: usize = 4 << 20;

/// What a command comes to. `Ok` commits its effects; a `Stop` says why there is nothing to give.
pub type Outcome<T, R> = Result<T, Stop<R>>;

/// Why a command has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop<R> {
    /// An answer for a person; nothing that the command did remains.
    Refuse(R),
    /// An answer for a person, and the command's effects stay: guess counters, audit of the denied.
    RefuseKeeping(R),
    /// Ours; nothing remains.
    Fault(Fault),
}

impl<R> Stop<R> {
    /// The same stop with another capability's refusal.
    pub fn map<S>(self, refusal: impl FnOnce(R) -> S) -> Stop<S> {
        match self {
            Stop::Refuse(own) => Stop::Refuse(refusal(own)),
            Stop::RefuseKeeping(own) => Stop::RefuseKeeping(refusal(own)),
            Stop::Fault(fault) => Stop::Fault(fault),
        }
    }
}

impl<R> From<Fault> for Stop<R> {
    fn from(fault: Fault) -> Stop<R> {
        Stop::Fault(fault)
    }
}

/// Takes the outcome of a lower capability's command into one's own: `vouchers::issue(..).lift()?`.
pub trait Lift<T, R> {
    fn lift<S: From<R>>(self) -> Outcome<T, S>;
}

impl<T, R> Lift<T, R> for Outcome<T, R> {
    fn lift<S: From<R>>(self) -> Outcome<T, S> {
        self.map_err(|stop| stop.map(S::from))
    }
}

/// One command's view: its own effects over those of the batch so far, over the last commit.
pub struct Tx<'a> {
    own: Overlay,
    /// The first fault of a write or a hook. What a command has done by halves does not stay, even if it goes on.
    broken: Option<Fault>,
    batch: &'a Overlay,
    base: &'a dyn Read,
    now: Timestamp,
    chance: Chance,
    hooks: &'a Hooks,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(
        base: &'a dyn Read,
        batch: &'a Overlay,
        now: Timestamp,
        chance: Chance,
        hooks: &'a Hooks,
    ) -> Tx<'a> {
        Tx { own: Overlay::default(), broken: None, batch, base, now, chance, hooks }
    }

    /// The time of the batch: the same for every command in it.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    /// A new id, of now.
    pub fn new_id<T>(&mut self) -> crate::base::Id<T> {
        crate::base::Id::new(self.now, &mut self.chance)
    }

    /// Writes a row and keeps its indexes. A value that a unique index already has for another row is a fault: the
    /// command should have looked.
    pub fn put<K: Key, V: Row>(&mut self, table: &Table<K, V>, key: &K, row: &V) -> Result<(), Fault> {
        let done = self.write(table, key, Some(row));
        self.note(done)
    }

    /// Deletes a row and its index entries; it is no fault if there is none.
    pub fn delete<K: Key, V: Row>(&mut self, table: &Table<K, V>, key: &K) -> Result<(), Fault> {
        let done = self.write(table, key, None);
        self.note(done)
    }

    /// Writes the entries that a row which is there already has in an index that is new.
    pub(in crate::store) fn put_entries<K: Key, V: Row>(
        &mut self,
        index: &dyn IndexOf<K, V>,
        key: &K,
        row: &V,
    ) -> Result<(), Fault> {
        let mut entries = index.entries(key, row).into_iter();
        let done = entries.try_for_each(|(entry, value)| self.put_entry(index, entry, value));
        self.note(done)
    }

    /// Deletes what lies under a full key, of a table or index that only a migration knows.
    pub(in crate::store) fn delete_bytes(&mut self, key: FullKey) -> Result<(), Fault> {
        let done = self.set(key, None);
        self.note(done)
    }

    /// Raises the store's schema with this commit.
    pub(in crate::store) fn raise_schema(&mut self, number: u32) -> Result<(), Fault> {
        let done = self.set(SCHEMA_KEY.to_vec(), Some(number.to_row()));
        self.note(done)
    }

    /// Whether a loop over rows should end here, and go on in the next command.
    pub(in crate::store) fn is_half_full(&self) -> bool {
        self.own.len() > MAX_EFFECTS / 2 || self.own.bytes() > MAX_EFFECT_BYTES / 2
    }

    /// Runs what `app.rs` wired for this event, in this transaction. A hook that faults ends the command.
    pub fn emit<E: 'static>(&mut self, event: &E) -> Result<(), Fault> {
        let hooks = self.hooks;
        let done = hooks.run(self, event);
        self.note(done)
    }

    /// Runs a command in this transaction. A panic is a fault of ours, and so is a fault that the command swallowed.
    pub(crate) fn run<T, R>(&mut self, command: impl FnOnce(&mut Tx<'a>) -> Outcome<T, R>) -> Outcome<T, R> {
        let ran = catch_unwind(AssertUnwindSafe(|| command(self)));
        let outcome = ran.unwrap_or_else(|panic| {
            let cause = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let cause = cause.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Stop::Fault(Fault::bug("a command panicked", cause.unwrap_or_default())))
        });
        match (self.broken.take(), outcome) {
            (Some(fault), Ok(_) | Err(Stop::RefuseKeeping(_))) => Err(Stop::Fault(fault)),
            (_, outcome) => outcome,
        }
    }

    pub(crate) fn into_overlay(self) -> Overlay {
        self.own
    }

    pub(crate) fn effects(&self) -> Vec<Effect> {
        self.own.clone().into_effects()
    }

    /// Writes effects that were decided elsewhere: a test takes the guard of the transaction away with it.
    #[cfg(test)]
    pub(crate) fn write_blindly(&mut self, effects: &[Effect]) -> Result<(), Fault> {
        effects.iter().try_for_each(|effect| self.set(effect.key.clone(), effect.value.clone()))
    }

    fn write<K: Key, V: Row>(&mut self, table: &Table<K, V>, key: &K, row: Option<&V>) -> Result<(), Fault> {
        if !table.indexes().is_empty() {
            self.reindex(table, key, row)?;
        }
        self.set(full_key(table.number(), key), row.map(Row::to_row))
    }

    fn note(&mut self, done: Result<(), Fault>) -> Result<(), Fault> {
        if let Err(fault) = &done {
            self.broken.get_or_insert_with(|| fault.clone());
        }
        done
    }

    fn reindex<K: Key, V: Row>(&mut self, table: &Table<K, V>, key: &K, new: Option<&V>) -> Result<(), Fault> {
        let old = self.get(table, key)?;
        for index in table.indexes() {
            let before = old.as_ref().map(|row| index.entries(key, row)).unwrap_or_default();
            let after = new.map(|row| index.entries(key, row)).unwrap_or_default();
            for (gone, _) in before.iter().filter(|entry| !after.contains(entry)) {
                self.set(gone.clone(), None)?;
            }
            for (entry, value) in after.into_iter().filter(|entry| !before.contains(entry)) {
                self.put_entry(*index, entry, value)?;
            }
        }
        Ok(())
    }

    fn put_entry<K: Key, V: Row>(
        &mut self,
        index: &dyn IndexOf<K, V>,
        entry: FullKey,
        value: Vec<u8>,
    ) -> Result<(), Fault> {
        if index.is_unique() && self.get_bytes(&entry)?.is_some_and(|owner| owner != value) {
            return Err(Fault::bug(index.name(), "two rows with one value in a unique index"));
        }
        self.set(entry, Some(value))
    }

    fn set(&mut self, key: FullKey, effect: Option<Vec<u8>>) -> Result<(), Fault> {
        self.own.set(key, effect);
        let (effects, bytes) = (self.own.len(), self.own.bytes());
        if effects > MAX_EFFECTS || bytes > MAX_EFFECT_BYTES {
            return Err(Fault::bug("a command does too much at once", format!("{effects} effects, {bytes} bytes")));
        }
        Ok(())
    }
}

impl Read for Tx<'_> {
    fn get_bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        for overlay in [&self.own, self.batch] {
            if let Some(effect) = overlay.get(key) {
                return Ok(effect.map(<[u8]>::to_vec));
            }
        }
        self.base.get_bytes(key)
    }

    fn scan_bytes(&self, stretch: Stretch) -> Result<Pairs<'_>, Fault> {
        let base = self.base.scan_bytes(stretch.clone())?;
        Ok(scan_through([&self.own, self.batch], base, &stretch))
    }
}

impl<'a> Deref for Tx<'a> {
    type Target = dyn Read + 'a;

    fn deref(&self) -> &(dyn Read + 'a) {
        self
    }
}
