//! The steps of the model: each is taken by the product and by the model, and both must answer the same.

use highstreet::payments::{Method, Settled};

use super::Dice;
use super::shop::{END, Money, Order, Shop, State, Unit, draft, same};
use crate::inside::town::Answered;

const HOLD: i64 = 600;
const UNDO: i64 = 60;

impl Shop {
    /// Takes a random step; answers what it was.
    pub fn step(&mut self, dice: &mut Dice) -> Result<String, String> {
        let kind = dice.below(20);
        if kind < 5 || self.orders.is_empty() {
            return self.place(dice);
        }
        let order = dice.below(self.orders.len());
        let unit = dice.below(self.orders[order].units.len());
        match kind {
            5 => self.pay(order, dice.pick(&[Method::Till, Method::Test, Method::TestLater])),
            6 | 7 => self.settle(order, dice.pick(&[Settled::Paid, Settled::Paid, Settled::Failed])),
            8 => self.cancel(order),
            9 | 10 => self.refund(order, unit),
            11..=13 => self.redeem(order, unit, dice),
            14 => self.undo(order, unit),
            15 => self.reissue(order, unit),
            16 => self.steer(dice),
            17 => self.resize(dice),
            _ => self.pass(dice.pick(&[30, 60, 300, 600, 1800])),
        }
    }

    fn place(&mut self, dice: &mut Dice) -> Result<String, String> {
        let (buyer, offer, wanted) = (dice.below(2), dice.below(self.offers.len()), 1 + dice.below(3) as u32);
        let pay = dice.pick(&[None, Some(Method::Till), Some(Method::Test), Some(Method::TestLater)]);
        let step = format!("buyer {buyer} places {wanted} of offer {offer}, {pay:?}");
        let answer = self.town.place(&self.buyers[buyer], self.offers[offer].id, wanted, pay);
        let expected = match () {
            () if self.now >= END || self.offers[offer].paused => Err("sale-closed"),
            () => self.fits(buyer, offer, wanted),
        };
        same(&step, &answer.map(drop), &expected)?;
        let Ok(public) = answer else { return Ok(step) };
        let held_until = matches!(pay, None | Some(Method::TestLater)).then_some(self.now + HOLD);
        let state = if held_until.is_some() { State::Issued } else { State::Valid };
        let unit = |voucher| Unit { voucher, state, has_stock: true, undone: 0, used: None };
        let units = self.town.vouchers(public).into_iter().map(|(id, _)| unit(id)).collect();
        let money = money_of(pay);
        self.orders.push(Order { public, buyer, offer, method: pay, money, held_until, lapsed: false, units });
        Ok(step)
    }

    /// Whether so many more fit, one by one.
    fn fits(&self, buyer: usize, offer: usize, wanted: u32) -> Answered<()> {
        let (all, own) = (self.taken(offer, None), self.taken(offer, Some(buyer)));
        for number in 1..=wanted {
            if all + number > self.offers[offer].capacity {
                return Err("sold-out");
            }
            if own + number > self.offers[offer].per_person {
                return Err("cap-reached");
            }
        }
        Ok(())
    }

    fn pay(&mut self, at: usize, method: Method) -> Result<String, String> {
        let order = &self.orders[at];
        let step = format!("order {at} is paid by {method:?}");
        let answer = self.town.pay(&self.buyers[order.buyer], order.public, method);
        let expected = match () {
            () if order.money != Money::Awaited || order.is_cancelled() => Err("not-awaiting-payment"),
            () if order.held_until.is_none_or(|until| until <= self.now) => Err("hold-expired"),
            () => Ok(()),
        };
        same(&step, &answer.map(drop), &expected)?;
        if answer.is_ok() {
            let order = &mut self.orders[at];
            (order.method, order.money) = (Some(method), money_of(Some(method)));
            if order.money != Money::Awaited {
                order.units.iter_mut().for_each(|unit| unit.state = State::Valid);
            }
        }
        Ok(step)
    }

    fn settle(&mut self, at: usize, report: Settled) -> Result<String, String> {
        let step = format!("the provider reports {report:?} for order {at}");
        let answer = self.town.settle(self.orders[at].public, report);
        let is_awaited = !matches!(self.orders[at].method, None | Some(Method::Till));
        same(&step, &answer.map(drop), &if is_awaited { Ok(()) } else { Err("not-awaiting-payment") })?;
        let is_open = matches!(self.orders[at].money, Money::Awaited | Money::Failed);
        if !is_awaited || !is_open {
            return Ok(step);
        }
        let is_sold = report == Settled::Paid && self.still_fits(at);
        let order = &mut self.orders[at];
        order.money = match (report, is_sold) {
            (Settled::Failed, _) => Money::Failed,
            (Settled::Paid, true) => Money::Paid,
            (Settled::Paid, false) => Money::CameTooLate,
        };
        for unit in order.units.iter_mut().filter(|unit| unit.state == State::Issued) {
            unit.state = if is_sold { State::Valid } else { State::Void };
            unit.has_stock = is_sold;
        }
        Ok(step)
    }

    /// Whether an order whose money comes now can have what it was for.
    fn still_fits(&self, at: usize) -> bool {
        let order = &self.orders[at];
        if order.is_cancelled() || self.now >= END {
            return false;
        }
        let is_live = order.held_until.is_some_and(|until| self.now < until);
        is_live || self.fits(order.buyer, order.offer, order.units.len() as u32).is_ok()
    }

    fn cancel(&mut self, at: usize) -> Result<String, String> {
        let order = &mut self.orders[at];
        let step = format!("order {at} is cancelled");
        let answer = self.town.cancel(&self.buyers[order.buyer], order.public);
        let is_till = order.method == Some(Method::Till);
        let open = |unit: &Unit| unit.state == State::Issued || returnable(unit, is_till).is_ok();
        let expected = if order.units.iter().any(open) { Ok(()) } else { Err("nothing-to-cancel") };
        same(&step, &answer.map(drop), &expected)?;
        order.units.iter_mut().filter(|unit| open(unit)).for_each(|unit| give_back(unit, is_till));
        Ok(step)
    }

    fn refund(&mut self, at: usize, unit: usize) -> Result<String, String> {
        let order = &mut self.orders[at];
        let step = format!("voucher {unit} of order {at} goes back");
        let answer = self.town.refund(&self.buyers[order.buyer], order.units[unit].voucher);
        let is_till = order.method == Some(Method::Till);
        same(&step, &answer.map(drop), &returnable(&order.units[unit], is_till))?;
        if answer.is_ok() {
            give_back(&mut order.units[unit], is_till);
        }
        Ok(step)
    }

    fn redeem(&mut self, at: usize, number: usize, dice: &mut Dice) -> Result<String, String> {
        let (at_harbour, paid) = (dice.below(5) > 0, dice.below(4) > 0);
        let place = if at_harbour { self.town.harbour } else { self.town.market };
        let unit = self.orders[at].units[number];
        let step = format!("voucher {number} of order {at} is used, paid {paid}, at its place {at_harbour}");
        let answer = self.town.redeem_as(&self.town.people.other_till, unit.voucher, place, paid);
        let costs = self.offers[self.orders[at].offer].price > 0;
        let is_unpaid = self.orders[at].method == Some(Method::Till) && costs && !paid;
        let expected = match unit.state {
            State::Issued => Err("awaiting-payment"),
            State::Redeemed => Err("already-redeemed"),
            State::Expired => Err("expired"),
            State::Refunded => Err("refunded"),
            State::Void => Err("void"),
            State::Valid if !at_harbour => Err("wrong-place"),
            State::Valid if is_unpaid => Err("unpaid"),
            State::Valid => Ok(()),
        };
        same(&step, &answer.map(drop), &expected)?;
        if let Ok(redemption) = answer {
            let used = Some((redemption, self.now, false));
            self.orders[at].units[number] = Unit { state: State::Redeemed, used, ..unit };
        }
        Ok(step)
    }

    fn undo(&mut self, at: usize, number: usize) -> Result<String, String> {
        let unit = self.orders[at].units[number];
        let Some((redemption, since, is_undone)) = unit.used else { return Ok("nothing to undo".into()) };
        let step = format!("the use of voucher {number} of order {at} is undone");
        let answer = self.town.undo(&self.town.people.till, redemption);
        let expected = match () {
            () if is_undone => Err("already-undone"),
            () if self.now - since >= UNDO => Err("undo-too-late"),
            () if unit.undone >= 10 => Err("undone-too-often"),
            () => Ok(()),
        };
        same(&step, &answer.map(drop), &expected)?;
        if answer.is_ok() {
            let used = Some((redemption, since, true));
            self.orders[at].units[number] = Unit { state: State::Valid, used, undone: unit.undone + 1, ..unit };
            self.run_out();
        }
        Ok(step)
    }

    fn reissue(&mut self, at: usize, number: usize) -> Result<String, String> {
        let unit = self.orders[at].units[number];
        let step = format!("voucher {number} of order {at} gets a new code");
        let answer = self.town.reissue(&self.buyers[self.orders[at].buyer], unit.voucher);
        let expected = match unit.state {
            State::Valid => Ok(()),
            State::Issued => Err("awaiting-payment"),
            State::Redeemed | State::Expired | State::Refunded | State::Void => Err("not-open"),
        };
        same(&step, &answer.map(drop), &expected)?;
        Ok(step)
    }

    /// Pauses or resumes a sale.
    fn steer(&mut self, dice: &mut Dice) -> Result<String, String> {
        let offer = dice.below(self.offers.len());
        let paused = !self.offers[offer].paused;
        let id = self.offers[offer].id;
        let answer = if paused { self.town.pause(id) } else { self.town.resume(id) };
        self.offers[offer].paused = paused;
        let step = format!("offer {offer} is paused: {paused}");
        same(&step, &answer.map(drop), &Ok(()))?;
        Ok(step)
    }

    fn resize(&mut self, dice: &mut Dice) -> Result<String, String> {
        let (offer, capacity) = (dice.below(self.offers.len()), 1 + dice.below(6) as u32);
        let step = format!("offer {offer} has {capacity}");
        let answer = self.town.edit(self.offers[offer].id, &draft(self.offers[offer].price, capacity));
        self.offers[offer].capacity = capacity;
        same(&step, &answer.map(drop), &Ok(()))?;
        Ok(step)
    }

    fn pass(&mut self, seconds: i64) -> Result<String, String> {
        self.town.pass(seconds);
        self.now += seconds;
        self.run_out();
        Ok(format!("{seconds} seconds pass"))
    }

    /// What time alone does.
    fn run_out(&mut self) {
        let now = self.now;
        for order in &mut self.orders {
            let is_till = order.method == Some(Method::Till);
            order.lapsed |= order.money == Money::Awaited && order.held_until.is_some_and(|until| until <= now);
            for unit in order.units.iter_mut().filter(|unit| unit.state == State::Valid && now >= END) {
                unit.state = State::Expired;
                unit.has_stock = !is_till;
            }
        }
    }
}

fn money_of(method: Option<Method>) -> Money {
    match method {
        None | Some(Method::TestLater) => Money::Awaited,
        Some(Method::Test) => Money::Paid,
        Some(Method::Till) => Money::AtTill,
    }
}

fn returnable(unit: &Unit, is_till: bool) -> Answered<()> {
    match unit.state {
        State::Issued => Err("awaiting-payment"),
        State::Valid => Ok(()),
        State::Expired if !is_till => Ok(()),
        State::Expired | State::Redeemed | State::Refunded | State::Void => Err("not-open"),
    }
}

fn give_back(unit: &mut Unit, is_till: bool) {
    let was_paid = unit.state != State::Issued && !is_till;
    unit.state = if was_paid { State::Refunded } else { State::Void };
    unit.has_stock = false;
}
