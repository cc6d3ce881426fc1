//! Search at several sizes: words within a radius, browsing with facets, growth, start and memory; SQLite's FTS5 and
//! R*Tree answer the same questions about the same places in the same run.

mod city;
mod sqlite;

use std::time::Duration;

use highstreet::base::clock::monotonic;
use highstreet::base::{Point, Timestamp};
use highstreet::search::{Query, Search, Sort};

use crate::figure::Figure;
use crate::kit::Launch;
use crate::memory;
use crate::size::Size;

use city::{City, Draw};
use sqlite::Sqlite;

const RADIUS_M: u32 = 2_000;
const NEAREST: usize = 20;
/// What is asked before anything is timed, so that both have their caches.
const WARM_UP: usize = 200;
const QUESTIONS: usize = 2_000;
/// SQLite gets fewer: a question takes it up to a second.
const QUESTIONS_TO_SQLITE: usize = 200;

/// Names of the figures of one size.
struct Names {
    words_p50: &'static str,
    words_p99: &'static str,
    browse_p50: &'static str,
    browse_p99: &'static str,
}

const TEN_THOUSAND: Names = Names {
    words_p50: "search-words-10k-p50",
    words_p99: "search-words-10k-p99",
    browse_p50: "search-browse-10k-p50",
    browse_p99: "search-browse-10k-p99",
};
const THIRTY_THOUSAND: Names = Names {
    words_p50: "search-words-30k-p50",
    words_p99: "search-words-30k-p99",
    browse_p50: "search-browse-30k-p50",
    browse_p99: "search-browse-30k-p99",
};
const HUNDRED_THOUSAND: Names = Names {
    words_p50: "search-words-100k-p50",
    words_p99: "search-words-100k-p99",
    browse_p50: "search-browse-100k-p50",
    browse_p99: "search-browse-100k-p99",
};
const MILLION: Names = Names {
    words_p50: "search-words-1m-p50",
    words_p99: "search-words-1m-p99",
    browse_p50: "search-browse-1m-p50",
    browse_p99: "search-browse-1m-p99",
};

pub fn measure(size: Size) {
    let sizes: &[(usize, Names)] = if size.is_small() {
        &[(10_000, TEN_THOUSAND), (30_000, THIRTY_THOUSAND)]
    } else {
        &[(10_000, TEN_THOUSAND), (100_000, HUNDRED_THOUSAND), (1_000_000, MILLION)]
    };
    let mut medians = Vec::new();
    for (places, names) in sizes {
        medians.push(one_size(*places, names));
    }
    if let (Some(first), Some(last)) = (medians.first(), medians.last()) {
        Figure::new("search-words-growth", last.0 / first.0, "times").print();
        Figure::new("search-browse-growth", last.1 / first.1, "times").print();
    }
}

/// The medians of words and of browsing, in milliseconds.
fn one_size(places: usize, names: &Names) -> (f64, f64) {
    let city = City::make(places);
    let sqlite = Sqlite::of(&city);
    let (now, search) = (city.now(), city.search());
    let words = times(&city, QUESTIONS, |point, word| ask(search, now, point, Some(word)));
    let words_sqlite = times(&city, QUESTIONS_TO_SQLITE, |point, word| sqlite.words(point, word));
    let browse = times(&city, QUESTIONS, |point, _| ask(search, now, point, None));
    let browse_sqlite = times(&city, QUESTIONS_TO_SQLITE, |point, _| sqlite.browse(point));
    let print = |name, mine: f64, theirs: f64, budget: f64| {
        Figure::new(name, mine, "ms").at_most(budget).beside("sqlite", theirs).print();
    };
    print(names.words_p50, percentile(&words, 50), percentile(&words_sqlite, 50), 1.0);
    print(names.words_p99, percentile(&words, 99), percentile(&words_sqlite, 99), 8.0);
    print(names.browse_p50, percentile(&browse, 50), percentile(&browse_sqlite, 50), 0.5);
    print(names.browse_p99, percentile(&browse, 99), percentile(&browse_sqlite, 99), 8.0);
    drop(sqlite);
    process(city, places);
    (percentile(&words, 50), percentile(&browse, 50))
}

/// The real binary on the same folder: from its start to its first answer, and its memory after mixed searches.
fn process(city: City, places: usize) {
    let folder = city.close();
    let (start, memory) = match places {
        1_000_000 => ("search-start-1m", "search-memory-1m"),
        100_000 => ("search-start-100k", "search-memory-100k"),
        30_000 => ("search-start-30k", "search-memory-30k"),
        _ => ("search-start-10k", "search-memory-10k"),
    };
    let started = monotonic();
    let server = Launch::serve().start_on(folder.path());
    let _ = server.guest().get("/search").expect(200);
    Figure::new(start, started.elapsed().as_secs_f64() * 1e3, "ms").at_most(500.0).print();
    Figure::new(memory, memory::after_searches(&server), "MiB").at_most(200.0).print();
    server.stop();
}

fn ask(search: &Search, now: Timestamp, near: Point, word: Option<&str>) -> usize {
    let query = Query {
        words: word.map(str::to_owned),
        near: Some(near),
        within_m: Some(RADIUS_M),
        sort: Sort::Distance,
        limit: NEAREST,
        ..Query::all(now)
    };
    search.find(&query).items.len()
}

/// How long each of so many questions takes: a word and a point of two places of the city, the same for both sides.
fn times(city: &City, questions: usize, mut ask: impl FnMut(Point, &str) -> usize) -> Vec<Duration> {
    let mut draw = Draw(7);
    let (mut times, mut found) = (Vec::with_capacity(questions), 0);
    let warm_up = WARM_UP.min(questions / 10);
    for number in 0..warm_up + questions {
        let (point, word) = city.question(&mut draw);
        let started = monotonic();
        found += ask(point, &word);
        if number >= warm_up {
            times.push(started.elapsed());
        }
    }
    assert!(found > questions, "questions that find nothing measure nothing");
    times.sort_unstable();
    times
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len() - 1);
    sorted.get(at).expect("measured at least once").as_secs_f64() * 1e3
}
