//! The decisions of admin: what may still be changed of a city that trades.

use crate::admin::refusal::Refusal;
use crate::base::Currency;

/// Most places that a merchant is founded with: what one form and one transaction take with ease.
pub const MAX_PLACES: usize = 100;

/// Whether the city may keep its money in `wanted`: not while prices or postings are in `other`.
pub fn currency_is_free(now: Currency, wanted: Currency, other: Option<Currency>) -> Result<(), Refusal> {
    match other.filter(|_| now != wanted) {
        Some(used) => Err(Refusal::CurrencyInUse { used }),
        None => Ok(()),
    }
}

/// Whether a merchant can begin with so many places.
pub fn check_places(count: usize) -> Result<(), Refusal> {
    if (1..=MAX_PLACES).contains(&count) { Ok(()) } else { Err(Refusal::Places) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_changes_only_before_anything_is_in_another_one() {
        let (euro, yen) = (Currency::EUR, Currency::parse("JPY").unwrap());
        assert_eq!(currency_is_free(euro, yen, None), Ok(()));
        assert_eq!(currency_is_free(euro, yen, Some(euro)), Err(Refusal::CurrencyInUse { used: euro }));
        assert_eq!(currency_is_free(euro, euro, Some(yen)), Ok(()), "what stays needs no leave");
    }

    #[test]
    fn a_merchant_has_a_place_and_not_the_whole_town() {
        for (count, is_fine) in [(0, false), (1, true), (MAX_PLACES, true), (MAX_PLACES + 1, false)] {
            assert_eq!(check_places(count).is_ok(), is_fine, "{count}");
        }
    }
}
