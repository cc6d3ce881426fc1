//! What people wish for in the shop, as data, and as commands of the product. A refusal is answered by its stable name.

use highstreet::accounts::Actor;
use highstreet::base::Refusal;
use highstreet::orders::{self, Place, PublicOrderId};
use highstreet::payments::{Method, Settled};
use highstreet::store::{Outcome, Tx};
use highstreet::vouchers::{self, Origin, Redeem, RedemptionId, VoucherId};
use highstreet::{base::Fault, offers};

use super::Dice;
use super::shop::{Shop, draft};
use crate::inside::town::Town;

/// Wishes go to the last so many orders: older ones are mostly over.
const RECENT: usize = 24;

/// Buyers, offers, orders, units and uses go by their numbers in the [`Shop`].
#[derive(Clone, Debug)]
pub enum Wish {
    Place { buyer: usize, offer: usize, units: u32, pay: Option<Method> },
    Pay { order: usize, method: Method },
    Settle { order: usize, report: Settled },
    Cancel { order: usize },
    Refund { order: usize, unit: usize },
    Redeem { order: usize, unit: usize, at_harbour: bool, paid: bool },
    Undo { order: usize, unit: usize, used: usize },
    Reissue { order: usize, unit: usize },
    Steer { offer: usize, paused: bool },
    Resize { offer: usize, capacity: u32 },
}

/// What somebody is told whose wish came true.
#[derive(Clone, Debug)]
pub enum Receipt {
    Placed { order: PublicOrderId, vouchers: Vec<VoucherId> },
    Used(RedemptionId),
    Done,
}

/// A command of the product that answers with a receipt, or by the name of its refusal.
pub type Command = Box<dyn Fn(&mut Tx<'_>) -> Outcome<Receipt, &'static str> + Send>;

impl Shop {
    /// Something that somebody may wish for now.
    pub fn wish(&self, dice: &mut Dice) -> Wish {
        let kind = dice.below(18);
        if kind < 5 || self.orders.is_empty() {
            let pay = dice.pick(&[None, Some(Method::Till), Some(Method::Test), Some(Method::TestLater)]);
            let (buyer, offer) = (dice.below(self.buyers.len()), dice.below(self.offers.len()));
            return Wish::Place { buyer, offer, units: 1 + dice.below(3) as u32, pay };
        }
        let order = self.orders.len() - 1 - dice.below(self.orders.len().min(RECENT));
        let unit = dice.below(self.orders[order].units.len());
        let offer = dice.below(self.offers.len());
        match (kind, self.orders[order].units[unit].uses.len().checked_sub(1)) {
            (5, _) => Wish::Pay { order, method: dice.pick(&[Method::Till, Method::Test, Method::TestLater]) },
            (6 | 7, _) => Wish::Settle { order, report: dice.pick(&[Settled::Paid, Settled::Paid, Settled::Failed]) },
            (8, _) => Wish::Cancel { order },
            (9 | 10, _) => Wish::Refund { order, unit },
            (14, Some(used)) => Wish::Undo { order, unit, used },
            (11..=14, _) => Wish::Redeem { order, unit, at_harbour: dice.below(5) > 0, paid: dice.below(4) > 0 },
            (15, _) => Wish::Reissue { order, unit },
            (16, _) => Wish::Steer { offer, paused: !self.offers[offer].paused },
            (_, _) => Wish::Resize { offer, capacity: 1 + dice.below(self.largest as usize) as u32 },
        }
    }

    /// The wish as a command.
    pub fn command(&self, town: &Town, wish: &Wish) -> Command {
        let buyer = |order: usize| self.buyers[self.orders[order].buyer].clone();
        let public = |order: usize| self.orders[order].public;
        match *wish {
            Wish::Place { buyer, offer, units, pay } => {
                place(self.buyers[buyer].clone(), Place { lines: vec![(self.offers[offer].id, units)], pay })
            }
            Wish::Pay { order, method } => {
                let (actor, order) = (buyer(order), public(order));
                Box::new(move |tx| done(orders::pay(tx, &actor, order, method, &Origin::of(&actor, "pay"))))
            }
            Wish::Settle { order, report } => {
                let order = public(order);
                Box::new(move |tx| done(orders::settle(tx, order, report)))
            }
            Wish::Cancel { order } => {
                let (actor, order) = (buyer(order), public(order));
                Box::new(move |tx| done(orders::cancel(tx, &actor, order, &Origin::of(&actor, "cancel"))))
            }
            Wish::Refund { order, unit } => {
                let (actor, id) = (buyer(order), self.orders[order].units[unit].voucher);
                Box::new(move |tx| done(orders::refund_voucher(tx, &actor, id, &Origin::of(&actor, "refund"))))
            }
            Wish::Redeem { order, unit, at_harbour, paid } => {
                let place = if at_harbour { town.harbour } else { town.market };
                let (till, id) = (town.people.other_till.clone(), self.orders[order].units[unit].voucher);
                Box::new(move |tx| {
                    let ask = Redeem { code: vouchers::require(&**tx, id)?.code, place, paid };
                    named(vouchers::redeem(tx, &till, ask, &Origin::of(&till, "redeem"))).map(Receipt::Used)
                })
            }
            Wish::Undo { order, unit, used } => {
                let used = self.orders[order].units[unit].uses[used].redemption;
                let till = town.people.till.clone();
                Box::new(move |tx| done(vouchers::undo(tx, &till, used, &Origin::of(&till, "undo"))))
            }
            Wish::Reissue { order, unit } => {
                let (actor, id) = (buyer(order), self.orders[order].units[unit].voucher);
                Box::new(move |tx| done(vouchers::reissue(tx, &actor, id, &Origin::of(&actor, "reissue"))))
            }
            Wish::Steer { offer, paused } => {
                let (owner, id) = (town.people.owner.clone(), self.offers[offer].id);
                let steer = if paused { offers::pause } else { offers::resume };
                Box::new(move |tx| done(steer(tx, &owner, id)))
            }
            Wish::Resize { offer, capacity } => {
                let (owner, offer) = (town.people.owner.clone(), &self.offers[offer]);
                let (id, draft) = (offer.id, draft(offer.price, capacity));
                Box::new(move |tx| done(offers::edit(tx, &owner, id, &draft)))
            }
        }
    }
}

fn place(buyer: Actor, ask: Place) -> Command {
    Box::new(move |tx| {
        let order = named(orders::place(tx, &buyer, &ask, &Origin::of(&buyer, "place")))?;
        let (_, placed) = orders::order_by_public(&**tx, order)?.ok_or_else(|| Fault::bug("an order", "is lost"))?;
        Ok(Receipt::Placed { order, vouchers: placed.units().map(|(_, unit)| unit.voucher).collect() })
    })
}

fn named<T, R: Refusal>(outcome: Outcome<T, R>) -> Outcome<T, &'static str> {
    outcome.map_err(|stop| stop.map(|refusal| refusal.name()))
}

fn done<T, R: Refusal>(outcome: Outcome<T, R>) -> Outcome<Receipt, &'static str> {
    named(outcome).map(|_| Receipt::Done)
}
