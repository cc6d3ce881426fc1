//! Commands handed in while the writer is held up, so that they are decided in one batch, in this order, each time.
//! When the power is cut nobody waits any longer: there is no process that would answer.

use std::pin::Pin;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use highstreet::store::{Answer, Outcome, Store, Tx};

use super::ground::Disk;
use super::record::{Command, Told};

/// How often somebody who waits looks whether there is still power.
const LOOK: Duration = Duration::from_millis(2);

/// What a command came to when it ran, whether or not anybody was told.
pub type Decided = Outcome<Told, &'static str>;

/// What became of a command.
pub struct Asked {
    /// `None`: nobody answered.
    pub answer: Option<Answer<Told, &'static str>>,
    /// `None`: it never ran.
    pub ran: Option<Decided>,
}

type Waiting<T, R> = Pin<Box<dyn Future<Output = Answer<T, R>>>>;

pub fn together(store: &Store, disk: &Disk, commands: Vec<Command>) -> Vec<Asked> {
    let (mut waiting, ran): (Vec<_>, Vec<_>) = commands.into_iter().map(|command| ask(store, command)).unzip();
    let ((open, opened), (enter, entered)) = (channel::<()>(), channel());
    let opened = Mutex::new(opened);
    let hold_up = move |_: &mut Tx<'_>| -> Outcome<(), ()> {
        let _ = enter.send(());
        let _ = opened.lock().unwrap().recv();
        Ok(())
    };
    let (city, mut gate) = (store.clone(), Vec::new());
    gate.push(Box::pin(async move { city.write(hold_up).await }) as Waiting<(), ()>);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let answers = runtime.block_on(async {
        let at_gate = poll_each(&mut gate).await;
        // A store that is broken answers at once, and holds nobody up.
        let _ = entered.recv();
        let answers = poll_each(&mut waiting).await;
        drop(open);
        wait_for_each(at_gate, gate, disk).await;
        wait_for_each(answers, waiting, disk).await
    });
    let ran = ran.iter().map(|ran| ran.lock().unwrap().take());
    answers.into_iter().zip(ran).map(|(answer, ran)| Asked { answer, ran }).collect()
}

/// Does the work on a thread of its own; `None` if the power is cut before it is done.
pub fn with_power<T: Send + 'static>(disk: &Disk, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, told) = channel();
    std::thread::spawn(move || {
        let _ = done.send(work());
    });
    let mut was_cut = false;
    loop {
        match told.recv_timeout(LOOK) {
            Ok(result) => return Some(result),
            Err(RecvTimeoutError::Timeout) if was_cut => return None,
            Err(RecvTimeoutError::Timeout) => was_cut = disk.is_cut(),
            Err(RecvTimeoutError::Disconnected) => panic!("the work panicked"),
        }
    }
}

fn ask(store: &Store, command: Command) -> (Waiting<Told, &'static str>, Arc<Mutex<Option<Decided>>>) {
    let ran = Arc::new(Mutex::new(None));
    let (store, note) = (store.clone(), ran.clone());
    let noting = move |tx: &mut Tx<'_>| {
        let outcome = command(tx);
        *note.lock().unwrap() = Some(outcome.clone());
        outcome
    };
    (Box::pin(async move { store.write(noting).await }), ran)
}

async fn poll_each<T, R>(waiting: &mut [Waiting<T, R>]) -> Vec<Option<Answer<T, R>>> {
    let mut answers = Vec::new();
    for waiting in waiting {
        let polled = std::future::poll_fn(|context| {
            Poll::Ready(match waiting.as_mut().poll(context) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => None,
            })
        });
        answers.push(polled.await);
    }
    answers
}

async fn wait_for_each<T, R>(
    mut answers: Vec<Option<Answer<T, R>>>,
    waiting: Vec<Waiting<T, R>>,
    disk: &Disk,
) -> Vec<Option<Answer<T, R>>> {
    let mut was_cut = false;
    for (answer, mut waiting) in answers.iter_mut().zip(waiting) {
        while answer.is_none() {
            *answer = tokio::time::timeout(LOOK, &mut waiting).await.ok();
            if was_cut {
                break;
            }
            was_cut = disk.is_cut();
        }
    }
    answers
}
