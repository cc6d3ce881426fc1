//! Tables and their indexes: what a row is, under which number it lies, and how else it is found.

use std::marker::PhantomData;

use crate::base::Fault;
use crate::store::Key;

/// A value that is kept as a row: minicbor with numbered fields. A number is never reused, a new field is optional.
pub trait Row: Sized {
    fn to_row(&self) -> Vec<u8>;
    fn from_row(bytes: &[u8]) -> Result<Self, Fault>;
}

impl<T> Row for T
where
    T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
{
    fn to_row(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match minicbor::encode(self, &mut bytes) {
            Ok(()) => bytes,
            // A Vec takes every byte; and no Encode of ours fails of itself.
            Err(_) => unreachable!("a row could not be written to memory"),
        }
    }

    fn from_row(bytes: &[u8]) -> Result<T, Fault> {
        minicbor::decode(bytes).map_err(|error| Fault::corrupt("a row can't be read", error))
    }
}

/// A table: a number and a name, both for ever, and its indexes, which the store maintains.
///
/// Declared as a `static` in the owner's `model.rs`, and listed in `schema.rs`.
pub struct Table<K: 'static, V: 'static> {
    number: u16,
    name: &'static str,
    indexes: &'static [&'static dyn IndexOf<K, V>],
    marker: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Row> Table<K, V> {
    pub const fn new(number: u16, name: &'static str, indexes: &'static [&'static dyn IndexOf<K, V>]) -> Table<K, V> {
        Table { number, name, indexes, marker: PhantomData }
    }

    pub const fn number(&self) -> u16 {
        self.number
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn indexes(&self) -> &'static [&'static dyn IndexOf<K, V>] {
        self.indexes
    }

    /// Number, name and indexes without types, for `schema.rs` and for `highstreet check`.
    pub fn described(&'static self) -> Described {
        Described {
            number: self.number,
            name: self.name,
            indexes: self.indexes.iter().map(|index| (index.number(), index.name(), index.is_unique())).collect(),
            expected: Box::new(|key, value| self.expected_entries(key, value)),
        }
    }

    fn expected_entries(&self, key: &[u8], value: &[u8]) -> Result<Vec<Entry>, Fault> {
        let mut rest = key;
        let decoded = K::decode(&mut rest).filter(|_| rest.is_empty());
        let typed_key = decoded.ok_or_else(|| Fault::corrupt(self.name, "a key can't be read"))?;
        let row = V::from_row(value)?;
        Ok(self.indexes.iter().flat_map(|index| index.entries(&typed_key, &row)).collect())
    }
}

/// An entry of an index as it lies in the store: full key (with the index's number) and value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Index entries that a row of a table must have.
pub type Expectation = Box<dyn Fn(&[u8], &[u8]) -> Result<Vec<Entry>, Fault> + Send + Sync>;

/// A table without its types.
pub struct Described {
    pub number: u16,
    pub name: &'static str,
    /// Number, name and whether unique.
    pub indexes: Vec<(u16, &'static str, bool)>,
    /// The index entries that a row must have, from its key and value bytes.
    pub expected: Expectation,
}

/// Another way to find the rows of a table: by values that are computed from the row.
///
/// Its entries lie under a number of its own: `index value, key -> ()`, or `index value -> key` if unique.
pub struct Index<K: 'static, V: 'static, I: 'static> {
    number: u16,
    name: &'static str,
    unique: bool,
    values: fn(&K, &V) -> Vec<I>,
}

impl<K: Key, V: Row, I: Key> Index<K, V, I> {
    /// Several rows may have the same value.
    pub const fn new(number: u16, name: &'static str, values: fn(&K, &V) -> Vec<I>) -> Index<K, V, I> {
        Index { number, name, unique: false, values }
    }

    /// At most one row has a value. A command looks first; a second row with the value is a fault of ours.
    pub const fn unique(number: u16, name: &'static str, values: fn(&K, &V) -> Vec<I>) -> Index<K, V, I> {
        Index { number, name, unique: true, values }
    }
}

/// The part of an index that its table needs: no `I` in sight.
pub trait IndexOf<K, V>: Sync {
    fn number(&self) -> u16;
    fn name(&self) -> &'static str;
    fn is_unique(&self) -> bool;
    fn entries(&self, key: &K, value: &V) -> Vec<Entry>;
}

impl<K: Key, V: Row, I: Key> IndexOf<K, V> for Index<K, V, I> {
    fn number(&self) -> u16 {
        self.number
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn is_unique(&self) -> bool {
        self.unique
    }

    fn entries(&self, key: &K, value: &V) -> Vec<Entry> {
        let entry = |indexed: I| {
            let mut full = self.number.to_bytes();
            indexed.encode(&mut full);
            if self.unique {
                return (full, key.to_bytes());
            }
            key.encode(&mut full);
            (full, Vec::new())
        };
        (self.values)(key, value).into_iter().map(entry).collect()
    }
}
