//! Durable claims of one hot deal by 64 buyers over HTTP, beside the same in PostgreSQL: a row at a time, and 64 in one
//! transaction. Nobody gets what is not there.

use std::sync::atomic::{AtomicUsize, Ordering};

use highstreet::orders::rules::MAX_AT_TILL;
use serde_json::json;

use crate::buyers::{Residents, Rush, rush};
use crate::figure::Figure;
use crate::kit::{Launch, PASSWORD, Person, Server};
use crate::postgres::Postgres;
use crate::size::{Size, folder_on_disk, median};

const BUYERS: usize = 64;
/// Threads that sign residents up, which is slow by design.
const THREADS: usize = 8;

pub fn measure(size: Size) {
    let folder = folder_on_disk();
    let server = Launch::demo().start_on(folder.path());
    let postgres = Postgres::start();
    let (mut till, mut paid, mut row, mut grouped) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut oversold = 0;
    for _ in 0..size.rounds {
        for (pay, rushes) in [("till", &mut till), ("test", &mut paid)] {
            let deal = hot_deal(&server, size.capacity);
            let residents = residents(&server, size.capacity as usize / MAX_AT_TILL + BUYERS);
            let rush = rush(server.address(), BUYERS, &residents, &deal, pay);
            oversold += oversold_of(&server.guest(), &deal, &rush, size.capacity);
            rushes.push(rush);
        }
        row.push(postgres.one_by_one(size.seconds));
        grouped.push(postgres.grouped(size.seconds));
    }
    let rate = |rushes: &[Rush]| median(rushes.iter().map(Rush::granted_per_second).collect());
    let p99 = |rushes: &[Rush]| median(rushes.iter().map(Rush::p99_ms).collect());
    let refused: usize = till.iter().map(|rush| rush.refused).sum();
    let (row, grouped) = (median(row), median(grouped));
    let peer = "postgresql-row-at-a-time";
    Figure::new("hot-deal-claims", rate(&till), "claims/s").at_least(10.0 * row).beside(peer, row).print();
    let peer = "postgresql-64-grouped";
    Figure::new("hot-deal-claims-grouped", rate(&till), "claims/s").at_least(grouped).beside(peer, grouped).print();
    Figure::new("hot-deal-p99", p99(&till), "ms").at_most(30.0).print();
    Figure::new("hot-deal-paid-claims", rate(&paid), "claims/s").print();
    Figure::new("hot-deal-paid-p99", p99(&paid), "ms").print();
    Figure::new("hot-deal-refused", refused as f64, "claims").print();
    Figure::new("hot-deal-oversold", f64::from(oversold), "units").at_most(0.0).print();
}

/// New residents, who have nothing open at the till yet; nobody may have more than so much there.
fn residents(server: &Server, count: usize) -> Residents {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let tokens = Residents::default();
    let sign_up = || {
        let email = format!("resident-{}@bench.example", NEXT.fetch_add(1, Ordering::Relaxed));
        let fields = [("name", "Resident"), ("email", email.as_str()), ("password", PASSWORD)];
        server.guest().fill("/sign-up", "main form", &fields).expect(303);
        let token = server.person(&email).token().expect("a resident has one").to_owned();
        tokens.lock().expect("no panic before").push(token);
    };
    std::thread::scope(|scope| {
        for of in 0..THREADS {
            scope.spawn(move || (of..count).step_by(THREADS).for_each(|_| sign_up()));
        }
    });
    tokens
}

/// A deal of the demo's merchant, on sale; its id.
fn hot_deal(server: &Server, capacity: u32) -> String {
    let owner = server.owner();
    let offers = server.guest().api_get("/offers?limit=100").expect(200).json();
    let places = offers["items"].as_array().expect("a list").iter().map(|offer| offer["place"].clone());
    let draft = |place: serde_json::Value| {
        json!({
            "kind": "deal",
            "title": "Hot deal",
            "place": place,
            "price": { "amount": 500, "currency": "EUR" },
            "capacity": capacity,
            "sale": { "until": "2035-01-01T00:00:00Z" },
            "use": { "until": "2035-06-01T00:00:00Z" },
        })
    };
    // The demo has several merchants: the place is the one where this owner may.
    let made = places.map(|place| owner.api_post("/offers", &draft(place))).find(|reply| reply.status == 201);
    let made = made.expect("the owner of the demo may sell somewhere").json();
    let id = made["id"].as_str().expect("an offer has an id").to_owned();
    owner.api_post(&format!("/offers/{id}/publish"), &json!({})).expect(200);
    id
}

/// Units that were granted beyond the capacity, or kept although somebody was refused.
fn oversold_of(guest: &Person, deal: &str, rush: &Rush, capacity: u32) -> u32 {
    let left = guest.api_get(&format!("/offers/{deal}")).expect(200).json()["left"].as_u64().expect("what is left");
    let granted = u32::try_from(rush.granted.len()).expect("fewer than the capacity's type holds");
    granted.abs_diff(capacity) + u32::try_from(left).expect("the same")
}
