//! Scans through overlays, against three maps laid over each other.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::base::Fault;
use crate::store::overlay::{Effect, Overlay, Pairs, Stretch, scan_through};

type Bytes = Vec<u8>;

/// Few keys, so that the layers meet; some are prefixes of others, some consist of the last byte only.
fn keys() -> impl Strategy<Value = Bytes> {
    vec(prop_oneof![Just(0_u8), Just(1), Just(0xFF)], 0..4)
}

fn layers() -> impl Strategy<Value = BTreeMap<Bytes, Option<Bytes>>> {
    btree_map(keys(), option::of(vec(any::<u8>(), 0..3)), 0..12)
}

fn stretches() -> impl Strategy<Value = Stretch> {
    let bounds = (keys(), option::of(keys()), any::<bool>());
    bounds
        .prop_map(|(from, to, reversed)| Stretch { from, to, reversed })
        .prop_filter("an empty stretch is never scanned", |stretch| !stretch.is_empty())
}

fn overlay(effects: &BTreeMap<Bytes, Option<Bytes>>) -> Overlay {
    let mut overlay = Overlay::default();
    for (key, effect) in effects {
        overlay.set(key.clone(), effect.clone());
    }
    overlay
}

fn cut(rows: &BTreeMap<Bytes, Bytes>, stretch: &Stretch) -> Vec<(Bytes, Bytes)> {
    let is_within = |key: &Bytes| *key >= stretch.from && stretch.to.as_ref().is_none_or(|to| key < to);
    let mut cut: Vec<_> = rows.iter().filter(|(key, _)| is_within(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
    if stretch.reversed {
        cut.reverse();
    }
    cut
}

proptest! {
    #[test]
    fn a_scan_sees_the_newest_layer_of_every_key(
        base in btree_map(keys(), vec(any::<u8>(), 0..3), 0..12),
        batch in layers(),
        own in layers(),
        stretch in stretches(),
    ) {
        let mut model = base.clone();
        for (key, effect) in batch.iter().chain(&own) {
            match effect {
                Some(value) => model.insert(key.clone(), value.clone()),
                None => model.remove(key),
            };
        }
        let below: Pairs<'_> = Box::new(cut(&base, &stretch).into_iter().map(Ok));
        let (own, batch) = (overlay(&own), overlay(&batch));
        let seen: Vec<_> = scan_through([&own, &batch], below, &stretch).map(Result::unwrap).collect();
        prop_assert_eq!(seen, cut(&model, &stretch));
    }

    #[test]
    fn an_overlay_knows_its_size(first in layers(), second in layers()) {
        let mut both = overlay(&first);
        both.absorb(overlay(&second));
        let effects = both.clone().into_effects();
        prop_assert_eq!(both.len(), effects.len());
        let size = |effect: &Effect| effect.key.len() + effect.value.as_ref().map_or(0, Vec::len);
        let bytes: usize = effects.iter().map(size).sum();
        prop_assert_eq!(both.bytes(), bytes);
    }
}

#[test]
fn a_scan_ends_with_the_fault_of_a_layer() {
    let fault = Fault::io("reading rows", "the disk is gone");
    let below: Pairs<'_> = Box::new([Ok((vec![1], vec![])), Err(fault.clone()), Ok((vec![3], vec![]))].into_iter());
    let mut own = Overlay::default();
    own.set(vec![4], Some(vec![]));
    let stretch = Stretch { from: vec![], to: None, reversed: false };
    let seen: Vec<_> = scan_through([&own, &Overlay::default()], below, &stretch).collect();
    assert_eq!(seen, [Ok((vec![1], vec![])), Err(fault)]);
}
