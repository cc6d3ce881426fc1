//! Believing a machine's clock that is in doubt. The doubt stops all writes, the one that notes its end included: so it
//! is proved first that the operator may, then time goes on, then it is written down.

use crate::accounts::{Actor, Denied};
use crate::admin::commands::accept_clock;
use crate::store::{Outcome, Tx};
use crate::web::{Site, random_bytes};

/// Ends the doubt, for an operator or for whoever runs subcommands on the machine. Answers whether there was one.
pub async fn believe_clock(site: &Site, actor: Option<Actor>) -> Outcome<bool, Denied> {
    let note = move |tx: &mut Tx<'_>| accept_clock(tx, actor.as_ref());
    site.store.rehearse(site.clock().now(), random_bytes()?, &note)?.0?;
    if !site.clock().accept() {
        return Ok(false);
    }
    tracing::warn!("the machine's clock was accepted: writing goes on");
    site.store.write(note).await.outcome.map(|()| true)
}
