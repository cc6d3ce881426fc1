//! What accounts asks of the directory above it about the merchants that a person works for; wired by `app.rs`.

use crate::accounts::model::{MerchantId, PlaceId};
use crate::base::Fault;
use crate::store::Read;

/// An extension of the router. Until it is wired, merchants have no names and no places.
#[derive(Clone, Copy, Debug)]
pub struct Workplaces {
    /// What the merchant is called.
    pub name: fn(&dyn Read, MerchantId) -> Result<Option<String>, Fault>,
    /// Every place of the merchant.
    pub places: fn(&dyn Read, MerchantId) -> Result<Vec<PlaceId>, Fault>,
}

impl Default for Workplaces {
    fn default() -> Workplaces {
        Workplaces { name: |_, _| Ok(None), places: |_, _| Ok(Vec::new()) }
    }
}
