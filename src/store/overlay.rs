//! Overlays: effects that are decided but not yet on the disk, and range scans that see through them.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound::{Excluded, Included, Unbounded};

use minicbor::{Decode, Encode};

use crate::base::Fault;

/// Full key: the table's number (big endian), then the key's bytes.
pub type FullKey = Vec<u8>;

/// What a commit does to one key: a new value, or none any more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Effect {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub key: FullKey,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub value: Option<Vec<u8>>,
}

impl Effect {
    /// The number of the table or index, and the key within it.
    pub fn place(&self) -> Option<(u16, &[u8])> {
        let (number, key) = self.key.split_first_chunk::<2>()?;
        Some((u16::from_be_bytes(*number), key))
    }
}

/// Key and value as they lie in the store.
pub type Pair = (FullKey, Vec<u8>);

/// Pairs in the order of a scan.
pub type Pairs<'a> = Box<dyn Iterator<Item = Result<Pair, Fault>> + 'a>;

/// A part of the store in the order of its keys, or against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Included.
    pub from: FullKey,
    /// Excluded; `None` for up to the last key.
    pub to: Option<FullKey>,
    pub reversed: bool,
}

impl Stretch {
    /// Whether it can't hold a key; `BTreeMap::range` and redb panic on such bounds.
    pub fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| self.from >= *to)
    }

    /// The bounds for a map of byte keys.
    pub(crate) fn bounds(&self) -> (std::ops::Bound<&[u8]>, std::ops::Bound<&[u8]>) {
        (Included(&self.from[..]), self.to.as_deref().map_or(Unbounded, Excluded))
    }
}

/// Puts and tombstones by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    effects: BTreeMap<FullKey, Option<Vec<u8>>>,
    bytes: usize,
}

impl Overlay {
    /// `Some(None)` means: deleted here, do not look further down.
    pub fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        self.effects.get(key).map(|effect| effect.as_deref())
    }

    pub fn set(&mut self, key: FullKey, effect: Option<Vec<u8>>) {
        let key_bytes = key.len();
        self.bytes += key_bytes + effect.as_ref().map_or(0, Vec::len);
        if let Some(replaced) = self.effects.insert(key, effect) {
            self.bytes -= key_bytes + replaced.map_or(0, |value| value.len());
        }
    }

    /// Takes over the newer effects of `upper`.
    pub fn absorb(&mut self, upper: Overlay) {
        for (key, effect) in upper.effects {
            self.set(key, effect);
        }
    }

    /// Size of all keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }

    pub fn len(&self) -> usize {
        self.effects.len()
    }

    pub fn into_effects(self) -> Vec<Effect> {
        self.effects.into_iter().map(|(key, value)| Effect { key, value }).collect()
    }

    fn scan(&self, stretch: &Stretch) -> Layer<'_> {
        let range = self.effects.range::<[u8], _>(stretch.bounds());
        let owned = |(key, value): (&FullKey, &Option<Vec<u8>>)| Ok(Effect { key: key.clone(), value: value.clone() });
        if stretch.reversed { Box::new(range.rev().map(owned)) } else { Box::new(range.map(owned)) }
    }
}

type Layer<'a> = Box<dyn Iterator<Item = Result<Effect, Fault>> + 'a>;

/// Scans `base` as seen through the overlays, of which the first is the newest.
pub fn scan_through<'a>(overlays: [&'a Overlay; 2], base: Pairs<'a>, stretch: &Stretch) -> Pairs<'a> {
    let [own, batch] = overlays;
    if own.is_empty() && batch.is_empty() {
        return base;
    }
    let below: Layer<'a> = Box::new(base.map(|pair| pair.map(|(key, value)| Effect { key, value: Some(value) })));
    let layers = [own.scan(stretch), batch.scan(stretch), below].map(Iterator::peekable);
    Box::new(Merged { layers, reversed: stretch.reversed })
}

/// Layers merged by key; on the same key the first layer has the word.
struct Merged<'a> {
    layers: [Peekable<Layer<'a>>; 3],
    reversed: bool,
}

impl Merged<'_> {
    /// The next key in scan order over all layers, or the first fault that any of them has.
    fn next_key(&mut self) -> Result<Option<FullKey>, Fault> {
        let mut next: Option<FullKey> = None;
        for layer in &mut self.layers {
            let key = match layer.peek() {
                None => continue,
                Some(Ok(effect)) => &effect.key,
                Some(Err(fault)) => return Err(fault.clone()),
            };
            let is_sooner = next.as_ref().is_none_or(|best| if self.reversed { key > best } else { key < best });
            if is_sooner {
                next = Some(key.clone());
            }
        }
        Ok(next)
    }

    /// Takes `key` off every layer that has it; the first one's effect counts.
    fn take(&mut self, key: &FullKey) -> Option<Vec<u8>> {
        let mut found = None;
        for layer in &mut self.layers {
            if let Some(Ok(effect)) = layer.next_if(|item| matches!(item, Ok(effect) if effect.key == *key)) {
                found.get_or_insert(effect.value);
            }
        }
        found.flatten()
    }
}

impl Iterator for Merged<'_> {
    type Item = Result<Pair, Fault>;

    fn next(&mut self) -> Option<Result<Pair, Fault>> {
        loop {
            let key = match self.next_key() {
                Ok(key) => key?,
                Err(fault) => {
                    // A faulty layer is not asked again: the scan ends with its fault.
                    self.layers = std::array::from_fn(|_| (Box::new(std::iter::empty()) as Layer<'_>).peekable());
                    return Some(Err(fault));
                }
            };
            if let Some(value) = self.take(&key) {
                return Some(Ok((key, value)));
            }
        }
    }
}
