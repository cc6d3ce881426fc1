//! The model: what a shop comes to, as simply as it can be said, and the comparison with the product.

use highstreet::accounts::Actor;
use highstreet::kernel::ledger::{Account, AccountKind};
use highstreet::offers::{Draft, OfferId};
use highstreet::orders::{ORDERS, PublicOrderId};
use highstreet::payments::{Method, REFUNDS};
use highstreet::store::{Key, Row, Span, Table};
use highstreet::vouchers::{REDEMPTIONS, RedemptionId, VOUCHERS, VoucherId};

use crate::inside::town::{START, Town, coffee_for_two, euros};

/// Seconds after the opening at which sale and use end.
pub const END: i64 = 7200;
const PRICES: [i64; 2] = [1250, 0];

#[derive(Clone)]
pub struct Shop {
    /// Seconds since the opening.
    pub now: i64,
    pub buyers: Vec<Actor>,
    /// The most that an offer is ever given.
    pub largest: u32,
    pub offers: Vec<Offer>,
    pub orders: Vec<Order>,
}

#[derive(Clone)]
pub struct Offer {
    pub id: OfferId,
    pub price: i64,
    pub capacity: u32,
    pub per_person: u32,
    pub paused: bool,
}

#[derive(Clone)]
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

#[derive(Clone)]
pub struct Unit {
    pub voucher: VoucherId,
    pub state: State,
    pub has_stock: bool,
    pub uses: Vec<Use>,
}

#[derive(Clone)]
pub struct Use {
    pub redemption: RedemptionId,
    pub at: i64,
    pub is_undone: bool,
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
    /// Opens in a town: one offer that costs and one that does not, with so many of each.
    pub fn open(town: &Town, buyers: &[Actor], capacities: [u32; 2], largest: u32) -> Shop {
        let offers = PRICES.iter().zip(capacities).map(|(price, capacity)| {
            let id = town.on_sale(&draft(*price, capacity));
            Offer { id, price: *price, capacity, per_person: 3, paused: false }
        });
        Shop { now: 0, buyers: buyers.to_vec(), largest, offers: offers.collect(), orders: Vec::new() }
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
    pub fn agrees(&self, town: &Town) -> Result<(), String> {
        for (at, order) in self.orders.iter().enumerate() {
            let states: Vec<&str> = order.units.iter().map(|unit| unit.state.name()).collect();
            same(&format!("vouchers of order {at}"), &town.states(order.public), &states)?;
            same(&format!("order {at}"), &town.status(order.public), &(self.payment(order), order.fulfilment()))?;
        }
        for (at, offer) in self.offers.iter().enumerate() {
            let pool = town.pool(offer.id);
            same(&format!("stock of offer {at}"), &(pool.sold, pool.held), &self.sold_and_held(at, None))?;
            for buyer in 0..self.buyers.len() {
                if self.taken(at, Some(buyer)) > offer.per_person {
                    return Err(format!("buyer {buyer} has too many of offer {at}"));
                }
            }
        }
        let liability = town.balance(Account::platform(AccountKind::VoucherLiability, euros(0).currency));
        same("what is owed", &liability, &self.owed())?;
        self.counts_agree(town)
    }

    /// There is nothing that nobody was told of.
    fn counts_agree(&self, town: &Town) -> Result<(), String> {
        let units = || self.orders.iter().flat_map(|order| &order.units);
        same("orders", &count(town, &ORDERS), &self.orders.len())?;
        same("vouchers", &count(town, &VOUCHERS), &units().count())?;
        same("redemptions", &count(town, &REDEMPTIONS), &units().map(|unit| unit.uses.len()).sum())?;
        same("refunds", &count(town, &REFUNDS), &self.orders.iter().map(|order| self.refunds(order)).sum())
    }

    /// Times that money went back.
    fn refunds(&self, order: &Order) -> usize {
        match order.money {
            _ if self.offers[order.offer].price == 0 => 0,
            Money::CameTooLate => 1,
            Money::Paid | Money::Awaited | Money::Failed | Money::AtTill => order.refunded(),
        }
    }

    fn owed(&self) -> i64 {
        let is_owed = |unit: &&Unit| matches!(unit.state, State::Valid | State::Expired);
        let of = |order: &Order| order.units.iter().filter(is_owed).count() as i64 * self.offers[order.offer].price;
        self.orders.iter().filter(|order| order.method != Some(Method::Till)).map(of).sum()
    }

    fn payment(&self, order: &Order) -> &'static str {
        let refunded = order.refunded();
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

    fn refunded(&self) -> usize {
        self.units.iter().filter(|unit| unit.state == State::Refunded).count()
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

fn count<K: Key, V: Row>(town: &Town, table: &'static Table<K, V>) -> usize {
    town.read().scan(table, Span::all()).unwrap().count()
}

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, product: &T, model: &T) -> Result<(), String> {
    if product == model { Ok(()) } else { Err(format!("{what}: the product says {product:?}, the model {model:?}")) }
}
