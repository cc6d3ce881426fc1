//! What the operator does from the console.

use crate::accounts::{self, Actor, Denied, Email, Operator, PlaceId, StaffRole};
use crate::admin::queries::currency_beside;
use crate::admin::refusal::Refusal;
use crate::admin::rules::{check_places, currency_is_free};
use crate::base::Fault;
use crate::directory::{self, City, MerchantId, MerchantName};
use crate::kernel::AnyId;
use crate::kernel::audit::{self, Deed, Verdict, Who};
use crate::store::{Lift, Outcome, Row, Tx};

/// The subject of what is done to the city: there is one, and it has no id.
const CITY: [u8; 16] = [0; 16];

/// Says what the town is. Saying it again changes nothing.
pub fn change_settings(tx: &mut Tx<'_>, actor: &Actor, wish: &City) -> Outcome<(), Refusal> {
    let operator = Operator::prove(&**tx, actor).lift()?;
    let old = directory::find_city(&**tx)?;
    let now = directory::city(&**tx)?.currency;
    if wish.currency != now {
        currency_is_free(now, wish.currency, currency_beside(&**tx, wish.currency)?)?;
    }
    if old.as_ref() == Some(wish) {
        return Ok(());
    }
    directory::set_city(tx, wish).lift::<Refusal>()?;
    let subject = ("city", AnyId::from_bytes(CITY));
    let (before, after) = (old.map(|old| old.to_row()), wish.to_row());
    record(tx, actor, &operator, ("settings-changed", subject), before.as_deref(), &after)?;
    Ok(())
}

/// A business that takes part: its name, the places that it runs, and who owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMerchant {
    pub name: MerchantName,
    pub places: Vec<PlaceId>,
    /// Of somebody who has an account.
    pub owner: Email,
}

/// Takes a business in, and makes somebody its owner.
pub fn found_merchant(tx: &mut Tx<'_>, actor: &Actor, new: &NewMerchant) -> Outcome<MerchantId, Refusal> {
    let operator = Operator::prove(&**tx, actor).lift()?;
    check_places(new.places.len())?;
    let merchant = directory::add_merchant(tx, &new.name, &new.places).lift::<Refusal>()?;
    let by = Who::Person(operator.person().untyped());
    accounts::grant_staff(tx, by, &new.owner, StaffRole::Owner, merchant, &[]).lift::<Refusal>()?;
    let deed = ("merchant-added", ("merchant", merchant.untyped()));
    record(tx, actor, &operator, deed, None, &new.name.to_row())?;
    Ok(merchant)
}

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

fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    operator: &Operator,
    (action, subject): (&str, (&str, AnyId)),
    before: Option<&[u8]>,
    after: &[u8],
) -> Result<(), Fault> {
    let (who, origin) = (Who::Person(operator.person().untyped()), Some(actor.session.untyped()));
    audit::append(tx, Deed { who, action, subject, origin, verdict: Verdict::Done, before, after: Some(after) })?;
    Ok(())
}
