//! Residents order and cancel, a till redeems and undoes, until the server is killed. After the restart each purchase
//! is where somebody was told it is; what nobody was told of is asked for again under its key, and happens once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{moment, rounds};
use crate::kit::{Reply, Server, run};
use crate::market::Market;

/// Units of a round's deal: few enough that some are told that it is sold out.
const CAPACITY: u64 = 24;
const BUYERS: usize = 2;
const THREADS_A_BUYER: usize = 2;

/// Who asks, by token: they outlive the restart.
struct People {
    buyers: [String; BUYERS],
    till: String,
    place: String,
}

impl People {
    fn of(market: &Market) -> People {
        let token = |person: &crate::kit::Person| person.token().unwrap().to_owned();
        let buyers = [token(&market.server.resident()), token(&market.server.second_resident())];
        People { buyers, till: token(&market.till), place: market.place.clone() }
    }
}

/// How far a purchase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Placed,
    Cancelled,
    Used,
    Undone,
}

impl Stage {
    /// The states of its vouchers, of which the first is the one that is used.
    fn is_seen_in(self, states: &[&str]) -> bool {
        let (first, rest) = states.split_first().unwrap();
        match self {
            Stage::Placed | Stage::Undone => states.iter().all(|state| *state == "valid"),
            Stage::Cancelled => states.iter().all(|state| matches!(*state, "refunded" | "void")),
            Stage::Used => *first == "redeemed" && rest.iter().all(|state| *state == "valid"),
        }
    }
}

/// A request that changes something, as it can be sent again.
#[derive(Clone, Debug)]
struct Request {
    token: String,
    path: String,
    body: Value,
    key: String,
}

impl Request {
    /// `None`: no answer came, and nobody was told anything.
    fn send(&self, server: &Server) -> Option<Reply> {
        let (bearer, body) = (format!("Bearer {}", self.token), self.body.to_string().into_bytes());
        let headers =
            [("authorization", bearer.as_str()), ("idempotency-key", &self.key), ("content-type", "application/json")];
        let path = format!("/api/v1{}", self.path);
        // The kit panics when no answer comes.
        catch_unwind(AssertUnwindSafe(|| server.guest().send("POST", &path, &headers, body))).ok()
    }
}

#[derive(Debug)]
struct Purchase {
    buyer: usize,
    units: u64,
    order: String,
    code: String,
    redemption: Option<String>,
    told: Stage,
    /// What was asked last and never answered, and where it leads.
    unanswered: Option<(Request, Stage)>,
}

/// What one thread was told until the server was gone.
#[derive(Debug, Default)]
struct Told {
    purchases: Vec<Purchase>,
    sold_out: usize,
    /// An order that was asked for and never answered: whose, how many.
    unanswered: Option<(Request, usize, u64)>,
}

/// One after the other, until the server is gone.
fn shop(server: &Server, people: &People, buyer: usize, offer: &str, name: &str) -> Told {
    let mut told = Told::default();
    for turn in 0.. {
        let units = 1 + turn % 2;
        // One person may have only so much open that the till is to be paid for: what stays unused is paid for at once.
        let leaves_none = match turn % 5 {
            1 | 2 => true,
            3 => units == 1,
            _ => false,
        };
        let pay = if turn % 3 == 0 && leaves_none { "till" } else { "test" };
        let body = json!({ "lines": [{ "offer": offer, "quantity": units }], "pay": pay });
        let key = format!("{name}-{turn}");
        let request = Request { token: people.buyers[buyer].clone(), path: "/orders".to_owned(), body, key };
        let Some(reply) = request.send(server) else {
            told.unanswered = Some((request, buyer, units));
            return told;
        };
        match reply.status {
            201 => told.purchases.push(placed(&reply.json(), buyer, units)),
            _ => {
                reply.expect_problem(409, "sold-out");
                told.sold_out += 1;
                continue;
            }
        }
        let purchase = told.purchases.last_mut().unwrap();
        let stages: &[Stage] = match turn % 5 {
            0 => &[],
            1 | 2 => &[Stage::Cancelled],
            3 => &[Stage::Used],
            _ => &[Stage::Used, Stage::Undone],
        };
        for stage in stages {
            let request = request_of(people, purchase, *stage, format!("{name}-{turn}-{stage:?}"));
            let Some(reply) = request.send(server) else {
                purchase.unanswered = Some((request, *stage));
                return told;
            };
            hear(purchase, *stage, &reply);
        }
    }
    told
}

fn placed(order: &Value, buyer: usize, units: u64) -> Purchase {
    let (id, code) =
        (order["id"].as_str().unwrap().to_owned(), order["vouchers"][0]["code"].as_str().unwrap().to_owned());
    Purchase { buyer, units, order: id, code, redemption: None, told: Stage::Placed, unanswered: None }
}

fn request_of(people: &People, purchase: &Purchase, stage: Stage, key: String) -> Request {
    let (token, path, body) = match stage {
        Stage::Placed | Stage::Cancelled => {
            (&people.buyers[purchase.buyer], format!("/orders/{}/cancel", purchase.order), json!({}))
        }
        Stage::Used => {
            let body = json!({ "code": purchase.code, "place": people.place, "paid": true });
            (&people.till, "/redemptions".to_owned(), body)
        }
        Stage::Undone => {
            (&people.till, format!("/redemptions/{}/undo", purchase.redemption.as_ref().unwrap()), json!({}))
        }
    };
    Request { token: token.clone(), path, body, key }
}

#[track_caller]
fn hear(purchase: &mut Purchase, stage: Stage, reply: &Reply) {
    assert!(matches!(reply.status, 200 | 201), "{stage:?}: {}", reply.text());
    if stage == Stage::Used {
        purchase.redemption = Some(reply.json()["id"].as_str().unwrap().to_owned());
    }
    (purchase.told, purchase.unanswered) = (stage, None);
}

/// What does not hold of the purchases of a round.
fn faults(server: &Server, people: &People, purchases: &[&Purchase]) -> Vec<String> {
    let mut faults = Vec::new();
    for purchase in purchases {
        let order = get(server, &people.buyers[purchase.buyer], &format!("/orders/{}", purchase.order));
        if order.status != 200 {
            faults.push(format!("order {} is lost", purchase.order));
            continue;
        }
        let order = order.json();
        let states: Vec<&str> =
            order["vouchers"].as_array().unwrap().iter().map(|voucher| voucher["state"].as_str().unwrap()).collect();
        let asked = purchase.unanswered.as_ref().map(|(_, stage)| *stage);
        if ![Some(purchase.told), asked].into_iter().flatten().any(|stage| stage.is_seen_in(&states)) {
            faults.push(format!("order {} was {:?} and is {states:?}", purchase.order, purchase.told));
        }
    }
    faults
}

/// Asks again for what nobody was told of.
fn ask_again(server: &Server, told: &mut Told) {
    if let Some((request, buyer, units)) = told.unanswered.take() {
        let reply = request.send(server).unwrap();
        match reply.status {
            201 => told.purchases.push(placed(&reply.json(), buyer, units)),
            _ => drop(reply.expect_problem(409, "sold-out")),
        }
    }
    for purchase in &mut told.purchases {
        if let Some((request, stage)) = purchase.unanswered.clone() {
            hear(purchase, stage, &request.send(server).unwrap());
        }
    }
}

/// Nothing is sold beyond what there was, nothing is missing from what is left, and nobody has an order that nobody
/// was told of.
fn counts(server: &Server, people: &People, offer: &str, purchases: &[&Purchase]) -> Vec<String> {
    let sold = purchases.iter().filter(|purchase| purchase.told != Stage::Cancelled).map(|purchase| purchase.units);
    let sold: u64 = sold.sum();
    let left = get(server, &people.buyers[0], &format!("/offers/{offer}")).expect(200).json()["left"].as_u64().unwrap();
    let mut faults = Vec::new();
    if sold + left != CAPACITY {
        faults.push(format!("{sold} are sold and {left} are left of {CAPACITY}"));
    }
    for (buyer, token) in people.buyers.iter().enumerate() {
        let known = purchases.iter().filter(|purchase| purchase.buyer == buyer).count();
        let found = orders_of(server, token, offer);
        if found != known {
            faults.push(format!("buyer {buyer} was told of {known} orders and has {found}"));
        }
    }
    faults
}

/// How many orders of an offer somebody has: it is the newest one.
fn orders_of(server: &Server, token: &str, offer: &str) -> usize {
    let (mut found, mut cursor) = (0, String::new());
    loop {
        let page = get(server, token, &format!("/orders?limit=100{cursor}")).expect(200).json();
        let items = page["items"].as_array().unwrap();
        let of_offer = items.iter().filter(|order| order["lines"][0]["offer"] == offer).count();
        found += of_offer;
        match page["next"].as_str() {
            Some(next) if of_offer == items.len() => cursor = format!("&cursor={next}"),
            _ => return found,
        }
    }
}

fn get(server: &Server, token: &str, path: &str) -> Reply {
    server.guest().send("GET", &format!("/api/v1{path}"), &[("authorization", &format!("Bearer {token}"))], Vec::new())
}

/// Everybody shops for a moment; then the server is killed.
fn shop_and_kill(market: &Market, people: &People, round: u64) -> Vec<Told> {
    std::thread::scope(|scope| {
        let shopping = |thread: usize| {
            let name = format!("{round}-{thread}");
            scope.spawn(move || shop(&market.server, people, thread % BUYERS, &market.offer, &name))
        };
        let threads: Vec<_> = (0..BUYERS * THREADS_A_BUYER).map(shopping).collect();
        std::thread::sleep(moment(round));
        market.server.signal(Signal::KILL);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn all(told: &[Told]) -> Vec<&Purchase> {
    told.iter().flat_map(|told| &told.purchases).collect()
}

#[test]
fn what_buyers_and_tills_were_told_outlives_kill_9() {
    let mut market = Market::with(u32::try_from(CAPACITY).unwrap());
    let people = People::of(&market);
    let (mut everything, mut sold_out, mut unanswered) = (Vec::new(), 0, 0);
    for round in 0..rounds() {
        let mut told = shop_and_kill(&market, &people, round);
        market = market.after_a_kill();
        assert_eq!(faults(&market.server, &people, &all(&told)), Vec::<String>::new(), "round {round}");
        unanswered += told.iter().filter(|told| told.unanswered.is_some()).count();
        unanswered += all(&told).iter().filter(|purchase| purchase.unanswered.is_some()).count();
        told.iter_mut().for_each(|told| ask_again(&market.server, told));
        let again = faults(&market.server, &people, &all(&told));
        let counted = counts(&market.server, &people, &market.offer, &all(&told));
        assert_eq!([again, counted].concat(), Vec::<String>::new(), "round {round}, asked again");
        run(&["check", "--data", market.server.data().to_str().unwrap()]).expect(0);
        sold_out += told.iter().map(|told| told.sold_out).sum::<usize>();
        everything.append(&mut told);
        market.offer = market.on_sale(json!({ "capacity": CAPACITY }));
    }
    let purchases = all(&everything);
    assert_eq!(faults(&market.server, &people, &purchases), Vec::<String>::new(), "after later rounds");
    let count = |stage| purchases.iter().filter(|purchase| purchase.told == stage).count();
    let stages = [Stage::Placed, Stage::Cancelled, Stage::Used, Stage::Undone].map(count);
    println!(
        "{} rounds: placed, cancelled, used, undone {stages:?}; sold out {sold_out}, unanswered {unanswered}",
        rounds()
    );
    assert!(stages.iter().all(|count| *count > 0) && sold_out > 0 && unanswered > 0);
}

#[test]
fn a_store_that_forgets_what_people_were_told_is_found_out() {
    let market = Market::with(u32::try_from(CAPACITY).unwrap());
    let people = People::of(&market);
    let file = market.server.data().join("city.redb");
    let aside = tempfile::tempdir().unwrap();
    let copy = aside.path().join("before");
    let stopped = market.server.stop();
    copy_file(&file, &copy);
    let market = Market { server: stopped.restart(), ..market };
    let told = shop_and_kill(&market, &people, 5);
    let stopped = market.server.kill();
    copy_file(&copy, &file);
    let server = stopped.restart();
    let (known, purchases) = (faults(&server, &people, &all(&told)), all(&told));
    assert!(!purchases.is_empty());
    assert_eq!(known.len(), purchases.len());
    assert!(!counts(&server, &people, &market.offer, &purchases).is_empty());
}

fn copy_file(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}
