//! Money: whole minor units and a currency. Never a float; every sum is checked.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency that has minor units.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Currency(#[cbor(n(0), with = "minicbor::bytes")] [u8; 3]);

impl Currency {
    pub const EUR: Currency = Currency(*b"EUR");

    /// Reads a three-letter code; `None` for what ISO 4217 does not list or gives no minor unit (XAU, XTS).
    pub fn parse(code: &str) -> Option<Currency> {
        let known = iso_currency::Currency::from_code(code)?;
        known.exponent()?;
        Some(Currency(known.code().as_bytes().try_into().ok()?))
    }

    /// The three letters: `EUR`.
    pub fn code(&self) -> &str {
        // Only ASCII letters get in, by `parse` and by the constants; bytes of a damaged row show as "???".
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Decimal places of the minor unit: EUR 2, JPY 0, KWD 3.
    pub fn exponent(&self) -> u32 {
        iso_currency::Currency::from_code(self.code()).and_then(|known| known.exponent()).map_or(2, u32::from)
    }

    /// The sign that people know (`€`), or the code where there is none.
    pub fn sign(&self) -> String {
        iso_currency::Currency::from_code(self.code())
            .map(|known| known.symbol().symbol)
            .unwrap_or_else(|| self.code().to_owned())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Currency::parse(&code).ok_or_else(|| serde::de::Error::custom("not an ISO 4217 currency"))
    }
}

/// An amount of money. On the wire: `{"amount": 1250, "currency": "EUR"}`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: 1250 is 12.50 EUR, and 1250 JPY.
    #[n(0)]
    pub amount: i64,
    #[n(1)]
    pub currency: Currency,
}

/// A sum that has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyFault {
    #[error("amounts of two currencies can't be added")]
    Currencies,
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    pub const fn new(amount: i64, currency: Currency) -> Money {
        Money { amount, currency }
    }

    pub const fn zero(currency: Currency) -> Money {
        Money { amount: 0, currency }
    }

    pub fn checked_add(self, other: Money) -> Result<Money, MoneyFault> {
        if self.currency != other.currency {
            return Err(MoneyFault::Currencies);
        }
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyFault::Overflow)?;
        Ok(Money { amount, ..self })
    }

    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyFault> {
        if self.currency != other.currency {
            return Err(MoneyFault::Currencies);
        }
        let amount = self.amount.checked_sub(other.amount).ok_or(MoneyFault::Overflow)?;
        Ok(Money { amount, ..self })
    }

    pub fn checked_neg(self) -> Result<Money, MoneyFault> {
        let amount = self.amount.checked_neg().ok_or(MoneyFault::Overflow)?;
        Ok(Money { amount, ..self })
    }

    pub fn checked_times(self, quantity: u32) -> Result<Money, MoneyFault> {
        let amount = self.amount.checked_mul(i64::from(quantity)).ok_or(MoneyFault::Overflow)?;
        Ok(Money { amount, ..self })
    }

    /// Splits by weight so that the parts sum to the whole to the last minor unit (largest remainder; ties go to
    /// the earlier part). Weights that sum to zero count as equal; no weights give no parts.
    pub fn split(self, weights: &[u32]) -> Vec<Money> {
        let equal = vec![1; weights.len()];
        let weights = if weights.iter().all(|weight| *weight == 0) { &equal[..] } else { weights };
        let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        let size = i128::from(self.amount).abs();
        let exact = |weight: &u32| size * i128::from(*weight);
        let mut parts: Vec<i128> = weights.iter().map(|weight| exact(weight) / total).collect();
        let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
        by_remainder.sort_by_key(|at| std::cmp::Reverse(exact(&weights[*at]) % total));
        let left = usize::try_from(size - parts.iter().sum::<i128>()).unwrap_or(0);
        for at in by_remainder.into_iter().take(left) {
            parts[at] += 1;
        }
        let sign = i128::from(self.amount.signum());
        let to_money = |part: i128| Money { amount: (part * sign) as i64, ..self };
        parts.into_iter().map(to_money).collect()
    }

    /// Reads what a person types in a form: `12`, `12.5`, `12,50`. `None` for a sign, for more decimal places than
    /// the currency has, or for more than fits.
    pub fn parse(text: &str, currency: Currency) -> Option<Money> {
        let text = text.trim();
        let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let digits_only = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let places = currency.exponent() as usize;
        if whole.is_empty() || !digits_only(whole) || !digits_only(part) || part.len() > places {
            return None;
        }
        let amount = format!("{whole}{part:0<places$}").parse().ok()?;
        Some(Money { amount, currency })
    }

    /// The number alone, as a form field shows it: `12.50`.
    pub fn plain(self) -> String {
        let places = self.currency.exponent() as usize;
        let sign = if self.amount < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.amount.unsigned_abs(), width = places + 1);
        let (whole, part) = digits.split_at(digits.len() - places);
        if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
    }
}

/// By how many percent `price` is below `list`, rounded down so that it never promises too much; 0 if it is not.
pub fn percent_off(list: Money, price: Money) -> u8 {
    if list.currency != price.currency || list.amount <= 0 || price.amount >= list.amount {
        return 0;
    }
    let off = i128::from(list.amount) - i128::from(price.amount.max(0));
    u8::try_from(off * 100 / i128::from(list.amount)).unwrap_or(100)
}

impl fmt::Display for Money {
    /// As people read it: `12.50 €`, with a space that does not break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\u{a0}{}", self.plain(), self.currency.sign())
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plain(), self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency() -> impl Strategy<Value = Currency> {
        proptest::sample::select(vec!["EUR", "USD", "JPY", "KWD", "ISK", "TND", "CHF"])
            .prop_map(|code| Currency::parse(code).unwrap())
    }

    fn money() -> impl Strategy<Value = Money> {
        let amount = prop_oneof![any::<i64>(), -1000..1000_i64, Just(i64::MIN), Just(i64::MAX)];
        (amount, currency()).prop_map(|(amount, currency)| Money { amount, currency })
    }

    fn weights() -> impl Strategy<Value = Vec<u32>> {
        proptest::collection::vec(prop_oneof![any::<u32>(), 0..5_u32, Just(u32::MAX)], 1..12)
    }

    fn amounts(parts: &[Money]) -> Vec<i64> {
        parts.iter().map(|part| part.amount).collect()
    }

    proptest! {
        #[test]
        fn the_parts_of_a_split_sum_to_the_whole(money in money(), weights in weights()) {
            let parts = money.split(&weights);
            prop_assert_eq!(parts.len(), weights.len());
            prop_assert_eq!(parts.iter().map(|part| i128::from(part.amount)).sum::<i128>(), i128::from(money.amount));
            prop_assert!(parts.iter().all(|part| part.currency == money.currency));
        }

        #[test]
        fn every_part_is_within_one_minor_unit_of_its_exact_share(money in money(), weights in weights()) {
            let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
            prop_assume!(total > 0);
            for (part, weight) in money.split(&weights).iter().zip(&weights) {
                let off = i128::from(part.amount) * total - i128::from(money.amount) * i128::from(*weight);
                prop_assert!(off.abs() < total);
                prop_assert!(*weight > 0 || part.amount == 0, "a weight of zero gets nothing");
                prop_assert!(part.amount.signum() * money.amount.signum() >= 0, "no part has the other sign");
            }
        }

        #[test]
        fn a_debt_splits_as_the_credit_does(money in money(), weights in weights()) {
            if let Ok(debt) = money.checked_neg() {
                let mirrored: Vec<i64> = money.split(&weights).iter().map(|part| -part.amount).collect();
                prop_assert_eq!(amounts(&debt.split(&weights)), mirrored);
            }
        }

        #[test]
        fn what_a_form_shows_is_read_back(amount in prop_oneof![0..=i64::MAX, 0..100_000_i64], currency in currency()) {
            let money = Money { amount, currency };
            prop_assert_eq!(Money::parse(&money.plain(), currency), Some(money));
            prop_assert_eq!(Money::parse(&money.plain().replace('.', ","), currency), Some(money));
        }

        #[test]
        fn a_form_shows_as_many_places_as_the_currency_has(money in money()) {
            let plain = money.plain();
            let places = plain.split_once('.').map_or(0, |(_, places)| places.len());
            prop_assert_eq!(places as u32, money.currency.exponent());
            prop_assert_eq!(plain.starts_with('-'), money.amount < 0);
        }

        #[test]
        fn no_text_panics_nor_is_read_as_a_debt(text in any::<String>(), currency in currency()) {
            prop_assert!(Money::parse(&text, currency).is_none_or(|money| money.amount >= 0));
            let _ = Currency::parse(&text);
        }

        #[test]
        fn json_and_rows_are_read_back(money in money()) {
            prop_assert_eq!(serde_json::from_str::<Money>(&serde_json::to_string(&money).unwrap()).unwrap(), money);
            prop_assert_eq!(minicbor::decode::<Money>(&minicbor::to_vec(money).unwrap()).unwrap(), money);
        }

        #[test]
        fn sums_are_exact_or_refused(a in any::<i64>(), b in any::<i64>(), quantity in any::<u32>()) {
            let (one, other) = (Money::new(a, Currency::EUR), Money::new(b, Currency::EUR));
            let exact = |sum: i128| i64::try_from(sum).map_err(|_| MoneyFault::Overflow);
            prop_assert_eq!(one.checked_add(other).map(|sum| sum.amount), exact(i128::from(a) + i128::from(b)));
            prop_assert_eq!(
                one.checked_times(quantity).map(|sum| sum.amount),
                exact(i128::from(a) * i128::from(quantity))
            );
            prop_assert_eq!(one.checked_sub(other).map(|sum| sum.amount), exact(i128::from(a) - i128::from(b)));
        }

        #[test]
        fn the_percentage_never_promises_too_much(list in 1..=i64::MAX, price in any::<i64>()) {
            let (list, price) = (Money::new(list, Currency::EUR), Money::new(price, Currency::EUR));
            let percent = i128::from(percent_off(list, price));
            prop_assert!(percent <= 100);
            let saved = i128::from(list.amount) - i128::from(price.amount.max(0));
            prop_assert!(percent == 0 || percent * i128::from(list.amount) <= saved * 100);
        }
    }

    #[test]
    fn largest_remainders_come_first_and_ties_go_to_the_earlier_part() {
        let euro = |amount| Money::new(amount, Currency::EUR);
        assert_eq!(amounts(&euro(100).split(&[1, 1, 1])), [34, 33, 33]);
        assert_eq!(amounts(&euro(-100).split(&[1, 1, 1])), [-34, -33, -33]);
        assert_eq!(amounts(&euro(10).split(&[0, 0])), [5, 5]);
        assert_eq!(amounts(&euro(100).split(&[1, 2, 4])), [14, 29, 57]);
        assert!(euro(100).split(&[]).is_empty());
    }

    #[test]
    fn currencies_have_the_places_of_iso_4217() {
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("ISK", 0), ("HUF", 2), ("TND", 3)] {
            assert_eq!(Currency::parse(code).map(|currency| currency.exponent()), Some(exponent), "{code}");
        }
    }

    #[test]
    fn what_has_no_minor_unit_is_no_currency() {
        for code in ["XAU", "XTS", "eur", "EU", "EURO", "", "€"] {
            assert_eq!(Currency::parse(code), None, "{code}");
        }
    }

    #[test]
    fn people_type_money_in_the_ways_of_their_currency_only() {
        let read = |text: &str, code: &str| Money::parse(text, Currency::parse(code).unwrap()).map(|m| m.amount);
        assert_eq!(read(" 12 ", "EUR"), Some(1200));
        assert_eq!(read("12.5", "EUR"), Some(1250));
        assert_eq!(read("12,50", "EUR"), Some(1250));
        assert_eq!(read("0.125", "KWD"), Some(125));
        assert_eq!(read("1250", "JPY"), Some(1250));
        for wrong in ["", ".", ".5", "-1", "+1", "1.234", "1,234.50", "1 000", "1e3", "٣", "99999999999999999999"] {
            assert_eq!(read(wrong, "EUR"), None, "{wrong}");
        }
        assert_eq!(read("1.5", "JPY"), None);
    }

    #[test]
    fn amounts_of_two_currencies_are_never_added() {
        let yen = Money::new(1, Currency::parse("JPY").unwrap());
        assert_eq!(Money::new(1, Currency::EUR).checked_add(yen), Err(MoneyFault::Currencies));
        assert_eq!(percent_off(Money::new(10, Currency::EUR), yen), 0);
    }

    #[test]
    fn people_read_money_with_its_sign() {
        assert_eq!(Money::new(-1250, Currency::EUR).to_string(), "-12.50\u{a0}€");
        assert_eq!(format!("{:?}", Money::new(5, Currency::parse("KWD").unwrap())), "0.005 KWD");
    }

    #[test]
    fn the_smallest_amount_has_no_negative() {
        let least = Money::new(i64::MIN, Currency::EUR);
        assert_eq!(least.checked_neg(), Err(MoneyFault::Overflow));
        assert_eq!(Money::new(-1, Currency::EUR).checked_sub(least).map(|money| money.amount), Ok(i64::MAX));
    }
}
