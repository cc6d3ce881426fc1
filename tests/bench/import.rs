//! Taking in the bundled extract: read only, and durable. And how long people wait for their orders while a large table
//! is taken in beside them.

use std::fmt::Write;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use highstreet::app::open_store;
use highstreet::base::Clock;
use highstreet::base::clock::monotonic;
use highstreet::directory::{Format, Take, import};
use highstreet::store::{Expect, Folder, Store};
use serde_json::json;

use crate::claims::hot_deal;
use crate::figure::Figure;
use crate::kit::{Launch, Person, Server, run_within};
use crate::size::{Size, folder_on_disk, median};

const EXTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo/Helsinki.osm.pbf");
const CACHE_BYTES: usize = 64 * 1024 * 1024;
/// People who order one after the other while places come in.
const BUYERS: usize = 4;
const IMPORT_LIMIT: Duration = Duration::from_secs(600);

pub fn measure(size: Size) {
    let rate = |is_rehearsal| median((0..size.starts).map(|_| places_per_second(is_rehearsal)).collect());
    Figure::new("import-parsed", rate(true), "places/s").at_least(50_000.0).print();
    Figure::new("import-durable", rate(false), "places/s").at_least(10_000.0).print();
    let folder = folder_on_disk();
    let server = Launch::demo().start_on(folder.path());
    let table = folder_on_disk();
    let table = table.path().join("places.csv");
    std::fs::write(&table, places(size.places)).expect("a table");
    let (rate, p99_ms) = beside_buyers(&server, &table, size.places);
    Figure::new("import-beside-buyers", rate, "places/s").print();
    Figure::new("import-beside-buyers-p99", p99_ms, "ms").at_most(200.0).print();
}

/// Into a new city, with the search index off: it follows on a thread of its own.
fn places_per_second(is_rehearsal: bool) -> f64 {
    let folder = folder_on_disk();
    let store = store(folder.path());
    let extract = std::env::var("HIGHSTREET_EXTRACT").unwrap_or_else(|_| EXTRACT.to_owned());
    let file = File::open(extract).expect("the extract");
    let take = Take { is_rehearsal, ..Take::default() };
    let started = monotonic();
    let report = import(&store, file, Format::Osm, &take, |_| ()).expect("a good extract");
    report.read() as f64 / started.elapsed().as_secs_f64()
}

fn store(path: &Path) -> Store {
    let folder = Folder::open(path, Expect::Real).expect("a folder of our own");
    open_store(&folder, CACHE_BYTES, &Clock::anchored).expect("a new store")
}

/// A table of cafes on a grid of some kilometres.
fn places(count: usize) -> String {
    let mut table = "id,name,category,lat,lon,street,housenumber,phone,opening_hours\n".to_owned();
    for number in 0..count {
        let (lat, lon) = (60.1 + (number / 300) as f64 * 0.0009, 24.7 + (number % 300) as f64 * 0.0016);
        let row =
            format_args!("{number},Kahvila {number},cafe,{lat:.4},{lon:.4},Katu {},{},", number / 90, number % 90);
        writeln!(table, "{row}+358 9 {number:07},Mo-Fr 08:00-{}:00", 12 + number % 10).expect("a text grows");
    }
    table
}

/// Places a second, and the 99th percentile of what orders took meanwhile, through a server that indexes as well.
fn beside_buyers(server: &Server, table: &Path, count: usize) -> (f64, f64) {
    let deal = hot_deal(server, 1_000_000);
    let is_over = AtomicBool::new(false);
    let mut times = Vec::new();
    let mut took = Duration::ZERO;
    std::thread::scope(|scope| {
        let buyers: Vec<_> = (0..BUYERS)
            .map(|_| {
                let resident = server.resident();
                let (deal, is_over) = (&deal, &is_over);
                scope.spawn(move || orders(&resident, deal, is_over))
            })
            .collect();
        let (data, table) = (server.data().to_str().expect("a path"), table.to_str().expect("a path"));
        let started = monotonic();
        let told = run_within(IMPORT_LIMIT, &["import", "csv", table, "--data", data, "--json"]).expect(0).json();
        took = started.elapsed();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(told["added"], json!(count), "{told}");
        for buyer in buyers {
            times.extend(buyer.join().expect("a buyer does not panic"));
        }
    });
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).expect("somebody bought something");
    (count as f64 / took.as_secs_f64(), p99.as_secs_f64() * 1e3)
}

/// How long each order took, until it is over.
fn orders(resident: &Person, deal: &str, is_over: &AtomicBool) -> Vec<Duration> {
    let order = json!({ "lines": [{ "offer": deal, "quantity": 1 }], "pay": "test" });
    let mut times = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let asked = monotonic();
        let _ = resident.api_post("/orders", &order).expect(201);
        times.push(asked.elapsed());
    }
    times
}
