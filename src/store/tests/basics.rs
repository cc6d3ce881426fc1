//! Rows, their indexes, spans, and what a command that goes wrong leaves: nothing.

use super::*;

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
    assert_eq!(rows(&store, &WORDS), [(1, "butter".to_owned())]);
}

#[test]
fn a_second_row_with_a_unique_value_is_a_fault_and_leaves_nothing() {
    let store = memory();
    put(&store, 1, "salt").unwrap();
    assert!(matches!(put(&store, 2, "salt"), Err(Stop::Fault(_))));
    assert_eq!(store.snapshot().unwrap().get(&WORDS, &2).unwrap(), None);
    assert_eq!(store.snapshot().unwrap().seq(), 1);
}

#[test]
fn a_command_that_swallows_the_fault_of_a_write_is_a_fault_and_leaves_nothing() {
    let store = memory();
    put(&store, 1, "salt").unwrap();
    put(&store, 2, "bread").unwrap();
    let swallow = |keep: bool| {
        let answer: Answer<(), String> = store.write_blocking(move |tx| {
            // The old entry of the row is gone when the new one turns out to be another row's.
            let _ = tx.put(&WORDS, &2, &"salt".to_owned());
            tx.put(&COUNTS, &1, &1)?;
            if keep { Err(Stop::RefuseKeeping("no".to_owned())) } else { Ok(()) }
        });
        answer.outcome
    };
    assert!(matches!(swallow(false), Err(Stop::Fault(_))));
    assert!(matches!(swallow(true), Err(Stop::Fault(_))));
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.find(&BY_WORD, &"bread".to_owned()).unwrap(), Some(2));
    assert_eq!((snapshot.seq(), counted(&store, 1)), (2, 0));
}

#[test]
fn a_cursor_from_elsewhere_opens_nothing_outside_the_span() {
    static OF_PEOPLE: Table<(u8, u8), u64> = Table::new(910, "of_people", &[]);
    let store = memory();
    let fill: Outcome<(), String> = store
        .write_blocking(|tx| {
            for (person, thing) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (255, 255)] {
                tx.put(&OF_PEOPLE, &(person, thing), &0)?;
            }
            Ok(())
        })
        .outcome;
    fill.unwrap();
    let snapshot = store.snapshot().unwrap();
    let keys =
        |span: Span| -> Vec<(u8, u8)> { snapshot.scan(&OF_PEOPLE, span).unwrap().map(|row| row.unwrap().0).collect() };
    let mine = || Span::prefix(&(2_u8,));
    assert_eq!(keys(mine().beyond(&(1_u8, 1_u8))), [(2, 1), (2, 2)]);
    assert_eq!(keys(mine().beyond(&(2_u8, 1_u8))), [(2, 2)]);
    assert_eq!(keys(mine().beyond(&(3_u8, 1_u8))), []);
    assert_eq!(keys(mine().reversed().beyond(&(3_u8, 1_u8))), [(2, 2), (2, 1)]);
    assert_eq!(keys(mine().beyond(&(2_u8, 2_u8)).reversed()), [(2, 1)], "the order of the calls does not matter");
    assert_eq!(keys(mine().reversed().beyond(&(1_u8, 1_u8))), []);
    assert_eq!(keys(Span::all().beyond(&(2_u8,))), [(3, 1), (255, 255)]);
    assert_eq!(keys(Span::all().beyond(&(255_u8, 255_u8))), []);
    assert_eq!(keys(Span::between(&(3_u8, 0_u8), &(1_u8, 0_u8))), []);
}

#[test]
fn a_span_of_the_last_table_ends_with_it() {
    static LAST: Table<u8, u64> = Table::new(u16::MAX, "last", &[]);
    let store = memory();
    let filled: Outcome<(), String> = store.write_blocking(|tx| Ok(tx.put(&LAST, &255, &1)?)).outcome;
    filled.unwrap();
    assert_eq!(rows(&store, &LAST), [(255, 1)]);
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.scan(&LAST, Span::all().beyond(&255_u8)).unwrap().count(), 0);
    assert_eq!(snapshot.scan(&LAST, Span::prefix(&255_u8).reversed()).unwrap().count(), 1);
}

#[test]
fn a_rehearsal_says_what_a_command_would_do_and_does_nothing() {
    let store = memory();
    let rehearse = || store.rehearse(START, [7; 32], |tx| count(tx, 1)).unwrap();
    let (outcome, effects) = rehearse();
    assert_eq!((outcome, effects.len()), (Ok(1), 1));
    assert_eq!(rehearse().1, effects);
    assert_eq!(store.snapshot().unwrap().seq(), 0);
}

#[test]
fn a_hook_runs_in_the_transaction_of_its_event_and_its_fault_ends_the_command() {
    struct Counted(u64);
    let mut hooks = Hooks::default();
    hooks.on::<Counted>(|tx, event| tx.put(&COUNTS, &2, &event.0));
    hooks
        .on::<Counted>(|_, event| if event.0 > 1 { Err(crate::base::Fault::bug("a hook", "no more")) } else { Ok(()) });
    let store = Store::open(Options { hooks, ..options(Place::Memory) }).unwrap();
    let counting = |tx: &mut Tx<'_>| -> Outcome<(), String> {
        let count = count(tx, 1)?;
        // A command can't go on as if the hook had run.
        let _ = tx.emit(&Counted(count));
        Ok(())
    };
    assert_eq!(store.write_blocking(counting).outcome, Ok(()));
    assert_eq!((counted(&store, 1), counted(&store, 2)), (1, 1));
    assert!(matches!(store.write_blocking(counting).outcome, Err(Stop::Fault(_))));
    assert_eq!((counted(&store, 1), counted(&store, 2)), (1, 1));
}
