//! Tests of the outbox: at least once outside, once in the books, whatever crashes in between.

use std::sync::{Arc, Mutex};

use crate::base::Fault;
use crate::kernel::outbox::rules::LEASE_SECONDS;
use crate::kernel::outbox::*;
use crate::kernel::testing::{memory, on_disk, pass, try_write, write};
use crate::store::Store;

/// A world outside that remembers what reached it, and answers as it is told.
#[derive(Clone)]
struct Outside {
    received: Arc<Mutex<Vec<String>>>,
    answer: fn() -> Result<(), Failure>,
}

impl Outside {
    fn that(answer: fn() -> Result<(), Failure>) -> Outside {
        Outside { received: Arc::default(), answer }
    }

    fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    fn carriers(&self) -> Carriers {
        let mut carriers = Carriers::default();
        carriers.on("mail", self.clone());
        carriers
    }
}

impl Deliver for Outside {
    fn deliver(&self, letter: &Letter) -> Result<(), Failure> {
        self.received.lock().unwrap().push(letter.dedupe.clone());
        (self.answer)()
    }
}

fn taken() -> Result<(), Failure> {
    Ok(())
}

fn busy() -> Result<(), Failure> {
    Err(Failure::Later("busy".to_owned()))
}

fn refused() -> Result<(), Failure> {
    Err(Failure::Never("x".repeat(1000)))
}

fn panics() -> Result<(), Failure> {
    panic!("a deliverer panics")
}

fn send(store: &Store, dedupe: &'static str) -> LetterId {
    write(store, move |tx| enqueue(tx, "mail", dedupe, b"hello".to_vec()))
}

fn letter(store: &Store, id: LetterId) -> Letter {
    get(&store.snapshot().unwrap(), id).unwrap().unwrap()
}

#[test]
fn msg_05_a_letter_is_delivered_once_and_its_payload_forgotten() {
    let store = memory();
    let outside = Outside::that(taken);
    let id = send(&store, "welcome-1");
    assert_eq!(run_once(&store, &outside.carriers()), Ok(1));
    pass(&store, LEASE_SECONDS * 2);
    assert_eq!(run_once(&store, &outside.carriers()), Ok(0));
    assert_eq!(outside.received(), ["welcome-1"]);
    let sent = letter(&store, id);
    assert!(matches!(sent.state, LetterState::Done { .. }) && sent.payload.is_empty());
}

#[test]
fn msg_05_a_second_letter_with_the_same_key_is_ignored_even_after_the_first_is_done() {
    let store = memory();
    let outside = Outside::that(taken);
    let first = send(&store, "welcome-1");
    assert_eq!(send(&store, "welcome-1"), first);
    run_once(&store, &outside.carriers()).unwrap();
    assert_eq!(send(&store, "welcome-1"), first);
    run_once(&store, &outside.carriers()).unwrap();
    assert_eq!(outside.received(), ["welcome-1"]);
    let of_another_kind = write(&store, |tx| enqueue(tx, "webhook", "welcome-1", Vec::new()));
    assert_ne!(of_another_kind, first);
}

#[test]
fn msg_05_a_letter_that_is_done_is_forgotten_after_90_days_and_its_key_with_it() {
    let store = memory();
    let outside = Outside::that(taken);
    let done = send(&store, "welcome-1");
    run_once(&store, &outside.carriers()).unwrap();
    let dead = send(&store, "welcome-2");
    run_once(&store, &Outside::that(refused).carriers()).unwrap();
    pass(&store, DONE_KEPT_SECONDS - 60);
    assert!(!write(&store, forget_done));
    assert_eq!(send(&store, "welcome-1"), done);
    pass(&store, 120);
    let waiting = send(&store, "welcome-3");
    assert!(!write(&store, forget_done));
    let read = store.snapshot().unwrap();
    let there = [done, dead, waiting].map(|id| get(&read, id).unwrap().is_some());
    assert_eq!(there, [false, true, true]);
    assert_ne!(send(&store, "welcome-1"), done);
}

#[test]
fn msg_05_a_command_that_fails_sends_nothing() {
    let store = memory();
    let failed = try_write(&store, |tx| {
        enqueue(tx, "mail", "welcome-1", Vec::new())?;
        Err::<(), Fault>(Fault::bug("a command", "it fails"))
    });
    assert!(failed.is_err());
    assert_eq!(run_once(&store, &Outside::that(taken).carriers()), Ok(0));
}

#[test]
fn msg_05_a_crash_between_delivery_and_record_delivers_again_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.redb");
    let outside = Outside::that(taken);
    {
        let store = on_disk(&path);
        send(&store, "welcome-1");
        // The runner takes the letter and delivers it, then the machine dies.
        let leased = write(&store, |tx| lease(tx, 8));
        outside.deliver(&leased[0].1).unwrap();
    }
    let store = on_disk(&path);
    assert_eq!(run_once(&store, &outside.carriers()), Ok(0), "the lease may still be somebody's");
    pass(&store, LEASE_SECONDS);
    assert_eq!(run_once(&store, &outside.carriers()), Ok(1));
    assert_eq!(outside.received(), ["welcome-1", "welcome-1"]);
    pass(&store, LEASE_SECONDS);
    assert_eq!(run_once(&store, &outside.carriers()), Ok(0));
}

#[test]
fn msg_05_what_fails_is_tried_again_later_until_it_is_dead_and_can_be_revived() {
    let store = memory();
    let outside = Outside::that(busy);
    let id = send(&store, "welcome-1");
    let mut hours = 0;
    while !matches!(letter(&store, id).state, LetterState::Dead { .. }) {
        run_once(&store, &outside.carriers()).unwrap();
        assert_eq!(run_once(&store, &outside.carriers()), Ok(0), "it waits after a failure");
        pass(&store, 3600);
        hours += 1;
        assert!(hours < 90);
    }
    assert!(hours >= 72, "{hours}");
    let attempts = outside.received().len();
    assert!((12..30).contains(&attempts), "{attempts}");
    let buried = dead(&store.snapshot().unwrap(), None, 10).unwrap();
    assert_eq!(buried.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [id]);
    assert_eq!(buried[0].1.payload, b"hello");
    assert_eq!([(); 2].map(|()| write(&store, move |tx| revive(tx, id))), [true, false]);
    assert_eq!(run_once(&store, &Outside::that(taken).carriers()), Ok(1));
    assert!(matches!(letter(&store, id).state, LetterState::Done { .. }));
}

#[test]
fn msg_05_what_will_never_be_taken_is_dead_at_once_with_a_reason_of_bounded_length() {
    let store = memory();
    let id = send(&store, "welcome-1");
    run_once(&store, &Outside::that(refused).carriers()).unwrap();
    let LetterState::Dead { reason, .. } = letter(&store, id).state else { panic!() };
    assert_eq!(reason.len(), rules::MAX_REASON_CHARACTERS);
}

#[test]
fn msg_05_a_deliverer_that_panics_or_is_missing_does_not_stop_the_runner() {
    let store = memory();
    send(&store, "welcome-1");
    write(&store, |tx| enqueue(tx, "unheard-of", "1", Vec::new()));
    assert_eq!(run_once(&store, &Outside::that(panics).carriers()), Ok(2));
    pass(&store, 60);
    let outside = Outside::that(taken);
    assert_eq!(run_once(&store, &outside.carriers()), Ok(2));
    assert_eq!(outside.received(), ["welcome-1"]);
}

#[test]
fn msg_05_a_late_success_counts_and_a_late_failure_does_not() {
    let store = memory();
    let id = send(&store, "welcome-1");
    write(&store, |tx| lease(tx, 8));
    pass(&store, LEASE_SECONDS);
    let second = write(&store, |tx| lease(tx, 8));
    assert_eq!(second[0].1.attempts, 2);
    write(&store, move |tx| record(tx, id, 1, Err(Failure::Never("late".into()))));
    assert!(matches!(letter(&store, id).state, LetterState::Waiting { .. }));
    write(&store, move |tx| record(tx, id, 1, Ok(())));
    assert!(matches!(letter(&store, id).state, LetterState::Done { .. }));
    write(&store, move |tx| record(tx, id, 2, Err(Failure::Never("later still".into()))));
    assert!(matches!(letter(&store, id).state, LetterState::Done { .. }));
}

#[test]
fn a_letter_too_large_to_keep_is_a_fault() {
    let store = memory();
    assert!(try_write(&store, |tx| enqueue(tx, "mail", "1", vec![0; MAX_PAYLOAD_BYTES + 1])).is_err());
}

#[test]
fn two_runners_share_the_work_without_doing_it_twice() {
    let store = memory();
    let outside = Outside::that(taken);
    for number in 0..100 {
        write(&store, move |tx| enqueue(tx, "mail", &number.to_string(), Vec::new()));
    }
    let runners = [(); 2].map(|()| {
        let (store, carriers) = (store.clone(), outside.carriers());
        std::thread::spawn(move || while run_once(&store, &carriers).unwrap() > 0 {})
    });
    runners.into_iter().for_each(|runner| runner.join().unwrap());
    let mut received = outside.received();
    received.sort();
    received.dedup();
    assert_eq!((received.len(), outside.received().len()), (100, 100));
}
