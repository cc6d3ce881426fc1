//! What the outbox is made of: letters, their states, and the table that keeps them.

use minicbor::{Decode, Encode};

use crate::base::{Id, Timestamp};
use crate::store::{Index, Table};

pub type LetterId = Id<Letter>;

/// One effect outside the store.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Letter {
    /// Stable, kebab-case; chooses who delivers it.
    #[n(0)]
    pub kind: String,
    /// Unique per kind, handed to whoever is outside too, who can ignore what it has seen.
    #[n(1)]
    pub dedupe: String,
    /// What the deliverer of this kind understands; empty once it is done.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
    /// When it was written, or revived.
    #[n(3)]
    pub written: Timestamp,
    /// Attempts that have begun since.
    #[n(4)]
    pub attempts: u32,
    #[n(5)]
    pub state: LetterState,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum LetterState {
    /// To be attempted from `due` on. While an attempt goes on, `due` is the end of its lease.
    #[n(0)]
    Waiting {
        #[n(0)]
        due: Timestamp,
    },
    #[n(1)]
    Done {
        #[n(0)]
        at: Timestamp,
    },
    /// Given up; the operator can revive it.
    #[n(2)]
    Dead {
        #[n(0)]
        at: Timestamp,
        #[n(1)]
        reason: String,
    },
}

/// Letters.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | letter id | kind, dedupe key, payload, attempts, state | `enqueue`; the runner | the runner; the console |
pub static LETTERS: Table<LetterId, Letter> = Table::new(30, "letters", &[&BY_DEDUPE, &BY_DUE, &DEAD, &BY_DONE]);

/// The one letter of a kind with a dedupe key, done or not.
pub static BY_DEDUPE: Index<LetterId, Letter, (String, String)> =
    Index::unique(31, "letters_by_dedupe", |_, letter| vec![(letter.kind.clone(), letter.dedupe.clone())]);

/// Waiting letters by when they are due.
pub static BY_DUE: Index<LetterId, Letter, Timestamp> =
    Index::new(32, "letters_by_due", |_, letter| match letter.state {
        LetterState::Waiting { due } => vec![due],
        LetterState::Done { .. } | LetterState::Dead { .. } => Vec::new(),
    });

/// Dead letters by when they were given up.
pub static DEAD: Index<LetterId, Letter, Timestamp> = Index::new(33, "letters_dead", |_, letter| match letter.state {
    LetterState::Dead { at, .. } => vec![at],
    LetterState::Waiting { .. } | LetterState::Done { .. } => Vec::new(),
});

/// Letters that are done, by when they were. Since schema 3.
pub static BY_DONE: Index<LetterId, Letter, Timestamp> =
    Index::new(34, "letters_by_done", |_, letter| match letter.state {
        LetterState::Done { at } => vec![at],
        LetterState::Waiting { .. } | LetterState::Dead { .. } => Vec::new(),
    });
