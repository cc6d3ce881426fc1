//! Vouchers, their edges and their redemptions as rows, and the tables that keep them.

use minicbor::{Decode, Encode};

use crate::accounts::{Actor, MerchantId, PersonId, PlaceId};
use crate::base::{Code, Id, Money, Timestamp};
use crate::kernel::ledger::PostingId;
use crate::offers::OfferId;
use crate::store::{Index, Table};

pub type VoucherId = Id<Voucher>;
pub type RedemptionId = Id<Redemption>;

/// What its holder may have at the place, once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Voucher {
    /// The order that yielded it, kept and given back, never followed.
    #[n(0)]
    pub order: Id<()>,
    #[n(1)]
    pub offer: OfferId,
    /// The version of the terms it was sold under.
    #[n(2)]
    pub version: u32,
    #[n(3)]
    pub merchant: MerchantId,
    #[n(4)]
    pub place: PlaceId,
    #[n(5)]
    pub holder: PersonId,
    #[n(6)]
    pub code: Code,
    /// What was paid for it, or is to be paid at the till.
    #[n(7)]
    pub value: Money,
    #[n(8)]
    pub tender: VoucherTender,
    /// Time of use: `[from, until)`.
    #[n(9)]
    pub use_from: Timestamp,
    #[n(10)]
    pub use_until: Timestamp,
    #[n(11)]
    pub state: VoucherState,
    /// How often a use was undone.
    #[n(12)]
    pub undone: u32,
    /// Edges so far; the next one's number.
    #[n(13)]
    pub edges: u32,
    #[n(14)]
    pub since: Timestamp,
}

/// Where the money for a voucher is while it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum VoucherTender {
    /// The platform holds it and owes it.
    #[n(0)]
    Platform,
    /// Nobody does: the till takes it with the use.
    #[n(1)]
    Till,
}

/// VOU-01: issued -> valid -> redeemed / expired / refunded / void; redeemed -> valid or expired (undo); expired ->
/// refunded. No other edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum VoucherState {
    /// Made with the order, not paid yet.
    #[n(0)]
    Issued,
    #[n(1)]
    Valid,
    #[n(2)]
    Redeemed {
        #[n(0)]
        redemption: RedemptionId,
    },
    #[n(3)]
    Expired {
        #[n(0)]
        at: Timestamp,
    },
    #[n(4)]
    Refunded {
        #[n(0)]
        at: Timestamp,
    },
    #[n(5)]
    Void {
        #[n(0)]
        at: Timestamp,
        #[n(1)]
        reason: VoidReason,
    },
}

impl VoucherState {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            VoucherState::Issued => "issued",
            VoucherState::Valid => "valid",
            VoucherState::Redeemed { .. } => "redeemed",
            VoucherState::Expired { .. } => "expired",
            VoucherState::Refunded { .. } => "refunded",
            VoucherState::Void { .. } => "void",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum VoidReason {
    /// The payment failed, or came when everything was gone.
    #[n(0)]
    NeverPaid,
    /// The order was cancelled before the till took any money.
    #[n(1)]
    Cancelled,
}

/// One step in a voucher's life: every edge has its actor, device, time and key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Edge {
    #[n(0)]
    pub kind: EdgeKind,
    #[n(1)]
    pub at: Timestamp,
    /// `None`: a timer or a payment provider.
    #[n(2)]
    pub by: Option<PersonId>,
    /// The session that it came from, as the audit knows it.
    #[n(3)]
    pub device: Option<Id<()>>,
    /// The idempotency key of the request.
    #[n(4)]
    pub key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EdgeKind {
    #[n(0)]
    Issued,
    #[n(1)]
    MadeValid,
    #[n(2)]
    Redeemed,
    #[n(3)]
    Undone,
    #[n(4)]
    UndoneIntoExpired,
    #[n(5)]
    Expired,
    #[n(6)]
    Refunded,
    #[n(7)]
    Voided,
    /// The state stays, the code is new.
    #[n(8)]
    Reissued,
}

/// One use of a voucher at a place, by a till.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Redemption {
    #[n(0)]
    pub voucher: VoucherId,
    #[n(1)]
    pub order: Id<()>,
    #[n(2)]
    pub offer: OfferId,
    #[n(3)]
    pub merchant: MerchantId,
    #[n(4)]
    pub place: PlaceId,
    #[n(5)]
    pub till: PersonId,
    #[n(6)]
    pub at: Timestamp,
    #[n(7)]
    pub amount: Money,
    /// What was posted; `None` for what costs nothing.
    #[n(8)]
    pub posting: Option<PostingId>,
    #[n(9)]
    pub undone: Option<UndoneUse>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct UndoneUse {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub by: PersonId,
}

/// Who asks, as an edge remembers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub by: Option<PersonId>,
    pub device: Option<Id<()>>,
    pub key: Option<String>,
}

impl Origin {
    /// A person's request, with its idempotency key.
    pub fn of(actor: &Actor, key: &str) -> Origin {
        Origin { by: Some(actor.person), device: Some(actor.session.untyped()), key: Some(key.to_owned()) }
    }
}

/// Key: voucher. Value: whose, for what, how it stands. Written here alone; read by its holder, tills and the desk.
pub static VOUCHERS: Table<VoucherId, Voucher> =
    Table::new(500, "vouchers", &[&VOUCHER_BY_CODE, &VOUCHERS_BY_HOLDER, &VOUCHERS_AT_TILL]);
pub static VOUCHER_BY_CODE: Index<VoucherId, Voucher, Code> =
    Index::unique(501, "voucher_by_code", |_, voucher| vec![voucher.code]);
pub static VOUCHERS_BY_HOLDER: Index<VoucherId, Voucher, PersonId> =
    Index::new(502, "vouchers_by_holder", |_, voucher| vec![voucher.holder]);
/// Valid ones that the till will take the money for, by when their use ends.
pub static VOUCHERS_AT_TILL: Index<VoucherId, Voucher, (PersonId, Timestamp)> =
    Index::new(510, "vouchers_at_till", |_, voucher| {
        let is_open = voucher.tender == VoucherTender::Till && voucher.state == VoucherState::Valid;
        is_open.then_some((voucher.holder, voucher.use_until)).into_iter().collect()
    });

/// Key: voucher and number from 0. Value: one step. Written once; read by the desk and in disputes.
pub static VOUCHER_EDGES: Table<(VoucherId, u32), Edge> = Table::new(504, "voucher_edges", &[]);

/// Key: redemption. Value: what was used where and by whom. Written by tills; read by tills, the desk and reviews.
pub static REDEMPTIONS: Table<RedemptionId, Redemption> = Table::new(
    505,
    "redemptions",
    &[&REDEMPTIONS_BY_PLACE, &REDEMPTIONS_BY_MERCHANT, &REDEMPTIONS_BY_ORDER, &REDEMPTIONS_BY_VOUCHER],
);
pub static REDEMPTIONS_BY_PLACE: Index<RedemptionId, Redemption, (PlaceId, Timestamp)> =
    Index::new(506, "redemptions_by_place", |_, redemption| vec![(redemption.place, redemption.at)]);
pub static REDEMPTIONS_BY_MERCHANT: Index<RedemptionId, Redemption, (MerchantId, Timestamp)> =
    Index::new(507, "redemptions_by_merchant", |_, redemption| vec![(redemption.merchant, redemption.at)]);
pub static REDEMPTIONS_BY_ORDER: Index<RedemptionId, Redemption, (Id<()>, PlaceId)> =
    Index::new(508, "redemptions_by_order", |_, redemption| vec![(redemption.order, redemption.place)]);
pub static REDEMPTIONS_BY_VOUCHER: Index<RedemptionId, Redemption, VoucherId> =
    Index::new(509, "redemptions_by_voucher", |_, redemption| vec![redemption.voucher]);

/// A voucher was used: in the same transaction.
#[derive(Clone, Copy, Debug)]
pub struct Redeemed {
    pub order: Id<()>,
}

/// A use was taken back: in the same transaction.
#[derive(Clone, Copy, Debug)]
pub struct RedemptionUndone {
    pub order: Id<()>,
}

/// A voucher ran out unused: in the same transaction.
#[derive(Clone, Copy, Debug)]
pub struct VoucherExpired {
    pub order: Id<()>,
    pub voucher: VoucherId,
}
