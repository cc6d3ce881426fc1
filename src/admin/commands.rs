//! What the operator does with the city as a whole.

use crate::accounts::{Actor, Denied, Operator};
use crate::kernel::AnyId;
use crate::kernel::audit::{self, Deed, Verdict, Who};
use crate::store::{Outcome, Tx};

/// The subject of what is done to the city: there is one.
const CITY: [u8; 16] = [0; 16];

/// Writes down that the machine's clock was accepted: by an operator, or on the machine itself.
pub fn accept_clock(tx: &mut Tx<'_>, actor: Option<&Actor>) -> Outcome<(), Denied> {
    let who = match actor {
        Some(actor) => Who::Person(Operator::prove(&**tx, actor)?.person().untyped()),
        None => Who::Console,
    };
    // Nothing below can refuse.
    let (subject, verdict) = (("city", AnyId::from_bytes(CITY)), Verdict::Done);
    audit::append(
        tx,
        Deed { who, action: "clock-accepted", subject, origin: None, verdict, before: None, after: None },
    )?;
    Ok(())
}
