//! What directory answers when it can't.

use crate::base::{Kind, Refusal as Refuses};
use crate::store::Stop;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such place.
    NoPlace,
    /// Another merchant runs the place.
    PlaceTaken,
    /// No such time zone.
    UnknownZone,
    /// One of two places to merge is none of its own any more.
    MergedAlready,
    /// No two letters.
    UnknownCountry,
}

impl Refuses for Refusal {
    fn name(&self) -> &'static str {
        match self {
            Refusal::NoPlace => "no-such-place",
            Refusal::PlaceTaken => "place-taken",
            Refusal::UnknownZone => "unknown-zone",
            Refusal::MergedAlready => "merged-already",
            Refusal::UnknownCountry => "unknown-country",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Refusal::NoPlace => Kind::NotFound,
            Refusal::PlaceTaken | Refusal::MergedAlready => Kind::Conflict,
            Refusal::UnknownZone | Refusal::UnknownCountry => Kind::Invalid,
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::NoPlace => "There is no such place.".into(),
            Refusal::PlaceTaken => "Another merchant runs this place already.".into(),
            Refusal::UnknownZone => "There is no such time zone. Please write it like Europe/Helsinki.".into(),
            Refusal::MergedAlready => "This place was merged with another one already.".into(),
            Refusal::UnknownCountry => "Please write the country as its two letters, such as FI.".into(),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Refusal::NoPlace | Refusal::PlaceTaken | Refusal::MergedAlready => None,
            Refusal::UnknownZone => Some("zone"),
            Refusal::UnknownCountry => Some("country"),
        }
    }
}

impl From<Refusal> for Stop<Refusal> {
    fn from(refusal: Refusal) -> Stop<Refusal> {
        Stop::Refuse(refusal)
    }
}
