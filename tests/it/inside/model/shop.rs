//! The model: what a shop comes to, as simply as it can be said, and the comparison with the product.

use highstreet::accounts::Actor;
use highstreet::kernel::ledger::{Account, AccountKind};
use highstreet::offers::{Draft, OfferId};
use highstreet::orders::PublicOrderId;
use highstreet::payments::Method;
use highstreet::vouchers::{RedemptionId, VoucherId};

use crate::inside::town::{START, Town, coffee_for_two, euros};

/// Seconds after the opening at which sale and use end.
pub const END: i64 = 7200;
const PRICES: [i64; 2] = [1250, 0];

pub struct Shop {
    pub town: Town,
    pub now: i64,
    pub buyers: [Actor; 2],
    pub offers: Vec<Offer>,
    pub orders: Vec<Order>,
}

pub struct Offer {
    pub id: OfferId,
    pub price: i64,
    pub capacity: u32,
    pub per_person: u32,
    pub paused: bool,
}

pub struct Order {
    pub public: PublicOrderId,
    pub buyer: usize,
    pub offer: usize,
    pub method: Option<Method>,
    pub money: Money,
    pub held_until: Option<i64>,
    /// The hold ran out unpaid.
    pub lapsed: bool,
    pub units: Vec<Unit>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Money {
    Awaited,
    Paid,
    Failed,
    /// All of it, because it came too late.
    CameTooLate,
    AtTill,
}

#[derive(Clone, Copy)]
pub struct Unit {
    pub voucher: VoucherId,
    pub state: State,
    pub has_stock: bool,
    pub undone: u32,
    /// The last use, when, and whether it was taken back.
    pub used: Option<(RedemptionId, i64, bool)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Issued,
    Valid,
    Redeemed,
    Expired,
    Refunded,
    Void,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Issued => "issued",
            State::Valid => "valid",
            State::Redeemed => "redeemed",
            State::Expired => "expired",
            State::Refunded => "refunded",
            State::Void => "void",
        }
    }
}

impl Shop {
    pub fn new() -> Shop {
        let town = Town::new();
        let offers = PRICES.iter().zip([5, 3]).map(|(price, capacity)| {
            let id = town.on_sale(&draft(*price, capacity));
            Offer { id, price: *price, capacity, per_person: 3, paused: false }
        });
        let (offers, buyers) = (offers.collect(), [town.people.anna.clone(), town.people.bela.clone()]);
        Shop { town, now: 0, buyers, offers, orders: Vec::new() }
    }

    pub fn offer_id(&self, offer: usize) -> OfferId {
        self.offers[offer].id
    }

    /// What of an offer is sold or held, by everybody or by one buyer.
    pub fn taken(&self, offer: usize, buyer: Option<usize>) -> u32 {
        let (sold, held) = self.sold_and_held(offer, buyer);
        sold + held
    }

    fn sold_and_held(&self, offer: usize, buyer: Option<usize>) -> (u32, u32) {
        let (mut sold, mut held) = (0, 0);
        let orders = self.orders.iter().filter(|order| order.offer == offer);
        for order in orders.filter(|order| buyer.is_none_or(|buyer| buyer == order.buyer)) {
            for unit in order.units.iter().filter(|unit| unit.has_stock) {
                match unit.state {
                    State::Issued => held += u32::from(order.held_until.is_some_and(|until| self.now < until)),
                    State::Valid | State::Redeemed | State::Expired | State::Refunded | State::Void => sold += 1,
                }
            }
        }
        (sold, held)
    }

    /// How many vouchers of each offer have gone back.
    pub fn returned(&self) -> Vec<usize> {
        let gone = |unit: &Unit| matches!(unit.state, State::Refunded);
        let of = |offer| self.orders.iter().filter(move |order| order.offer == offer);
        (0..self.offers.len())
            .map(|offer| of(offer).flat_map(|order| &order.units).filter(|u| gone(u)).count())
            .collect()
    }

    pub fn returned_since(&self, before: &[usize]) -> Option<usize> {
        self.returned().iter().zip(before).position(|(now, before)| now > before)
    }

    /// Whether the product has come to the same; else what differs.
    pub fn agrees(&self) -> Result<(), String> {
        for (at, order) in self.orders.iter().enumerate() {
            let states: Vec<&str> = order.units.iter().map(|unit| unit.state.name()).collect();
            same(&format!("vouchers of order {at}"), &self.town.states(order.public), &states)?;
            same(&format!("order {at}"), &self.town.status(order.public), &(self.payment(order), order.fulfilment()))?;
        }
        for (at, offer) in self.offers.iter().enumerate() {
            let pool = self.town.pool(offer.id);
            same(&format!("stock of offer {at}"), &(pool.sold, pool.held), &self.sold_and_held(at, None))?;
            for buyer in 0..self.buyers.len() {
                if self.taken(at, Some(buyer)) > offer.per_person {
                    return Err(format!("buyer {buyer} has too many of offer {at}"));
                }
            }
        }
        let liability = self.town.balance(Account::platform(AccountKind::VoucherLiability, euros(0).currency));
        same("what is owed", &liability, &self.owed())?;
        let read = self.town.read();
        let faults =
            [highstreet::kernel::check(&read), highstreet::vouchers::check(&read), highstreet::orders::check(&read)];
        let faults: Vec<String> = faults.into_iter().flat_map(Result::unwrap).collect();
        same("the proofs", &faults, &Vec::new())
    }

    fn owed(&self) -> i64 {
        let is_owed = |unit: &&Unit| matches!(unit.state, State::Valid | State::Expired);
        let of = |order: &Order| order.units.iter().filter(is_owed).count() as i64 * self.offers[order.offer].price;
        self.orders.iter().filter(|order| order.method != Some(Method::Till)).map(of).sum()
    }

    fn payment(&self, order: &Order) -> &'static str {
        let refunded = order.units.iter().filter(|unit| unit.state == State::Refunded).count();
        let costs = self.offers[order.offer].price > 0;
        match order.money {
            Money::Awaited => "awaiting",
            Money::Failed => "failed",
            // What cost nothing has nothing to go back.
            Money::CameTooLate if !costs => "paid",
            Money::CameTooLate => "refunded",
            Money::Paid if costs && refunded == order.units.len() => "refunded",
            Money::Paid => "paid",
            Money::AtTill => {
                let kept = || order.units.iter().filter(|unit| matches!(unit.state, State::Valid | State::Redeemed));
                let is_used = kept().count() > 0 && kept().all(|unit| unit.state == State::Redeemed);
                if is_used { "paid" } else { "at-till" }
            }
        }
    }
}

impl Order {
    pub fn is_cancelled(&self) -> bool {
        self.units.iter().all(|unit| matches!(unit.state, State::Refunded | State::Void))
    }

    fn fulfilment(&self) -> &'static str {
        let any = |state| self.units.iter().any(|unit| unit.state == state);
        match () {
            () if any(State::Issued) && self.lapsed => "expired",
            () if any(State::Issued) || any(State::Valid) => "open",
            () if any(State::Redeemed) => "fulfilled",
            () if any(State::Expired) => "expired",
            () => "cancelled",
        }
    }
}

pub fn draft(price: i64, capacity: u32) -> Draft {
    let end = START.plus_seconds(END);
    Draft { price: euros(price), capacity, per_person: Some(3), sale_until: end, use_until: end, ..coffee_for_two() }
}

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, product: &T, model: &T) -> Result<(), String> {
    if product == model { Ok(()) } else { Err(format!("{what}: the product says {product:?}, the model {model:?}")) }
}
