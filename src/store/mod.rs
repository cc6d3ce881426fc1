//! The one door to the disk: tables with their indexes, snapshots, transactions, the change log and group commit.
//!
//! Commands are closures over a [`Tx`]; one writer thread runs them in turn and answers when their effects are
//! durable. Nothing outside this room names the storage engine.

mod hooks;
mod key;
mod overlay;
mod read;
mod table;
mod tx;

pub use hooks::{Hook, Hooks};
pub use key::Key;
pub use overlay::{Effect, Pair, Pairs, Stretch};
pub use read::{Read, Span};
pub use table::{Described, Index, IndexOf, Row, Table};
pub use tx::{Lift, MAX_EFFECT_BYTES, MAX_EFFECTS, Outcome, Stop, Tx};
