//! The money side of the desk: balances of the merchant's accounts, and the postings that make them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::accounts::MerchantId;
use crate::base::{Fault, Id, Money, Timestamp};
use crate::desk::queries::Rows;
use crate::kernel::ledger::{self, Account, AccountKind, Cause, CauseKind, Entry, Event, Owner, Posting, PostingId};
use crate::offers;
use crate::orders::{self, Order, OrderId, PublicOrderId};
use crate::payments;
use crate::store::Read;
use crate::vouchers::{self, RedemptionId};

/// Most postings of one payment or refund.
const MAX_OF_CAUSE: usize = 20;

pub type Position = (Timestamp, PostingId);

/// Every account of the merchant with what it comes to, from the merchant's side.
pub fn balances(read: &dyn Read, merchant: MerchantId) -> Result<Vec<(Account, Money)>, Fault> {
    let rows = ledger::balances_of(read, Owner::Merchant(merchant.untyped()))?;
    Ok(rows.into_iter().map(|(account, amount)| (account, from_its_side(account, amount))).collect())
}

/// What the merchant holds is a debit in the books, and counts up for the merchant.
fn from_its_side(account: Account, amount: i64) -> Money {
    let is_held = matches!(account.kind, AccountKind::MerchantCash | AccountKind::MerchantReceivable);
    Money::new(if is_held { amount.saturating_neg() } else { amount }, account.currency)
}

/// As an address spells the account: `merchant-payable-EUR`.
pub fn account_name(account: Account) -> String {
    format!("{}-{}", account.kind.name(), account.currency.code())
}

/// The account in plain words, as the merchant reads it.
pub fn account_words(account: Account, merchant: MerchantId) -> &'static str {
    let is_own = account.owner == Owner::Merchant(merchant.untyped());
    match account.kind {
        AccountKind::MerchantPayable if is_own => "Owed to you",
        AccountKind::MerchantReceivable if is_own => "Owed by you",
        AccountKind::MerchantCash if is_own => "Taken at your till",
        AccountKind::MerchantSales if is_own => "Your sales at the till",
        AccountKind::MerchantPayable | AccountKind::MerchantReceivable => "Another merchant",
        AccountKind::MerchantCash | AccountKind::MerchantSales => "Another merchant's till",
        AccountKind::VoucherLiability => "Vouchers paid and not used yet",
        AccountKind::Clearing(_) => "Payments of guests",
        AccountKind::PlatformRevenue => "The platform's share",
        AccountKind::Tax => "Tax",
        AccountKind::Promotion => "Discounts that somebody else pays for",
    }
}

/// Postings that touch these accounts, newest first, each once.
pub fn postings(
    read: &dyn Read,
    accounts: &[Account],
    after: Option<Position>,
    limit: usize,
) -> Result<Rows<Position, Posting>, Fault> {
    let mut rows = Vec::new();
    for account in accounts {
        let found = ledger::by_account(read, *account, after, limit + 1)?;
        rows.extend(found.into_iter().map(|(id, posting)| ((posting.at, id), posting)));
    }
    rows.sort_by_key(|(position, _)| Reverse(*position));
    rows.dedup_by_key(|(position, _)| *position);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().map(|(position, _)| *position).filter(|_| has_more);
    Ok(Rows { rows, next })
}

/// The order, if the merchant has a line of it.
pub fn order_of(
    read: &dyn Read,
    merchant: MerchantId,
    public: PublicOrderId,
) -> Result<Option<(OrderId, Order)>, Fault> {
    let found = orders::order_by_public(read, public)?;
    Ok(found.filter(|(_, order)| order.lines.iter().any(|line| line.merchant == merchant)))
}

/// Every posting that an order has caused, as far as it is this merchant's business, oldest first.
pub fn postings_of_order(
    read: &dyn Read,
    merchant: MerchantId,
    id: OrderId,
    order: &Order,
) -> Result<Vec<(Position, Posting)>, Fault> {
    let mut rows = Vec::new();
    // The payment of several merchants' lines would tell each what the others sold.
    let is_only_its = order.lines.iter().all(|line| line.merchant == merchant);
    if let Some((payment, _)) = payments::of_order(read, id.untyped())?.filter(|_| is_only_its) {
        let paid = Cause { kind: CauseKind::Payment, id: payment.untyped() };
        let refunds = payments::refunds_of(read, payment)?;
        let refunded = refunds.into_iter().map(|(id, _)| Cause { kind: CauseKind::Refund, id: id.untyped() });
        for cause in std::iter::once(paid).chain(refunded) {
            rows.extend(ledger::by_cause(read, cause, MAX_OF_CAUSE)?);
        }
    }
    let own = order.lines.iter().filter(|line| line.merchant == merchant).map(|line| line.place);
    for place in own.collect::<BTreeSet<_>>() {
        for posted in
            vouchers::redemptions_of_order(read, id.untyped(), place)?.into_iter().filter_map(|row| row.posting)
        {
            for id in [Some(posted), ledger::reversal_of(read, posted)?].into_iter().flatten() {
                rows.extend(ledger::posting(read, id)?.map(|posting| (id, posting)));
            }
        }
    }
    let mut rows: Vec<(Position, Posting)> =
        rows.into_iter().map(|(id, posting)| ((posting.at, id), posting)).collect();
    rows.sort_by_key(|(position, _)| *position);
    Ok(rows)
}

/// What a posting came from: the offer's title and the order, where a use is behind it.
#[derive(Debug)]
pub struct Origin {
    pub title: String,
    pub order: PublicOrderId,
}

pub fn origin(read: &dyn Read, cause: Cause) -> Result<Option<Origin>, Fault> {
    if cause.kind != CauseKind::Redemption {
        return Ok(None);
    }
    let id: RedemptionId = Id::from_bytes(*cause.id.as_bytes());
    let redemption = vouchers::require_redemption(read, id)?;
    let voucher = vouchers::require(read, redemption.voucher)?;
    let title = offers::terms(read, voucher.offer, voucher.version)?.title.to_string();
    let order = orders::require(read, Id::from_bytes(*redemption.order.as_bytes()))?.public;
    Ok(Some(Origin { title, order }))
}

pub const fn event_words(event: Event) -> &'static str {
    match event {
        Event::Paid => "Paid",
        Event::Redeemed => "Redeemed",
        Event::Undone => "Undone",
        Event::Refunded => "Refunded",
        Event::Expired => "Expired",
    }
}

/// `+54.00 €`: the entries of a posting sum to nought as they are shown.
pub fn amount_text(entry: Entry) -> String {
    let sign = if entry.amount > 0 { "+" } else { "" };
    format!("{sign}{}", Money::new(entry.amount, entry.account.currency))
}
