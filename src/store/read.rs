//! Reading: what a snapshot and a transaction have in common.

use crate::base::Fault;
use crate::store::key::successor;
use crate::store::overlay::{Pairs, Stretch};
use crate::store::{Index, Key, Row, Table};

/// Whatever can be read: a snapshot, or a transaction through its overlays. Queries take `&dyn Read`.
///
/// The byte verbs are what an implementation gives; the typed ones are on `dyn Read` itself.
pub trait Read {
    fn get_bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    fn scan_bytes(&self, stretch: Stretch) -> Result<Pairs<'_>, Fault>;
}

/// Which keys of a table or index to scan, and in which direction.
#[derive(Clone, Debug)]
pub struct Span {
    /// Included.
    from: Vec<u8>,
    /// Excluded; `None` for the end of the table.
    to: Option<Vec<u8>>,
    /// What was seen already, in the direction of the scan.
    seen: Option<Vec<u8>>,
    reversed: bool,
}

impl Span {
    pub const fn all() -> Span {
        Span { from: Vec::new(), to: None, seen: None, reversed: false }
    }

    /// Keys that begin with these values: `Span::prefix(&place)` for keys `(place, time, id)`.
    pub fn prefix(values: &impl Key) -> Span {
        let from = values.to_bytes();
        Span { to: successor(&from), from, ..Span::all() }
    }

    /// Keys from `from` (included) up to `to` (excluded).
    pub fn between(from: &impl Key, to: &impl Key) -> Span {
        Span { from: from.to_bytes(), to: Some(to.to_bytes()), ..Span::all() }
    }

    /// Only keys that come after everything which begins with `key`, whatever the direction: the next page of a list.
    /// It only narrows the span: a key from a stranger's cursor opens nothing that was outside.
    pub fn beyond(mut self, key: &impl Key) -> Span {
        self.seen = Some(key.to_bytes());
        self
    }

    /// From the last key to the first.
    pub fn reversed(mut self) -> Span {
        self.reversed = true;
        self
    }

    /// The same span in the key space of a table or index.
    fn within(self, number: u16) -> Stretch {
        let prefixed = |key: Vec<u8>| [&number.to_be_bytes()[..], &key].concat();
        let mut from = prefixed(self.from);
        let mut to = self.to.map_or_else(|| successor(&number.to_be_bytes()), |key| Some(prefixed(key)));
        match self.seen.map(prefixed) {
            Some(seen) if self.reversed => to = Some(to.map_or(seen.clone(), |to| to.min(seen))),
            // Nothing sorts after a key of `FF` only: then nothing is left, as between a key and itself.
            Some(seen) => match successor(&seen) {
                Some(next) => from = from.max(next),
                None => to = Some(from.clone()),
            },
            None => {}
        }
        Stretch { from, to, reversed: self.reversed }
    }
}

/// Length of a table's number in front of every key.
const NUMBER_BYTES: usize = 2;

impl dyn Read + '_ {
    /// The row under `key`.
    pub fn get<K: Key, V: Row>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, Fault> {
        self.get_bytes(&full_key(table.number(), key))?.map(|bytes| V::from_row(&bytes)).transpose()
    }

    /// A row that must be there because another row names it; its absence is a fault of ours.
    pub fn must_get<K: Key, V: Row>(&self, table: &Table<K, V>, key: &K) -> Result<V, Fault> {
        self.get(table, key)?.ok_or_else(|| Fault::corrupt(table.name(), "a row that another one names is missing"))
    }

    pub fn contains<K: Key, V: Row>(&self, table: &Table<K, V>, key: &K) -> Result<bool, Fault> {
        Ok(self.get_bytes(&full_key(table.number(), key))?.is_some())
    }

    /// Rows in the order of their keys.
    pub fn scan<'a, K: Key + 'a, V: Row + 'a>(
        &'a self,
        table: &'static Table<K, V>,
        span: Span,
    ) -> Result<impl Iterator<Item = Result<(K, V), Fault>> + use<'a, K, V>, Fault> {
        let pairs = scan_number(self, table.number(), span)?;
        Ok(pairs.map(move |pair| {
            let (key, value) = pair?;
            Ok((whole_key(&key[NUMBER_BYTES..], table.name())?, V::from_row(&value)?))
        }))
    }

    /// The key of the one row that a unique index has under this value.
    pub fn find<K: Key, V: Row, I: Key>(&self, index: &Index<K, V, I>, value: &I) -> Result<Option<K>, Fault> {
        use crate::store::table::IndexOf;
        let found = self.get_bytes(&full_key(index.number(), value))?;
        found.map(|bytes| whole_key(&bytes, index.name())).transpose()
    }

    /// Indexed values and keys of rows in the order of an index that is not unique.
    pub fn scan_index<'a, K: Key + 'a, V: Row + 'a, I: Key + 'a>(
        &'a self,
        index: &'static Index<K, V, I>,
        span: Span,
    ) -> Result<impl Iterator<Item = Result<(I, K), Fault>> + use<'a, K, V, I>, Fault> {
        use crate::store::table::IndexOf;
        let pairs = scan_number(self, index.number(), span)?;
        Ok(pairs.map(move |pair| whole_key(&pair?.0[NUMBER_BYTES..], index.name())))
    }

    /// Rows of `table` in the order of an index that is not unique.
    pub fn scan_by<'a, K: Key + 'a, V: Row + 'a, I: Key + 'a>(
        &'a self,
        table: &'static Table<K, V>,
        index: &'static Index<K, V, I>,
        span: Span,
    ) -> Result<impl Iterator<Item = Result<(K, V), Fault>> + use<'a, K, V, I>, Fault> {
        let entries = self.scan_index(index, span)?;
        Ok(entries.map(move |entry| {
            let (_, key) = entry?;
            let row = self.must_get(table, &key)?;
            Ok((key, row))
        }))
    }
}

fn scan_number<'a>(read: &'a (dyn Read + 'a), number: u16, span: Span) -> Result<Pairs<'a>, Fault> {
    let stretch = span.within(number);
    if stretch.is_empty() {
        return Ok(Box::new(std::iter::empty()));
    }
    read.scan_bytes(stretch)
}

pub(crate) fn full_key(number: u16, key: &impl Key) -> Vec<u8> {
    let mut full = number.to_bytes();
    key.encode(&mut full);
    full
}

fn whole_key<K: Key>(bytes: &[u8], name: &str) -> Result<K, Fault> {
    let mut rest = bytes;
    let key = K::decode(&mut rest).filter(|_| rest.is_empty());
    key.ok_or_else(|| Fault::corrupt(name, "a key can't be read"))
}
