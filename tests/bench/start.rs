//! From the start of the process to its first answer, and the size of the binary.

use std::path::Path;

use highstreet::base::clock::monotonic;

use crate::figure::Figure;
use crate::kit::{Launch, Server};
use crate::size::{Size, folder_on_disk, median};

pub fn measure(size: Size) {
    let bytes = std::fs::metadata(env!("CARGO_BIN_EXE_highstreet")).expect("the binary").len();
    Figure::new("binary-size", bytes as f64 / 1024.0 / 1024.0, "MiB").at_most(25.0).print();
    let founding = (0..size.starts).map(|_| first_answer_ms(Launch::serve, folder_on_disk().path())).collect();
    Figure::new("start-new", median(founding), "ms").print();
    let empty = folder_on_disk();
    Launch::serve().start_on(empty.path()).stop();
    let again = (0..size.starts).map(|_| first_answer_ms(Launch::serve, empty.path())).collect();
    Figure::new("start-empty", median(again), "ms").at_most(50.0).print();
    let demo = folder_on_disk();
    Launch::demo().start_on(demo.path()).stop();
    let again = (0..size.starts).map(|_| first_answer_ms(Launch::demo, demo.path())).collect();
    Figure::new("start-demo-city", median(again), "ms").at_most(500.0).print();
}

/// Milliseconds from the start of the process to the home page.
fn first_answer_ms(launch: fn() -> Launch, folder: &Path) -> f64 {
    let started = monotonic();
    let server: Server = launch().start_on(folder);
    let _ = server.guest().get("/").expect(200);
    let took = started.elapsed();
    server.stop();
    took.as_secs_f64() * 1e3
}
