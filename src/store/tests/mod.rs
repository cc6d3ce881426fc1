//! Tests of the store: a small city in memory, and what must hold of it.

use crate::base::{Clock, Timestamp};
use crate::store::*;

pub(crate) static WORDS: Table<u32, String> = Table::new(900, "words", &[&BY_LENGTH, &BY_WORD]);
pub(crate) static BY_LENGTH: Index<u32, String, u64> =
    Index::new(901, "words_by_length", |_, word| vec![word.len() as u64]);
pub(crate) static BY_WORD: Index<u32, String, String> =
    Index::unique(902, "words_by_word", |_, word| vec![word.clone()]);

pub(crate) fn memory() -> Store {
    Store::open(Options {
        place: Place::Memory,
        cache_bytes: 1 << 20,
        schema: 1,
        origin: Origin::Demo,
        hooks: Hooks::default(),
        clock: &|_| Clock::starting_at(Timestamp::from_millis(1_800_000_000_000)),
    })
    .unwrap()
}

fn put(store: &Store, key: u32, word: &str) -> Outcome<(), String> {
    let word = word.to_owned();
    store.write_blocking(move |tx| Ok(tx.put(&WORDS, &key, &word)?)).outcome
}

#[test]
fn a_row_is_found_by_its_key_and_by_every_index_and_by_none_after_it_is_deleted() {
    let store = memory();
    put(&store, 1, "salt").unwrap();
    put(&store, 2, "bread").unwrap();
    put(&store, 1, "butter").unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.get(&WORDS, &1).unwrap().as_deref(), Some("butter"));
    assert_eq!(snapshot.find(&BY_WORD, &"butter".to_owned()).unwrap(), Some(1));
    assert_eq!(snapshot.find(&BY_WORD, &"salt".to_owned()).unwrap(), None);
    let by_length: Vec<_> = snapshot.scan_index(&BY_LENGTH, Span::all()).unwrap().map(Result::unwrap).collect();
    assert_eq!(by_length, [(5, 2), (6, 1)]);
    let gone: Outcome<(), String> = store.write_blocking(|tx| Ok(tx.delete(&WORDS, &2)?)).outcome;
    gone.unwrap();
    let left: Vec<_> = store.snapshot().unwrap().scan(&WORDS, Span::all()).unwrap().map(Result::unwrap).collect();
    assert_eq!(left, [(1, "butter".to_owned())]);
}

#[test]
fn a_second_row_with_a_unique_value_is_a_fault_and_leaves_nothing() {
    let store = memory();
    put(&store, 1, "salt").unwrap();
    assert!(matches!(put(&store, 2, "salt"), Err(Stop::Fault(_))));
    assert_eq!(store.snapshot().unwrap().get(&WORDS, &2).unwrap(), None);
    assert_eq!(store.snapshot().unwrap().seq(), 1);
}
