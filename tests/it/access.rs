//! The matrix and the table of routes, walked: every route has a row that says who may, and every role is let in or
//! turned away by it.

use std::collections::BTreeSet;

use highstreet::accounts::access::{Grant, StaffRole};
use highstreet::accounts::{Actor, Email, PasswordHash, Person, Reach, Role, SignIn, Viewer};
use highstreet::base::{Id, Timestamp};
use highstreet::routes::{Route, described, routes};
use serde_json::{Value, json};

use crate::every_route::{Asker, Named, body, merchant_of};
use crate::kit::{Launch, Reply};
use crate::market::Market;

/// Somebody of that role and no other.
fn viewer(role: Role) -> Viewer {
    let staff = |role| vec![Grant::Staff { role, merchant: Id::from_bytes([1; 16]), places: Vec::new() }];
    let grants = match role {
        Role::Anonymous => return Viewer::nobody(),
        Role::Guest | Role::Resident => Vec::new(),
        Role::Till => staff(StaffRole::Till),
        Role::Manager => staff(StaffRole::Manager),
        Role::Owner => staff(StaffRole::Owner),
        Role::Moderator => vec![Grant::Moderator],
        Role::Operator => vec![Grant::Operator],
    };
    let email = Email::parse("somebody@example.org").unwrap();
    let by_password = SignIn::Password { email, hash: PasswordHash::from_phc(String::new()) };
    let sign_in = if role == Role::Guest { SignIn::Guest } else { by_password };
    let person = Person { name: None, sign_in, grants, since: Timestamp::from_millis(0) };
    Viewer {
        known: Some((
            Actor { person: Id::from_bytes([9; 16]), session: Id::from_bytes([8; 16]), scopes: None },
            person,
        )),
    }
}

#[test]
fn the_gate_lets_in_whom_the_matrix_lets_in_and_residents_do_whatever_residents_may() {
    for route in routes() {
        for role in Role::ALL {
            let own = if role <= Role::Resident { role } else { Role::Resident };
            let in_matrix = [own, role].into_iter().any(|role| route.who.reach(role) > Reach::No);
            let let_in = viewer(role).may(route.who).is_ok();
            assert_eq!(let_in, in_matrix, "{} {} asked by {}", route.method, route.path, role.name());
        }
        let reached = Role::ALL.into_iter().filter(|role| route.who.reach(*role) > Reach::No).count();
        assert!(reached > 0, "{} {} is open to nobody", route.method, route.path);
    }
}

#[test]
fn a_route_stands_in_the_table_once() {
    let mut seen = BTreeSet::new();
    for route in routes() {
        assert!(seen.insert((route.method.to_string(), route.path)), "{} {} twice", route.method, route.path);
    }
}

#[test]
fn the_openapi_document_has_every_route_of_the_api_under_its_own_path_and_no_other() {
    let in_table: BTreeSet<(String, String)> = routes()
        .iter()
        .filter(|route| route.is_api())
        .map(|route| (route.path.to_owned(), route.method.to_string().to_lowercase()))
        .collect();
    let document = serde_json::to_value(described().0).unwrap();
    let paths = document.as_object().unwrap();
    let in_document: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())))
        .collect();
    assert_eq!(in_document, in_table);
}

#[test]
fn a_stranger_is_sent_to_sign_in_by_every_page_that_needs_it_and_gets_401_from_every_such_api_route() {
    let server = Launch::serve().start();
    for route in routes() {
        if route.who.reach(Role::Anonymous) > Reach::No {
            continue;
        }
        let path = route.path.replace(['{', '}', '*'], "");
        let reply = server.guest().send(route.method.as_str(), &path, &[], Vec::new());
        if route.is_api() {
            assert_eq!(reply.status, 401, "{} {path}", route.method);
            assert_eq!(reply.json()["type"], "sign-in-first");
        } else {
            assert_eq!(reply.status, 303, "{} {path}", route.method);
            assert!(reply.header("location").unwrap().starts_with("/sign-in"), "{path}");
        }
    }
}

/// Rows that ask for more behind the gate than their action says: a real city has no such route, whoever asks.
const SIGN_IN_BEHIND_THE_GATE: &str = "/api/v1/demo/payments/{order}";

/// Everybody, with the roles that the matrix counts for them.
fn everybody(market: &Market) -> Vec<(Asker, Vec<Role>)> {
    let server = &market.server;
    let guest = server.guest();
    let (id, once) = (&market.offer, &[("quantity", "1")]);
    guest.fill(&format!("/o/{id}"), &format!("form[action='/o/{id}/take']"), once).expect(303);
    let resident = Role::Resident;
    vec![
        (Asker::new("a stranger", server.guest()), vec![Role::Anonymous]),
        (Asker::new("a guest", guest), vec![Role::Guest]),
        (Asker::new("a resident", server.resident()), vec![resident]),
        (Asker::new("a till", server.till()), vec![resident, Role::Till]),
        (Asker::new("the owner", server.owner()), vec![resident, Role::Owner]),
        (Asker::new("another owner", server.other_owner()), vec![resident, Role::Owner]),
        (Asker::new("a moderator", server.moderator()), vec![resident, Role::Moderator]),
        (Asker::new("the operator", server.operator()), vec![resident, Role::Operator]),
    ]
}

/// The table in an order in which nothing takes the ground from under what follows.
fn in_walking_order() -> Vec<Route> {
    let mut routes = routes();
    let last = ["undo", "{redemption}", "clock", "sign-out"];
    let ends = |route: &Route| last.iter().position(|end| route.path.ends_with(end));
    routes.sort_by_key(|route| (ends(route), route.method == "POST"));
    routes
}

fn is_turned_away(route: &Route, reply: &Reply) -> bool {
    let is_sign_in = reply.header("location").is_some_and(|to| to.starts_with("/sign-in"));
    match route.is_api() {
        true => ["sign-in-first", "not-allowed"].contains(&reply.json()["type"].as_str().unwrap_or_default()),
        false => reply.status == 403 || reply.status == 303 && is_sign_in,
    }
}

#[test]
fn every_role_at_every_route_is_let_in_or_turned_away_as_the_matrix_says() {
    let market = Market::with(100);
    let named = Named::at(&market, &market.server.resident());
    let everybody = everybody(&market);
    for route in in_walking_order() {
        let (path, body) = (named.path(route.path), sent(&route, &named));
        for (asker, roles) in &everybody {
            // A guest's cookie is for pages.
            let is_guest = roles.contains(&Role::Guest);
            let roles = if route.is_api() && is_guest { &vec![Role::Anonymous] } else { roles };
            let reply = asker.ask(&route, &path, &body);
            let turned_away = is_turned_away(&route, &reply);
            let said = format!("{} asks {}: {}", asker.name, reply.asked, reply.status);
            if roles.iter().all(|role| route.who.reach(*role) == Reach::No) {
                assert!(turned_away, "{said}");
            } else if route.path != SIGN_IN_BEHIND_THE_GATE || !roles.contains(&Role::Anonymous) {
                assert!(!turned_away, "{said}");
            }
        }
    }
}

fn sent(route: &Route, named: &Named) -> Value {
    if route.method == "GET" { Value::Null } else { body(route.path, named) }
}

#[test]
fn what_is_somebody_elses_answers_like_what_does_not_exist_at_every_route() {
    let market = Market::with(10);
    let theirs = Named::at(&market, &market.server.resident());
    let (place, slug) = (theirs.place.clone(), theirs.slug.clone());
    // Places are everybody's.
    let nothing = Named { place, slug, ..Named::unknown() };
    let other = Asker::new("another owner", market.server.other_owner());
    let own = merchant_of(&other.person);
    let at_own_desk = |named: &Named| Named { merchant: own.clone(), ..named.clone() };
    let others = [
        (Asker::new("a stranger", market.server.guest()), theirs.clone(), nothing.clone()),
        (Asker::new("a resident", market.server.second_resident()), theirs.clone(), nothing.clone()),
        (Asker::new("a moderator", market.server.moderator()), theirs.clone(), nothing.clone()),
        (Asker::new("another owner", market.server.other_owner()), theirs.clone(), nothing.clone()),
        (other, at_own_desk(&theirs), at_own_desk(&nothing)),
    ];
    for route in in_walking_order() {
        for (asker, theirs, nothing) in &others {
            // Also before it is read what was sent along.
            for is_sent in [true, false] {
                let [foreign, unknown] = [theirs, nothing].map(|named| {
                    let body = if is_sent { sent(&route, named) } else { json!({}) };
                    asker.ask(&route, &named.path(route.path), &body)
                });
                let seen = |reply: &Reply| (reply.status, reply.header("location").map(masked), masked(&reply.text()));
                assert_eq!(seen(&foreign), seen(&unknown), "{} asks {}", asker.name, foreign.asked);
            }
        }
    }
}

/// Without ids, and without what is different each time.
fn masked(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_mixed = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let is_chance = |word: &str| word.len() >= 22 && is_mixed(word);
    let words = text.split_inclusive(|c: char| !is_word(c));
    words.map(|word| if is_chance(word.trim_end_matches(|c| !is_word(c))) { "#" } else { word }).collect()
}
