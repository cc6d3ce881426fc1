//! Why a review or a reply is not taken, in words for the person who wrote it.

use crate::accounts::Denied;
use crate::base::text::TextFault;
use crate::base::{self, Kind};
use crate::reviews::model::{Aspect, MAX_STARS};
use crate::store::Stop;

/// Why a review or a reply is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Denied(Denied),
    /// Nothing of the order was used at the place.
    NotConsumed,
    /// This transaction has its review.
    AlreadyReviewed,
    /// The author has changed it before.
    AlreadyChanged,
    /// The place has answered, and changed the answer.
    AlreadyReplied,
    Stars,
    Aspects,
    Text(TextFault),
}

impl base::Refusal for Refusal {
    fn name(&self) -> &'static str {
        match self {
            Refusal::Denied(denied) => denied.name(),
            Refusal::NotConsumed => "not-consumed",
            Refusal::AlreadyReviewed => "already-reviewed",
            Refusal::AlreadyChanged => "already-changed",
            Refusal::AlreadyReplied => "already-replied",
            Refusal::Stars => "invalid-rating",
            Refusal::Aspects => "invalid-aspects",
            Refusal::Text(_) => "invalid-text",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Refusal::Denied(denied) => denied.kind(),
            Refusal::NotConsumed => Kind::Forbidden,
            Refusal::AlreadyReviewed | Refusal::AlreadyChanged | Refusal::AlreadyReplied => Kind::Conflict,
            Refusal::Stars | Refusal::Aspects | Refusal::Text(_) => Kind::Invalid,
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::Denied(denied) => denied.message(),
            Refusal::NotConsumed => {
                "A review is open to you as soon as you have used something of this order at the place.".into()
            }
            Refusal::AlreadyReviewed => {
                "You have reviewed this visit. You can change that review once; your next visit has its own.".into()
            }
            Refusal::AlreadyChanged => "You have changed this review once, and it stays as it is now.".into(),
            Refusal::AlreadyReplied => "This reply was changed once, and it stays as it is now.".into(),
            Refusal::Stars => format!("Please give 1 to {MAX_STARS} stars."),
            Refusal::Aspects => {
                let names = Aspect::ALL.map(Aspect::name).join(", ");
                format!("Please give 1 to {MAX_STARS} stars for any of: {names}.")
            }
            Refusal::Text(fault) => fault.to_string(),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Refusal::Stars => Some("rating"),
            Refusal::Aspects => Some("aspects"),
            Refusal::Text(_) => Some("text"),
            Refusal::Denied(_)
            | Refusal::NotConsumed
            | Refusal::AlreadyReviewed
            | Refusal::AlreadyChanged
            | Refusal::AlreadyReplied => None,
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        Refusal::Denied(denied)
    }
}
impl From<Refusal> for Stop<Refusal> {
    fn from(refusal: Refusal) -> Stop<Refusal> {
        Stop::Refuse(refusal)
    }
}
