//! People who buy and people who look, all the while; and the record of what they were told.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Person, Reply};
use crate::market::Market;

const PAUSE: Duration = Duration::from_millis(10);

pub struct Load {
    offer: String,
    buyer: Person,
    guest: Person,
    is_over: AtomicBool,
    bought: Mutex<Vec<String>>,
    refused: Mutex<Vec<(String, Reply)>>,
    unread: Mutex<Vec<String>>,
    read: AtomicU64,
    /// Orders whose answer a crash has cut off: they may be there or not.
    unanswered: AtomicUsize,
}

/// Ends the load, also when the test panics: its threads would never be joined.
pub struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Load {
    pub fn on(market: &Market) -> Load {
        let buyer = market.server.resident();
        // Nobody signs in while the disk fails.
        buyer.token();
        Load {
            offer: market.offer.clone(),
            buyer,
            guest: market.server.guest(),
            is_over: AtomicBool::new(false),
            bought: Mutex::default(),
            refused: Mutex::default(),
            unread: Mutex::default(),
            read: AtomicU64::new(0),
            unanswered: AtomicUsize::new(0),
        }
    }

    pub fn ending(&self) -> Ending<'_> {
        Ending(&self.is_over)
    }

    /// Buys one after the other.
    pub fn buy(&self, name: &str) {
        for turn in 0.. {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let key = format!("{name}-{turn}");
            // The kit panics when no answer comes: where that is to be expected, nobody was told anything.
            let reply = match catch_unwind(AssertUnwindSafe(|| self.order(&key))) {
                Ok(reply) => reply,
                Err(_) if self.is_over.load(Ordering::SeqCst) => {
                    self.unanswered.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                Err(panic) => resume_unwind(panic),
            };
            match reply.status {
                201 => self.bought.lock().unwrap().push(id_of(&reply)),
                503 | 507 => self.refused.lock().unwrap().push((key, reply)),
                _ => panic!("neither bought nor told to wait: {} {}", reply.status, reply.text()),
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Looks at one page after the other.
    pub fn look(&self) {
        let offer = &self.offer;
        let paths =
            ["/".to_owned(), "/search?q=coffee".to_owned(), format!("/o/{offer}"), format!("/api/v1/offers/{offer}")];
        for path in paths.iter().cycle() {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let reply = self.guest.get(path);
            self.read.fetch_add(1, Ordering::SeqCst);
            if reply.status != 200 {
                self.unread.lock().unwrap().push(format!("{path}: {} {}", reply.status, reply.text()));
            }
            std::thread::sleep(PAUSE);
        }
    }

    pub fn order(&self, key: &str) -> Reply {
        let body = json!({ "lines": [{ "offer": self.offer, "quantity": 1 }], "pay": "test" });
        self.buyer.api("POST", "/orders", Some(&body), Some(key))
    }

    pub fn bought(&self) -> usize {
        self.bought.lock().unwrap().len()
    }

    pub fn refused(&self) -> usize {
        self.refused.lock().unwrap().len()
    }

    pub fn pages_read(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }

    /// Nothing that was there could not be read; whoever was refused was told when to ask again; and the buyer has
    /// exactly the orders of the record.
    #[track_caller]
    pub fn check(&self) {
        assert_eq!(*self.unread.lock().unwrap(), Vec::<String>::new());
        for (_, reply) in self.refused.lock().unwrap().iter() {
            let seconds: u32 = reply.header("retry-after").expect("when to ask again").parse().unwrap();
            assert!((1..=60).contains(&seconds));
            assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", reply.text());
        }
        self.check_orders(&self.buyer);
    }

    /// No order is lost, none was made of what was refused, none is double.
    #[track_caller]
    pub fn check_orders(&self, buyer: &Person) {
        let (mut told, mut there) = (self.bought.lock().unwrap().clone(), orders_of(buyer));
        told.sort_unstable();
        there.retain(|(offer, _)| *offer == self.offer);
        let mut there: Vec<String> = there.into_iter().map(|(_, id)| id).collect();
        there.sort_unstable();
        let missing: Vec<&String> = told.iter().filter(|id| !there.contains(id)).collect();
        assert_eq!(missing, Vec::<&String>::new(), "acknowledged, and lost");
        let sudden: Vec<&String> = there.iter().filter(|id| !told.contains(id)).collect();
        let may_be_there = self.unanswered.load(Ordering::SeqCst);
        assert!(sudden.len() <= may_be_there, "never acknowledged, and there: {sudden:?}");
        assert_eq!(there.len() - sudden.len(), told.len(), "some are double");
    }

    /// Whoever was refused asks again with the same key, and gets an order for it.
    #[track_caller]
    pub fn ask_again(&self) {
        let refused = std::mem::take(&mut *self.refused.lock().unwrap());
        for (key, _) in refused.iter().take(20) {
            let (first, second) = (self.order(key).expect(201), self.order(key).expect(201));
            assert_eq!(id_of(&first), id_of(&second));
            self.bought.lock().unwrap().push(id_of(&first));
        }
    }
}

#[track_caller]
fn id_of(reply: &Reply) -> String {
    text(&reply.json()["id"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text in {value}")).to_owned()
}

/// Offer and id of every order of a person.
#[track_caller]
fn orders_of(person: &Person) -> Vec<(String, String)> {
    let (mut orders, mut path) = (Vec::new(), "/orders?limit=100".to_owned());
    loop {
        let page = person.api_get(&path).expect(200).json();
        let items = page["items"].as_array().expect("a list");
        orders.extend(items.iter().map(|order| (text(&order["lines"][0]["offer"]), text(&order["id"]))));
        match page["next"].as_str() {
            Some(next) => path = format!("/orders?limit=100&cursor={next}"),
            None => return orders,
        }
    }
}
