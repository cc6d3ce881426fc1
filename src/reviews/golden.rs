//! Reviews and ratings as past releases wrote them.

use crate::base::{Id, Prose, Timestamp};
use crate::reviews::{Aspect, Change, RATINGS, REVIEWS, Reply, ReplyChange, Review, Stars, Tally, Transaction, Words};
use crate::store::golden;

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn id<T>(number: u8) -> Id<T> {
    Id::from_bytes([number; 16])
}

fn stars(number: u8) -> Stars {
    Stars::new(number).unwrap()
}

#[test]
fn reviews_are_read_as_they_were_written() {
    let bare = Review {
        public: id(1),
        author: id(2),
        transaction: Transaction::Order(id(3)),
        place: id(4),
        merchant: id(5),
        words: Words { stars: stars(1), aspects: vec![], text: None },
        at: AT,
        change: None,
        reply: None,
    };
    golden::row(&REVIEWS, "bare", &id(6), &bare);
    let words = Words {
        stars: stars(5),
        aspects: Aspect::ALL.map(|aspect| (aspect, stars(3))).to_vec(),
        text: Some(Prose::parse("Warm.\n\nI come again.").unwrap()),
    };
    let change = Some(Change { at: AT.plus_seconds(1), before: bare.words.clone() });
    let (text, at) = (Prose::parse("Welcome!").unwrap(), AT.plus_seconds(2));
    let before = ReplyChange { at: AT.plus_seconds(3), text: Prose::parse("Hm.").unwrap(), by: id(7) };
    let reply = Some(Reply { text, by: id(7), at, change: Some(before) });
    golden::row(&REVIEWS, "full", &id(6), &Review { words, change, reply, ..bare });
}

#[test]
fn ratings_are_read_as_they_were_written() {
    golden::row(&RATINGS, "none", &id(4), &Tally::default());
    golden::row(&RATINGS, "some", &id(4), &Tally { counts: [1, 0, 2, 30, 400] });
}
