//! What reviews do when people change; wired in `app.rs`, in the same transaction.

use crate::accounts::GuestJoined;
use crate::base::Fault;
use crate::reviews::model::{REVIEWS, REVIEWS_BY_AUTHOR, Review, ReviewId};
use crate::store::{Span, Tx};

/// A guest turned out to be somebody: what the guest wrote is that person's.
pub fn after_joining(tx: &mut Tx<'_>, event: &GuestJoined) -> Result<(), Fault> {
    let written: Vec<(ReviewId, Review)> =
        tx.scan_by(&REVIEWS, &REVIEWS_BY_AUTHOR, Span::prefix(&event.guest))?.collect::<Result<_, Fault>>()?;
    for (id, review) in written {
        tx.put(&REVIEWS, &id, &Review { author: event.person, ..review })?;
    }
    Ok(())
}
