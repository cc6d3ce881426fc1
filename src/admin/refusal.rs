//! What the operator is answered when something can't be.

use crate::accounts::Denied;
use crate::admin::rules::MAX_PLACES;
use crate::base::{self, Currency, Kind};
use crate::store::Stop;
use crate::{accounts, directory};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Denied(Denied),
    Directory(directory::Refusal),
    Accounts(accounts::Refusal),
    /// Prices or postings are in this currency already.
    CurrencyInUse {
        used: Currency,
    },
    /// No place, or too many.
    Places,
}

impl base::Refusal for Refusal {
    fn name(&self) -> &'static str {
        match self {
            Refusal::Denied(denied) => denied.name(),
            Refusal::Directory(refusal) => refusal.name(),
            Refusal::Accounts(refusal) => refusal.name(),
            Refusal::CurrencyInUse { .. } => "currency-in-use",
            Refusal::Places => "invalid-places",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Refusal::Denied(denied) => denied.kind(),
            // The operator may know who and what there is: for a form, a name that nothing goes by is a wrong field.
            Refusal::Directory(directory::Refusal::NoPlace) | Refusal::Accounts(accounts::Refusal::UnknownPerson) => {
                Kind::Invalid
            }
            Refusal::Directory(refusal) => refusal.kind(),
            Refusal::Accounts(refusal) => refusal.kind(),
            Refusal::CurrencyInUse { .. } => Kind::Conflict,
            Refusal::Places => Kind::Invalid,
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::Denied(denied) => denied.message(),
            Refusal::Directory(refusal) => refusal.message(),
            Refusal::Accounts(refusal) => refusal.message(),
            Refusal::CurrencyInUse { used } => format!(
                "There are prices or payments in {} already, and no amount ever changes its currency. A town that \
                 trades in another one begins with an empty data folder.",
                used.code()
            ),
            Refusal::Places => format!("Please name between 1 and {MAX_PLACES} places."),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Refusal::Denied(_) => None,
            Refusal::Directory(directory::Refusal::NoPlace | directory::Refusal::PlaceTaken) => Some("places"),
            Refusal::Directory(refusal) => refusal.field(),
            Refusal::Accounts(accounts::Refusal::UnknownPerson) => Some("owner"),
            Refusal::Accounts(refusal) => refusal.field(),
            Refusal::CurrencyInUse { .. } => Some("currency"),
            Refusal::Places => Some("places"),
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        Refusal::Denied(denied)
    }
}
impl From<directory::Refusal> for Refusal {
    fn from(refusal: directory::Refusal) -> Refusal {
        Refusal::Directory(refusal)
    }
}
impl From<accounts::Refusal> for Refusal {
    fn from(refusal: accounts::Refusal) -> Refusal {
        Refusal::Accounts(refusal)
    }
}
impl From<Refusal> for Stop<Refusal> {
    fn from(refusal: Refusal) -> Stop<Refusal> {
        Stop::Refuse(refusal)
    }
}
