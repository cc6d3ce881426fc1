//! Memory of the process's own (RssAnon) after a thousand mixed searches.

use crate::figure::Figure;
use crate::kit::{Launch, Server};
use crate::process::anonymous_mib;
use crate::size::{Size, folder_on_disk};

const SEARCHES: usize = 1000;
const WORDS: [&str; 8] = ["", "sushi", "kahvila", "hair", "ravintola", "pizza kallio", "bike", "zzz"];
const PLACES: [&str; 3] = ["", "near=60.1699,24.9384&within=1000", "near=60.1841,24.9497&within=3000"];
const REST: [&str; 5] = ["", "open=now", "sort=rating", "sort=distance", "category=restaurant"];

pub fn measure(_: Size) {
    let empty = folder_on_disk();
    Figure::new("memory-empty", after_searches(&Launch::serve().start_on(empty.path())), "MiB").at_most(40.0).print();
    let demo = folder_on_disk();
    // Made and loaded by one process, kept by the next.
    Launch::demo().start_on(demo.path()).stop();
    let server = Launch::demo().start_on(demo.path());
    Figure::new("memory-demo-city", after_searches(&server), "MiB").at_most(200.0).print();
}

/// MiB after searching through pages and API in turn.
pub fn after_searches(server: &Server) -> f64 {
    let guest = server.guest();
    for number in 0..SEARCHES {
        let pick = |from: &[&'static str], stride: usize| from[number / stride % from.len()];
        let words = pick(&WORDS, 1).replace(' ', "%20");
        let page = if number.is_multiple_of(2) { "/search" } else { "/api/v1/places" };
        let place = pick(&PLACES, WORDS.len());
        let rest = pick(&REST, WORDS.len() * PLACES.len());
        // Distance from nowhere is no question.
        let rest = if place.is_empty() && rest == "sort=distance" { "" } else { rest };
        let _ = guest.get(&format!("{page}?q={words}&{place}&{rest}")).expect(200);
    }
    anonymous_mib(server.process_id())
}
