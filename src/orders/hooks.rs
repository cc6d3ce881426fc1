//! What orders do when vouchers change at a till or by a timer, and when a guest turns out to be somebody; wired in
//! `app/wiring.rs`, in the same transaction.

use crate::accounts::{GuestJoined, PersonId};
use crate::base::{Fault, Id};
use crate::kernel::{AnyId, stock, timers};
use crate::orders::changes::{after_change, return_claim};
use crate::orders::model::{JOINED_GUESTS, ORDERS, Order, OrderId};
use crate::orders::queries::{of_buyer, require};
use crate::store::Tx;
use crate::vouchers::{self, Redeemed, RedemptionUndone, VoucherExpired, VoucherTender};

/// The kind of timer that moves on what a guest had too much of for one transaction; its id is the guest's.
pub const JOINING_TIMER: &str = "guest-joining";
/// Most orders of a guest that one transaction moves: of fifty units each they make half of what one may do.
const MOVE_AT_ONCE: usize = 8;

/// A voucher was used: the order may be fulfilled, and paid if the till takes the money.
pub fn after_redemption(tx: &mut Tx<'_>, event: &Redeemed) -> Result<(), Fault> {
    recount(tx, event.order)
}

/// A use was taken back: the order is open again, and the till gave the money back.
pub fn after_undo(tx: &mut Tx<'_>, event: &RedemptionUndone) -> Result<(), Fault> {
    recount(tx, event.order)
}

/// A voucher ran out: what nobody paid for goes back to its pool; what was paid stays owed.
pub fn after_expiry(tx: &mut Tx<'_>, event: &VoucherExpired) -> Result<(), Fault> {
    let order = require(&**tx, OrderId::from_bytes(*event.order.as_bytes()))?;
    let unit = order.units().find(|(_, unit)| unit.voucher == event.voucher);
    let is_unpaid = vouchers::require(&**tx, event.voucher)?.tender == VoucherTender::Till;
    if let Some((_, unit)) = unit.filter(|_| is_unpaid) {
        return_claim(tx, unit.claim)?;
    }
    recount(tx, event.order)
}

fn recount(tx: &mut Tx<'_>, order: Id<()>) -> Result<(), Fault> {
    let id = OrderId::from_bytes(*order.as_bytes());
    let order = require(&**tx, id)?;
    after_change(tx, id, &order)
}

/// A guest signed in: orders, vouchers and what they count towards are the person's. What is too much for one
/// transaction follows by a timer, at once.
pub fn after_guest_joined(tx: &mut Tx<'_>, event: &GuestJoined) -> Result<(), Fault> {
    move_some(tx, event.guest, event.person)
}

/// The timer behind [`after_guest_joined`].
pub fn move_on(tx: &mut Tx<'_>, guest: AnyId) -> Result<(), Fault> {
    let guest = PersonId::from_bytes(*guest.as_bytes());
    match tx.get(&JOINED_GUESTS, &guest)? {
        Some(person) => move_some(tx, guest, person),
        None => Ok(()),
    }
}

fn move_some(tx: &mut Tx<'_>, guest: PersonId, person: PersonId) -> Result<(), Fault> {
    let orders = of_buyer(&**tx, guest, None, MOVE_AT_ONCE)?;
    let is_all = orders.len() < MOVE_AT_ONCE;
    for (id, order) in orders {
        for (_, unit) in order.units() {
            stock::hand_over(tx, unit.claim, person.untyped())?;
            vouchers::hand_over(tx, unit.voucher, person)?;
        }
        tx.put(&ORDERS, &id, &Order { buyer: person, ..order })?;
    }
    if is_all {
        return tx.delete(&JOINED_GUESTS, &guest);
    }
    tx.put(&JOINED_GUESTS, &guest, &person)?;
    timers::set(tx, JOINING_TIMER, guest.untyped(), tx.now())
}
