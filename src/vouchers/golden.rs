//! Vouchers, their edges and redemptions as past releases wrote them.

use crate::base::{Code, Currency, Id, Money, Timestamp};
use crate::store::golden;
use crate::vouchers::{
    Edge, EdgeKind, REDEMPTIONS, Redemption, UndoneUse, VOUCHER_EDGES, VOUCHERS, VoidReason, Voucher, VoucherState,
    VoucherTender,
};

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn id<T>(number: u8) -> Id<T> {
    Id::from_bytes([number; 16])
}

#[test]
fn vouchers_are_read_as_they_were_written() {
    let states = [
        ("issued", VoucherState::Issued),
        ("valid", VoucherState::Valid),
        ("redeemed", VoucherState::Redeemed { redemption: id(8) }),
        ("expired", VoucherState::Expired { at: AT }),
        ("refunded", VoucherState::Refunded { at: AT }),
        ("void, never paid", VoucherState::Void { at: AT, reason: VoidReason::NeverPaid }),
        ("void, cancelled", VoucherState::Void { at: AT, reason: VoidReason::Cancelled }),
    ];
    for (label, state) in states {
        for (tender, paid) in [(VoucherTender::Platform, "before"), (VoucherTender::Till, "at the till")] {
            let voucher = Voucher {
                order: id(1),
                offer: id(2),
                version: 2,
                merchant: id(3),
                place: id(4),
                holder: id(5),
                code: Code::from_bits(0x0012_3456_789A_BCDE).unwrap(),
                value: Money::new(1950, Currency::EUR),
                tender,
                use_from: AT,
                use_until: AT.plus_seconds(86_400),
                state,
                undone: 1,
                edges: 4,
                since: AT,
            };
            golden::row(&VOUCHERS, &format!("{label}, paid {paid}"), &id(6), &voucher);
        }
    }
}

#[test]
fn edges_are_read_as_they_were_written() {
    let kinds = [
        ("issued", EdgeKind::Issued),
        ("made valid", EdgeKind::MadeValid),
        ("redeemed", EdgeKind::Redeemed),
        ("undone", EdgeKind::Undone),
        ("undone into expired", EdgeKind::UndoneIntoExpired),
        ("expired", EdgeKind::Expired),
        ("refunded", EdgeKind::Refunded),
        ("voided", EdgeKind::Voided),
        ("reissued", EdgeKind::Reissued),
    ];
    for (number, (label, kind)) in (0..).zip(kinds) {
        let edge = Edge { kind, at: AT, by: Some(id(5)), device: Some(id(7)), key: Some("a key".to_owned()) };
        golden::row(&VOUCHER_EDGES, label, &(id(6), number), &edge);
    }
    let edge = Edge { kind: EdgeKind::Expired, at: AT, by: None, device: None, key: None };
    golden::row(&VOUCHER_EDGES, "by a timer", &(id(6), 9), &edge);
}

#[test]
fn redemptions_are_read_as_they_were_written() {
    let used = Redemption {
        voucher: id(6),
        order: id(1),
        offer: id(2),
        merchant: id(3),
        place: id(4),
        till: id(5),
        at: AT,
        amount: Money::new(1950, Currency::EUR),
        posting: Some(id(9)),
        undone: None,
    };
    golden::row(&REDEMPTIONS, "used", &id(8), &used);
    let undone = Some(UndoneUse { at: AT.plus_seconds(60), by: id(5) });
    golden::row(&REDEMPTIONS, "undone", &id(8), &Redemption { posting: None, undone, ..used });
}
