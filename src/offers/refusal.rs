//! Why an offer is not changed or not sold, in words for the person who asked.

use crate::accounts::Denied;
use crate::base::{self, Kind};
use crate::offers::rules::Phase;
use crate::store::Stop;

/// Why an offer is not changed or not sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Denied(Denied),
    /// A field of the form is wrong: its name, and what to do about it.
    Field {
        name: &'static str,
        advice: &'static str,
    },
    /// It is not sold at this time, or not any more.
    SaleClosed(Phase),
    /// The step does not fit how the offer stands.
    WrongStanding {
        now: Phase,
    },
}

impl base::Refusal for Refusal {
    fn name(&self) -> &'static str {
        match self {
            Refusal::Denied(denied) => denied.name(),
            Refusal::Field { .. } => "invalid-field",
            Refusal::SaleClosed(_) => "sale-closed",
            Refusal::WrongStanding { .. } => "wrong-state",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Refusal::Denied(denied) => denied.kind(),
            Refusal::Field { .. } => Kind::Invalid,
            Refusal::SaleClosed(_) | Refusal::WrongStanding { .. } => Kind::Conflict,
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::Denied(denied) => denied.message(),
            Refusal::Field { advice, .. } => (*advice).into(),
            Refusal::SaleClosed(Phase::Scheduled) => "The sale has not begun yet. Come back when it opens.".into(),
            Refusal::SaleClosed(Phase::Paused) => "The merchant has paused this sale. Please look again later.".into(),
            Refusal::SaleClosed(_) => "This sale is over. Look what else there is nearby.".into(),
            Refusal::WrongStanding { now } => {
                format!("This can't be done while the offer is \"{}\".", now.name())
            }
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Refusal::Field { name, .. } => Some(name),
            Refusal::Denied(_) | Refusal::SaleClosed(_) | Refusal::WrongStanding { .. } => None,
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
