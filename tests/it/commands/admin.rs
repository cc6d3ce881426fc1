//! The commands of `admin`, each run twice on the town, which has an operator.

use highstreet::admin::{self, NewMerchant};
use highstreet::base::Line;
use highstreet::directory::{self, City};

use super::{does_the_same_twice, memory};
use crate::inside::town::Town;

pub fn accept_clock() {
    does_the_same_twice(&memory(), |tx| admin::accept_clock(tx, None));
}

pub fn change_settings() {
    let town = Town::new();
    let operator = town.operator();
    let old = directory::city(&town.read()).unwrap();
    let wish = City { zone: "America/New_York".to_owned(), ..old };
    does_the_same_twice(&town.store, |tx| admin::change_settings(tx, &operator, &wish));
}

pub fn found_merchant() {
    let town = Town::new();
    let (operator, places) = (town.operator(), vec![town.free_place()]);
    let owner = town.account(&town.people.anna).email().cloned().unwrap();
    let new = NewMerchant { name: Line::parse("Somebody").unwrap(), places, owner };
    does_the_same_twice(&town.store, |tx| admin::found_merchant(tx, &operator, &new));
}
