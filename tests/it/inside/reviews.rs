//! Reviews: who may say something of a place, how often, and what the place may answer.

use highstreet::accounts::{Actor, GuestJoined, PlaceId};
use highstreet::base::{Id, Refusal};
use highstreet::kernel::audit;
use highstreet::orders::PublicOrderId;
use highstreet::payments::Method;
use highstreet::reviews::{self, PublicReviewId, Review, Sorting, Visit, Words, rules};
use highstreet::store::Outcome;

use super::town::{Answered, Town, coffee_for_two};

fn words(stars: u8, text: &str) -> Words {
    let aspects = rules::aspects([("service", stars)]).unwrap();
    Words { stars: rules::stars(stars).unwrap(), aspects, text: rules::text(text).unwrap() }
}

fn named<T, R: Refusal>(answer: Result<T, R>) -> Answered<T> {
    answer.map_err(|refusal| refusal.name())
}

fn publish(town: &Town, who: &Actor, order: PublicOrderId, place: PlaceId, stars: u8) -> Answered<PublicReviewId> {
    let (who, said) = (who.clone(), words(stars, "What I had was good."));
    named(town.run(move |tx| reviews::publish(tx, &who, Visit { order, place }, &said)))
}

fn change(town: &Town, who: &Actor, review: PublicReviewId, stars: u8, text: &str) -> Answered<PublicReviewId> {
    let (who, said) = (who.clone(), words(stars, text));
    named(town.run(move |tx| reviews::change(tx, &who, review, &said)))
}

fn reply(town: &Town, who: &Actor, review: PublicReviewId, text: &str) -> Answered<PublicReviewId> {
    let (who, said) = (who.clone(), rules::reply_text(text).unwrap());
    named(town.run(move |tx| reviews::reply(tx, &who, review, &said)))
}

/// An order of two coffees at the harbour, of which one is used.
fn used(town: &Town, who: &Actor) -> PublicOrderId {
    let order = town.place(who, town.deal, 2, Some(Method::Till)).unwrap();
    town.redeem(&town.people.till, town.vouchers(order)[0].0, town.harbour).unwrap();
    order
}

fn found(town: &Town, review: PublicReviewId) -> Review {
    reviews::review(&town.read(), review).unwrap().unwrap().1
}

/// Counts by stars, one first; and the books are right.
fn counts(town: &Town) -> [u32; 5] {
    assert_eq!(reviews::check(&town.read()).unwrap(), Vec::<String>::new());
    reviews::rating(&town.read(), town.harbour).unwrap().counts
}

#[test]
fn rev_01_only_who_consumed_may_review() {
    let town = Town::new();
    let (anna, bela, harbour) = (&town.people.anna, &town.people.bela, town.harbour);
    let order = town.place(anna, town.deal, 2, Some(Method::Test)).unwrap();
    assert_eq!(publish(&town, anna, order, harbour, 5), Err("not-consumed"));
    let (voucher, _) = town.vouchers(order)[0];
    let use_of_it = town.redeem(&town.people.till, voucher, harbour).unwrap();
    town.undo(&town.people.till, use_of_it).unwrap();
    assert_eq!(publish(&town, anna, order, harbour, 5), Err("not-consumed"), "the use was taken back");
    town.redeem(&town.people.till, voucher, harbour).unwrap();
    assert_eq!(publish(&town, bela, order, harbour, 1), Err("not-found"), "another's order");
    assert_eq!(publish(&town, bela, Id::from_bytes([9; 16]), harbour, 1), Err("not-found"));
    assert_eq!(publish(&town, anna, order, town.market, 1), Err("not-consumed"), "used elsewhere");
    assert_eq!(publish(&town, &town.people.owner, order, harbour, 5), Err("not-found"), "the merchant did not consume");
    assert_eq!(counts(&town), [0; 5]);
    let review = found(&town, publish(&town, anna, order, harbour, 5).unwrap());
    assert_eq!((review.transaction.name(), review.author), ("order", anna.person));
    assert_eq!((review.place, review.merchant), (harbour, town.kahvila));
    assert_eq!(counts(&town), [0, 0, 0, 0, 1]);
}

#[test]
fn rev_01_money_that_goes_back_leaves_the_right_to_review() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = used(&town, anna);
    town.cancel(anna, order).unwrap();
    assert_eq!(town.states(order), ["redeemed", "void"]);
    publish(&town, anna, order, town.harbour, 1).unwrap();
}

#[test]
fn rev_01_one_review_per_transaction() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = used(&town, anna);
    publish(&town, anna, order, town.harbour, 4).unwrap();
    assert_eq!(publish(&town, anna, order, town.harbour, 5), Err("already-reviewed"));
    let second = town.vouchers(order)[1].0;
    town.redeem(&town.people.till, second, town.harbour).unwrap();
    assert_eq!(publish(&town, anna, order, town.harbour, 5), Err("already-reviewed"), "still the same order");
    assert_eq!(counts(&town), [0, 0, 0, 1, 0]);
    let next = used(&town, anna);
    publish(&town, anna, next, town.harbour, 2).unwrap();
    assert_eq!(counts(&town), [0, 1, 0, 1, 0]);
}

#[test]
fn rev_01_two_windows_at_once_publish_one_review() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = used(&town, anna);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| publish(&town, anna, order, town.harbour, 5))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.iter().all(|answer| answer.is_ok() || *answer == Err("already-reviewed")));
    assert_eq!(counts(&town), [0, 0, 0, 0, 1]);
}

#[test]
fn rev_01_the_badge_follows_the_use_and_not_a_stored_word() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = town.place(anna, town.deal, 1, Some(Method::Till)).unwrap();
    let use_of_it = town.redeem(&town.people.till, town.vouchers(order)[0].0, town.harbour).unwrap();
    let review = publish(&town, anna, order, town.harbour, 1).unwrap();
    assert!(found(&town, review).visited_at(&town.read()).unwrap().is_some());
    town.undo(&town.people.till, use_of_it).unwrap();
    assert_eq!(found(&town, review).visited_at(&town.read()).unwrap(), None);
    assert_eq!(counts(&town), [1, 0, 0, 0, 0], "no till takes a review away");
    assert_eq!(found(&town, review).subject(&town.read()).unwrap().as_str(), "Coffee and cake for two");
}

#[test]
fn rev_04_the_author_changes_a_review_once_and_what_it_said_is_kept() {
    let town = Town::new();
    let (anna, bela) = (&town.people.anna, &town.people.bela);
    let review = publish(&town, anna, used(&town, anna), town.harbour, 5).unwrap();
    assert_eq!(change(&town, bela, review, 1, "Mine now"), Err("not-found"));
    change(&town, anna, review, 5, "What I had was good.").unwrap();
    assert_eq!(found(&town, review).change, None, "the same words use nothing up");
    change(&town, anna, review, 2, "I was ill afterwards.").unwrap();
    assert_eq!(counts(&town), [0, 1, 0, 0, 0]);
    assert_eq!(change(&town, anna, review, 3, "Better again"), Err("already-changed"));
    let row = found(&town, review);
    assert_eq!(row.words, words(2, "I was ill afterwards."));
    assert_eq!(row.change.unwrap().before, words(5, "What I had was good."));
    assert_eq!(counts(&town), [0, 1, 0, 0, 0]);
}

#[test]
fn rev_04_the_place_replies_and_changes_the_reply_once() {
    let town = Town::new();
    let (people, anna) = (&town.people, &town.people.anna);
    let review = publish(&town, anna, used(&town, anna), town.harbour, 2).unwrap();
    assert_eq!(reviews::unanswered(&town.read(), town.kahvila).unwrap(), 1);
    assert_eq!(reply(&town, &people.florist, review, "Come to us"), Err("not-found"), "another merchant");
    assert_eq!(reply(&town, anna, review, "I say"), Err("not-found"));
    assert_eq!(reply(&town, &people.till, review, "Sorry"), Err("not-allowed"), "a till answers for nobody");
    reply(&town, &people.owner, review, "We are sorry.").unwrap();
    reply(&town, &people.owner, review, "We are sorry.").unwrap();
    assert_eq!(reviews::unanswered(&town.read(), town.kahvila).unwrap(), 0);
    reply(&town, &people.owner, review, "Please come again.").unwrap();
    assert_eq!(reply(&town, &people.owner, review, "Or not."), Err("already-replied"));
    let answer = found(&town, review).reply.unwrap();
    assert_eq!((answer.text.as_str(), answer.by), ("Please come again.", people.owner.person));
    assert_eq!(answer.change.unwrap().text.as_str(), "We are sorry.");
}

#[test]
fn rev_04_what_is_said_of_a_place_is_written_down() {
    let town = Town::new();
    let anna = &town.people.anna;
    let review = publish(&town, anna, used(&town, anna), town.harbour, 5).unwrap();
    change(&town, anna, review, 4, "Good.").unwrap();
    reply(&town, &town.people.owner, review, "Thanks.").unwrap();
    let newest = audit::newest(&town.read(), None, 3).unwrap();
    let actions: Vec<&str> = newest.iter().rev().map(|(_, record)| record.content.action.as_str()).collect();
    assert_eq!(actions, ["review-published", "review-changed", "review-replied"]);
    assert_eq!(audit::verify(&town.read()).unwrap(), None);
}

#[test]
fn rev_05_the_rating_of_a_place_is_the_sum_of_its_reviews() {
    let town = Town::new();
    let deal = town.on_sale(&highstreet::offers::Draft { capacity: 100, per_person: None, ..coffee_for_two() });
    let anna = &town.people.anna;
    for stars in [5, 4, 5, 1, 3, 5] {
        let order = town.place(anna, deal, 1, Some(Method::Till)).unwrap();
        town.redeem(&town.people.till, town.vouchers(order)[0].0, town.harbour).unwrap();
        publish(&town, anna, order, town.harbour, stars).unwrap();
    }
    assert_eq!(counts(&town), [1, 0, 1, 1, 3]);
    let tally = reviews::rating(&town.read(), town.harbour).unwrap();
    assert_eq!((tally.count(), tally.sum(), tally.mean_hundredths()), (6, 23, Some(383)));
    // (5 x 3.5 + 23) / (5 + 6)
    assert_eq!(tally.score_hundredths(), 368);
    assert_eq!(reviews::rating(&town.read(), town.market).unwrap().count(), 0);
}

#[test]
fn reviews_are_read_page_by_page_newest_first_or_by_rating() {
    let town = Town::new();
    let deal = town.on_sale(&highstreet::offers::Draft { per_person: None, ..coffee_for_two() });
    let anna = &town.people.anna;
    for stars in [3, 5, 1, 5, 4] {
        let order = town.place(anna, deal, 1, Some(Method::Till)).unwrap();
        town.redeem(&town.people.till, town.vouchers(order)[0].0, town.harbour).unwrap();
        town.pass(1);
        publish(&town, anna, order, town.harbour, stars).unwrap();
    }
    let read = town.read();
    let walk = |sorting| {
        let (mut seen, mut last) = (Vec::new(), None);
        loop {
            let rows = reviews::of_place(&read, town.harbour, sorting, last.as_ref(), 2).unwrap();
            seen.extend(rows.iter().map(|(_, review)| review.words.stars.number()));
            match rows.into_iter().last() {
                Some(row) => last = Some(row),
                None => return seen,
            }
        }
    };
    assert_eq!(walk(Sorting::Newest), [4, 5, 1, 5, 3]);
    assert_eq!(walk(Sorting::Rating), [5, 5, 4, 3, 1]);
    assert_eq!(reviews::of_merchant(&read, town.kahvila, None, 10).unwrap().len(), 5);
    assert_eq!(reviews::of_merchant(&read, Id::from_bytes([99; 16]), None, 10).unwrap().len(), 0);
}

#[test]
fn what_waits_for_a_review_is_what_was_used_and_has_none() {
    let town = Town::new();
    let anna = &town.people.anna;
    let waiting = |at| {
        let found = reviews::reviewable(&town.read(), anna.person, at, 10).unwrap();
        found.into_iter().map(|visit| visit.order).collect::<Vec<_>>()
    };
    town.place(anna, town.deal, 1, Some(Method::Till)).unwrap();
    assert_eq!(waiting(None), []);
    let order = used(&town, anna);
    assert_eq!((waiting(None), waiting(Some(town.harbour))), (vec![order], vec![order]));
    assert_eq!(waiting(Some(town.market)), []);
    publish(&town, anna, order, town.harbour, 5).unwrap();
    assert_eq!(waiting(None), []);
}

#[test]
fn what_a_guest_wrote_is_the_persons_who_signs_in() {
    let town = Town::new();
    let (guest, anna) = (town.guest(1), &town.people.anna);
    let review = publish(&town, &guest, used(&town, &guest), town.harbour, 5).unwrap();
    let event = GuestJoined { guest: guest.person, person: anna.person };
    let joined: Result<(), ()> = town.run(move |tx| -> Outcome<(), ()> { Ok(tx.emit(&event)?) });
    joined.unwrap();
    assert_eq!(found(&town, review).author, anna.person);
    assert_eq!(change(&town, &guest, review, 1, "Not mine any more"), Err("not-found"));
    change(&town, anna, review, 4, "Mine").unwrap();
}
