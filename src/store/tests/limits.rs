//! What the writer bounds, and what it survives: floods, panics, greedy commands.

use crate::base::fault::FaultKind;

use super::*;

fn kind_of<T: std::fmt::Debug>(outcome: Outcome<T, String>) -> FaultKind {
    match outcome {
        Err(Stop::Fault(fault)) => fault.kind,
        other => panic!("{other:?} is no fault"),
    }
}

#[test]
fn a_full_queue_says_busy_at_once_and_what_waits_in_it_is_done() {
    let store = memory();
    let gate = Gate::close(&store);
    let waiting: Vec<_> = (0..1024).map(|_| submit(&store, |tx| count(tx, 1))).collect();
    assert_eq!(kind_of(store.write_blocking(|tx| count(tx, 1)).outcome), FaultKind::Busy);
    gate.open();
    assert!(waiting.into_iter().all(|answer| answer.blocking_recv().unwrap().outcome.is_ok()));
    assert_eq!(counted(&store, 1), 1024);
    assert_eq!(store.write_blocking(|tx| count(tx, 1)).outcome, Ok(1025));
}

#[test]
fn a_panicking_command_is_a_fault_and_its_neighbours_are_done() {
    let store = memory();
    let commands: Vec<_> = (0..3)
        .map(|number| {
            move |tx: &mut Tx<'_>| {
                let reached = count(tx, 1)?;
                assert_ne!(number, 1, "this one panics");
                Ok(reached)
            }
        })
        .collect();
    let [first, second, third] = in_one_batch(&store, commands).try_into().unwrap();
    assert_eq!((first.outcome, third.outcome), (Ok(1), Ok(2)));
    assert_eq!(kind_of(second.outcome), FaultKind::Bug);
    assert_eq!((first.position.seq, third.position.seq), (1, 1));
    assert_eq!(store.write_blocking(|tx| count(tx, 1)).outcome, Ok(3));
}

#[test]
fn a_command_over_the_limit_is_refused_whole_and_one_at_the_limit_is_not() {
    let store = memory();
    let fill = |rows: u32| {
        store.write_blocking(move |tx| -> Outcome<(), String> {
            for row in 0..rows {
                tx.put(&COUNTS, &row, &1)?;
            }
            Ok(())
        })
    };
    let most = u32::try_from(MAX_EFFECTS).unwrap();
    assert_eq!(kind_of(fill(most + 1).outcome), FaultKind::Bug);
    assert_eq!(store.snapshot().unwrap().all_rows().unwrap().count(), 0);
    assert_eq!(fill(most).outcome, Ok(()));
    let long = |bytes: usize| {
        store.write_blocking(move |tx| -> Outcome<(), String> { Ok(tx.put(&WORDS, &1, &"x".repeat(bytes))?) })
    };
    assert_eq!(kind_of(long(MAX_EFFECT_BYTES + 1).outcome), FaultKind::Bug);
    assert_eq!(store.snapshot().unwrap().get(&WORDS, &1).unwrap(), None);
}

#[test]
fn writing_one_row_over_and_over_is_one_effect() {
    let store = memory();
    let many = store.write_blocking(|tx| -> Outcome<(), String> {
        for _ in 0..=MAX_EFFECTS {
            count(tx, 1)?;
        }
        Ok(())
    });
    assert_eq!(many.outcome, Ok(()));
    assert_eq!(store.batches_after(0, 10).unwrap()[0].effects.len(), 1);
}

#[test]
fn a_batch_ends_when_it_is_large_and_the_rest_follows_in_order() {
    let store = memory();
    let commands: Vec<_> = (0..12_u32)
        .map(|key| {
            move |tx: &mut Tx<'_>| -> Outcome<u64, String> {
                tx.put(&TEXTS, &key, &"x".repeat(3 << 20))?;
                count(tx, 1)
            }
        })
        .collect();
    static TEXTS: Table<u32, String> = Table::new(911, "texts", &[]);
    let answers = in_one_batch(&store, commands);
    assert_eq!(answers.last().unwrap().position.seq, 2);
    let counts: Vec<_> = answers.into_iter().map(|answer| answer.outcome.unwrap()).collect();
    assert_eq!(counts, (1..=12).collect::<Vec<_>>());
}

#[test]
fn what_was_submitted_is_done_before_the_store_closes_though_nobody_waits_for_it() {
    let store = memory();
    let ran = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (gate, weak, marked) = (Gate::close(&store), store.downgrade(), ran.clone());
    let mark = move |_: &mut Tx<'_>| -> Outcome<(), String> {
        marked.store(true, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    };
    drop(submit(&store, mark));
    drop(store);
    assert!(!ran.load(std::sync::atomic::Ordering::SeqCst));
    gate.open();
    assert!(weak.upgrade().is_none());
    assert!(ran.load(std::sync::atomic::Ordering::SeqCst));
}
