//! Races for stock: a hot deal, caps, retries, holds that run out.

use crate::accounts::Actor;
use crate::base::Fault;
use crate::base::clock::monotonic;
use crate::cli::selftest::door::Door;
use crate::cli::selftest::races::{Found, by_group};
use crate::cli::selftest::shop::{Answer, CROWD, Shop};
use crate::kernel::stock::{self, Pool};
use crate::offers::{self, OfferId};
use crate::orders::HOLD_SECONDS;
use crate::payments::Method;

/// To pay at once, and to put it off. What is paid at the till is bounded for each person; its races cancel or use it.
const WAYS: [Option<Method>; 3] = [Some(Method::Test), None, Some(Method::TestLater)];
/// Units of the hot deal: some for each of the crowd, so that most of them claim several times.
const HOT: u32 = 256;
/// Of a deal that never sells out.
const PLENTY: u32 = 100_000;
/// Windows of one person, and what that person may have.
const WINDOWS: usize = 16;
const CAP: u32 = 3;
const SAME_REQUESTS: usize = 8;
/// Who holds something that runs out, and how much.
const HOLDERS: usize = 24;
const HELD_EACH: u32 = 2;
/// Who lets the time pass, and how often those ask who wait for it.
const TIMEKEEPER: usize = HOLDERS + TRIES / 2;
const TRIES: usize = 12;

/// The crowd buys one deal until nothing is left.
pub(in crate::cli::selftest) fn hot_deal<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let deal = shop.on_sale(HOT, None)?;
    let started = monotonic();
    let mut bought = shop.crowd(|number, buyer| buy(shop, buyer, deal, number))?;
    found.took += started.elapsed();
    found.claims += bought.iter().map(|one| one.orders).sum::<u64>();
    if units(&bought) < HOT {
        bought.push(buy(shop, shop.member(0), deal, 0));
    }
    let sold = units(&bought);
    found.demand(sold == HOT, || format!("{sold} of {HOT} were sold"));
    found.refused("the hot deal", &bought.into_iter().map(|one| one.ended).collect::<Vec<_>>(), &["sold-out"]);
    let pool = pool(shop, deal)?;
    found.demand((pool.held + pool.sold, pool.over_by()) == (HOT, 0), || format!("the stock says {pool:?}"));
    Ok(())
}

/// What one buyer got of the hot deal, and why it ended.
struct Bought {
    orders: u64,
    units: u32,
    ended: Answer<()>,
}

fn units(bought: &[Bought]) -> u32 {
    bought.iter().map(|one| one.units).sum()
}

fn buy<D: Door>(shop: &Shop<D>, buyer: &Actor, deal: OfferId, number: usize) -> Bought {
    let mut pay = WAYS[number % WAYS.len()];
    let mut wanted = if number.is_multiple_of(3) { 2 } else { 1 };
    let mut bought = Bought { orders: 0, units: 0, ended: Ok(()) };
    // Nobody can have more orders than there are units.
    for _ in 0..=HOT {
        match shop.place(buyer, deal, wanted, pay) {
            Ok(_) => {
                bought.orders += 1;
                bought.units += wanted;
            }
            Err("sold-out") if wanted > 1 => wanted = 1,
            // What is not paid for is bounded.
            Err("too-many-holds") => pay = Some(Method::Test),
            Err(name) => return Bought { ended: Err(name), ..bought },
        }
        if bought.units > HOT {
            break;
        }
    }
    bought
}

/// A few people buy in many windows at once.
pub(in crate::cli::selftest) fn one_person_in_many_windows<D: Door>(
    shop: &Shop<D>,
    found: &mut Found,
) -> Result<(), Fault> {
    let deal = shop.on_sale(PLENTY, Some(CAP))?;
    let answers =
        shop.crowd(|number, _| shop.place(shop.member(number / WINDOWS), deal, 1, WAYS[number % WAYS.len()]))?;
    for windows in by_group(answers, WINDOWS) {
        found.winners("one person", &windows, CAP as usize, &["cap-reached"]);
    }
    Ok(())
}

/// A browser, a proxy and a nervous finger send the same request at once.
pub(in crate::cli::selftest) fn retries<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let deal = shop.on_sale(PLENTY, None)?;
    let answers = shop.crowd(|number, _| {
        let sender = number / SAME_REQUESTS;
        shop.place_once(shop.member(sender), deal, format!("{deal} {sender}"))
    })?;
    for mut same in by_group(answers, SAME_REQUESTS) {
        found.winners("one request", &same, SAME_REQUESTS, &[]);
        same.dedup();
        found.demand(same.len() == 1, || format!("one request was answered with {} orders", same.len()));
    }
    let (sold, requests) = (pool(shop, deal)?.sold, CROWD / SAME_REQUESTS);
    found.demand(sold as usize == requests, || format!("{requests} requests ordered {sold}"));
    Ok(())
}

/// Everything is held; while the time runs out, the holders pay and others wait for what becomes free.
pub(in crate::cli::selftest) fn holds_that_run_out<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let capacity = HELD_EACH * HOLDERS as u32;
    let deal = shop.on_sale(capacity, None)?;
    let held = shop.ordered(deal, HOLDERS, HELD_EACH, None)?;
    let answers = shop.crowd(|number, buyer| {
        // They differ in how long they hesitate, so that time runs out in the middle of it.
        let before = wait_for_one(shop, buyer, deal, number % TRIES);
        let after = match held.get(number) {
            Some(order) => shop.pay(buyer, *order, Method::Test).map(|_| HELD_EACH),
            None => {
                if number == TIMEKEEPER {
                    shop.pass(HOLD_SECONDS);
                }
                wait_for_one(shop, buyer, deal, TRIES)
            }
        };
        [before, after]
    })?;
    let answers: Vec<Answer<u32>> = answers.into_iter().flatten().collect();
    found.refused("when holds ran out", &answers, &["sold-out", "hold-expired"]);
    let mut sold: u32 = answers.into_iter().flatten().sum();
    while sold < capacity && shop.place(shop.member(0), deal, 1, Some(Method::Test)).is_ok() {
        sold += 1;
    }
    let pool = pool(shop, deal)?;
    found.demand(sold == capacity, || format!("{sold} of {capacity} were sold"));
    found.demand((pool.held, pool.sold) == (0, capacity), || format!("the stock says {pool:?}"));
    Ok(())
}

/// Asks for one so many times; answers how many that yielded.
fn wait_for_one<D: Door>(shop: &Shop<D>, buyer: &Actor, deal: OfferId, tries: usize) -> Answer<u32> {
    for _ in 0..tries {
        match shop.place(buyer, deal, 1, Some(Method::Test)) {
            Err("sold-out") => {}
            answer => return answer.map(|_| 1),
        }
    }
    Ok(0)
}

/// The stock of an offer, with live holds only.
pub(super) fn pool<D: Door>(shop: &Shop<D>, offer: OfferId) -> Result<Pool, Fault> {
    let read = shop.read()?;
    let pool = offers::require(&*read, offer)?.pool;
    stock::level(&*read, pool, shop.now())
}
