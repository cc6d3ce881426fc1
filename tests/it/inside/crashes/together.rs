//! Commands handed in while the writer is held up, so that they are decided in one batch, in this order, each time.

use std::pin::Pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use highstreet::store::{Answer, Outcome, Store, Tx};

use super::record::{Command, Told};

/// What a command came to when it ran, whether or not anybody was told.
pub type Decided = Outcome<Told, &'static str>;

type Asked = Pin<Box<dyn Future<Output = Answer<Told, &'static str>>>>;

pub fn together(store: &Store, commands: Vec<Command>) -> Vec<(Answer<Told, &'static str>, Option<Decided>)> {
    let (mut asked, ran): (Vec<Asked>, Vec<_>) = commands.into_iter().map(|command| ask(store, command)).unzip();
    let ((open, opened), (enter, entered)) = (channel::<()>(), channel());
    let opened = Mutex::new(opened);
    let hold_up = move |_: &mut Tx<'_>| -> Outcome<(), ()> {
        let _ = enter.send(());
        let _ = opened.lock().unwrap().recv();
        Ok(())
    };
    let mut gate = Box::pin(store.write(hold_up));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answers = runtime.block_on(async {
        let mut gate_answer = poll_once(&mut gate).await;
        // A store that is broken answers at once, and holds nobody up.
        let _ = entered.recv();
        let mut answers = Vec::new();
        for asked in &mut asked {
            answers.push(poll_once(asked).await);
        }
        drop(open);
        if gate_answer.is_none() {
            gate_answer = Some(gate.await);
        }
        drop(gate_answer);
        for (answer, asked) in answers.iter_mut().zip(asked) {
            if answer.is_none() {
                *answer = Some(asked.await);
            }
        }
        answers
    });
    answers.into_iter().flatten().zip(ran.iter().map(|ran| ran.lock().unwrap().take())).collect()
}

fn ask(store: &Store, command: Command) -> (Asked, Arc<Mutex<Option<Decided>>>) {
    let ran = Arc::new(Mutex::new(None));
    let (store, note) = (store.clone(), ran.clone());
    let noting = move |tx: &mut Tx<'_>| {
        let outcome = command(tx);
        *note.lock().unwrap() = Some(outcome.clone());
        outcome
    };
    (Box::pin(async move { store.write(noting).await }), ran)
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        Poll::Ready(match Pin::new(&mut *future).poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}
