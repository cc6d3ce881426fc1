//! What search keeps in its folder, so that no damage there is ever believed: files whose every block bears a sum.
//! Nothing in them is a truth: whoever finds damage says so, and all is made anew from the store.

mod cache;
mod folder;
mod sealed;

pub(super) use folder::Folder;
pub(super) use sealed::{read, replace};
