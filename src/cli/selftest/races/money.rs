//! Races for money: several ways to pay one order, money that comes when the hold is over.

use crate::base::Fault;
use crate::cli::selftest::door::Door;
use crate::cli::selftest::races::stock::pool;
use crate::cli::selftest::races::{Found, by_group};
use crate::cli::selftest::shop::{CROWD, Shop};
use crate::orders::{self, HOLD_SECONDS, PublicOrderId};
use crate::payments::{self, Method, PaymentState};
use crate::vouchers::VoucherState;

/// Who meets at one order: so many windows pay it or cancel it.
const WINDOWS: usize = 4;
const ORDERS: usize = CROWD / WINDOWS;
const UNITS: u32 = 2;
const CAPACITY: u32 = ORDERS as u32 * UNITS;
/// How often the provider reports the same money.
const REPORTS: usize = 2;

/// One order is paid in three windows and cancelled in a fourth.
pub(in crate::cli::selftest) fn payments<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let deal = shop.on_sale(CAPACITY, None)?;
    let orders = shop.ordered(deal, ORDERS, UNITS, None)?;
    let answers = shop.crowd(|number, _| {
        let (buyer, order) = (shop.member(number / WINDOWS), orders[number / WINDOWS]);
        match number % WINDOWS {
            0 => shop.pay(buyer, order, Method::Till),
            1 => shop.pay(buyer, order, Method::Test),
            2 => shop.pay(buyer, order, Method::TestLater),
            _ => shop.cancel(buyer, order),
        }
    })?;
    for (windows, order) in by_group(answers, WINDOWS).into_iter().zip(&orders) {
        let (paid, cancelled) = windows.split_at(WINDOWS - 1);
        found.winners("cancelling an order", cancelled, 1, &[]);
        found.refused("paying an order", paid, &["not-awaiting-payment"]);
        // To be paid later is no payment yet.
        let ways = paid.iter().take(2).filter(|answer| answer.is_ok()).count();
        found.demand(ways <= 1, || format!("order {order} was paid {ways} ways"));
        let money = money_of(shop, *order)?;
        found.demand(money.kept() == 0, || format!("order {order} is cancelled and keeps {}", money.kept()));
    }
    let free = pool(shop, deal)?.free();
    found.demand(free == CAPACITY, || format!("all was cancelled, and {free} of {CAPACITY} are free"));
    Ok(())
}

/// The money for holds that ran out comes, twice, while others buy what has become free.
pub(in crate::cli::selftest) fn late_money<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let deal = shop.on_sale(CAPACITY, None)?;
    let orders = shop.ordered(deal, ORDERS, UNITS, Some(Method::TestLater))?;
    shop.pass(HOLD_SECONDS);
    let answers = shop.crowd(|number, buyer| match orders.get(number / REPORTS) {
        Some(order) => shop.settle(*order),
        None => shop.place(buyer, deal, 1, Some(Method::Test)),
    })?;
    let (reports, buyers) = answers.split_at(ORDERS * REPORTS);
    found.winners("a report of money", reports, reports.len(), &[]);
    found.refused("a buyer", buyers, &["sold-out"]);
    let bought = buyers.iter().filter(|answer| answer.is_ok()).count();
    let mut kept = 0;
    for order in &orders {
        let money = money_of(shop, *order)?;
        found.demand(money.counts_or_went_back(), || format!("late money of order {order}: {money:?}"));
        kept += money.valid;
    }
    let (sold, pool) = (kept + u32::try_from(bought).unwrap_or(u32::MAX), pool(shop, deal)?);
    let is_sound = pool.sold == sold && pool.over_by() == 0;
    found.demand(is_sound, || format!("{sold} of {CAPACITY} are in people's hands, the stock says {pool:?}"));
    // Nothing becomes free again in this race: what was refused must still not fit.
    let would_fit = (bought < buyers.len() && pool.free() >= 1) || (kept < CAPACITY && pool.free() >= UNITS);
    found.demand(!would_fit, || format!("somebody was refused, and {} are free", pool.free()));
    Ok(())
}

fn money_of<D: Door>(shop: &Shop<D>, order: PublicOrderId) -> Result<Money, Fault> {
    let read = shop.read()?;
    let found = orders::order_by_public(&*read, order)?;
    let (id, placed) = found.ok_or_else(|| Fault::corrupt("an order", "it was placed and is gone"))?;
    let vouchers = orders::vouchers_of(&*read, &placed)?;
    let valid = vouchers.iter().filter(|(_, voucher)| voucher.state == VoucherState::Valid).count();
    let payment = payments::of_order(&*read, id.untyped())?;
    let refunds = match &payment {
        Some((id, _)) => payments::refunds_of(&*read, *id)?,
        None => vec![],
    };
    Ok(Money {
        state: payment.map(|(_, payment)| payment.state),
        amount: placed.total.amount,
        refunded: refunds.iter().map(|(_, refund)| refund.amount.amount).sum(),
        valid: u32::try_from(valid).unwrap_or(u32::MAX),
    })
}

/// The money of an order as it ended.
#[derive(Debug)]
struct Money {
    state: Option<PaymentState>,
    amount: i64,
    refunded: i64,
    /// Vouchers that can be used.
    valid: u32,
}

impl Money {
    fn kept(&self) -> i64 {
        match self.state {
            Some(PaymentState::Paid { .. } | PaymentState::Refunded { .. }) => self.amount - self.refunded,
            Some(PaymentState::Awaiting | PaymentState::AtTill | PaymentState::Failed { .. }) | None => 0,
        }
    }

    fn counts_or_went_back(&self) -> bool {
        match self.state {
            Some(PaymentState::Paid { .. }) => (self.valid, self.refunded) == (UNITS, 0),
            Some(PaymentState::Refunded { .. }) => (self.valid, self.refunded) == (0, self.amount),
            Some(PaymentState::Awaiting | PaymentState::AtTill | PaymentState::Failed { .. }) | None => false,
        }
    }
}
