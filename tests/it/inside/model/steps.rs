//! The steps of the model: whether a wish comes true, and what the shop comes to by it.

use highstreet::payments::{Method, Settled};

use super::shop::{END, Money, Order, Shop, State, Unit, Use, same};
use super::wish::{Receipt, Wish};
use crate::inside::town::Answered;

const HOLD: i64 = 600;
const UNDO: i64 = 60;
const MOST_UNDONE: usize = 10;

impl Shop {
    /// Takes down what the product answered, if it had to answer so.
    pub fn hear(&mut self, wish: &Wish, answer: &Answered<Receipt>) -> Result<(), String> {
        same(&format!("{wish:?}"), &answer.as_ref().map(drop).map_err(|name| *name), &self.expects(wish))?;
        if let Ok(receipt) = answer {
            self.happens(wish, receipt);
        }
        Ok(())
    }

    /// How a wish must be answered.
    fn expects(&self, wish: &Wish) -> Answered<()> {
        match *wish {
            Wish::Place { offer, .. } if self.now >= END || self.offers[offer].paused => Err("sale-closed"),
            Wish::Place { buyer, offer, units, .. } => self.fits(buyer, offer, units),
            Wish::Pay { order, .. } => self.payable(&self.orders[order]),
            Wish::Settle { order, .. } => match self.orders[order].method {
                None | Some(Method::Till) => Err("not-awaiting-payment"),
                Some(Method::Test | Method::TestLater) => Ok(()),
            },
            Wish::Cancel { order } => {
                let order = &self.orders[order];
                if order.units.iter().any(|unit| order.is_open(unit)) { Ok(()) } else { Err("nothing-to-cancel") }
            }
            Wish::Refund { order, unit } => self.orders[order].returnable(&self.orders[order].units[unit]),
            Wish::Redeem { order, unit, at_harbour, paid } => self.usable(order, unit, at_harbour, paid),
            Wish::Undo { order, unit, used } => {
                let uses = &self.orders[order].units[unit].uses;
                match () {
                    () if uses[used].is_undone => Err("already-undone"),
                    () if self.now - uses[used].at >= UNDO => Err("undo-too-late"),
                    () if uses.iter().filter(|past| past.is_undone).count() >= MOST_UNDONE => Err("undone-too-often"),
                    () => Ok(()),
                }
            }
            Wish::Reissue { order, unit } => match self.orders[order].units[unit].state {
                State::Valid => Ok(()),
                State::Issued => Err("awaiting-payment"),
                State::Redeemed | State::Expired | State::Refunded | State::Void => Err("not-open"),
            },
            Wish::Steer { .. } | Wish::Resize { .. } => Ok(()),
        }
    }

    fn happens(&mut self, wish: &Wish, receipt: &Receipt) {
        match (wish, receipt) {
            (Wish::Place { .. }, Receipt::Placed { .. }) => self.placed(wish, receipt),
            (Wish::Pay { order, method }, _) => self.paid(*order, *method),
            (Wish::Settle { order, report }, _) => self.settled(*order, *report),
            (Wish::Cancel { order }, _) => {
                for unit in 0..self.orders[*order].units.len() {
                    if self.orders[*order].is_open(&self.orders[*order].units[unit]) {
                        self.give_back(*order, unit);
                    }
                }
            }
            (Wish::Refund { order, unit }, _) => self.give_back(*order, *unit),
            (Wish::Redeem { order, unit, .. }, Receipt::Used(redemption)) => {
                let at = self.now;
                let unit = &mut self.orders[*order].units[*unit];
                unit.state = State::Redeemed;
                unit.uses.push(Use { redemption: *redemption, at, is_undone: false });
            }
            (Wish::Undo { order, unit, used }, _) => {
                let unit = &mut self.orders[*order].units[*unit];
                unit.state = State::Valid;
                unit.uses[*used].is_undone = true;
                self.run_out();
            }
            (Wish::Steer { offer, paused }, _) => self.offers[*offer].paused = *paused,
            (Wish::Resize { offer, capacity }, _) => self.offers[*offer].capacity = *capacity,
            (Wish::Reissue { .. } | Wish::Place { .. } | Wish::Redeem { .. }, _) => {}
        }
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

    fn placed(&mut self, wish: &Wish, receipt: &Receipt) {
        let Wish::Place { buyer, offer, pay, .. } = *wish else { return };
        let Receipt::Placed { order: public, ref vouchers } = *receipt else { return };
        let held_until = matches!(pay, None | Some(Method::TestLater)).then_some(self.now + HOLD);
        let state = if held_until.is_some() { State::Issued } else { State::Valid };
        let unit = |voucher: &_| Unit { voucher: *voucher, state, has_stock: true, uses: Vec::new() };
        let units = vouchers.iter().map(unit).collect();
        let money = money_of(pay);
        self.orders.push(Order { public, buyer, offer, method: pay, money, held_until, lapsed: false, units });
    }

    fn payable(&self, order: &Order) -> Answered<()> {
        match () {
            () if order.money != Money::Awaited || order.is_cancelled() => Err("not-awaiting-payment"),
            () if order.held_until.is_none_or(|until| until <= self.now) => Err("hold-expired"),
            () => Ok(()),
        }
    }

    fn paid(&mut self, at: usize, method: Method) {
        let order = &mut self.orders[at];
        (order.method, order.money) = (Some(method), money_of(Some(method)));
        if order.money != Money::Awaited {
            order.units.iter_mut().for_each(|unit| unit.state = State::Valid);
        }
    }

    fn settled(&mut self, at: usize, report: Settled) {
        if !matches!(self.orders[at].money, Money::Awaited | Money::Failed) {
            return;
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

    fn usable(&self, order: usize, unit: usize, at_harbour: bool, paid: bool) -> Answered<()> {
        let order = &self.orders[order];
        let is_unpaid = order.method == Some(Method::Till) && self.offers[order.offer].price > 0 && !paid;
        match order.units[unit].state {
            State::Issued => Err("awaiting-payment"),
            State::Redeemed => Err("already-redeemed"),
            State::Expired => Err("expired"),
            State::Refunded => Err("refunded"),
            State::Void => Err("void"),
            State::Valid if !at_harbour => Err("wrong-place"),
            State::Valid if is_unpaid => Err("unpaid"),
            State::Valid => Ok(()),
        }
    }

    fn give_back(&mut self, at: usize, unit: usize) {
        let order = &mut self.orders[at];
        let is_till = order.method == Some(Method::Till);
        let unit = &mut order.units[unit];
        let was_paid = unit.state != State::Issued && !is_till;
        unit.state = if was_paid { State::Refunded } else { State::Void };
        unit.has_stock = false;
    }

    /// So many seconds pass, and every timer that is due fires.
    pub fn pass(&mut self, seconds: i64) {
        self.now += seconds;
        self.run_out();
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

impl Order {
    fn is_open(&self, unit: &Unit) -> bool {
        unit.state == State::Issued || self.returnable(unit).is_ok()
    }

    fn returnable(&self, unit: &Unit) -> Answered<()> {
        let is_till = self.method == Some(Method::Till);
        match unit.state {
            State::Issued => Err("awaiting-payment"),
            State::Valid => Ok(()),
            State::Expired if !is_till => Ok(()),
            State::Expired | State::Redeemed | State::Refunded | State::Void => Err("not-open"),
        }
    }
}

fn money_of(pay: Option<Method>) -> Money {
    match pay {
        None | Some(Method::TestLater) => Money::Awaited,
        Some(Method::Test) => Money::Paid,
        Some(Method::Till) => Money::AtTill,
    }
}
