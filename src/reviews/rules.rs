//! The decisions of reviews: what may be said, when it may be changed, and how the score of a place is made.
//!
//! The published formula: `score = (PRIOR_WEIGHT x prior + sum of all stars) / (PRIOR_WEIGHT + number of reviews)`.

use crate::accounts::PersonId;
use crate::base::Timestamp;
use crate::base::text::TextFault;
use crate::reviews::model::{
    Aspect, Change, MAX_STARS, Reply, ReplyChange, ReplyText, Review, ReviewText, Stars, Tally, Words,
};
use crate::reviews::refusal::Refusal;
use crate::vouchers::Redemption;

/// The score that every place starts from, in hundredths of a star: low enough that one glad friend (5 stars, score
/// 3.75) does not pass a hundred guests with 3.8 stars on average (score 3.79).
pub const PRIOR_HUNDREDTHS: u32 = 350;
/// As many reviews as that start counts for.
pub const PRIOR_WEIGHT: u32 = 5;

/// The stars that somebody gives.
pub fn stars(given: u8) -> Result<Stars, Refusal> {
    Stars::new(given).ok_or(Refusal::Stars)
}

/// The stars for single aspects, each at most once.
pub fn aspects<'a>(given: impl IntoIterator<Item = (&'a str, u8)>) -> Result<Vec<(Aspect, Stars)>, Refusal> {
    let mut aspects = Vec::new();
    for (name, number) in given {
        let aspect = Aspect::parse(name).ok_or(Refusal::Aspects)?;
        aspects.push((aspect, Stars::new(number).ok_or(Refusal::Aspects)?));
    }
    aspects.sort_unstable_by_key(|(aspect, _)| *aspect);
    let is_twice = aspects.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other));
    if is_twice { Err(Refusal::Aspects) } else { Ok(aspects) }
}

/// The words of a review; stars alone are a review too.
pub fn text(typed: &str) -> Result<Option<ReviewText>, Refusal> {
    match ReviewText::parse(typed) {
        Ok(text) => Ok(Some(text)),
        Err(TextFault::Empty) => Ok(None),
        Err(fault) => Err(Refusal::Text(fault)),
    }
}

/// The words of a reply.
pub fn reply_text(typed: &str) -> Result<ReplyText, Refusal> {
    ReplyText::parse(typed).map_err(Refusal::Text)
}

/// The use by which a transaction counts as completed: the first that was not taken back. What became of the money
/// later does not matter: who was treated badly and got it back may say so.
pub fn completing(uses: &[Redemption]) -> Option<&Redemption> {
    uses.iter().find(|one| one.undone.is_none())
}

/// The review in other words: its author changes it once. The same words again change nothing.
pub fn changed(review: &Review, words: Words, at: Timestamp) -> Result<Review, Refusal> {
    if review.words == words {
        return Ok(review.clone());
    }
    if review.change.is_some() {
        return Err(Refusal::AlreadyChanged);
    }
    let change = Change { at, before: review.words.clone() };
    Ok(Review { words, change: Some(change), ..review.clone() })
}

/// The reply to a review: a first one, or the one change of it. The same text again changes nothing.
pub fn replied(before: Option<&Reply>, text: ReplyText, by: PersonId, at: Timestamp) -> Result<Reply, Refusal> {
    match before {
        None => Ok(Reply { text, by, at, change: None }),
        Some(old) if old.text == text => Ok(old.clone()),
        Some(old) if old.change.is_some() => Err(Refusal::AlreadyReplied),
        Some(old) => {
            let change = ReplyChange { at, text: old.text.clone(), by: old.by };
            Ok(Reply { text, by, at: old.at, change: Some(change) })
        }
    }
}

impl Tally {
    /// With one more review of so many stars.
    #[must_use]
    pub fn with(mut self, stars: Stars) -> Tally {
        if let Some(count) = self.count_mut(stars) {
            *count = count.saturating_add(1);
        }
        self
    }

    /// With one review less of so many stars.
    #[must_use]
    pub fn without(mut self, stars: Stars) -> Tally {
        if let Some(count) = self.count_mut(stars) {
            *count = count.saturating_sub(1);
        }
        self
    }

    fn count_mut(&mut self, stars: Stars) -> Option<&mut u32> {
        self.counts.get_mut(usize::from(stars.number()) - 1)
    }

    /// Number of reviews.
    pub fn count(&self) -> u32 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Sum of all stars.
    pub fn sum(&self) -> u64 {
        (1..).zip(self.counts).map(|(stars, count): (u64, u32)| stars * u64::from(count)).sum()
    }

    /// The plain mean in hundredths of a star; none without reviews.
    pub fn mean_hundredths(&self) -> Option<u32> {
        let count = u64::from(self.count());
        (count > 0).then(|| rounded(self.sum() * 100, count))
    }

    /// The published score in hundredths of a star.
    pub fn score_hundredths(&self) -> u32 {
        let prior = u64::from(PRIOR_HUNDREDTHS) * u64::from(PRIOR_WEIGHT);
        rounded(prior + self.sum() * 100, u64::from(PRIOR_WEIGHT) + u64::from(self.count()))
    }

    /// What part of all reviews gave so many stars, in percent; five first.
    pub fn histogram(&self) -> [Bar; MAX_STARS as usize] {
        let all = u64::from(self.count()).max(1);
        let mut stars = 0;
        let mut bars = self.counts.map(|count| {
            stars += 1;
            Bar { stars, count, percent: rounded(u64::from(count) * 100, all) }
        });
        bars.reverse();
        bars
    }
}

/// One row of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    pub stars: u8,
    pub count: u32,
    pub percent: u32,
}

/// Half up.
fn rounded(part: u64, whole: u64) -> u32 {
    u32::try_from((part + whole / 2) / whole).unwrap_or(u32::MAX)
}

/// Hundredths of a star as people read them: `4.3`.
pub fn shown(hundredths: u32) -> String {
    let tenths = (hundredths + 5) / 10;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests;
