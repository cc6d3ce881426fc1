//! A whole small shop against a simple model: random steps, and after each the product must have come to what the
//! model has. A failure prints its seed; `HIGHSTREET_SEED` runs that one sequence again.

pub mod shop;
mod steps;
pub mod wish;

use highstreet::base::{Chance, Fault};
use highstreet::kernel::ledger::{self, Account, AccountKind, Cause, CauseKind, Draft, Event, Tender, flow};
use highstreet::kernel::stock::{self, Demand, Request};
use highstreet::offers;
use highstreet::store::{Outcome, Tx};

use self::shop::{Shop, same};
use super::town::{Town, euros};

const SEQUENCES: u64 = 200;
const STEPS: usize = 40;

/// Numbers below a bound, from a seed.
pub struct Dice(Chance);

impl Dice {
    pub fn of(seed: u64) -> Dice {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Dice(Chance::from_seed(bytes))
    }

    pub fn number(&mut self) -> u64 {
        self.0.u64()
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.0.u64() % bound as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// What a sabotaged product does beside giving a voucher back, for the offer of that number.
type Sabotage = fn(&Town, &Shop, usize);

/// Runs one sequence; says what the product and the model do not agree on.
fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<(), String> {
    let town = Town::new();
    let (mut shop, mut dice) =
        (Shop::open(&town, &[town.people.anna.clone(), town.people.bela.clone()], [5, 3], 6), Dice::of(seed));
    for number in 0..STEPS {
        let returned = shop.returned();
        let step = step(&town, &mut shop, &mut dice)?;
        if let Some((sabotage, offer)) = sabotage.zip(shop.returned_since(&returned)) {
            sabotage(&town, &shop, offer);
        }
        let agrees = shop.agrees(&town).and_then(|()| same("the proofs", &books(&town), &Vec::new()));
        agrees.map_err(|fault| format!("after step {number}, {step}: {fault}"))?;
    }
    match highstreet::app::check(&town.read()).unwrap() {
        faults if faults.is_empty() => Ok(()),
        faults => Err(faults.join("\n")),
    }
}

/// Takes a random step; answers what it was.
fn step(town: &Town, shop: &mut Shop, dice: &mut Dice) -> Result<String, String> {
    if dice.below(10) == 0 {
        let seconds = dice.pick(&[30, 60, 300, 600, 1800]);
        town.pass(seconds);
        shop.pass(seconds);
        return Ok(format!("{seconds} seconds pass"));
    }
    let wish = shop.wish(dice);
    let answer = town.run(shop.command(town, &wish));
    shop.hear(&wish, &answer)?;
    Ok(format!("{wish:?}"))
}

fn books(town: &Town) -> Vec<String> {
    let read = town.read();
    let faults =
        [highstreet::kernel::check(&read), highstreet::vouchers::check(&read), highstreet::orders::check(&read)];
    faults.into_iter().flat_map(Result::unwrap).collect()
}

#[test]
fn a_small_shop_does_what_its_model_does() {
    let chosen = std::env::var("HIGHSTREET_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let seeds = match chosen {
        Some(seed) => vec![seed],
        None => {
            let mut chance = Chance::from_system().unwrap();
            (0..SEQUENCES).map(|_| chance.u64()).collect()
        }
    };
    for seed in seeds {
        if let Err(fault) = run(seed, None) {
            panic!("HIGHSTREET_SEED={seed}\n{fault}");
        }
    }
}

fn behind_its_back(town: &Town, work: impl Fn(&mut Tx<'_>) -> Result<(), Fault> + Send + 'static) {
    let done: Result<(), ()> = town.run(move |tx| -> Outcome<(), ()> { Ok(work(tx)?) });
    done.unwrap();
}

/// The unit is not on sale again.
fn keeps_the_stock(town: &Town, shop: &Shop, offer: usize) {
    let id = shop.offer_id(offer);
    behind_its_back(town, move |tx| {
        let pool = offers::require(&**tx, id)?.pool;
        let request = Request { owner: id.untyped(), demands: &[Demand { pool, quantity: 1 }], caps: &[] };
        stock::take(tx, request).map(drop).map_err(|stop| Fault::bug("sabotage", format!("{stop:?}")))
    });
}

/// The money is owed on.
fn keeps_the_money(town: &Town, shop: &Shop, offer: usize) {
    let id = shop.offer_id(offer).untyped();
    behind_its_back(town, move |tx| {
        let currency = euros(0).currency;
        let clearing = Account::platform(AccountKind::Clearing(Tender::Test), currency);
        let liability = Account::platform(AccountKind::VoucherLiability, currency);
        let (event, cause) = (Event::Paid, Cause { kind: CauseKind::Order, id });
        ledger::post(tx, Draft { event, cause, entries: flow(clearing, liability, 1).to_vec() }).map(drop)
    });
}

#[test]
fn the_model_sees_a_refund_that_keeps_stock_or_money() {
    for sabotage in [keeps_the_stock as Sabotage, keeps_the_money] {
        assert!((0..20).any(|seed| run(seed, Some(sabotage)).is_err()));
        assert!((0..20).all(|seed| run(seed, None).is_ok()));
    }
}
