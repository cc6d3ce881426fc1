//! Keys of the ledger: how owners, kinds, accounts and causes stand in keys. The numbers are for ever.

use crate::base::Currency;
use crate::kernel::AnyId;
use crate::kernel::ledger::model::{Account, AccountKind, Cause, CauseKind, Owner, Tender};
use crate::store::Key;

/// Every kind with its number in keys and its stable name; both are for ever.
pub(super) const KINDS: [(u8, AccountKind, &str); 12] = [
    (1, AccountKind::Clearing(Tender::Test), "clearing-test"),
    (2, AccountKind::Clearing(Tender::Transfer), "clearing-transfer"),
    (3, AccountKind::Clearing(Tender::Card), "clearing-card"),
    (4, AccountKind::Clearing(Tender::Credit), "clearing-credit"),
    (20, AccountKind::VoucherLiability, "voucher-liability"),
    (21, AccountKind::MerchantPayable, "merchant-payable"),
    (22, AccountKind::MerchantReceivable, "merchant-receivable"),
    (23, AccountKind::MerchantCash, "merchant-cash"),
    (24, AccountKind::MerchantSales, "merchant-sales"),
    (25, AccountKind::PlatformRevenue, "platform-revenue"),
    (26, AccountKind::Tax, "tax"),
    (27, AccountKind::Promotion, "promotion"),
];

impl AccountKind {
    /// Stable, kebab-case: `voucher-liability`.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |(_, _, name)| name)
    }

    fn number(self) -> u8 {
        self.row().map_or(0, |(number, _, _)| number)
    }

    fn row(self) -> Option<(u8, AccountKind, &'static str)> {
        KINDS.into_iter().find(|(_, kind, _)| *kind == self)
    }
}

const CAUSES: [CauseKind; 5] =
    [CauseKind::Order, CauseKind::Payment, CauseKind::Voucher, CauseKind::Redemption, CauseKind::Refund];

impl Key for Owner {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Owner::Platform => 0u8.encode(out),
            Owner::Merchant(id) => (1u8, *id).encode(out),
        }
    }

    fn decode(bytes: &mut &[u8]) -> Option<Owner> {
        match u8::decode(bytes)? {
            0 => Some(Owner::Platform),
            1 => AnyId::decode(bytes).map(Owner::Merchant),
            _ => None,
        }
    }
}

impl Key for AccountKind {
    fn encode(&self, out: &mut Vec<u8>) {
        self.number().encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<AccountKind> {
        let number = u8::decode(bytes)?;
        KINDS.into_iter().find(|(known, _, _)| *known == number).map(|(_, kind, _)| kind)
    }
}

impl Key for Account {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.owner, self.kind, self.currency).encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Account> {
        let (owner, kind, currency) = <(Owner, AccountKind, Currency)>::decode(bytes)?;
        Some(Account { owner, kind, currency })
    }
}

impl Key for Cause {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.kind as u8, self.id).encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Cause> {
        let (number, id) = <(u8, AnyId)>::decode(bytes)?;
        let kind = CAUSES.into_iter().find(|kind| *kind as u8 == number)?;
        Some(Cause { kind, id })
    }
}
