//! Tests of the audit: the chain holds, and nothing can be changed in it unseen.

use crate::kernel::audit::*;
use crate::kernel::testing::{id, memory, pass, write};
use crate::store::Store;

fn deed(number: u8) -> Deed<'static> {
    Deed {
        who: Who::Person(id(number)),
        action: "offer-paused",
        subject: ("offer", id(2)),
        origin: Some(id(3)),
        verdict: Verdict::Done,
        before: Some(b"on sale"),
        after: Some(b"paused"),
    }
}

fn chain_of(length: u8) -> Store {
    let store = memory();
    for number in 0..length {
        let seq = write(&store, move |tx| append(tx, deed(number)));
        assert_eq!(seq, u64::from(number) + 1);
        pass(&store, 1);
    }
    store
}

fn broken_at(store: &Store) -> Option<u64> {
    verify(&store.snapshot().unwrap()).unwrap()
}

#[test]
fn adm_03_a_chain_as_it_was_written_holds() {
    assert_eq!(broken_at(&memory()), None);
    let store = chain_of(5);
    assert_eq!(broken_at(&store), None);
    assert!(check(&store.snapshot().unwrap()).unwrap().is_empty());
}

#[test]
fn adm_03_whatever_is_changed_in_a_record_is_seen() {
    let changes: [fn(&mut Record); 8] = [
        |record| record.content.who = Who::System,
        |record| record.content.action = "offer-resumed".to_owned(),
        |record| record.content.subject = id(9),
        |record| record.content.origin = None,
        |record| record.content.verdict = Verdict::Denied,
        |record| record.content.at = record.content.at.plus_seconds(1),
        |record| record.content.after = record.content.before,
        |record| record.hash = record.previous,
    ];
    for change in changes {
        let store = chain_of(5);
        write(&store, move |tx| {
            let mut record = tx.must_get(&RECORDS, &3)?;
            change(&mut record);
            tx.put(&RECORDS, &3, &record)
        });
        assert_eq!(broken_at(&store), Some(3));
        assert_eq!(check(&store.snapshot().unwrap()).unwrap().len(), 1);
    }
}

#[test]
fn adm_03_a_record_that_is_hashed_again_breaks_the_next_one() {
    let store = chain_of(5);
    write(&store, |tx| {
        let mut record = tx.must_get(&RECORDS, &3)?;
        record.content.who = Who::System;
        record.hash = link(record.previous, &record.content);
        tx.put(&RECORDS, &3, &record)
    });
    assert_eq!(broken_at(&store), Some(4));
}

#[test]
fn adm_03_a_missing_record_is_seen_at_the_start_in_the_middle_and_at_the_end() {
    for gone in [1, 3, 5] {
        let store = chain_of(5);
        write(&store, move |tx| tx.delete(&RECORDS, &gone));
        assert_eq!(broken_at(&store), Some(gone));
    }
    let store = chain_of(5);
    write(&store, |tx| tx.delete(&HEAD, &()));
    assert_eq!(broken_at(&store), Some(1));
}

#[test]
fn adm_03_before_and_after_can_be_proved_until_the_salt_is_erased() {
    let store = chain_of(2);
    let proof = |side, bytes: &[u8]| proves(&store.snapshot().unwrap(), 1, side, bytes).unwrap();
    assert_eq!(proof(Side::Before, b"on sale"), Some(true));
    assert_eq!(proof(Side::After, b"paused"), Some(true));
    assert_eq!(proof(Side::After, b"on sale"), Some(false));
    write(&store, |tx| erase_salt(tx, 1));
    assert_eq!(proof(Side::Before, b"on sale"), None);
    assert_eq!(broken_at(&store), None, "the chain holds without the salt");
}

#[test]
fn adm_03_equal_values_have_commitments_that_differ() {
    let store = memory();
    let same = Deed { before: Some(b"same"), after: Some(b"same"), ..deed(1) };
    write(&store, move |tx| append(tx, same).and_then(|_| append(tx, same)));
    let records = newest(&store.snapshot().unwrap(), None, 10).unwrap();
    let mut hashes: Vec<_> =
        records.iter().flat_map(|(_, record)| [record.content.before, record.content.after]).collect();
    assert_eq!(hashes.len(), 4);
    while let Some(hash) = hashes.pop() {
        assert!(hash.is_some() && !hashes.contains(&hash));
    }
}

#[test]
fn adm_03_the_list_goes_from_the_newest_to_the_oldest_without_a_gap() {
    let store = chain_of(5);
    let page = |after| {
        let rows = newest(&store.snapshot().unwrap(), after, 2).unwrap();
        rows.into_iter().map(|(seq, _)| seq).collect::<Vec<_>>()
    };
    assert_eq!([page(None), page(Some(4)), page(Some(2)), page(Some(1))], [vec![5, 4], vec![3, 2], vec![1], vec![]]);
}
