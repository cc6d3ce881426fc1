//! What search learns of a place from its reviews: the mean that people see, and the score that the order by rating
//! compares.

use crate::base::{Fault, Id, Timestamp};
use crate::reviews::model::RATINGS;
use crate::reviews::queries::rating;
use crate::search::{Contributor, Document, Rating};
use crate::store::{Effect, Read};

/// The ratings of places, for search.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ratings;

impl Contributor for Ratings {
    fn touched(&self, _: &dyn Read, effect: &Effect) -> Result<Vec<[u8; 16]>, Fault> {
        let place = effect.place().filter(|(table, _)| *table == RATINGS.number());
        Ok(place.and_then(|(_, key)| key.try_into().ok()).into_iter().collect())
    }

    fn contribute(
        &mut self,
        read: &dyn Read,
        place: [u8; 16],
        _: Timestamp,
        document: &mut Document,
    ) -> Result<Option<Timestamp>, Fault> {
        let tally = rating(read, Id::from_bytes(place))?;
        if let Some(mean) = tally.mean_hundredths() {
            let hundredths = |stars: u32| u16::try_from(stars).unwrap_or(u16::MAX);
            document.rating =
                Rating { mean: hundredths(mean), score: hundredths(tally.score_hundredths()), count: tally.count() };
        }
        Ok(None)
    }
}
