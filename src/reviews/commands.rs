//! What is done with reviews: who used something writes and changes one, the place answers.

use crate::accounts::{Action, Actor, Denied, Manager, PersonId, PlaceId, Resident};
use crate::base::{Fault, Id};
use crate::kernel::audit::{self, Deed, Verdict, Who};
use crate::orders::{self, PublicOrderId};
use crate::reviews::model::{
    PublicReviewId, RATINGS, REVIEW_BY_TRANSACTION, REVIEWS, ReplyText, Review, ReviewId, Transaction, Words,
};
use crate::reviews::queries::{rating, review};
use crate::reviews::refusal::Refusal;
use crate::reviews::rules::{changed, completing, replied};
use crate::store::{Lift, Outcome, Row, Tx};
use crate::vouchers;

/// An order at one of its places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    pub order: PublicOrderId,
    pub place: PlaceId,
}

/// Publishes the one review of a visit: by whom the order is, after its first use at the place.
pub fn publish(tx: &mut Tx<'_>, actor: &Actor, visit: Visit, words: &Words) -> Outcome<PublicReviewId, Refusal> {
    let author = Resident::prove(&**tx, actor, Action::Review).lift()?.person();
    let (order, found) = orders::order(&**tx, author, visit.order)?.ok_or(Refusal::Denied(Denied::NotFound))?;
    let line = found.lines.iter().find(|line| line.place == visit.place).ok_or(Refusal::NotConsumed)?;
    let uses = vouchers::redemptions_of_order(&**tx, order.untyped(), visit.place)?;
    completing(&uses).ok_or(Refusal::NotConsumed)?;
    if tx.find(&REVIEW_BY_TRANSACTION, &(order.untyped(), visit.place))?.is_some() {
        return Err(Refusal::AlreadyReviewed.into());
    }
    // Nothing below can refuse.
    let (id, public) = (tx.new_id(), Id::random(tx.chance()));
    let row = Review {
        public,
        author,
        transaction: Transaction::Order(order),
        place: visit.place,
        merchant: line.merchant,
        words: words.clone(),
        at: tx.now(),
        change: None,
        reply: None,
    };
    let tally = rating(&**tx, visit.place)?.with(words.stars);
    tx.put(&RATINGS, &visit.place, &tally)?;
    keep(tx, author, "review-published", id, None, &row)?;
    Ok(public)
}

/// The author changes a review, once; what it said is kept.
pub fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    public: PublicReviewId,
    words: &Words,
) -> Outcome<PublicReviewId, Refusal> {
    let author = Resident::prove(&**tx, actor, Action::Review).lift()?.person();
    let own = review(&**tx, public)?.filter(|(_, review)| review.author == author);
    let (id, old) = own.ok_or(Refusal::Denied(Denied::NotFound))?;
    let new = changed(&old, words.clone(), tx.now())?;
    // Nothing below can refuse.
    if new != old {
        let tally = rating(&**tx, old.place)?.without(old.words.stars).with(new.words.stars);
        tx.put(&RATINGS, &old.place, &tally)?;
        keep(tx, author, "review-changed", id, Some(&old), &new)?;
    }
    Ok(public)
}

/// The place answers a review for everybody to read, and changes the answer once.
pub fn reply(
    tx: &mut Tx<'_>,
    actor: &Actor,
    public: PublicReviewId,
    text: &ReplyText,
) -> Outcome<PublicReviewId, Refusal> {
    let (id, old) = review(&**tx, public)?.ok_or(Refusal::Denied(Denied::NotFound))?;
    let manager = Manager::prove(&**tx, actor, Action::Reply, old.merchant, Some(old.place)).lift()?;
    let answer = replied(old.reply.as_ref(), text.clone(), manager.person(), tx.now())?;
    // Nothing below can refuse.
    let new = Review { reply: Some(answer), ..old.clone() };
    if new != old {
        keep(tx, manager.person(), "review-replied", id, Some(&old), &new)?;
    }
    Ok(public)
}

/// Writes the review, and who did it.
fn keep(
    tx: &mut Tx<'_>,
    by: PersonId,
    action: &str,
    id: ReviewId,
    before: Option<&Review>,
    after: &Review,
) -> Result<(), Fault> {
    tx.put(&REVIEWS, &id, after)?;
    let (before, after) = (before.map(Row::to_row), after.to_row());
    audit::append(
        tx,
        Deed {
            who: Who::Person(by.untyped()),
            action,
            subject: ("review", id.untyped()),
            origin: None,
            verdict: Verdict::Done,
            before: before.as_deref(),
            after: Some(&after),
        },
    )?;
    Ok(())
}
