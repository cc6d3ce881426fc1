//! What the desk reads of the rooms below: only what its person may see, newest first, in bounded pages.

use crate::accounts::{Action, Denied, MerchantId, PlaceId, Viewer};
use crate::base::{Fault, Timestamp};
use crate::directory::{self, Place};
use crate::orders::{self, Fulfilment, Order, OrderId};
use crate::payments::PaymentState;
use crate::store::{Read, Stop};
use crate::vouchers::{self, Redemption, RedemptionId};

/// Rows that one page looks at; where a filter leaves few, the next page goes on from there.
const MAX_LOOKED_AT: usize = 2000;
const AT_ONCE: usize = 100;

/// A merchant as one of its people sees it.
#[derive(Debug)]
pub struct Desk {
    pub merchant: MerchantId,
    pub name: String,
    /// The places that the person may see; all of the merchant's, for most.
    pub places: Vec<(PlaceId, Place)>,
    sees_all: bool,
}

impl Desk {
    /// The desk, if the viewer may do this at the merchant or at some of its places.
    pub fn open(read: &dyn Read, viewer: &Viewer, merchant: MerchantId, action: Action) -> Result<Desk, Stop<Denied>> {
        let whole = viewer.may_at(action, merchant, None);
        let name = directory::merchant(read, merchant)?.ok_or(Denied::NotFound)?.name.to_string();
        let mut places = directory::places_of(read, merchant)?;
        places.retain(|(place, _)| whole.is_ok() || viewer.may_at(action, merchant, Some(*place)).is_ok());
        match whole {
            Err(denied) if places.is_empty() => Err(denied.into()),
            whole => Ok(Desk { merchant, name, places, sees_all: whole.is_ok() }),
        }
    }

    pub fn sees(&self, place: PlaceId) -> bool {
        self.sees_all || self.places.iter().any(|(seen, _)| *seen == place)
    }

    pub fn place(&self, id: PlaceId) -> Option<&Place> {
        self.places.iter().find(|(seen, _)| *seen == id).map(|(_, place)| place)
    }
}

/// A page of rows, and after which row the next one begins.
#[derive(Debug)]
pub struct Rows<K, V> {
    pub rows: Vec<(K, V)>,
    pub next: Option<K>,
}

/// Which orders to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    All,
    Today,
    /// Something of it can still be used.
    Open,
    AtTill,
    Cancelled,
}

impl Shown {
    pub const EACH: [Shown; 5] = [Shown::All, Shown::Today, Shown::Open, Shown::AtTill, Shown::Cancelled];

    /// As the address spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Shown::All => "all",
            Shown::Today => "today",
            Shown::Open => "open",
            Shown::AtTill => "at-till",
            Shown::Cancelled => "cancelled",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Shown::All => "All",
            Shown::Today => "Today",
            Shown::Open => "Still to be used",
            Shown::AtTill => "To be paid at the till",
            Shown::Cancelled => "Cancelled",
        }
    }

    pub fn parse(name: &str) -> Shown {
        Shown::EACH.into_iter().find(|shown| shown.name() == name).unwrap_or(Shown::All)
    }
}

/// The merchant's orders, newest first.
pub fn orders(
    read: &dyn Read,
    desk: &Desk,
    shown: Shown,
    midnight: Timestamp,
    after: Option<OrderId>,
    limit: usize,
) -> Result<Rows<OrderId, Order>, Fault> {
    let fetch = |after| orders::of_merchant(read, desk.merchant, after, AT_ONCE);
    let is_mine =
        |order: &Order| order.lines.iter().any(|line| line.merchant == desk.merchant && desk.sees(line.place));
    let keep = |id: OrderId, order: &Order| {
        Ok(is_mine(order)
            && match shown {
                Shown::All | Shown::Today => true,
                Shown::Open => order.fulfilment == Fulfilment::Open && is_usable(read, id)?,
                Shown::AtTill => orders::payment_of(read, id)? == Some(PaymentState::AtTill),
                Shown::Cancelled => order.fulfilment == Fulfilment::Cancelled,
            })
    };
    let since = if shown == Shown::Today { midnight } else { Timestamp::MIN };
    page(fetch, keep, |order| order.at >= since, after, limit)
}

/// Paid, or promised to be paid at the till: there is a voucher that works.
fn is_usable(read: &dyn Read, id: OrderId) -> Result<bool, Fault> {
    let payment = orders::payment_of(read, id)?;
    Ok(matches!(payment, Some(PaymentState::Paid { .. } | PaymentState::AtTill)))
}

/// The merchant's redemptions, newest first; undone ones too.
pub fn redemptions(
    read: &dyn Read,
    desk: &Desk,
    since: Timestamp,
    after: Option<(Timestamp, RedemptionId)>,
    limit: usize,
) -> Result<Rows<(Timestamp, RedemptionId), Redemption>, Fault> {
    let fetch = |after| {
        let rows = vouchers::redemptions_of_merchant(read, desk.merchant, after, AT_ONCE)?;
        Ok(rows.into_iter().map(|(id, redemption)| ((redemption.at, id), redemption)).collect())
    };
    page(fetch, |_, redemption| Ok(desk.sees(redemption.place)), |redemption| redemption.at >= since, after, limit)
}

/// Rows that are kept, from after `after` on, until one is too old.
fn page<K: Copy, V>(
    fetch: impl Fn(Option<K>) -> Result<Vec<(K, V)>, Fault>,
    keep: impl Fn(K, &V) -> Result<bool, Fault>,
    is_recent: impl Fn(&V) -> bool,
    after: Option<K>,
    limit: usize,
) -> Result<Rows<K, V>, Fault> {
    let (mut rows, mut last, mut looked_at) = (Vec::new(), after, 0);
    loop {
        let fetched = fetch(last)?;
        let is_end = fetched.len() < AT_ONCE;
        for (key, value) in fetched {
            if !is_recent(&value) {
                return Ok(Rows { rows, next: None });
            }
            if rows.len() == limit || looked_at == MAX_LOOKED_AT {
                return Ok(Rows { rows, next: last });
            }
            if keep(key, &value)? {
                rows.push((key, value));
            }
            last = Some(key);
            looked_at += 1;
        }
        if is_end {
            return Ok(Rows { rows, next: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 1,000 down to 1.
    fn numbers(after: Option<u32>) -> Result<Vec<(u32, u32)>, Fault> {
        Ok((1..after.unwrap_or(1001)).rev().take(AT_ONCE).map(|number| (number, number)).collect())
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition_and_end() {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let found = page(numbers, |_, number| Ok(number % 7 == 0), |_| true, after, 20).unwrap();
            assert!(found.rows.len() <= 20);
            seen.extend(found.rows.into_iter().map(|(number, _)| number));
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, (1..=1000).rev().filter(|number| number % 7 == 0).collect::<Vec<_>>());
    }

    #[test]
    fn a_list_ends_at_the_first_row_that_is_too_old() {
        let found = page(numbers, |_, _| Ok(true), |number| *number > 990, None, 20).unwrap();
        assert_eq!((found.rows.len(), found.next), (10, None));
    }

    #[test]
    fn what_a_page_looks_at_is_bounded() {
        let endless = |after: Option<u32>| -> Result<Vec<(u32, ())>, Fault> {
            let first = after.map_or(0, |last| last + 1);
            Ok((first..).take(AT_ONCE).map(|number| (number, ())).collect())
        };
        let found = page(endless, |_, ()| Ok(false), |()| true, None, 20).unwrap();
        assert_eq!((found.rows.len(), found.next), (0, Some(1999)));
    }
}
