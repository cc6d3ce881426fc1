//! What holders, tills and the desk read of vouchers.

use jiff::tz::TimeZone;

use crate::accounts::{self, MerchantId, PersonId, PlaceId};
use crate::base::{Fault, Id, Timestamp};
use crate::directory;
use crate::store::{Read, Span};
use crate::vouchers::model::{
    Edge, REDEMPTIONS, REDEMPTIONS_BY_MERCHANT, REDEMPTIONS_BY_ORDER, REDEMPTIONS_BY_PLACE, REDEMPTIONS_BY_VOUCHER,
    Redemption, RedemptionId, VOUCHER_EDGES, VOUCHERS, VOUCHERS_AT_TILL, VOUCHERS_BY_HOLDER, Voucher, VoucherId,
};
use crate::vouchers::refusal::Refusal;

/// A voucher that another row names.
pub fn require(read: &dyn Read, id: VoucherId) -> Result<Voucher, Fault> {
    read.must_get(&VOUCHERS, &id)
}

/// The voucher, if this person holds it.
pub fn voucher(read: &dyn Read, holder: PersonId, id: VoucherId) -> Result<Option<Voucher>, Fault> {
    Ok(read.get(&VOUCHERS, &id)?.filter(|voucher| voucher.holder == holder))
}

/// A person's vouchers, newest first, from after `after` on.
pub fn of_holder(
    read: &dyn Read,
    holder: PersonId,
    after: Option<VoucherId>,
    limit: usize,
) -> Result<Vec<(VoucherId, Voucher)>, Fault> {
    let span = Span::prefix(&holder).reversed();
    let span = match after {
        Some(last) => span.beyond(&(holder, last)),
        None => span,
    };
    read.scan_by(&VOUCHERS, &VOUCHERS_BY_HOLDER, span)?.take(limit).collect()
}

/// How many vouchers a person can still use and pay for at a till, counted up to `most`.
pub fn open_at_till(read: &dyn Read, holder: PersonId, now: Timestamp, most: usize) -> Result<usize, Fault> {
    let span = Span::prefix(&holder).beyond(&(holder, now));
    let open: Result<Vec<_>, Fault> = read.scan_index(&VOUCHERS_AT_TILL, span)?.take(most).collect();
    Ok(open?.len())
}

/// Every step of a voucher's life.
pub fn edges(read: &dyn Read, id: VoucherId) -> Result<Vec<Edge>, Fault> {
    read.scan(&VOUCHER_EDGES, Span::prefix(&id))?.map(|row| row.map(|(_, edge)| edge)).collect()
}

/// A redemption that another row names.
pub fn require_redemption(read: &dyn Read, id: RedemptionId) -> Result<Redemption, Fault> {
    read.must_get(&REDEMPTIONS, &id)
}

pub fn redemption(read: &dyn Read, id: RedemptionId) -> Result<Option<Redemption>, Fault> {
    read.get(&REDEMPTIONS, &id)
}

/// Every use of a voucher, those taken back included, oldest first.
pub fn redemptions_of_voucher(read: &dyn Read, voucher: VoucherId) -> Result<Vec<(RedemptionId, Redemption)>, Fault> {
    read.scan_by(&REDEMPTIONS, &REDEMPTIONS_BY_VOUCHER, Span::prefix(&voucher))?.collect()
}

/// The last uses at a place, newest first.
pub fn recent_redemptions(
    read: &dyn Read,
    place: PlaceId,
    limit: usize,
) -> Result<Vec<(RedemptionId, Redemption)>, Fault> {
    read.scan_by(&REDEMPTIONS, &REDEMPTIONS_BY_PLACE, Span::prefix(&place).reversed())?.take(limit).collect()
}

/// A merchant's uses, newest first, from after `after` on.
pub fn redemptions_of_merchant(
    read: &dyn Read,
    merchant: MerchantId,
    after: Option<(Timestamp, RedemptionId)>,
    limit: usize,
) -> Result<Vec<(RedemptionId, Redemption)>, Fault> {
    let span = Span::prefix(&merchant).reversed();
    let span = match after {
        Some((at, last)) => span.beyond(&(merchant, at, last)),
        None => span,
    };
    read.scan_by(&REDEMPTIONS, &REDEMPTIONS_BY_MERCHANT, span)?.take(limit).collect()
}

/// The uses of an order's vouchers at a place, those that were taken back too, the first one in front.
pub fn redemptions_of_order(read: &dyn Read, order: Id<()>, place: PlaceId) -> Result<Vec<Redemption>, Fault> {
    let rows = read.scan_by(&REDEMPTIONS, &REDEMPTIONS_BY_ORDER, Span::prefix(&(order, place)))?;
    rows.map(|row| row.map(|(_, redemption)| redemption)).collect()
}

/// Who used it where and when, for another till of the merchant.
pub(super) fn said_of_use(read: &dyn Read, id: RedemptionId, zone: &TimeZone) -> Result<Refusal, Fault> {
    let redemption = require_redemption(read, id)?;
    let who = accounts::display_name(read, redemption.till)?;
    let place = directory::place(read, redemption.place)?.map(|place| place.name.to_string()).unwrap_or_default();
    let (at, when) = (redemption.at.wall_text(zone), redemption.at.rfc3339_in(zone));
    Ok(Refusal::AlreadyRedeemed { who, place, at, when })
}
