//! The engines' rows as past releases wrote them.

use super::testing::{START, id};
use crate::base::Currency;
use crate::kernel::{AnyId, audit, ledger, outbox, stock, timers};
use crate::store::{Row, golden};

#[test]
fn stock_is_read_as_it_was_written() {
    use stock::{CAPS, CLAIMS, Cap, Claim, ClaimState, Demand, POOLS, Pool};
    golden::row(&POOLS, "with a capacity", &id(1), &Pool { capacity: Some(100), held: 3, sold: 40 });
    golden::row(&POOLS, "without a capacity", &id(2), &Pool { capacity: None, held: 0, sold: 7 });
    let states = [
        ("held", ClaimState::Held { until: START, extended: false }),
        ("held longer", ClaimState::Held { until: START, extended: true }),
        ("expired", ClaimState::Expired { at: START }),
        ("sold", ClaimState::Sold { at: START }),
        ("returned", ClaimState::Returned { at: START }),
    ];
    for (label, state) in states {
        let demands = vec![Demand { pool: id(1), quantity: 2 }];
        let caps = vec![Cap { scope: id(4), holder: id(5), quantity: 2, limit: 4 }];
        golden::row(&CLAIMS, label, &id(3), &Claim { owner: id(6), demands, caps, state });
    }
    // Nobody makes this but the engine: an array of one number.
    golden::row(&CAPS, "used", &(id(4), id(5)), &Row::from_row(&[0x81, 2]).unwrap());
}

#[test]
fn the_ledger_is_read_as_it_was_written() {
    use ledger::{
        Account, AccountKind, BALANCES, Balance, Cause, CauseKind, Entry, Event, Owner, POSTINGS, Posting, Tender,
    };
    let kinds = [
        ("test clearing", AccountKind::Clearing(Tender::Test)),
        ("transfer clearing", AccountKind::Clearing(Tender::Transfer)),
        ("card clearing", AccountKind::Clearing(Tender::Card)),
        ("credit clearing", AccountKind::Clearing(Tender::Credit)),
        ("voucher liability", AccountKind::VoucherLiability),
        ("merchant payable", AccountKind::MerchantPayable),
        ("merchant receivable", AccountKind::MerchantReceivable),
        ("merchant cash", AccountKind::MerchantCash),
        ("merchant sales", AccountKind::MerchantSales),
        ("platform revenue", AccountKind::PlatformRevenue),
        ("tax", AccountKind::Tax),
        ("promotion", AccountKind::Promotion),
    ];
    for (label, kind) in kinds {
        let account = Account { owner: Owner::Merchant(id(1)), kind, currency: Currency::EUR };
        golden::row(&BALANCES, label, &account, &Balance { amount: -1950 });
        golden::value("postings", label, &account);
    }
    let (owner, kind) = (Owner::Platform, AccountKind::PlatformRevenue);
    let platform = Account { owner, kind, currency: Currency::EUR };
    golden::row(&BALANCES, "of the platform", &platform, &Balance { amount: i64::MAX });
    let causes = [
        ("of an order", CauseKind::Order, Event::Paid),
        ("of a payment", CauseKind::Payment, Event::Refunded),
        ("of a voucher", CauseKind::Voucher, Event::Expired),
        ("of a redemption", CauseKind::Redemption, Event::Redeemed),
        ("of a refund", CauseKind::Refund, Event::Undone),
    ];
    for (label, kind, event) in causes {
        let cause = Cause { kind, id: id(2) };
        let entries = vec![Entry { account: platform, amount: 1950 }, Entry { account: platform, amount: -1950 }];
        let posting = Posting { at: START, event, cause, entries, reverses: None };
        golden::row(&POSTINGS, label, &id(3), &posting);
        let mirror = Posting { reverses: Some(id(3)), ..posting };
        golden::row(&POSTINGS, &format!("{label}, a reversal"), &id(4), &mirror);
        golden::key("postings", &format!("{label}, cause"), &cause);
    }
}

#[test]
fn letters_are_read_as_they_were_written() {
    use outbox::{LETTERS, Letter, LetterState};
    let states = [
        ("waiting", LetterState::Waiting { due: START }),
        ("done", LetterState::Done { at: START }),
        ("dead", LetterState::Dead { at: START, reason: "nobody answers".to_owned() }),
    ];
    for (label, state) in states {
        let (kind, dedupe) = ("refund".to_owned(), "0102".to_owned());
        let letter = Letter { kind, dedupe, payload: vec![1, 2, 255], written: START, attempts: 3, state };
        golden::row(&LETTERS, label, &id(1), &letter);
    }
}

#[test]
fn timers_are_read_as_they_were_written() {
    let key = (START, "voucher-expiry".to_owned(), id(1));
    golden::row(&timers::TIMERS, "waiting", &key, &timers::Timer { faults: 0 });
    golden::row(&timers::TIMERS, "put off", &key, &timers::Timer { faults: 2 });
}

#[test]
fn the_audit_is_read_as_it_was_written() {
    use audit::{Content, HEAD, Hash, Head, RECORDS, Record, SALTS, Salt, Verdict, Who};
    // Nobody makes these but the engine: they are read as 32 bytes of CBOR.
    let bytes = |number: u8| [&[0x58, 32][..], &[number; 32]].concat();
    let hash = |number: u8| Hash::from_row(&bytes(number)).unwrap();
    let person: AnyId = id(1);
    let deeds = [
        ("by the system", Who::System, Verdict::Done),
        ("by the console", Who::Console, Verdict::Done),
        ("by a person", Who::Person(person), Verdict::Done),
        ("by a guest", Who::Guest(person), Verdict::Done),
        ("by a token", Who::Token(person), Verdict::Denied),
        ("by a stranger", Who::Stranger, Verdict::Denied),
    ];
    for (label, who, verdict) in deeds {
        let content = Content {
            at: START,
            who,
            action: "offer-paused".to_owned(),
            subject_kind: "offer".to_owned(),
            subject: id(2),
            origin: Some(id(3)),
            verdict,
            before: None,
            after: Some(hash(7)),
        };
        golden::row(&RECORDS, label, &300, &Record { content, previous: hash(8), hash: hash(9) });
    }
    golden::row(&HEAD, "end", &(), &Head { seq: 300, hash: hash(9) });
    golden::row(&SALTS, "salt", &300, &Salt::from_row(&bytes(6)).unwrap());
}
