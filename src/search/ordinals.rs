//! From a place's id to its ordinal. It keeps ordinals only (the ids stand in the place table), so a million places
//! cost 8 MiB here instead of the 50 of a hash map that repeats every id.

const EMPTY: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;

/// Open addressing with linear probing, at most three quarters full.
#[derive(Debug, Default)]
pub(super) struct Ordinals {
    slots: Vec<u32>,
    /// Slots that are not [`EMPTY`].
    used: usize,
    live: usize,
}

impl Ordinals {
    /// Those of places with different ids.
    pub(super) fn of(ordinals: &[u32], id_of: impl Fn(u32) -> Option<[u8; 16]>) -> Ordinals {
        let room = ((ordinals.len() + 8) * 2).next_power_of_two();
        let mut made = Ordinals { slots: vec![EMPTY; room], used: 0, live: 0 };
        for ordinal in ordinals {
            if let Some(id) = id_of(*ordinal) {
                made.place(&id, *ordinal);
            }
        }
        made
    }

    /// The ordinal whose id, as `id_of` tells it, is this one.
    pub(super) fn get(&self, id: &[u8; 16], id_of: impl Fn(u32) -> Option<[u8; 16]>) -> Option<u32> {
        self.slot_of(id, id_of).and_then(|slot| self.slots.get(slot).copied())
    }

    /// Adds an id that is not here yet.
    pub(super) fn insert(&mut self, id: &[u8; 16], ordinal: u32, id_of: impl Fn(u32) -> Option<[u8; 16]>) {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            self.rebuild(id_of);
        }
        self.place(id, ordinal);
    }

    pub(super) fn remove(&mut self, id: &[u8; 16], id_of: impl Fn(u32) -> Option<[u8; 16]>) {
        if let Some(slot) = self.slot_of(id, id_of).and_then(|slot| self.slots.get_mut(slot)) {
            *slot = GONE;
            self.live -= 1;
        }
    }

    fn slot_of(&self, id: &[u8; 16], id_of: impl Fn(u32) -> Option<[u8; 16]>) -> Option<usize> {
        let mut slot = self.start(id)?;
        loop {
            match self.slots.get(slot).copied() {
                None | Some(EMPTY) => return None,
                Some(ordinal) if ordinal != GONE && id_of(ordinal).as_ref() == Some(id) => return Some(slot),
                Some(_) => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
    }

    fn place(&mut self, id: &[u8; 16], ordinal: u32) {
        let Some(mut slot) = self.start(id) else { return };
        while self.slots.get(slot).is_some_and(|taken| *taken != EMPTY) {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        if let Some(free) = self.slots.get_mut(slot) {
            *free = ordinal;
            self.used += 1;
            self.live += 1;
        }
    }

    /// Room for twice what lives, without the traces of what is gone.
    fn rebuild(&mut self, id_of: impl Fn(u32) -> Option<[u8; 16]>) {
        let room = ((self.live + 8) * 2).next_power_of_two();
        let before = std::mem::replace(&mut self.slots, vec![EMPTY; room]);
        (self.used, self.live) = (0, 0);
        for ordinal in before.into_iter().filter(|ordinal| *ordinal < GONE) {
            if let Some(id) = id_of(ordinal) {
                self.place(&id, ordinal);
            }
        }
    }

    fn start(&self, id: &[u8; 16]) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let number = u128::from_be_bytes(*id);
        let mixed = ((number >> 64) as u64 ^ number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Some((mixed >> 32) as usize & (self.slots.len() - 1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_like_a_hash_map(steps in prop::collection::vec((any::<bool>(), 0u8..40), 0..600)) {
            let (mut ordinals, mut model) = (Ordinals::default(), HashMap::new());
            let mut ids: Vec<[u8; 16]> = Vec::new();
            for (put, name) in steps {
                let id = [name; 16];
                let id_of = |ordinal: u32| ids.get(ordinal as usize).copied();
                if put && !model.contains_key(&id) {
                    let ordinal = ids.len() as u32;
                    ordinals.insert(&id, ordinal, id_of);
                    model.insert(id, ordinal);
                    ids.push(id);
                } else if !put {
                    ordinals.remove(&id, id_of);
                    model.remove(&id);
                }
                let id_of = |ordinal: u32| ids.get(ordinal as usize).copied();
                for name in 0..40 {
                    prop_assert_eq!(ordinals.get(&[name; 16], id_of), model.get(&[name; 16]).copied());
                }
            }
        }
    }
}
