//! What the operator's pages and commands read of the city as a whole.

use crate::base::{Currency, Fault};
use crate::directory;
use crate::kernel::ledger;
use crate::offers;
use crate::store::Read;

/// A currency other than this one that there are prices or postings in.
pub fn currency_beside(read: &dyn Read, currency: Currency) -> Result<Option<Currency>, Fault> {
    let posted = ledger::currencies(read)?.into_iter().find(|used| *used != currency);
    match posted {
        Some(used) => Ok(Some(used)),
        None => offers::priced_otherwise(read, currency),
    }
}

/// How far a new city is on its way to the first deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// It has a name, a zone and a currency of its own.
    pub is_set_up: bool,
    pub has_places: bool,
    pub has_merchants: bool,
}

impl Progress {
    pub fn of(read: &dyn Read) -> Result<Progress, Fault> {
        Ok(Progress {
            is_set_up: directory::find_city(read)?.is_some(),
            has_places: directory::has_places(read)?,
            has_merchants: !directory::merchants(read, None, 1)?.is_empty(),
        })
    }

    pub fn is_done(self) -> bool {
        self.is_set_up && self.has_places && self.has_merchants
    }
}
