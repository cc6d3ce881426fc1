//! The matrix and the table of routes, walked: every route has a row that says who may, and every role is let in or
//! turned away by it.

use std::collections::BTreeSet;

use highstreet::accounts::access::{Grant, StaffRole};
use highstreet::accounts::{Actor, Email, PasswordHash, Person, Reach, Role, SignIn, Viewer};
use highstreet::base::{Id, Timestamp};
use highstreet::routes::{described, routes};

use crate::kit::Launch;

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
