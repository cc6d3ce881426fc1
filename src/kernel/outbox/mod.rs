//! The outbox: effects outside the store (mail, webhook, provider call) as durable rows, written by the
//! transaction that causes them. Each is attempted at least once, and recorded once per dedupe key; who delivers
//! is wired by `app.rs`.

mod model;
mod rules;
mod runner;

#[cfg(test)]
mod tests;

pub use model::{BY_DONE, LETTERS, Letter, LetterId, LetterState};
pub use rules::{
    DELIVER_WITHIN_SECONDS, DONE_KEPT_SECONDS, Failure, GIVE_UP_SECONDS, MAX_DEDUPE_BYTES, MAX_PAYLOAD_BYTES,
};
pub use runner::{Carriers, Deliver, run, run_once};

use crate::base::{Fault, Timestamp};
use crate::kernel::outbox::model::{BY_DEDUPE, BY_DUE, DEAD};
use crate::kernel::outbox::rules::{FORGET_AT_ONCE, LEASE_SECONDS, MAX_REASON_CHARACTERS, after_failure};
use crate::store::{Described, Read, Span, Tx};

/// The tables of this engine, for `schema.rs`.
pub fn tables() -> Vec<Described> {
    vec![LETTERS.described()]
}

/// Puts a letter into the outbox, due at once. A second one of the same kind and dedupe key is ignored, whatever became
/// of the first. `kind` is a stable kebab-case name.
pub fn enqueue(tx: &mut Tx<'_>, kind: &str, dedupe: &str, payload: Vec<u8>) -> Result<LetterId, Fault> {
    if payload.len() > MAX_PAYLOAD_BYTES || dedupe.len() > MAX_DEDUPE_BYTES {
        return Err(Fault::bug("writing to the outbox", format!("{} bytes for {kind}", payload.len())));
    }
    let (kind, dedupe) = (kind.to_owned(), dedupe.to_owned());
    if let Some(known) = tx.find(&BY_DEDUPE, &(kind.clone(), dedupe.clone()))? {
        return Ok(known);
    }
    let id = tx.new_id();
    let now = tx.now();
    let state = LetterState::Waiting { due: now };
    tx.put(&LETTERS, &id, &Letter { kind, dedupe, payload, written: now, attempts: 0, state })?;
    Ok(id)
}

/// Sends a dead letter again, with a full measure of time. Answers false if it is not dead.
pub fn revive(tx: &mut Tx<'_>, id: LetterId) -> Result<bool, Fault> {
    let letter = tx.must_get(&LETTERS, &id)?;
    let LetterState::Dead { .. } = letter.state else { return Ok(false) };
    let now = tx.now();
    let state = LetterState::Waiting { due: now };
    tx.put(&LETTERS, &id, &Letter { written: now, attempts: 0, state, ..letter })?;
    Ok(true)
}

/// Forgets letters that were done long ago, some at a time, and with them their dedupe keys; whether there may be more.
/// Dead ones stay until the operator has seen to them.
pub fn forget_done(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    let until = tx.now().plus_seconds(-DONE_KEPT_SECONDS);
    let old = tx.scan_index(&BY_DONE, Span::between(&Timestamp::MIN, &until))?.take(FORGET_AT_ONCE);
    let old: Vec<_> = old.collect::<Result<_, Fault>>()?;
    for (_, id) in &old {
        tx.delete(&LETTERS, id)?;
    }
    Ok(old.len() == FORGET_AT_ONCE)
}

pub fn get(read: &dyn Read, id: LetterId) -> Result<Option<Letter>, Fault> {
    read.get(&LETTERS, &id)
}

/// Dead letters, newest first; `after` is the last one of the page before.
pub fn dead(
    read: &dyn Read,
    after: Option<(Timestamp, LetterId)>,
    limit: usize,
) -> Result<Vec<(LetterId, Letter)>, Fault> {
    let span = match after {
        Some(last) => Span::all().reversed().beyond(&last),
        None => Span::all().reversed(),
    };
    read.scan_by(&LETTERS, &DEAD, span)?.take(limit).collect()
}

/// When the next letter is due.
fn next_due(read: &dyn Read) -> Result<Option<Timestamp>, Fault> {
    let first = read.scan_index(&BY_DUE, Span::all())?.next().transpose()?;
    Ok(first.map(|(due, _)| due))
}

/// Takes letters that are due, for an attempt. Until the lease is over nobody else attempts them; if we crash they are
/// simply due again.
fn lease(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<(LetterId, Letter)>, Fault> {
    let now = tx.now();
    let due = Span::between(&Timestamp::MIN, &Timestamp::from_millis(now.millis().saturating_add(1)));
    let rows: Vec<_> = tx.scan_by(&LETTERS, &BY_DUE, due)?.take(limit).collect::<Result<_, Fault>>()?;
    let mut leased = Vec::with_capacity(rows.len());
    for (id, letter) in rows {
        let state = LetterState::Waiting { due: now.plus_seconds(LEASE_SECONDS) };
        let letter = Letter { attempts: letter.attempts.saturating_add(1), state, ..letter };
        tx.put(&LETTERS, &id, &letter)?;
        leased.push((id, letter));
    }
    Ok(leased)
}

/// Writes down what an attempt came to. A success counts whenever it comes; a failure only if no later attempt has
/// begun meanwhile.
fn record(tx: &mut Tx<'_>, id: LetterId, attempt: u32, result: Result<(), Failure>) -> Result<(), Fault> {
    let letter = tx.must_get(&LETTERS, &id)?;
    let now = tx.now();
    let state = match result {
        _ if matches!(letter.state, LetterState::Done { .. }) => return Ok(()),
        Ok(()) => LetterState::Done { at: now },
        Err(_) if letter.attempts != attempt => return Ok(()),
        Err(failure) => after_failure(letter.written, letter.attempts, now, failure),
    };
    // Nobody needs what was sent any more, and it may be about a person.
    let payload = if matches!(state, LetterState::Done { .. }) { Vec::new() } else { letter.payload };
    tx.put(&LETTERS, &id, &Letter { payload, state: state.shortened(MAX_REASON_CHARACTERS), ..letter })
}
