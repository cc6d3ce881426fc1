//! Chance at the edge: tokens that no command decides about. Commands take theirs from the transaction.

use std::cell::RefCell;

use crate::base::{Chance, Fault};

thread_local! {
    /// A page prints several tokens: the system is asked once a thread, not once a token.
    static STREAM: RefCell<Option<Chance>> = const { RefCell::new(None) };
}

/// Bytes that nobody can foresee.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Fault> {
    STREAM.with_borrow_mut(|stream| match stream {
        Some(chance) => Ok(chance.bytes()),
        None => Ok(stream.insert(Chance::from_system()?).bytes()),
    })
}
