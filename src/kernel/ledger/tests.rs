//! Tests of the ledger: single stories, keys, and random postings that must always prove.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::base::Currency;
use crate::kernel::AnyId;
use crate::kernel::ledger::*;
use crate::kernel::testing::{Dice, id, memory, pass, try_write, write};
use crate::store::{Key, Row, Store};

const SEK: &str = "SEK";

fn cause(number: u8) -> Cause {
    Cause { kind: CauseKind::Order, id: id(number) }
}

fn clearing() -> Account {
    Account::platform(AccountKind::Clearing(Tender::Test), Currency::EUR)
}

fn liability() -> Account {
    Account::platform(AccountKind::VoucherLiability, Currency::EUR)
}

fn payable(merchant: u8) -> Account {
    Account::merchant(id(merchant), AccountKind::MerchantPayable, Currency::EUR)
}

fn paid(number: u8, amount: i64) -> Draft {
    Draft { event: Event::Paid, cause: cause(number), entries: flow(clearing(), liability(), amount).to_vec() }
}

fn balance_of(store: &Store, account: Account) -> i64 {
    balance(&store.snapshot().unwrap(), account).unwrap()
}

fn faults(store: &Store) -> Vec<String> {
    check(&store.snapshot().unwrap()).unwrap()
}

#[test]
fn pay_01_a_posting_moves_the_balances_in_the_same_transaction() {
    let store = memory();
    write(&store, |tx| post(tx, paid(1, 1250)));
    let entries = flow(liability(), payable(9), 1000).to_vec();
    write(&store, move |tx| post(tx, Draft { event: Event::Redeemed, cause: cause(1), entries: entries.clone() }));
    assert_eq!(balance_of(&store, clearing()), -1250);
    assert_eq!(balance_of(&store, liability()), 250);
    assert_eq!(balance_of(&store, payable(9)), 1000);
    let merchant = balances_of(&store.snapshot().unwrap(), Owner::Merchant(id(9))).unwrap();
    assert_eq!(merchant, [(payable(9), 1000)]);
    assert_eq!(balances_of(&store.snapshot().unwrap(), Owner::Platform).unwrap().len(), 2);
    assert_eq!(faults(&store), Vec::<String>::new());
}

#[test]
fn pay_01_what_does_not_sum_to_zero_per_currency_is_a_fault_and_leaves_nothing() {
    let store = memory();
    let other = Account { currency: Currency::parse(SEK).unwrap(), ..liability() };
    let unequal = [
        vec![],
        vec![Entry { account: clearing(), amount: 0 }],
        vec![Entry { account: clearing(), amount: -5 }, Entry { account: liability(), amount: 4 }],
        flow(clearing(), other, 5).to_vec(),
        flow(clearing(), liability(), i64::MIN).to_vec(),
        vec![Entry { account: clearing(), amount: 0 }; MAX_ENTRIES + 1],
    ];
    for entries in unequal {
        let draft = Draft { event: Event::Paid, cause: cause(1), entries };
        assert!(try_write(&store, move |tx| post(tx, draft.clone())).is_err());
    }
    assert!(balances_of(&store.snapshot().unwrap(), Owner::Platform).unwrap().is_empty());
}

#[test]
fn pay_01_a_balance_beyond_counting_is_a_fault() {
    let store = memory();
    write(&store, |tx| post(tx, paid(1, i64::MAX)));
    assert!(try_write(&store, |tx| post(tx, paid(1, 1))).is_err());
    assert_eq!(faults(&store), Vec::<String>::new());
}

#[test]
fn pay_01_a_posting_is_reversed_once_and_the_reversal_names_it() {
    let store = memory();
    let original = write(&store, |tx| post(tx, paid(1, 1250)));
    let undo = move |tx: &mut crate::store::Tx<'_>| reverse(tx, original, Event::Undone, cause(2));
    let first = write(&store, undo);
    let second = write(&store, undo);
    assert_eq!(first, second);
    assert_eq!((balance_of(&store, clearing()), balance_of(&store, liability())), (0, 0));
    let snapshot = store.snapshot().unwrap();
    assert_eq!(posting(&snapshot, first).unwrap().unwrap().reverses, Some(original));
    assert_eq!(reversal_of(&snapshot, original).unwrap(), Some(first));
    assert_eq!(reversal_of(&snapshot, first).unwrap(), None);
    assert!(try_write(&store, move |tx| reverse(tx, first, Event::Undone, cause(2))).is_err());
    assert_eq!(faults(&store), Vec::<String>::new());
}

#[test]
fn pages_of_an_account_go_from_the_newest_to_the_oldest_without_a_gap() {
    let store = memory();
    let mut posted = Vec::new();
    for number in 0..7 {
        posted.push(write(&store, move |tx| post(tx, paid(number, 100))));
        pass(&store, 60);
    }
    let snapshot = store.snapshot().unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = by_account(&snapshot, liability(), after, 3).unwrap();
        assert!(page.len() <= 3);
        let Some((last, posting)) = page.last() else { break };
        after = Some((posting.at, *last));
        seen.extend(page.iter().map(|(id, _)| *id));
    }
    posted.reverse();
    assert_eq!(seen, posted);
    assert!(by_account(&snapshot, payable(1), None, 3).unwrap().is_empty());
    let of_third = by_cause(&snapshot, cause(2), 10).unwrap();
    assert_eq!(of_third.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [posted[4]]);
}

#[test]
fn pay_01_check_names_what_was_tampered_with() {
    let store = memory();
    let original = write(&store, |tx| post(tx, paid(1, 1250)));
    let reversal = write(&store, move |tx| reverse(tx, original, Event::Undone, cause(2)));
    write(&store, |tx| tx.put(&BALANCES, &clearing(), &Balance { amount: 1 }));
    let found = faults(&store);
    assert_eq!(found.len(), 2, "{found:?}");
    write(&store, |tx| tx.put(&BALANCES, &clearing(), &Balance { amount: 0 }));
    write(&store, move |tx| {
        let mut posting = tx.must_get(&POSTINGS, &reversal)?;
        posting.entries[0].amount += 1;
        tx.put(&POSTINGS, &reversal, &posting)
    });
    let found = faults(&store);
    assert!(found.iter().any(|line| line.contains("not to zero")), "{found:?}");
    assert!(found.iter().any(|line| line.contains("mirror")), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("account")), "{found:?}");
}

#[test]
fn pay_01_any_story_of_postings_and_reversals_proves() {
    let mut dice = Dice::new();
    let currencies = [Currency::EUR, Currency::parse(SEK).unwrap()];
    let kinds = [AccountKind::VoucherLiability, AccountKind::Tax, AccountKind::Clearing(Tender::Card)];
    let store = memory();
    let mut posted: Vec<PostingId> = Vec::new();
    let mut model: BTreeMap<Account, i64> = BTreeMap::new();
    for _ in 0..300 {
        if dice.below(3) == 0 && !posted.is_empty() {
            let id = dice.pick(&posted);
            let before = store.snapshot().unwrap();
            let done = reversal_of(&before, id).unwrap().is_some();
            write(&store, move |tx| reverse(tx, id, Event::Undone, cause(3)));
            let undone = posting(&before, id).unwrap().unwrap().entries;
            for entry in undone.iter().filter(|_| !done) {
                *model.entry(entry.account).or_default() -= entry.amount;
            }
        } else {
            let currency = dice.pick(&currencies);
            let mut account = || {
                let owner = dice.pick(&[Owner::Platform, Owner::Merchant(id(1)), Owner::Merchant(id(2))]);
                Account { owner, kind: dice.pick(&kinds), currency }
            };
            let (from, to, third) = (account(), account(), account());
            let amount = dice.below(10_000) as i64;
            let entries = [flow(from, to, amount), flow(to, third, amount / 3)].concat();
            for entry in &entries {
                *model.entry(entry.account).or_default() += entry.amount;
            }
            let draft = Draft { event: Event::Paid, cause: cause(1), entries };
            posted.push(write(&store, move |tx| post(tx, draft.clone())));
        }
        assert_eq!(faults(&store), Vec::<String>::new());
    }
    for (account, amount) in model {
        assert_eq!(balance_of(&store, account), amount);
    }
}

fn any_account() -> impl Strategy<Value = Account> {
    let owner =
        prop_oneof![Just(Owner::Platform), any::<[u8; 16]>().prop_map(|b| Owner::Merchant(AnyId::from_bytes(b)))];
    let kind = prop::sample::select(keys::KINDS.map(|(_, kind, _)| kind).to_vec());
    (owner, kind).prop_map(|(owner, kind)| Account { owner, kind, currency: Currency::EUR })
}

proptest! {
    #[test]
    fn accounts_survive_key_and_row_and_keep_their_owners_together(account in any_account()) {
        let bytes = account.to_bytes();
        prop_assert!(bytes.starts_with(&account.owner.to_bytes()));
        prop_assert_eq!(Account::decode(&mut &bytes[..]), Some(account));
        let entry = Entry { account, amount: -1 };
        prop_assert_eq!(Entry::from_row(&entry.to_row()).unwrap(), entry);
    }
}

#[test]
fn no_two_kinds_share_a_number_or_a_name() {
    for (at, (number, kind, name)) in keys::KINDS.into_iter().enumerate() {
        assert_eq!(kind.name(), name);
        let others = keys::KINDS.into_iter().skip(at + 1);
        assert!(others.into_iter().all(|(other, _, alias)| other != number && alias != name));
    }
}
