//! Money as the API spells it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{Currency, Money};

/// An amount in minor units: 1250 is 12.50 EUR, and 1250 JPY.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoneyJson {
    pub amount: i64,
    /// ISO 4217, such as `EUR`
    pub currency: String,
}

impl From<Money> for MoneyJson {
    fn from(money: Money) -> MoneyJson {
        MoneyJson { amount: money.amount, currency: money.currency.code().to_owned() }
    }
}

impl MoneyJson {
    /// The amount, if there is such a currency.
    pub fn money(&self) -> Option<Money> {
        Currency::parse(&self.currency).map(|currency| Money::new(self.amount, currency))
    }
}
