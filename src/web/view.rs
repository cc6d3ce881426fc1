//! What templates of several capabilities show: plain strings, ready to print. A page struct that only one template
//! has stands beside its handler instead.

use crate::base::Money;
use crate::base::money::percent_off;

/// The card of a place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceCard {
    pub url: String,
    pub name: String,
    pub category: String,
    /// SVG of `web::cover`.
    pub cover: String,
    /// `€€`, or empty.
    pub price_level: String,
    pub distance: Option<String>,
    pub address: String,
    pub rating: Option<Rating>,
    pub open: Open,
    pub deal: Option<String>,
}

/// The card of an offer in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferCard {
    pub url: String,
    pub title: String,
    /// `Maya Bar & Grill, Mikonkatu 18`
    pub place: String,
    /// SVG of `web::cover`.
    pub cover: String,
    pub price: Price,
    /// `Ends today 18:00, 9 left`
    pub note: String,
}

/// A price as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    pub now: String,
    /// What it costs otherwise, if that is more.
    pub was: Option<String>,
    /// `29 % off`
    pub off: Option<String>,
}

impl Price {
    /// The percentage is computed, never typed.
    pub fn of(price: Money, list_price: Money) -> Price {
        let percent = percent_off(list_price, price);
        Price {
            now: price.to_string(),
            was: (list_price.amount > price.amount).then(|| list_price.to_string()),
            off: (percent > 0).then(|| format!("{percent}\u{a0}% off")),
        }
    }
}

/// Whether a place is open, as a badge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// `open`, `closing` or `closed`
    pub state: &'static str,
    /// Empty where nothing is known.
    pub text: String,
}

/// What reviews come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    pub average: String,
    pub count: u32,
}

/// One review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub rating: u8,
    /// Empty for stars alone.
    pub text: String,
    pub by: String,
    /// `Visited in November 2026`; none if the use was taken back.
    pub visited: Option<String>,
    pub reply: Option<String>,
    pub edited: bool,
}

/// Ways to the pages of a list before and after this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pager {
    pub previous: Option<String>,
    pub next: Option<String>,
    /// `21 to 40 of 312`
    pub text: String,
}

/// A filter as a link, which sets it or drops it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    pub label: String,
    pub count: Option<u32>,
    pub url: String,
    pub active: bool,
}

/// One of several in a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
    /// Only radio buttons show it.
    pub hint: String,
    pub chosen: bool,
}

/// A row of a list of facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

/// How a thing stands, as a badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// `good`, `soon`, `bad`, `over`, or empty.
    pub tone: &'static str,
    pub text: String,
}

/// A figure that leads to the rows behind it; to nothing if the URL is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub label: String,
    pub value: String,
    pub note: String,
    pub url: String,
}

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceLine {
    pub url: String,
    pub name: String,
    pub address: String,
    pub directions_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    pub label: String,
}

/// A form that is one button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub url: String,
    pub label: String,
    /// Classes of `.btn`: `go`, `risk`, or empty.
    pub look: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Currency;

    #[test]
    fn a_price_shows_what_it_was_only_where_that_was_more() {
        let euros = |amount| Money::new(amount, Currency::EUR);
        let deal = Price::of(euros(2400), euros(3400));
        assert_eq!(deal.was, Some(euros(3400).to_string()));
        assert_eq!(deal.off.as_deref(), Some("29\u{a0}% off"));
        let plain = Price::of(euros(2400), euros(2400));
        assert_eq!((plain.was, plain.off), (None, None));
    }
}
