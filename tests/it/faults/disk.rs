//! A disk that fails for a while.

use std::time::Duration;

use serde_json::json;

use super::kit::{Injection, WELL_AGAIN, until};
use super::load::Load;
use crate::kit::{Reply, run};
use crate::market::Market;

/// What fails, how, and what whoever writes is told meanwhile.
struct Failing {
    calls: &'static str,
    how: &'static str,
    status: u16,
    lacking: &'static str,
}

const ALL_CALLS: &str = "pwrite64,fsync,fdatasync,ftruncate";

const FAULTS: [Failing; 5] = [
    Failing { calls: ALL_CALLS, how: "error=EIO", status: 503, lacking: "disk" },
    Failing { calls: "fsync,fdatasync", how: "error=EIO", status: 503, lacking: "disk" },
    Failing { calls: "pwrite64,ftruncate", how: "error=ENOSPC", status: 507, lacking: "space" },
    // As when the system has made a failing disk read-only.
    Failing { calls: ALL_CALLS, how: "error=EROFS", status: 503, lacking: "disk" },
    // The second sync of each commit alone: nobody can tell whether the commit is on the disk.
    Failing { calls: "fdatasync", how: "error=EIO:when=2+2", status: 503, lacking: "disk" },
];

#[test]
fn while_writes_and_syncs_fail_reading_goes_on_and_nothing_is_lost_or_half_done() {
    let market = Market::with(1_000_000);
    let load = Load::on(&market);
    std::thread::scope(|scope| {
        let _ending = load.ending();
        for name in ["ada", "ben", "cleo"] {
            let load = &load;
            scope.spawn(move || load.buy(name));
        }
        scope.spawn(|| load.look());
        for failing in &FAULTS {
            go_through(&market, &load, failing);
        }
    });
    load.check();
    load.ask_again();
    load.check();
    what_is_new_is_found(&market);
    let server = market.server.kill().restart();
    load.check_orders(&server.resident());
    run(&["check", "--data", &server.data().to_string_lossy()]).expect(0);
}

#[test]
fn a_crash_while_writes_fail_leaves_what_was_acknowledged_and_nothing_else() {
    let market = Market::with(1_000_000);
    let load = Load::on(&market);
    std::thread::scope(|scope| {
        let ending = load.ending();
        scope.spawn(|| load.buy("ada"));
        until("somebody buys", WELL_AGAIN, || load.bought() > 3);
        let fault = Injection::begin(&market.server, ALL_CALLS, "error=EIO");
        // The buyer's own order may be of unknown outcome, and has no answer then.
        until("a form is refused", WELL_AGAIN, || sign_up(&market).status == 503);
        drop(ending);
        // It is killed before the fault ends.
        market.server.signal(rustix::process::Signal::KILL);
        drop(fault);
    });
    let server = market.server.kill().restart();
    load.check_orders(&server.resident());
    run(&["check", "--data", &server.data().to_string_lossy()]).expect(0);
}

fn go_through(market: &Market, load: &Load, failing: &Failing) {
    let before = load.bought();
    until("somebody buys", WELL_AGAIN, || load.bought() > before + 2);
    let (refused, read) = (load.refused(), load.pages_read());
    let fault = Injection::begin(&market.server, failing.calls, failing.how);
    // The fault is real: writes are refused, pages and programs are told so in their ways.
    until("a form is refused", WELL_AGAIN, || sign_up(market).status == failing.status);
    let page = sign_up(market).expect(failing.status);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("retry-after").is_some() && page.text().contains("Nothing was changed"), "{}", page.text());
    let ready = market.server.guest().get("/readyz");
    assert_eq!((ready.status, ready.text()), (503, format!("waiting for {}\n", failing.lacking)));
    let metrics = market.server.guest().get("/metrics").expect(200).text();
    assert!(metrics.contains("\nhighstreet_store_takes_writes 0\n"), "{metrics}");
    // Long enough for several tries to open the file anew, which must all fail.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(market.server.guest().get("/readyz").status, 503);
    assert!(load.pages_read() > read, "nobody could read");
    fault.end();
    let before = load.bought();
    until("somebody buys again", WELL_AGAIN, || load.bought() > before);
    until("it is ready", WELL_AGAIN, || market.server.guest().get("/readyz").status == 200);
    println!("{}: {} refused, {} bought so far", failing.how, load.refused() - refused, load.bought());
}

/// A form that writes; nobody signs up while the disk fails.
fn sign_up(market: &Market) -> Reply {
    let guest = market.server.guest();
    let form = guest.get("/sign-up").expect(200).form("main form");
    let fields = [("name", "Dora"), ("email", "dora@example.org"), ("password", "correct horse")];
    guest.submit(&fields.iter().fold(form, |form, (name, value)| form.set(name, value)))
}

/// Search has come through as well.
#[track_caller]
fn what_is_new_is_found(market: &Market) {
    market.on_sale(json!({ "title": "Quincejelly" }));
    let guest = market.server.guest();
    let finds = || guest.get("/search?q=quincejelly").expect(200).text().contains("/p/");
    until("search finds a new deal", WELL_AGAIN, finds);
}
