//! What happens to orders, each use case in one transaction: stock, payment, vouchers and the order move together.

use crate::accounts::{Action, Actor, Denied, PersonId, Resident};
use crate::base::{Fault, Id};
use crate::kernel::AnyId;
use crate::kernel::stock::{self, Cap, ClaimId, Demand, PoolId, Request};
use crate::kernel::timers;
use crate::offers::{self, Listing, OfferId};
use crate::orders::changes::{after_change, return_claim, stop_hold};
use crate::orders::model::{Fulfilment, ORDERS, Order, OrderId, OrderLine, PublicOrderId, Unit};
use crate::orders::queries::{by_public, fits_at_till, require};
use crate::orders::refusal::Refusal;
use crate::orders::rules::{HOLD_SECONDS, MAX_HELD_UNITS, check_quantities, may_hold, payable, total};
use crate::payments::{self, Method, PaymentState, RefundReason, Settled};
use crate::store::{Lift, Outcome, Stop, Tx};
use crate::vouchers::{self, Issue, Origin, VoidReason, VoucherId, VoucherState, VoucherTender};

/// The kind of timer that fires when a hold runs out; its id is the order's.
pub const HOLD_TIMER: &str = "hold-expiry";

/// What somebody wants to order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub lines: Vec<(OfferId, u32)>,
    /// `None`: hold it while the buyer decides how to pay.
    pub pay: Option<Method>,
}

/// Places an order: all of it, or nothing. Units are sold at once if they are paid, or will be at the till; else held.
pub fn place(tx: &mut Tx<'_>, actor: &Actor, wish: &Place, origin: &Origin) -> Outcome<PublicOrderId, Refusal> {
    let resident = Resident::prove(&**tx, actor, Action::Buy).lift()?;
    let buyer = resident.person();
    let quantities: Vec<u32> = wish.lines.iter().map(|(_, quantity)| *quantity).collect();
    check_quantities(&quantities)?;
    let listings = wanted(tx, &wish.lines)?;
    let prices: Vec<_> = listings.iter().map(|(listing, quantity)| (listing.terms.price, *quantity)).collect();
    let total = total(&prices)?;
    let waits = !matches!(wish.pay, Some(Method::Till | Method::Test));
    if waits {
        let held = stock::live_holds(&**tx, buyer.untyped(), tx.now(), MAX_HELD_UNITS)?;
        may_hold(held, &quantities)?;
    }
    if wish.pay == Some(Method::Till) {
        fits_at_till(&**tx, buyer, resident.is_guest(), quantities.iter().sum::<u32>() as usize, tx.now())?;
    }
    let hold_until = waits.then(|| tx.now().plus_seconds(HOLD_SECONDS));
    let claims = claim_all(tx, buyer, &listings, hold_until)?;
    // Nothing below can refuse.
    let id: OrderId = tx.new_id();
    let payment = match wish.pay {
        Some(method) => Some(payments::begin(tx, id.untyped(), method, total)?),
        None => None,
    };
    let mut claims = claims.into_iter();
    let mut lines = Vec::with_capacity(listings.len());
    for (listing, quantity) in &listings {
        let claims = claims.by_ref().take(*quantity as usize).collect();
        lines.push(issue_line(tx, id, buyer, listing, claims, payment, origin)?);
    }
    let public = Id::random(tx.chance());
    let order = Order { public, buyer, lines, total, fulfilment: Fulfilment::Open, hold_until, at: tx.now() };
    tx.put(&ORDERS, &id, &order)?;
    if let Some(until) = hold_until {
        timers::set(tx, HOLD_TIMER, id.untyped(), until)?;
    }
    Ok(public)
}

fn wanted(tx: &Tx<'_>, lines: &[(OfferId, u32)]) -> Outcome<Vec<(Listing, u32)>, Refusal> {
    let mut listings = Vec::with_capacity(lines.len());
    for (offer, quantity) in lines {
        let found = offers::listing(&**tx, *offer, tx.now())?.ok_or(Refusal::Denied(Denied::NotFound))?;
        offers::rules::open_for_sale(found.phase).map_err(Refusal::Offer)?;
        listings.push((found, *quantity));
    }
    Ok(listings)
}

/// A claim for every unit, so that each can go back alone; a refusal of the last one drops all, by the transaction.
fn claim_all(
    tx: &mut Tx<'_>,
    buyer: PersonId,
    listings: &[(Listing, u32)],
    hold_until: Option<crate::base::Timestamp>,
) -> Outcome<Vec<ClaimId>, Refusal> {
    let mut claims = Vec::new();
    let mut pools = Vec::new();
    for (listing, quantity) in listings {
        let demands = [Demand { pool: listing.offer.pool, quantity: 1 }];
        let cap = listing.terms.per_person.map(|limit| Cap {
            scope: listing.id.untyped(),
            holder: buyer.untyped(),
            quantity: 1,
            limit,
        });
        let request = Request { owner: buyer.untyped(), demands: &demands, caps: cap.as_slice() };
        for _ in 0..*quantity {
            let claim = match hold_until {
                Some(until) => stock::hold(tx, request, until),
                None => stock::take(tx, request),
            };
            claims.push(claim.map_err(|stop| stop.map(|refusal| with_own(refusal, &pools)))?);
            pools.push(listing.offer.pool);
        }
    }
    Ok(claims)
}

/// What is left for the buyer includes the units that this very order had claimed before it failed.
fn with_own(refusal: stock::Refusal, claimed: &[PoolId]) -> Refusal {
    Refusal::Stock(match refusal {
        stock::Refusal::SoldOut { pool, left } => {
            let own = claimed.iter().filter(|of| **of == pool).count() as u32;
            stock::Refusal::SoldOut { pool, left: left.saturating_add(own) }
        }
        stock::Refusal::CapReached { .. } | stock::Refusal::HoldExpired | stock::Refusal::AlreadyExtended => refusal,
    })
}

fn issue_line(
    tx: &mut Tx<'_>,
    order: OrderId,
    holder: PersonId,
    listing: &Listing,
    claims: Vec<ClaimId>,
    payment: Option<PaymentState>,
    origin: &Origin,
) -> Result<OrderLine, Fault> {
    let issue = Issue {
        order: order.untyped(),
        listing,
        holder,
        tender: tender_of(payment),
        valid: matches!(payment, Some(PaymentState::Paid { .. } | PaymentState::AtTill)),
    };
    let mut units = Vec::with_capacity(claims.len());
    for claim in claims {
        units.push(Unit { claim, voucher: vouchers::issue(tx, issue, origin)? });
    }
    Ok(OrderLine {
        offer: listing.id,
        version: listing.offer.version,
        merchant: listing.offer.merchant,
        place: listing.offer.place,
        unit_price: listing.terms.price,
        units,
    })
}

fn tender_of(payment: Option<PaymentState>) -> VoucherTender {
    match payment {
        Some(PaymentState::AtTill) => VoucherTender::Till,
        None
        | Some(
            PaymentState::Awaiting
            | PaymentState::Paid { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Refunded { .. },
        ) => VoucherTender::Platform,
    }
}

/// The buyer chooses how to pay what is held.
pub fn pay(
    tx: &mut Tx<'_>,
    actor: &Actor,
    public: PublicOrderId,
    method: Method,
    origin: &Origin,
) -> Outcome<PublicOrderId, Refusal> {
    let (id, order) = own(tx, actor, public)?;
    let payment = payments::of_order(&**tx, id.untyped())?.map(|(_, payment)| payment.state);
    payable(order.fulfilment, payment, order.hold_until, tx.now())?;
    if method == Method::Till {
        let is_guest = Resident::prove(&**tx, actor, Action::OwnPurchases).lift()?.is_guest();
        fits_at_till(&**tx, order.buyer, is_guest, order.units().count(), tx.now())?;
    }
    // Nothing below can refuse: the hold is live, so every claim is confirmed.
    match payments::begin(tx, id.untyped(), method, order.total)? {
        PaymentState::Paid { .. } | PaymentState::AtTill => {
            confirm(tx, &order).lift::<Refusal>()?;
            make_valid(tx, id, order, origin)?;
        }
        PaymentState::Awaiting | PaymentState::Failed { .. } | PaymentState::Refunded { .. } => {}
    }
    Ok(public)
}

/// A provider's report, by the way that a webhook takes. Money that comes after the hold is checked again: if the units
/// are still free it counts, else it goes back (PAY-04).
pub fn settle(tx: &mut Tx<'_>, public: PublicOrderId, report: Settled) -> Outcome<PublicOrderId, Refusal> {
    let (id, order) = by_public(&**tx, public)?.ok_or(Refusal::Denied(Denied::NotFound))?;
    // A buyer who turned to the till owes the provider nothing: its report is refused, so that it keeps no money.
    let awaited = payments::of_order(&**tx, id.untyped())?.filter(|(_, payment)| payment.method != Method::Till);
    let (payment, _) = awaited.ok_or(Refusal::NotAwaiting)?;
    let Some(state) = payments::settle(tx, payment, report)? else { return Ok(public) };
    let origin = Origin::default();
    match state {
        PaymentState::Failed { .. } => give_up(tx, id, order, VoidReason::NeverPaid, &origin)?,
        PaymentState::Paid { .. } => match still_sold(tx, &order) {
            Ok(()) => make_valid(tx, id, order, &origin)?,
            Err(Stop::Fault(fault)) => return Err(fault.into()),
            Err(Stop::Refuse(_) | Stop::RefuseKeeping(_)) => {
                payments::refund(tx, id.untyped(), order.total, RefundReason::CameTooLate)?;
                give_up(tx, id, order, VoidReason::NeverPaid, &origin)?;
            }
        },
        PaymentState::Awaiting | PaymentState::AtTill | PaymentState::Refunded { .. } => {}
    }
    Ok(public)
}

/// Sells what was ordered, if the buyer still wants it, it can still be used, and it is still to be had.
fn still_sold(tx: &mut Tx<'_>, order: &Order) -> Outcome<(), stock::Refusal> {
    let mut is_over = order.fulfilment == Fulfilment::Cancelled;
    for line in &order.lines {
        is_over |= offers::terms(&**tx, line.offer, line.version)?.use_until <= tx.now();
    }
    if is_over {
        return Err(Stop::Refuse(stock::Refusal::HoldExpired));
    }
    confirm(tx, order)
}

/// The timer at the end of a hold. The units are free by themselves; should the money come late, `settle` looks again.
pub fn expire_hold(tx: &mut Tx<'_>, id: AnyId) -> Result<(), Fault> {
    let id = OrderId::from_bytes(*id.as_bytes());
    let order = require(&**tx, id)?;
    let payment = payments::of_order(&**tx, id.untyped())?.map(|(_, payment)| payment.state);
    let is_undecided = matches!(payment, None | Some(PaymentState::Awaiting));
    if !is_undecided || order.fulfilment != Fulfilment::Open {
        return Ok(());
    }
    tx.put(&ORDERS, &id, &Order { fulfilment: Fulfilment::Expired, ..order })
}

/// Gives back everything that is not used: the units to their pools, the money to who paid it.
pub fn cancel(
    tx: &mut Tx<'_>,
    actor: &Actor,
    public: PublicOrderId,
    origin: &Origin,
) -> Outcome<PublicOrderId, Refusal> {
    let (id, order) = own(tx, actor, public)?;
    let mut open = Vec::new();
    for (_, unit) in order.units() {
        let voucher = vouchers::require(&**tx, unit.voucher)?;
        if voucher.state == VoucherState::Issued || vouchers::returnable(&voucher).is_ok() {
            open.push(unit);
        }
    }
    if open.is_empty() {
        return Err(Refusal::NothingToCancel.into());
    }
    for unit in open {
        give_back(tx, id, unit, origin)?;
    }
    after_change(tx, id, &order)?;
    Ok(public)
}

/// Gives back one voucher that is not used. What is not paid yet is paid or cancelled as a whole.
pub fn refund_voucher(
    tx: &mut Tx<'_>,
    actor: &Actor,
    voucher: VoucherId,
    origin: &Origin,
) -> Outcome<VoucherId, Refusal> {
    let resident = Resident::prove(&**tx, actor, Action::OwnPurchases).lift()?;
    let held = vouchers::voucher(&**tx, resident.person(), voucher)?.ok_or(Refusal::Denied(Denied::NotFound))?;
    vouchers::returnable(&held).map_err(Refusal::Voucher)?;
    let id = OrderId::from_bytes(*held.order.as_bytes());
    let order = require(&**tx, id)?;
    let unit = order.units().map(|(_, unit)| unit).find(|unit| unit.voucher == voucher);
    let unit = unit.ok_or_else(|| Fault::corrupt("an order", "it does not know its voucher"))?;
    give_back(tx, id, unit, origin)?;
    after_change(tx, id, &order)?;
    Ok(voucher)
}

/// One unit goes back: its stock, its voucher, and its money if the platform has it.
fn give_back(tx: &mut Tx<'_>, order: OrderId, unit: Unit, origin: &Origin) -> Outcome<(), Refusal> {
    let voucher = vouchers::require(&**tx, unit.voucher)?;
    let is_paid = voucher.tender == VoucherTender::Platform && voucher.state != VoucherState::Issued;
    if is_paid {
        vouchers::refund(tx, unit.voucher, origin).lift::<Refusal>()?;
        payments::refund(tx, order.untyped(), voucher.value, RefundReason::Asked)?;
    } else {
        vouchers::void(tx, unit.voucher, VoidReason::Cancelled, origin).lift::<Refusal>()?;
    }
    return_claim(tx, unit.claim)?;
    Ok(())
}

/// Sells every unit that was held, or none.
fn confirm(tx: &mut Tx<'_>, order: &Order) -> Outcome<(), stock::Refusal> {
    let mut sold = Vec::new();
    for (_, unit) in order.units() {
        match stock::confirm(tx, unit.claim) {
            Ok(()) => sold.push(unit.claim),
            Err(stop) => {
                for claim in sold {
                    stock::give_back(tx, claim)?;
                }
                return Err(stop);
            }
        }
    }
    Ok(())
}

fn make_valid(tx: &mut Tx<'_>, id: OrderId, order: Order, origin: &Origin) -> Result<(), Fault> {
    let payment = payments::of_order(&**tx, id.untyped())?.map(|(_, payment)| payment.state);
    for (_, unit) in order.units() {
        vouchers::make_valid(tx, unit.voucher, tender_of(payment), origin)?;
    }
    stop_hold(tx, id, &order)?;
    tx.put(&ORDERS, &id, &Order { fulfilment: Fulfilment::Open, hold_until: None, ..order })
}

/// Nothing comes of the order: its claims go back and its vouchers never become valid. If the buyer has given it up
/// before, all of that is done.
fn give_up(tx: &mut Tx<'_>, id: OrderId, order: Order, reason: VoidReason, origin: &Origin) -> Result<(), Fault> {
    if order.fulfilment == Fulfilment::Cancelled {
        return Ok(());
    }
    for (_, unit) in order.units() {
        return_claim(tx, unit.claim)?;
        vouchers::void(tx, unit.voucher, reason, origin).map_err(|stop| match stop {
            Stop::Fault(fault) => fault,
            Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => {
                Fault::bug("voiding a voucher", format!("{refusal:?}"))
            }
        })?;
    }
    stop_hold(tx, id, &order)?;
    tx.put(&ORDERS, &id, &Order { fulfilment: Fulfilment::Cancelled, hold_until: None, ..order })
}

fn own(tx: &Tx<'_>, actor: &Actor, public: PublicOrderId) -> Outcome<(OrderId, Order), Refusal> {
    let resident = Resident::prove(&**tx, actor, Action::OwnPurchases).lift()?;
    let found = by_public(&**tx, public)?.filter(|(_, order)| order.buyer == resident.person());
    Ok(found.ok_or(Refusal::Denied(Denied::NotFound))?)
}
