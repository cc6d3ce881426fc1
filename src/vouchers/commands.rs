//! What happens to vouchers: orders issue, validate, refund and void them; tills use them; holders get new codes.

use crate::accounts::{Action, Actor, Denied, PersonId, PlaceId, Resident, Till};
use crate::base::{Code, Fault, Id, Timestamp};
use crate::directory;
use crate::kernel::AnyId;
use crate::kernel::ledger::{self, Account, AccountKind, Cause, CauseKind, Draft, Event, PostingId, flow};
use crate::kernel::timers;
use crate::offers;
use crate::store::{Lift, Outcome, Tx};
use crate::vouchers::model::{
    Edge, EdgeKind, Origin, REDEMPTIONS, Redeemed, Redemption, RedemptionId, RedemptionUndone, UndoneUse,
    VOUCHER_BY_CODE, VOUCHER_EDGES, VOUCHERS, VoidReason, Voucher, VoucherExpired, VoucherId, VoucherState,
    VoucherTender,
};
use crate::vouchers::queries::{require, said_of_use};
use crate::vouchers::refusal::Refusal;
use crate::vouchers::rules::{Usability, is_unpaid, refundable, reissuable, undone, usability, voidable};

/// The kind of timer that fires at the end of a voucher's use; its id is the voucher's.
pub const EXPIRY_TIMER: &str = "voucher-expiry";
/// Codes tried before we believe that the store is at fault: each is taken with a chance of one in 10^12 or less.
const CODE_TRIES: usize = 8;

/// What an order line yields, once a unit.
#[derive(Clone, Copy, Debug)]
pub struct Issue<'a> {
    pub order: Id<()>,
    /// The offer under the terms that were agreed to.
    pub listing: &'a offers::Listing,
    pub holder: PersonId,
    pub tender: VoucherTender,
    /// Valid at once, or only when the money has come.
    pub valid: bool,
}

/// Makes a voucher for one unit of an offer.
pub fn issue(tx: &mut Tx<'_>, issue: Issue<'_>, origin: &Origin) -> Result<VoucherId, Fault> {
    let offers::Listing { id: offer_id, offer, terms, .. } = issue.listing;
    let id = tx.new_id();
    let voucher = Voucher {
        order: issue.order,
        offer: *offer_id,
        version: offer.version,
        merchant: offer.merchant,
        place: offer.place,
        holder: issue.holder,
        code: free_code(tx)?,
        value: terms.price,
        tender: issue.tender,
        use_from: terms.use_from,
        use_until: terms.use_until,
        state: VoucherState::Issued,
        undone: 0,
        edges: 0,
        since: tx.now(),
    };
    let issued = edge(tx, id, &voucher, EdgeKind::Issued, VoucherState::Issued, origin)?;
    if issue.valid {
        turn_valid(tx, id, &issued, origin)?;
    }
    Ok(id)
}

/// The money has come, or will at the till.
pub fn make_valid(tx: &mut Tx<'_>, id: VoucherId, tender: VoucherTender, origin: &Origin) -> Result<(), Fault> {
    let voucher = require(&**tx, id)?;
    match voucher.state {
        VoucherState::Issued => turn_valid(tx, id, &Voucher { tender, ..voucher }, origin),
        VoucherState::Valid
        | VoucherState::Redeemed { .. }
        | VoucherState::Expired { .. }
        | VoucherState::Refunded { .. }
        | VoucherState::Void { .. } => Err(Fault::bug("making a voucher valid", voucher.state.name())),
    }
}

fn turn_valid(tx: &mut Tx<'_>, id: VoucherId, voucher: &Voucher, origin: &Origin) -> Result<(), Fault> {
    timers::set(tx, EXPIRY_TIMER, id.untyped(), voucher.use_until)?;
    edge(tx, id, voucher, EdgeKind::MadeValid, VoucherState::Valid, origin).map(drop)
}

/// The money goes back; the orders send it.
pub fn refund(tx: &mut Tx<'_>, id: VoucherId, origin: &Origin) -> Outcome<(), Refusal> {
    let voucher = require(&**tx, id)?;
    refundable(voucher.state)?;
    // Nothing below can refuse.
    let state = VoucherState::Refunded { at: tx.now() };
    timers::cancel(tx, EXPIRY_TIMER, id.untyped(), voucher.use_until)?;
    edge(tx, id, &voucher, EdgeKind::Refunded, state, origin)?;
    Ok(())
}

/// It was never paid and never will be, or was cancelled before the till took money.
pub fn void(tx: &mut Tx<'_>, id: VoucherId, reason: VoidReason, origin: &Origin) -> Outcome<(), Refusal> {
    let voucher = require(&**tx, id)?;
    voidable(voucher.state)?;
    // Nothing below can refuse.
    let state = VoucherState::Void { at: tx.now(), reason };
    timers::cancel(tx, EXPIRY_TIMER, id.untyped(), voucher.use_until)?;
    edge(tx, id, &voucher, EdgeKind::Voided, state, origin)?;
    Ok(())
}

/// The timer at the end of use: what is still valid runs out. Its money stays owed, and can be refunded.
pub fn expire(tx: &mut Tx<'_>, id: AnyId) -> Result<(), Fault> {
    let id = VoucherId::from_bytes(*id.as_bytes());
    let voucher = require(&**tx, id)?;
    if voucher.state != VoucherState::Valid || tx.now() < voucher.use_until {
        return Ok(());
    }
    let state = VoucherState::Expired { at: voucher.use_until };
    edge(tx, id, &voucher, EdgeKind::Expired, state, &Origin::default())?;
    tx.emit(&VoucherExpired { order: voucher.order, voucher: id })
}

/// Another person holds it from now on: a guest who turned out to be somebody.
pub fn hand_over(tx: &mut Tx<'_>, id: VoucherId, to: PersonId) -> Result<(), Fault> {
    let voucher = require(&**tx, id)?;
    tx.put(&VOUCHERS, &id, &Voucher { holder: to, ..voucher })
}

/// A new code for a lost phone; the old one is dead at once.
pub fn reissue(tx: &mut Tx<'_>, actor: &Actor, id: VoucherId, origin: &Origin) -> Outcome<VoucherId, Refusal> {
    let resident = Resident::prove(&**tx, actor, Action::OwnPurchases).lift()?;
    let voucher = tx.get(&VOUCHERS, &id)?.filter(|voucher| voucher.holder == resident.person());
    let voucher = voucher.ok_or(Refusal::Denied(Denied::NotFound))?;
    reissuable(&voucher, tx.now())?;
    // Nothing below can refuse.
    let code = free_code(tx)?;
    let state = voucher.state;
    edge(tx, id, &Voucher { code, ..voucher }, EdgeKind::Reissued, state, origin)?;
    Ok(id)
}

/// What a till asks: this code, used here, paid or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redeem {
    pub code: Code,
    pub place: PlaceId,
    /// The till took the money for it.
    pub paid: bool,
}

/// Uses a voucher at a place. Of two tills at the same instant one wins; the other learns who, where and when.
pub fn redeem(tx: &mut Tx<'_>, actor: &Actor, ask: Redeem, origin: &Origin) -> Outcome<RedemptionId, Refusal> {
    let merchant = directory::place(&**tx, ask.place)?.and_then(|place| place.merchant);
    let merchant = merchant.ok_or(Refusal::Denied(Denied::NotFound))?;
    let till = Till::prove(&**tx, actor, merchant, ask.place).lift()?;
    let id = tx.find(&VOUCHER_BY_CODE, &ask.code)?.ok_or(Refusal::Unknown)?;
    let voucher = require(&**tx, id)?;
    if voucher.merchant != merchant {
        return Err(Refusal::Unknown.into());
    }
    may_be_used(tx, &voucher, ask)?;
    // Nothing below can refuse.
    let redemption = tx.new_id();
    let posting = post_use(tx, redemption, &voucher)?;
    let row = Redemption {
        voucher: id,
        order: voucher.order,
        offer: voucher.offer,
        merchant,
        place: ask.place,
        till: till.person(),
        at: tx.now(),
        amount: voucher.value,
        posting,
        undone: None,
    };
    tx.put(&REDEMPTIONS, &redemption, &row)?;
    timers::cancel(tx, EXPIRY_TIMER, id.untyped(), voucher.use_until)?;
    edge(tx, id, &voucher, EdgeKind::Redeemed, VoucherState::Redeemed { redemption }, origin)?;
    tx.emit(&Redeemed { order: voucher.order })?;
    Ok(redemption)
}

fn may_be_used(tx: &Tx<'_>, voucher: &Voucher, ask: Redeem) -> Outcome<(), Refusal> {
    let locality = directory::city(&**tx)?.locality()?;
    let zone = locality.zone();
    match usability(voucher, tx.now()) {
        Usability::Usable => {}
        Usability::Redeemed(redemption) => {
            return Err(said_of_use(&**tx, redemption, zone)?.into());
        }
        Usability::Expired(at) => return Err(Refusal::Expired { at: at.wall_text(zone) }.into()),
        Usability::NotYet => return Err(Refusal::NotYet { from: voucher.use_from.wall_text(zone) }.into()),
        Usability::AwaitingPayment => return Err(Refusal::AwaitingPayment.into()),
        Usability::Refunded => return Err(Refusal::Refunded.into()),
        Usability::Void => return Err(Refusal::Void.into()),
    }
    let place = directory::require_place(&**tx, voucher.place)?;
    if voucher.place != ask.place {
        return Err(Refusal::WrongPlace { place: place.name.to_string() }.into());
    }
    let terms = offers::terms(&**tx, voucher.offer, voucher.version)?;
    if let Some(when) = offers::rules::not_usable_at(&terms, tx.now(), &locality, place.point) {
        return Err(Refusal::NotNow { when }.into());
    }
    if is_unpaid(voucher, ask.paid) {
        return Err(Refusal::Unpaid { amount: voucher.value.to_string() }.into());
    }
    Ok(())
}

/// Takes a use back within the window: by whoever redeems at that place.
pub fn undo(tx: &mut Tx<'_>, actor: &Actor, id: RedemptionId, origin: &Origin) -> Outcome<RedemptionId, Refusal> {
    let redemption = tx.get(&REDEMPTIONS, &id)?.ok_or(Refusal::Denied(Denied::NotFound))?;
    let till = Till::prove(&**tx, actor, redemption.merchant, redemption.place).lift()?;
    if redemption.undone.is_some() {
        return Err(Refusal::AlreadyUndone.into());
    }
    let voucher = require(&**tx, redemption.voucher)?;
    let state = undone(&voucher, redemption.at, tx.now())?;
    // Nothing below can refuse.
    if let Some(posting) = redemption.posting {
        let cause = Cause { kind: CauseKind::Redemption, id: id.untyped() };
        ledger::reverse(tx, posting, Event::Undone, cause)?;
    }
    let kind = if state == VoucherState::Valid { EdgeKind::Undone } else { EdgeKind::UndoneIntoExpired };
    if state == VoucherState::Valid {
        timers::set(tx, EXPIRY_TIMER, redemption.voucher.untyped(), voucher.use_until)?;
    }
    let times = voucher.undone + 1;
    edge(tx, redemption.voucher, &Voucher { undone: times, ..voucher }, kind, state, origin)?;
    let (order, voucher) = (redemption.order, redemption.voucher);
    let (at, by) = (tx.now(), till.person());
    tx.put(&REDEMPTIONS, &id, &Redemption { undone: Some(UndoneUse { at, by }), ..redemption })?;
    tx.emit(&RedemptionUndone { order })?;
    if state != VoucherState::Valid {
        tx.emit(&VoucherExpired { order, voucher })?;
    }
    Ok(id)
}

/// A use turns what is owed to the holder into what is owed to the merchant, or the till's money into sales.
fn post_use(tx: &mut Tx<'_>, id: RedemptionId, voucher: &Voucher) -> Result<Option<PostingId>, Fault> {
    if voucher.value.amount == 0 {
        return Ok(None);
    }
    let (currency, merchant) = (voucher.value.currency, voucher.merchant.untyped());
    let (from, to) = match voucher.tender {
        VoucherTender::Platform => (
            Account::platform(AccountKind::VoucherLiability, currency),
            Account::merchant(merchant, AccountKind::MerchantPayable, currency),
        ),
        VoucherTender::Till => (
            Account::merchant(merchant, AccountKind::MerchantCash, currency),
            Account::merchant(merchant, AccountKind::MerchantSales, currency),
        ),
    };
    let cause = Cause { kind: CauseKind::Redemption, id: id.untyped() };
    let entries = flow(from, to, voucher.value.amount).to_vec();
    ledger::post(tx, Draft { event: Event::Redeemed, cause, entries }).map(Some)
}

/// Writes the voucher in its new state, and the step that led there.
fn edge(
    tx: &mut Tx<'_>,
    id: VoucherId,
    voucher: &Voucher,
    kind: EdgeKind,
    state: VoucherState,
    origin: &Origin,
) -> Result<Voucher, Fault> {
    let at: Timestamp = tx.now();
    let step = Edge { kind, at, by: origin.by, device: origin.device, key: origin.key.clone() };
    tx.put(&VOUCHER_EDGES, &(id, voucher.edges), &step)?;
    let turned = Voucher { state, edges: voucher.edges + 1, ..voucher.clone() };
    tx.put(&VOUCHERS, &id, &turned)?;
    Ok(turned)
}

fn free_code(tx: &mut Tx<'_>) -> Result<Code, Fault> {
    for _ in 0..CODE_TRIES {
        let code = Code::random(tx.chance());
        if tx.find(&VOUCHER_BY_CODE, &code)?.is_none() {
            return Ok(code);
        }
    }
    Err(Fault::bug("making a code", "every one is taken"))
}
