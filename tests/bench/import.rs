//! Taking in the bundled extract: read only, and durable.

use std::fs::File;
use std::path::Path;

use highstreet::app::open_store;
use highstreet::base::Clock;
use highstreet::base::clock::monotonic;
use highstreet::directory::{Take, import};
use highstreet::store::{Expect, Folder, Store};

use crate::figure::Figure;
use crate::size::{Size, folder_on_disk, median};

const EXTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo/Helsinki.osm.pbf");
const CACHE_BYTES: usize = 64 * 1024 * 1024;

pub fn measure(size: Size) {
    let rate = |is_rehearsal| median((0..size.starts).map(|_| places_per_second(is_rehearsal)).collect());
    Figure::new("import-parsed", rate(true), "places/s").at_least(50_000.0).print();
    Figure::new("import-durable", rate(false), "places/s").at_least(10_000.0).print();
}

/// Into a new city, with the search index off: it follows on a thread of its own.
fn places_per_second(is_rehearsal: bool) -> f64 {
    let folder = folder_on_disk();
    let store = store(folder.path());
    let file = File::open(std::env::var("EXTRACT").unwrap_or(EXTRACT.into())).expect("the extract");
    let started = monotonic();
    let report = import(&store, file, Take { is_rehearsal, within: None }, |_| ()).expect("a good extract");
    report.read() as f64 / started.elapsed().as_secs_f64()
}

fn store(path: &Path) -> Store {
    let folder = Folder::open(path, Expect::Real).expect("a folder of our own");
    open_store(&folder, CACHE_BYTES, &Clock::anchored).expect("a new store")
}
