//! Who may name whom: the order of rooms, the doors of capabilities, and libraries that live in one room.

use super::source::{Finding, PathUse, Source, demand_none, files_under, sources};
use super::{ROOMS, height, is_capability};

/// A library or call that only one room may say: its path, and where it may stand.
const ONLY_IN: &[(&[&str], &str)] = &[
    (&["redb"], "src/store/"),
    (&["tantivy"], "src/search/"),
    (&["hyper"], "src/server/"),
    (&["hyper_util"], "src/server/"),
    (&["rustls"], "src/server/"),
    (&["tokio_rustls"], "src/server/"),
    (&["SystemTime", "now"], "src/base/clock.rs"),
    (&["Instant", "now"], "src/base/clock.rs"),
    (&["Utc", "now"], "src/base/clock.rs"),
    (&["Local", "now"], "src/base/clock.rs"),
    (&["Zoned", "now"], "src/base/clock.rs"),
    (&["jiff", "Timestamp", "now"], "src/base/clock.rs"),
    (&["rand"], "src/base/chance.rs"),
    (&["rand_core"], "src/base/chance.rs"),
    (&["rand_chacha"], "src/base/chance.rs"),
    (&["getrandom"], "src/base/chance.rs"),
];

/// What a pure rule never names: rooms with effects, the clock, chance, and libraries that wait or do I/O.
const NOT_IN_RULES: &[&[&str]] = &[
    &["crate", "store"],
    &["crate", "search"],
    &["crate", "web"],
    &["crate", "api"],
    &["crate", "server"],
    &["Clock"],
    &["clock", "Clock"],
    &["clock", "wall_time"],
    &["clock", "monotonic"],
    &["Chance"],
    &["tokio"],
    &["axum"],
    &["http"],
    &["std", "fs"],
    &["std", "io"],
    &["std", "net"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
];

/// What the files that put the house together may name behind a capability's door.
const WIRING: &[&str] = &["app", "routes", "schema"];
const OPEN_TO_WIRING: &[&str] = &["model", "pages", "api"];

fn in_product(sources: &[Source]) -> impl Iterator<Item = (&Source, &PathUse)> {
    let product = sources.iter().filter(|source| source.path.starts_with("src/"));
    product.flat_map(|source| source.facts.paths.iter().filter(|path| !path.in_test).map(move |path| (source, path)))
}

fn starts_with(path: &PathUse, wanted: &[&str]) -> bool {
    path.segments.len() >= wanted.len() && path.segments.iter().zip(wanted).all(|(have, want)| have == want)
}

fn says(path: &PathUse, wanted: &[&str]) -> bool {
    // A library is said by its first name; a call by its last ones, however it was imported.
    if wanted.len() == 1 { starts_with(path, wanted) } else { holds(path, wanted) }
}

fn holds(path: &PathUse, wanted: &[&str]) -> bool {
    path.segments.windows(wanted.len()).any(|window| window.iter().zip(wanted).all(|(have, want)| have == want))
}

fn rooms_out_of_order(sources: &[Source]) -> Vec<Finding> {
    let reaches_up = |(source, path): (&Source, &PathUse)| {
        let [first, named, ..] = &path.segments[..] else { return None };
        let (from, to) = (height(source.room()?)?, height(named)?);
        let room = ROOMS[from];
        (first == "crate" && to > from).then(|| {
            let message = format!("{room} reaches up to {named}; move what they share down, or let app wire a hook");
            Finding::new(&source.path, path.line, message)
        })
    };
    in_product(sources).filter_map(reaches_up).collect()
}

fn rooms_unknown(sources: &[Source]) -> Vec<Finding> {
    let is_house = |source: &&Source| source.room().is_some_and(|room| room != "lib" && room != "main");
    let strangers = sources.iter().filter(is_house).filter(|source| source.room().and_then(height).is_none());
    strangers
        .map(|source| Finding::new(&source.path, 1, "this room is not in ROOMS of tests/it/tidy.rs; name it there"))
        .collect()
}

fn libraries_out_of_their_room(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, path) in in_product(sources) {
        for (wanted, home) in ONLY_IN {
            // Tokio's instant arms a timer of tokio's; it is nobody's idea of the time.
            let is_timer = starts_with(path, &["tokio", "time"]);
            if says(path, wanted) && !is_timer && !source.path.starts_with(home) {
                let message = format!("only {home} says {}; ask it for what you need", wanted.join("::"));
                findings.push(Finding::new(&source.path, path.line, message));
            }
        }
    }
    findings
}

/// `modules` are the files behind each door, as `vouchers/commands`.
fn paths_behind_a_door(sources: &[Source], modules: &[String]) -> Vec<Finding> {
    let behind = |(source, path): (&Source, &PathUse)| {
        let [first, capability, part, ..] = &path.segments[..] else { return None };
        let room = source.room()?;
        let is_foreign = first == "crate" && is_capability(capability) && capability != room;
        let is_module = modules.contains(&format!("{capability}/{part}"));
        let is_wiring = WIRING.contains(&room) && OPEN_TO_WIRING.contains(&part.as_str());
        (is_foreign && is_module && !is_wiring).then(|| {
            let message =
                format!("crate::{capability}::{part} is behind its door; name what {capability}/mod.rs gives");
            Finding::new(&source.path, path.line, message)
        })
    };
    in_product(sources).filter_map(behind).collect()
}

fn impure_rules(sources: &[Source]) -> Vec<Finding> {
    let rules = |source: &&Source| source.path.starts_with("src/") && source.is_part("rules");
    let mut findings = Vec::new();
    for source in sources.iter().filter(rules) {
        for path in source.facts.paths.iter().filter(|path| !path.in_test) {
            let last = path.segments.last().map_or("", String::as_str);
            let names_it = |wanted: &&&[&str]| {
                if wanted.len() == 1 && wanted[0].starts_with(char::is_uppercase) {
                    last == wanted[0]
                } else {
                    says(path, wanted)
                }
            };
            if let Some(wanted) = NOT_IN_RULES.iter().find(names_it) {
                let message = format!("a rule is pure: take the value instead of {}", wanted.join("::"));
                findings.push(Finding::new(&source.path, path.line, message));
            }
        }
        let waits = source.facts.waits.iter();
        findings.extend(waits.map(|line| Finding::new(&source.path, *line, "a rule never waits: no async here")));
    }
    findings
}

fn faces_that_call_each_other(sources: &[Source]) -> Vec<Finding> {
    let twins = [("pages", "api"), ("api", "pages")];
    let mut findings = Vec::new();
    for (source, path) in in_product(sources) {
        let Some(room) = source.room().filter(|room| is_capability(room)) else { continue };
        for (face, twin) in twins.iter().filter(|(face, _)| source.is_part(face)) {
            if starts_with(path, &["crate", room, twin]) || starts_with(path, &["super", twin]) {
                let message = format!("{face} calls {twin}; put what both need into queries or commands");
                findings.push(Finding::new(&source.path, path.line, message));
            }
        }
    }
    findings
}

fn commands_with_a_store_of_their_own(sources: &[Source]) -> Vec<Finding> {
    let own = in_product(sources).filter(|(source, path)| {
        source.is_part("commands") && (holds(path, &["store", "Store"]) || holds(path, &["store", "Snapshot"]))
    });
    own.map(|(source, path)| {
        Finding::new(&source.path, path.line, "a command takes the Tx of its caller and commits nothing")
    })
    .collect()
}

fn paths_by_steps(sources: &[Source]) -> Vec<Finding> {
    let climbs = in_product(sources).filter(|(_, path)| starts_with(path, &["super", "super"]));
    climbs.map(|(source, path)| Finding::new(&source.path, path.line, "name it by its room: crate::..")).collect()
}

fn modules() -> Vec<String> {
    let mut modules: Vec<String> = Vec::new();
    for (path, _) in files_under("src", "rs") {
        let parts: Vec<&str> = path.trim_end_matches(".rs").split('/').skip(1).take(2).collect();
        modules.push(parts.join("/"));
    }
    modules
}

#[test]
fn a_room_uses_only_rooms_below_it() {
    demand_none(&rooms_out_of_order(sources()));
    let bad = Source::parse("src/store/tx.rs", "use crate::{base::Id, kernel::stock};");
    assert_eq!(rooms_out_of_order(&[bad]).len(), 1);
    let in_macro = Source::parse("src/base/id.rs", "fn f() { vec![crate::store::open()]; }");
    assert_eq!(rooms_out_of_order(&[in_macro]).len(), 1);
    let good = Source::parse("src/kernel/stock.rs", "use crate::{base::Id, store::Tx, kernel::ledger};");
    assert_eq!(rooms_out_of_order(&[good]), []);
}

#[test]
fn every_room_is_on_the_list() {
    demand_none(&rooms_unknown(sources()));
    assert_eq!(rooms_unknown(&[Source::parse("src/utils/mod.rs", "")]).len(), 1);
}

#[test]
fn a_library_lives_in_its_room() {
    demand_none(&libraries_out_of_their_room(sources()));
    for bad in [
        "use redb::Database;",
        "use tantivy as words;",
        "fn f() -> hyper_util::rt::TokioIo<u8> { g() }",
        "use std::time::Instant; fn f() { let _ = Instant::now(); }",
        "fn f() { let _ = vec![std::time::SystemTime::now()]; }",
        "fn f() { let _ = jiff::Timestamp::now(); }",
        "fn f(b: &mut [u8]) { getrandom::fill(b); }",
    ] {
        assert_eq!(libraries_out_of_their_room(&[Source::parse("src/vouchers/queries.rs", bad)]).len(), 1, "{bad}");
    }
    assert_eq!(libraries_out_of_their_room(&[Source::parse("src/store/file.rs", "use redb::Database;")]), []);
    let timer = Source::parse("src/server/wire.rs", "fn f() { let _ = tokio::time::Instant::now(); }");
    assert_eq!(libraries_out_of_their_room(&[timer]), []);
}

#[test]
fn a_capability_is_entered_by_its_door() {
    demand_none(&paths_behind_a_door(sources(), &modules()));
    let modules = ["vouchers/commands".to_owned(), "vouchers/model".to_owned()];
    let found = |path: &str, text: &str| paths_behind_a_door(&[Source::parse(path, text)], &modules).len();
    assert_eq!(found("src/orders/commands.rs", "use crate::vouchers::commands::redeem;"), 1);
    assert_eq!(found("src/orders/commands.rs", "use crate::vouchers::redeem;"), 0);
    assert_eq!(found("src/vouchers/api.rs", "use crate::vouchers::commands::redeem;"), 0);
    assert_eq!(found("src/schema.rs", "use crate::vouchers::model::VOUCHERS;"), 0);
    assert_eq!(found("src/schema.rs", "use crate::vouchers::commands::redeem;"), 1);
}

#[test]
fn rules_are_pure() {
    demand_none(&impure_rules(sources()));
    for bad in [
        "use crate::store::Tx;",
        "use crate::base::{Clock, Id};",
        "fn f(chance: &mut crate::base::Chance) {}",
        "use std::fs;",
        "async fn f() {}",
        "fn f() { let _ = async { 1 }; }",
    ] {
        assert_eq!(impure_rules(&[Source::parse("src/vouchers/rules.rs", bad)]).len(), 1, "{bad}");
        assert_eq!(impure_rules(&[Source::parse("src/vouchers/rules/redeem.rs", bad)]).len(), 1, "{bad}");
    }
    let good = "use crate::base::{Id, Timestamp}; #[cfg(test)] mod tests { use crate::base::Chance; }";
    assert_eq!(impure_rules(&[Source::parse("src/vouchers/rules.rs", good)]), []);
}

#[test]
fn pages_and_api_never_call_each_other() {
    demand_none(&faces_that_call_each_other(sources()));
    let found = |path: &str, text: &str| faces_that_call_each_other(&[Source::parse(path, text)]).len();
    assert_eq!(found("src/vouchers/pages.rs", "use crate::vouchers::api::VoucherJson;"), 1);
    assert_eq!(found("src/vouchers/api.rs", "use super::pages::Page;"), 1);
    assert_eq!(found("src/vouchers/api.rs", "use crate::api::Problem;"), 0);
}

#[test]
fn a_command_runs_in_its_callers_transaction() {
    demand_none(&commands_with_a_store_of_their_own(sources()));
    let bad = Source::parse("src/vouchers/commands.rs", "use crate::store::{Store, Tx};");
    assert_eq!(commands_with_a_store_of_their_own(&[bad]).len(), 1);
}

#[test]
fn imports_name_the_room() {
    demand_none(&paths_by_steps(sources()));
    assert_eq!(paths_by_steps(&[Source::parse("src/vouchers/pages/list.rs", "use super::super::model;")]).len(), 1);
}
