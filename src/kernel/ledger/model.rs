//! What the ledger is made of: accounts, entries, postings; and the tables that keep them.

use std::collections::BTreeSet;
use std::fmt;

use minicbor::{Decode, Encode};

use crate::base::{Currency, Id, Timestamp};
use crate::kernel::AnyId;
use crate::store::{Index, Table};

pub type PostingId = Id<Posting>;

/// Whose an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Owner {
    /// Who runs the city.
    #[n(0)]
    Platform,
    #[n(1)]
    Merchant(#[n(0)] AnyId),
}

/// By which way money comes in and goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Tender {
    /// The demo's test provider.
    #[n(0)]
    Test,
    #[n(1)]
    Transfer,
    #[n(2)]
    Card,
    /// Credit that the resident has with the platform.
    #[n(3)]
    Credit,
}

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum AccountKind {
    /// Money on its way between payer and platform.
    #[n(0)]
    Clearing(#[n(0)] Tender),
    /// Paid for and not yet consumed.
    #[n(1)]
    VoucherLiability,
    /// Earned by the merchant and not yet paid out.
    #[n(2)]
    MerchantPayable,
    /// Owed by the merchant: commission on what it collects itself.
    #[n(3)]
    MerchantReceivable,
    /// What the merchant takes at its own till.
    #[n(4)]
    MerchantCash,
    #[n(5)]
    MerchantSales,
    #[n(6)]
    PlatformRevenue,
    #[n(7)]
    Tax,
    /// Discounts, by who funds them.
    #[n(8)]
    Promotion,
}

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Account {
    #[n(0)]
    pub owner: Owner,
    #[n(1)]
    pub kind: AccountKind,
    #[n(2)]
    pub currency: Currency,
}

impl Account {
    pub const fn platform(kind: AccountKind, currency: Currency) -> Account {
        Account { owner: Owner::Platform, kind, currency }
    }

    pub const fn merchant(id: AnyId, kind: AccountKind, currency: Currency) -> Account {
        Account { owner: Owner::Merchant(id), kind, currency }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, currency) = (self.kind.name(), self.currency.code());
        match self.owner {
            Owner::Platform => write!(f, "{kind} {currency} of the platform"),
            Owner::Merchant(id) => write!(f, "{kind} {currency} of merchant {id}"),
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Event {
    #[n(0)]
    Paid,
    #[n(1)]
    Redeemed,
    #[n(2)]
    Undone,
    #[n(3)]
    Refunded,
    #[n(4)]
    Expired,
}

impl Event {
    /// Stable, kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Event::Paid => "paid",
            Event::Redeemed => "redeemed",
            Event::Undone => "undone",
            Event::Refunded => "refunded",
            Event::Expired => "expired",
        }
    }
}

/// What sort of row caused a posting; the number is its key, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum CauseKind {
    #[n(1)]
    Order = 1,
    #[n(2)]
    Payment = 2,
    #[n(3)]
    Voucher = 3,
    #[n(4)]
    Redemption = 4,
    #[n(5)]
    Refund = 5,
}

impl CauseKind {
    /// Stable, kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            CauseKind::Order => "order",
            CauseKind::Payment => "payment",
            CauseKind::Voucher => "voucher",
            CauseKind::Redemption => "redemption",
            CauseKind::Refund => "refund",
        }
    }
}

/// The row that caused a posting, so that every figure can be followed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Cause {
    #[n(0)]
    pub kind: CauseKind,
    #[n(1)]
    pub id: AnyId,
}

/// One side of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    #[n(0)]
    pub account: Account,
    /// Minor units. Positive is credit: what comes to a liability or an income. Negative is debit.
    #[n(1)]
    pub amount: i64,
}

/// What is to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub event: Event,
    pub cause: Cause,
    pub entries: Vec<Entry>,
}

/// An immutable record that sums to zero per currency.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Posting {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub event: Event,
    #[n(2)]
    pub cause: Cause,
    #[n(3)]
    pub entries: Vec<Entry>,
    /// The posting whose mirror this is.
    #[n(4)]
    pub reverses: Option<PostingId>,
}

/// What the postings of an account come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Balance {
    /// Minor units; credits count up.
    #[n(0)]
    pub amount: i64,
}

/// Postings.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | posting id | time, event, cause, entries, what it reverses | this engine, once | desk, console, `check` |
pub static POSTINGS: Table<PostingId, Posting> = Table::new(20, "postings", &[&BY_ACCOUNT, &BY_CAUSE, &REVERSAL_OF]);

/// Postings by (account, time).
pub static BY_ACCOUNT: Index<PostingId, Posting, (Account, Timestamp)> =
    Index::new(21, "postings_by_account", |_, posting| {
        let accounts: BTreeSet<Account> = posting.entries.iter().map(|entry| entry.account).collect();
        accounts.into_iter().map(|account| (account, posting.at)).collect()
    });

/// Postings by what caused them.
pub static BY_CAUSE: Index<PostingId, Posting, Cause> =
    Index::new(22, "postings_by_cause", |_, posting| vec![posting.cause]);

/// The one reversal of a posting.
pub static REVERSAL_OF: Index<PostingId, Posting, PostingId> =
    Index::unique(23, "postings_reversal_of", |_, posting| posting.reverses.into_iter().collect());

/// Balances.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | account | amount | this engine, with every posting | desk, payouts, `check` |
pub static BALANCES: Table<Account, Balance> = Table::new(24, "balances", &[]);
