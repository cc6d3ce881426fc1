//! A deal that the demo's owner puts on sale for one test, and the people who take and redeem it.

use highstreet::base::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::kit::{Person, Reply, Server};

pub struct Market {
    pub server: Server,
    pub owner: Person,
    pub till: Person,
    /// Where the till stands, and the deal is good.
    pub place: String,
    pub offer: String,
}

impl Market {
    /// So many at 12.50 instead of 20, on sale for a month and good for two.
    #[track_caller]
    pub fn with(capacity: u32) -> Market {
        Market::of(json!({ "capacity": capacity }))
    }

    /// The same with other terms.
    #[track_caller]
    pub fn of(terms: Value) -> Market {
        let server = Server::demo();
        let (owner, till) = (server.owner(), server.till());
        let me = till.api_get("/me").expect(200).json();
        let place = me["roles"][0]["places"][0].as_str().expect("the till has a place").to_owned();
        let mut market = Market { server, owner, till, place, offer: String::new() };
        market.offer = market.on_sale(terms);
        market
    }

    /// The same over the same folder, after the server was killed.
    #[track_caller]
    pub fn after_a_kill(self) -> Market {
        let server = self.server.kill().restart();
        let (owner, till) = (server.owner(), server.till());
        Market { server, owner, till, ..self }
    }

    /// Another deal of the same place.
    #[track_caller]
    pub fn on_sale(&self, terms: Value) -> String {
        let mut offer = json!({
            "kind": "deal",
            "title": "Coffee and cake for two",
            "place": self.place,
            "price": { "amount": 1250, "currency": "EUR" },
            "list_price": { "amount": 2000, "currency": "EUR" },
            "capacity": 10,
            "sale": { "until": in_days(30) },
            "use": { "until": in_days(60) },
        });
        for (name, value) in terms.as_object().expect("terms by name") {
            offer[name] = value.clone();
        }
        let id = self.owner.api_post("/offers", &offer).expect(201).json()["id"].as_str().expect("an id").to_owned();
        self.owner.api_post(&format!("/offers/{id}/publish"), &json!({})).expect(200);
        id
    }

    /// `POST /orders` of so many of the deal.
    #[track_caller]
    pub fn order(&self, buyer: &Person, quantity: u32, pay: &str) -> Reply {
        let lines = json!([{ "offer": self.offer, "quantity": quantity }]);
        buyer.api_post("/orders", &json!({ "lines": lines, "pay": pay }))
    }

    /// An order of one, with its voucher.
    #[track_caller]
    pub fn bought(&self, buyer: &Person, pay: &str) -> Bought {
        let order = self.order(buyer, 1, pay).expect(201).json();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let voucher = &order["vouchers"][0];
        Bought {
            order: text(&order["id"]),
            voucher: text(&voucher["id"]),
            code: text(&voucher["code"]),
            qr: text(&voucher["qr"]),
        }
    }

    /// `POST /redemptions` of a code at the till's place.
    #[track_caller]
    pub fn redeem(&self, till: &Person, code: &str) -> Reply {
        till.api_post("/redemptions", &json!({ "code": code, "place": self.place }))
    }

    /// What the till's page answers to a code.
    #[track_caller]
    pub fn at_till(&self, code: &str) -> Reply {
        self.till.fill("/till", "form[action='/till']", &[("place", &self.place), ("code", code)])
    }

    /// Moves the demo's clock so many seconds on from the machine's.
    pub fn at(&self, seconds: i64) {
        self.server.move_clock(&now().plus_seconds(seconds).to_string());
    }
}

pub struct Bought {
    pub order: String,
    pub voucher: String,
    pub code: String,
    pub qr: String,
}

fn now() -> Timestamp {
    Clock::anchored(Timestamp::from_millis(0)).now()
}

pub fn in_days(days: i64) -> String {
    now().plus_seconds(days * 24 * 3600).to_string()
}

/// The state of a voucher as its holder sees it.
#[track_caller]
pub fn state(holder: &Person, voucher: &str) -> String {
    let shown = holder.api_get(&format!("/vouchers/{voucher}")).expect(200).json();
    shown["state"].as_str().expect("a state").to_owned()
}
