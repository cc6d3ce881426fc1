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

    /// Reads a three-letter code; `None` for what ISO 4217 does not list or gives no minor unit (XAU, XXX).
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
        self.checked_add(other.checked_neg()?)
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
