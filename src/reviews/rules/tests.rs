//! What the score and the changes of reviews must hold, whatever is said.

use proptest::prelude::*;

use super::*;
use crate::base::{Currency, Id, Money};
use crate::reviews::model::Transaction;
use crate::vouchers::UndoneUse;

fn of(number: u8) -> Stars {
    stars(number).unwrap()
}

fn any_tally() -> impl Strategy<Value = Tally> {
    any::<[u16; 5]>().prop_map(|counts| Tally { counts: counts.map(u32::from) })
}

fn words(number: u8, typed: &str) -> Words {
    Words { stars: of(number), aspects: Vec::new(), text: text(typed).unwrap() }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(0).plus_seconds(seconds)
}

fn review(words: Words) -> Review {
    Review {
        public: Id::from_bytes([1; 16]),
        author: Id::from_bytes([2; 16]),
        transaction: Transaction::Order(Id::from_bytes([3; 16])),
        place: Id::from_bytes([4; 16]),
        merchant: Id::from_bytes([5; 16]),
        words,
        at: at(0),
        change: None,
        reply: None,
    }
}

fn used(seconds: i64, is_undone: bool) -> Redemption {
    Redemption {
        voucher: Id::from_bytes([1; 16]),
        order: Id::from_bytes([1; 16]),
        offer: Id::from_bytes([1; 16]),
        merchant: Id::from_bytes([1; 16]),
        place: Id::from_bytes([1; 16]),
        till: Id::from_bytes([1; 16]),
        at: at(seconds),
        amount: Money::new(100, Currency::EUR),
        posting: None,
        undone: is_undone.then(|| UndoneUse { at: at(seconds + 1), by: Id::from_bytes([1; 16]) }),
    }
}

proptest! {
    #[test]
    fn rev_05_a_review_moves_the_score_towards_its_stars(tally in any_tally(), number in 1_u8..=5) {
        let (before, after) = (tally.score_hundredths(), tally.with(of(number)).score_hundredths());
        let own = u32::from(number) * 100;
        if own >= before {
            prop_assert!((before..=own).contains(&after));
        } else {
            prop_assert!((own..=before).contains(&after));
        }
    }

    #[test]
    fn rev_05_more_good_reviews_never_lower_the_score(tally in any_tally(), more in 0_u32..500) {
        let raised = (0..more).fold(tally, |tally, _| tally.with(of(5)));
        prop_assert!(raised.score_hundredths() >= tally.score_hundredths());
        prop_assert!(raised.mean_hundredths() >= tally.mean_hundredths());
    }

    #[test]
    fn rev_05_the_score_lies_between_its_start_and_the_mean(tally in any_tally()) {
        let score = tally.score_hundredths();
        prop_assert!((100..=500).contains(&score));
        let mean = tally.mean_hundredths().unwrap_or(PRIOR_HUNDREDTHS);
        prop_assert!((mean.min(PRIOR_HUNDREDTHS)..=mean.max(PRIOR_HUNDREDTHS)).contains(&score));
    }

    #[test]
    fn rev_05_the_score_is_the_published_formula(tally in any_tally()) {
        let (sum, count) = (tally.sum() as f64, f64::from(tally.count()));
        let exact = (f64::from(PRIOR_WEIGHT) * f64::from(PRIOR_HUNDREDTHS) / 100.0 + sum)
            / (f64::from(PRIOR_WEIGHT) + count);
        prop_assert!((f64::from(tally.score_hundredths()) / 100.0 - exact).abs() <= 0.005_000_1);
    }

    #[test]
    fn a_review_more_and_the_same_less_is_no_change(tally in any_tally(), number in 1_u8..=5) {
        prop_assert_eq!(tally.with(of(number)).without(of(number)), tally);
        prop_assert_eq!(tally.with(of(number)).count(), tally.count() + 1);
        prop_assert_eq!(tally.with(of(number)).sum(), tally.sum() + u64::from(number));
    }

    #[test]
    fn a_histogram_shows_every_review(tally in any_tally()) {
        let bars = tally.histogram();
        prop_assert_eq!(bars.map(|bar| bar.stars), [5, 4, 3, 2, 1]);
        prop_assert_eq!(bars.iter().map(|bar| bar.count).sum::<u32>(), tally.count());
        prop_assert!(bars.iter().all(|bar| bar.percent <= 100));
    }

    #[test]
    fn no_words_panic(typed in any::<String>(), name in any::<String>(), number in any::<u8>()) {
        let _ = (text(&typed), reply_text(&typed), aspects([(name.as_str(), number)]), stars(number));
    }
}

#[test]
fn rev_05_one_glad_friend_does_not_pass_a_hundred_guests() {
    let friend = Tally::default().with(of(5));
    let guests = Tally { counts: [0, 0, 40, 40, 20] };
    assert_eq!((friend.score_hundredths(), guests.score_hundredths()), (375, 379));
}

#[test]
fn without_reviews_there_is_a_score_and_no_average() {
    assert_eq!(Tally::default().mean_hundredths(), None);
    assert_eq!(Tally::default().score_hundredths(), PRIOR_HUNDREDTHS);
    assert_eq!(Tally::default().histogram().map(|bar| bar.percent), [0; 5]);
}

#[test]
fn an_average_is_shown_to_a_tenth() {
    assert_eq!([350, 344, 345, 500, 100].map(shown), ["3.5", "3.4", "3.5", "5.0", "1.0"]);
}

#[test]
fn a_review_has_one_to_five_stars() {
    assert_eq!([0, 6, 255].map(stars), [Err(Refusal::Stars), Err(Refusal::Stars), Err(Refusal::Stars)]);
    assert_eq!((1..=5).map(|number| of(number).number()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[test]
fn an_aspect_is_known_rated_and_named_once() {
    let given = aspects([("service", 4), ("food", 5)]).unwrap();
    assert_eq!(given, [(Aspect::Food, of(5)), (Aspect::Service, of(4))]);
    assert_eq!(aspects([]), Ok(Vec::new()));
    for bad in [[("food", 5), ("food", 5)], [("food", 0), ("value", 1)], [("parking", 3), ("value", 1)]] {
        assert_eq!(aspects(bad), Err(Refusal::Aspects), "{bad:?}");
    }
}

#[test]
fn stars_alone_are_a_review_and_a_reply_has_words() {
    assert_eq!(text(" \n"), Ok(None));
    assert_eq!(reply_text(" \n"), Err(Refusal::Text(TextFault::Empty)));
    assert_eq!(text("\u{202E}evil"), Err(Refusal::Text(TextFault::Hidden)));
    assert_eq!(text(&"a".repeat(4001)), Err(Refusal::Text(TextFault::TooLong { max: 4000 })));
}

#[test]
fn rev_01_a_use_that_was_taken_back_completes_nothing() {
    assert_eq!(completing(&[]), None);
    assert_eq!(completing(&[used(1, true)]), None);
    let uses = [used(1, true), used(2, false), used(3, false)];
    assert_eq!(completing(&uses).map(|used| used.at), Some(at(2)));
}

#[test]
fn rev_04_a_review_is_changed_once_and_keeps_what_it_said() {
    let first = review(words(5, "Lovely"));
    assert_eq!(changed(&first, words(5, "Lovely"), at(9)), Ok(first.clone()), "the same words use nothing up");
    let second = changed(&first, words(2, "Cold soup"), at(9)).unwrap();
    assert_eq!(second.change, Some(Change { at: at(9), before: words(5, "Lovely") }));
    assert_eq!((second.words.clone(), second.at), (words(2, "Cold soup"), at(0)));
    assert_eq!(changed(&second, words(2, "Cold soup"), at(10)), Ok(second.clone()), "a retry is a success");
    assert_eq!(changed(&second, words(3, "Warm now"), at(10)), Err(Refusal::AlreadyChanged));
}

#[test]
fn rev_04_a_reply_is_changed_once_and_keeps_what_it_said() {
    let (ann, bob) = (Id::from_bytes([7; 16]), Id::from_bytes([8; 16]));
    let text = |typed: &str| reply_text(typed).unwrap();
    let first = replied(None, text("Thanks"), ann, at(1)).unwrap();
    assert_eq!(replied(Some(&first), text("Thanks"), bob, at(2)), Ok(first.clone()));
    let second = replied(Some(&first), text("Thank you"), bob, at(3)).unwrap();
    assert_eq!((second.by, second.at), (bob, at(1)));
    assert_eq!(second.change, Some(ReplyChange { at: at(3), text: text("Thanks"), by: ann }));
    assert_eq!(replied(Some(&second), text("Hm"), ann, at(4)), Err(Refusal::AlreadyReplied));
}
