//! Chance at the edge: tokens that no command decides about. Commands take theirs from the transaction.

use crate::base::{Chance, Fault};

/// Bytes that nobody can foresee.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Fault> {
    Ok(Chance::from_system()?.bytes())
}
