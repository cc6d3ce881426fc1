//! Idempotency: the same key and body give the same answer for 30 days; another body is refused.

use minicbor::{Decode, Encode};

use crate::base::{Fault, Kind, Refusal, Timestamp};
use crate::store::{Index, Outcome, Row, Span, Stop, Table, Tx};

/// How long an answer is remembered.
pub const REMEMBERED_SECONDS: i64 = 30 * 24 * 3600;
/// Remembered answers that one sweep forgets.
const FORGET_AT_ONCE: usize = 1000;

/// Whose key it is and what was asked under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Keys of different people never meet.
    pub actor: [u8; 16],
    pub key: String,
    /// SHA-256 of method, path and body; in a form without its hidden key and CSRF token.
    pub request: [u8; 32],
}

/// A success as it was answered: all of the answer that may change later. What is shown is made of it and of rows that
/// never change, so that a retry is told the same, and the writer renders nothing.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Remembered {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub request: [u8; 32],
    #[cbor(n(1), with = "minicbor::bytes")]
    pub answer: Vec<u8>,
    #[n(2)]
    pub at: Timestamp,
}

/// Key: actor and idempotency key. Value: what was asked and answered. Written and read by `write_once` alone.
pub static REMEMBERED: Table<([u8; 16], String), Remembered> =
    Table::new(1, "remembered_answers", &[&REMEMBERED_BY_TIME]);
pub static REMEMBERED_BY_TIME: Index<([u8; 16], String), Remembered, Timestamp> =
    Index::new(2, "remembered_answers_by_time", |_, remembered| vec![remembered.at]);

/// A refusal of the command itself, or of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnceRefusal<R> {
    /// The key was used for another request.
    KeyReused,
    Own(R),
}

impl<R: Refusal> Refusal for OnceRefusal<R> {
    fn name(&self) -> &'static str {
        match self {
            OnceRefusal::KeyReused => "idempotency-key-reused",
            OnceRefusal::Own(refusal) => refusal.name(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            OnceRefusal::KeyReused => Kind::Invalid,
            OnceRefusal::Own(refusal) => refusal.kind(),
        }
    }

    fn message(&self) -> String {
        match self {
            OnceRefusal::KeyReused => {
                "This form was sent before with other contents. Please open the page anew and try again.".into()
            }
            OnceRefusal::Own(refusal) => refusal.message(),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            OnceRefusal::KeyReused => None,
            OnceRefusal::Own(refusal) => refusal.field(),
        }
    }
}

/// Runs `command`, unless its key has an answer already. A refusal is not remembered: the next try decides anew.
pub(crate) fn once<T: Row, R>(
    tx: &mut Tx<'_>,
    once: &Once,
    command: impl FnOnce(&mut Tx<'_>) -> Outcome<T, R>,
) -> Outcome<T, OnceRefusal<R>> {
    let key = (once.actor, once.key.clone());
    let alive_since = tx.now().plus_seconds(-REMEMBERED_SECONDS);
    if let Some(remembered) = tx.get(&REMEMBERED, &key)?.filter(|remembered| remembered.at > alive_since) {
        if remembered.request != once.request {
            return Err(Stop::Refuse(OnceRefusal::KeyReused));
        }
        return Ok(T::from_row(&remembered.answer)?);
    }
    let result = command(tx).map_err(|stop| stop.map(OnceRefusal::Own))?;
    let remembered = Remembered { request: once.request, answer: result.to_row(), at: tx.now() };
    tx.put(&REMEMBERED, &key, &remembered)?;
    Ok(result)
}

/// Forgets answers that are older than 30 days, some at a time; whether there may be more.
pub fn forget_old_answers(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    let until = tx.now().plus_seconds(-REMEMBERED_SECONDS);
    let span = Span::between(&(Timestamp::MIN,), &(until,));
    let old: Vec<_> = tx.scan_index(&REMEMBERED_BY_TIME, span)?.take(FORGET_AT_ONCE).collect::<Result<_, Fault>>()?;
    for (_, key) in &old {
        tx.delete(&REMEMBERED, key)?;
    }
    Ok(old.len() == FORGET_AT_ONCE)
}
