//! Idempotency keys: a retry is a success.

use crate::base::Kind;
use crate::base::Refusal;

use super::*;

fn once(actor: u8, key: &str, request: u8) -> Once {
    Once { actor: [actor; 16], key: key.to_owned(), request: [request; 32] }
}

fn ask(store: &Store, request: Once) -> Outcome<u64, OnceRefusal<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.write_once(request, |tx| count(tx, 1))).outcome
}

#[test]
fn the_same_key_and_body_get_the_same_answer_and_nothing_is_done_twice() {
    let store = memory();
    assert_eq!(ask(&store, once(1, "key", 1)), Ok(1));
    assert_eq!(ask(&store, once(1, "key", 1)), Ok(1));
    assert_eq!(ask(&store, once(1, "other key", 1)), Ok(2));
    assert_eq!(ask(&store, once(1, "key", 1)), Ok(1));
    assert_eq!(counted(&store, 1), 2);
}

#[test]
fn twins_in_one_batch_are_one() {
    let store = memory();
    let twin = || |tx: &mut Tx<'_>| crate::store::once::once(tx, &once(1, "key", 1), |tx| count(tx, 1));
    let answers = in_one_batch(&store, vec![twin(), twin(), twin()]);
    assert!(answers.iter().all(|answer| answer.outcome == Ok(1)), "{answers:?}");
}

#[test]
fn another_body_under_the_same_key_is_refused() {
    let store = memory();
    ask(&store, once(1, "key", 1)).unwrap();
    assert_eq!(ask(&store, once(1, "key", 2)), Err(Stop::Refuse(OnceRefusal::KeyReused)));
    assert_eq!(counted(&store, 1), 1);
}

#[test]
fn the_keys_of_different_people_never_meet() {
    let store = memory();
    assert_eq!(ask(&store, once(1, "key", 1)), Ok(1));
    assert_eq!(ask(&store, once(2, "key", 2)), Ok(2));
    assert_eq!(ask(&store, once(1, "key", 1)), Ok(1));
}

#[test]
fn an_answer_is_remembered_for_30_days_and_forgotten_after() {
    let store = memory();
    ask(&store, once(1, "key", 1)).unwrap();
    store.clock().move_to(START.plus_seconds(REMEMBERED_SECONDS - 60));
    assert_eq!(ask(&store, once(1, "key", 1)), Ok(1));
    let sweep = || store.write_blocking(|tx| -> Outcome<bool, String> { Ok(forget_old_answers(tx)?) }).outcome;
    assert_eq!(sweep(), Ok(false));
    assert_eq!(rows(&store, &REMEMBERED).len(), 1);
    store.clock().move_to(START.plus_seconds(REMEMBERED_SECONDS + 60));
    assert_eq!(ask(&store, once(1, "key", 2)), Ok(2), "whether it was swept or not");
    store.clock().move_to(START.plus_seconds(3 * REMEMBERED_SECONDS));
    assert_eq!(sweep(), Ok(false));
    assert_eq!(rows(&store, &REMEMBERED), []);
    assert_eq!(store.snapshot().unwrap().scan_index(&REMEMBERED_BY_TIME, Span::all()).unwrap().count(), 0);
}

#[test]
fn a_refusal_is_not_remembered_and_the_next_try_decides_anew() {
    let store = memory();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ask = |store: &Store| {
        let decide = |tx: &mut Tx<'_>| match tx.get(&COUNTS, &9)? {
            None => Err(Stop::Refuse("not open yet".to_owned())),
            Some(_) => count(tx, 1),
        };
        runtime.block_on(store.write_once(once(1, "key", 1), decide)).outcome
    };
    assert_eq!(ask(&store), Err(Stop::Refuse(OnceRefusal::Own("not open yet".to_owned()))));
    store.write_blocking(|tx| count(tx, 9)).outcome.unwrap();
    assert_eq!(ask(&store), Ok(1));
}

#[test]
fn a_keeping_refusal_keeps_its_effects_each_time() {
    let store = memory();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for guesses in 1..=3 {
        let wrong = |tx: &mut Tx<'_>| -> Outcome<u64, String> {
            count(tx, 1)?;
            Err(Stop::RefuseKeeping("wrong code".to_owned()))
        };
        let outcome = runtime.block_on(store.write_once(once(1, "key", 1), wrong)).outcome;
        assert_eq!(outcome, Err(Stop::RefuseKeeping(OnceRefusal::Own("wrong code".to_owned()))));
        assert_eq!(counted(&store, 1), guesses);
    }
}

#[test]
fn a_reused_key_is_answered_as_an_invalid_request() {
    struct Never;
    impl Refusal for Never {
        fn name(&self) -> &'static str {
            "never"
        }
        fn kind(&self) -> Kind {
            Kind::Conflict
        }
        fn message(&self) -> String {
            "never".to_owned()
        }
    }
    assert_eq!(OnceRefusal::<Never>::KeyReused.kind().status(), 422);
    assert_eq!(OnceRefusal::Own(Never).kind().status(), 409);
}
