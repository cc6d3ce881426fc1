//! The commands of `reviews`, each run twice on a town in which Anna has used an order.

use highstreet::payments::Method;
use highstreet::reviews::{self, PublicReviewId, Visit, Words, rules};

use super::does_the_same_twice;
use crate::inside::town::Town;

fn words(stars: u8) -> Words {
    Words { stars: rules::stars(stars).unwrap(), aspects: Vec::new(), text: None }
}

fn visited(town: &Town) -> Visit {
    let order = town.place(&town.people.anna, town.deal, 1, Some(Method::Till)).unwrap();
    town.redeem(&town.people.till, town.vouchers(order)[0].0, town.harbour).unwrap();
    Visit { order, place: town.harbour }
}

fn reviewed(town: &Town) -> PublicReviewId {
    let (anna, visit) = (town.people.anna.clone(), visited(town));
    town.run(move |tx| reviews::publish(tx, &anna, visit, &words(5))).unwrap()
}

pub fn publish() {
    let town = Town::new();
    let visit = visited(&town);
    does_the_same_twice(&town.store, |tx| reviews::publish(tx, &town.people.anna, visit, &words(5)));
}

pub fn change() {
    let town = Town::new();
    let review = reviewed(&town);
    does_the_same_twice(&town.store, |tx| reviews::change(tx, &town.people.anna, review, &words(4)));
}

pub fn reply() {
    let town = Town::new();
    let (review, text) = (reviewed(&town), rules::reply_text("Thanks").unwrap());
    does_the_same_twice(&town.store, |tx| reviews::reply(tx, &town.people.owner, review, &text));
}
