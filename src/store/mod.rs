//! The one door to the disk: tables with their indexes, snapshots, transactions, the change log and group commit.
//!
//! Commands are closures over a [`Tx`]; one writer thread runs them in turn and answers when their effects are
//! durable. Nothing outside this room names the storage engine.

mod backup;
mod care;
mod committer;
mod disk;
mod folder;
#[cfg(test)]
pub(crate) mod golden;
mod ground;
mod handle;
mod hooks;
mod key;
mod log;
mod once;
mod overlay;
mod proof;
mod projection;
mod read;
mod shield;
mod space;
mod table;
#[cfg(test)]
mod tests;
mod tx;
mod writer;

pub use backup::{BackupFault, Manifest, Part, backup, restore, to_new_file, verify};
pub use care::Condition;
pub use committer::{Committed, Committer, InFile, Shared};
pub use disk::{Disk, Head, Origin, Place, Snapshot};
pub use folder::{Expect, Folder, FolderFault};
pub use ground::Ground;
pub use handle::{OpenFault, Options, Store};
pub use hooks::{Hook, Hooks};
pub use key::Key;
pub use log::{Appended, Batch, ChangeLog, MemoryLog, Mishap};
pub use once::{Once, OnceRefusal, REMEMBERED, REMEMBERED_BY_TIME, REMEMBERED_SECONDS, Remembered, forget_old_answers};
pub use overlay::{Effect, Pair, Pairs, Stretch};
pub use projection::Projection;
pub use proof::check;
pub use read::{Read, Span};
pub use space::Room;
pub use table::{Described, Index, IndexOf, Row, Table};
pub use tx::{Lift, MAX_EFFECT_BYTES, MAX_EFFECTS, Outcome, Stop, Tx};
pub use writer::{Answer, Position};
