//! Vouchers: used once, taken back in time, refunded before use, reissued.

use std::thread;

use highstreet::base::{Code, Refusal as _};
use highstreet::kernel::ledger::{Account, AccountKind};
use highstreet::offers::Draft;
use highstreet::orders::PublicOrderId;
use highstreet::payments::Method;
use highstreet::store::{Once, OnceRefusal, Stop};
use highstreet::vouchers::{self, EdgeKind, Origin, Redeem, Refusal, VoucherId};

use super::town::{DAY, START, Town, coffee_for_two, euros};

/// One paid voucher of Anna's.
fn paid(town: &Town) -> (PublicOrderId, VoucherId) {
    let order = town.place(&town.people.anna, town.deal, 1, Some(Method::Test)).unwrap();
    (order, town.vouchers(order)[0].0)
}

fn code(town: &Town, voucher: VoucherId) -> Code {
    vouchers::require(&town.read(), voucher).unwrap().code
}

fn edges(town: &Town, voucher: VoucherId) -> Vec<EdgeKind> {
    vouchers::edges(&town.read(), voucher).unwrap().into_iter().map(|edge| edge.kind).collect()
}

#[test]
fn vou_01_every_edge_says_who_when_from_where_and_under_which_key() {
    let town = Town::new();
    let (_, voucher) = paid(&town);
    let used = town.redeem(&town.people.till, voucher, town.harbour).unwrap();
    town.undo(&town.people.other_till, used).unwrap();
    town.pass(60 * DAY);
    town.refund(&town.people.anna, voucher).unwrap();
    let edges = vouchers::edges(&town.read(), voucher).unwrap();
    let said: Vec<_> = edges.iter().map(|edge| (edge.kind, edge.by, edge.key.as_deref())).collect();
    let (anna, till, other) = (town.people.anna.person, town.people.till.person, town.people.other_till.person);
    let expected = [
        (EdgeKind::Issued, Some(anna), Some("place")),
        (EdgeKind::MadeValid, Some(anna), Some("place")),
        (EdgeKind::Redeemed, Some(till), Some("redeem")),
        (EdgeKind::Undone, Some(other), Some("undo")),
        (EdgeKind::Expired, None, None),
        (EdgeKind::Refunded, Some(anna), Some("refund")),
    ];
    assert_eq!(said, expected);
    assert!(edges.iter().all(|edge| edge.by.is_some() == edge.device.is_some()));
    assert!(edges.is_sorted_by_key(|edge| edge.at) && edges[0].at >= START);
}

#[test]
fn vou_02_redeem_is_idempotent() {
    let town = Town::new();
    let (_, voucher) = paid(&town);
    let (till, place) = (town.people.till.clone(), town.harbour);
    let ask = Redeem { code: code(&town, voucher), place, paid: true };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let send = |key: &str, request: u8| {
        let once = Once { actor: *till.person.as_bytes(), key: key.into(), request: [request; 32] };
        let (till, key) = (till.clone(), key.to_owned());
        let work = move |tx: &mut highstreet::store::Tx<'_>| vouchers::redeem(tx, &till, ask, &Origin::of(&till, &key));
        runtime.block_on(town.store.write_once(once, work)).outcome
    };
    let first = send("a", 1).unwrap();
    assert_eq!(send("a", 1).unwrap(), first, "a retry gets the first answer");
    assert!(matches!(send("a", 2), Err(Stop::Refuse(OnceRefusal::KeyReused))));
    let other = send("b", 1);
    assert!(matches!(other, Err(Stop::Refuse(OnceRefusal::Own(Refusal::AlreadyRedeemed { .. })))), "{other:?}");
    assert_eq!(edges(&town, voucher), [EdgeKind::Issued, EdgeKind::MadeValid, EdgeKind::Redeemed]);
    assert_eq!(town.balance(Account::platform(AccountKind::VoucherLiability, euros(0).currency)), 0);
}

#[test]
fn vou_03_two_tills_at_once_one_wins_and_the_other_sees_who_when_and_where() {
    let town = Town::new();
    for _ in 0..4 {
        let (_, voucher) = paid(&town);
        let ask = Redeem { code: code(&town, voucher), place: town.harbour, paid: true };
        let tills = [&town.people.till, &town.people.other_till, &town.people.owner];
        let answers: Vec<_> = thread::scope(|scope| {
            let town = &town;
            let asked: Vec<_> = tills.iter().map(|till| scope.spawn(move || town.ask(till, ask))).collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winner = answers.iter().position(Result::is_ok).expect("one of them");
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let name = ["Tiina", "Timo", "Olga"][winner];
        for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            let Refusal::AlreadyRedeemed { who, place, at, .. } = refusal else { panic!("{refusal:?}") };
            assert_eq!((who.as_str(), place.as_str()), (name, "Kahvila at the harbour"));
            assert!(at.starts_with("Fri 15 Jan 2027, 10:0"), "{at}");
            assert!(refusal.message().contains(name));
        }
    }
    town.proves();
}

#[test]
fn vou_04_a_use_is_taken_back_within_a_minute_and_no_later() {
    let town = Town::new();
    let (order, voucher) = paid(&town);
    let used = town.redeem(&town.people.till, voucher, town.harbour).unwrap();
    assert_eq!(town.status(order), ("paid", "fulfilled"));
    assert_eq!(town.undo(&town.people.florist, used), Err("not-found"));
    assert_eq!(town.undo(&town.people.anna, used), Err("not-found"));
    town.pass(50);
    town.undo(&town.people.till, used).unwrap();
    assert_eq!(town.status(order), ("paid", "open"));
    assert_eq!(town.undo(&town.people.till, used), Err("already-undone"));
    town.proves();
    let again = town.redeem(&town.people.till, voucher, town.harbour).unwrap();
    assert_eq!(town.undo(&town.people.till, used), Err("already-undone"), "the first use, not the second");
    town.pass(60);
    assert_eq!(town.undo(&town.people.till, again), Err("undo-too-late"));
    assert_eq!(town.states(order), ["redeemed"]);
    town.proves();
}

#[test]
fn vou_04_at_most_ten_times() {
    let town = Town::new();
    let (_, voucher) = paid(&town);
    for _ in 0..10 {
        let used = town.redeem(&town.people.till, voucher, town.harbour).unwrap();
        town.undo(&town.people.till, used).unwrap();
    }
    let used = town.redeem(&town.people.till, voucher, town.harbour).unwrap();
    assert_eq!(town.undo(&town.people.till, used), Err("undone-too-often"));
    town.proves();
}

#[test]
fn vou_04_what_ran_out_meanwhile_comes_back_expired() {
    let town = Town::new();
    let until = START.plus_seconds(40 * DAY);
    let deal = town.on_sale(&Draft { use_until: until, ..coffee_for_two() });
    let order = town.place(&town.people.anna, deal, 1, Some(Method::Test)).unwrap();
    let (voucher, _) = town.vouchers(order)[0];
    assert!(town.store.clock().move_to(until.plus_seconds(-30)));
    let used = town.redeem(&town.people.till, voucher, town.harbour).unwrap();
    town.pass(30);
    town.undo(&town.people.till, used).unwrap();
    assert_eq!((town.states(order), town.status(order)), (vec!["expired"], ("paid", "expired")));
    assert_eq!(town.redeem(&town.people.till, voucher, town.harbour), Err("expired"));
    town.refund(&town.people.anna, voucher).unwrap();
    assert_eq!((town.states(order), town.status(order)), (vec!["refunded"], ("refunded", "cancelled")));
    assert_eq!(town.pool(deal).sold, 0);
    town.proves();
}

#[test]
fn vou_04_an_unpaid_use_undone_after_the_end_frees_its_stock() {
    let town = Town::new();
    let until = START.plus_seconds(40 * DAY);
    let deal = town.on_sale(&Draft { use_until: until, ..coffee_for_two() });
    let order = town.place(&town.people.anna, deal, 1, Some(Method::Till)).unwrap();
    let (voucher, _) = town.vouchers(order)[0];
    assert!(town.store.clock().move_to(until.plus_seconds(-30)));
    let used = town.redeem(&town.people.till, voucher, town.harbour).unwrap();
    assert_eq!(town.status(order), ("paid", "fulfilled"));
    town.pass(30);
    town.undo(&town.people.till, used).unwrap();
    assert_eq!((town.states(order), town.status(order)), (vec!["expired"], ("at-till", "expired")));
    assert_eq!(town.pool(deal).sold, 0);
    assert_eq!(town.refund(&town.people.anna, voucher), Err("not-open"), "there is no money to send back");
    assert_eq!(town.cancel(&town.people.anna, order), Err("nothing-to-cancel"));
    town.proves();
}

#[test]
fn vou_12_a_voucher_is_refunded_any_time_before_use_and_not_after() {
    let town = Town::new();
    let anna = &town.people.anna;
    let order = town.place(anna, town.deal, 3, Some(Method::Test)).unwrap();
    let vouchers: Vec<_> = town.vouchers(order).into_iter().map(|(id, _)| id).collect();
    let liability = Account::platform(AccountKind::VoucherLiability, euros(0).currency);
    assert_eq!(town.balance(liability), 3 * 1250);
    town.refund(anna, vouchers[1]).unwrap();
    assert_eq!(town.states(order), ["valid", "refunded", "valid"]);
    assert_eq!((town.balance(liability), town.pool(town.deal).sold), (2 * 1250, 2));
    assert_eq!(town.payment(order).unwrap().1.refunded, 1250);
    assert_eq!(town.refund(anna, vouchers[1]), Err("not-open"));
    assert_eq!(town.refund(&town.people.bela, vouchers[0]), Err("not-found"));
    town.redeem(&town.people.till, vouchers[0], town.harbour).unwrap();
    assert_eq!(town.refund(anna, vouchers[0]), Err("not-open"));
    assert_eq!(town.redeem(&town.people.till, vouchers[1], town.harbour), Err("refunded"));
    town.pass(61 * DAY);
    assert_eq!(town.status(order), ("paid", "fulfilled"));
    assert_eq!(town.states(order), ["redeemed", "refunded", "expired"]);
    town.refund(anna, vouchers[2]).unwrap();
    assert_eq!((town.balance(liability), town.pool(town.deal).sold), (0, 1));
    assert_eq!(town.status(order), ("paid", "fulfilled"));
    town.proves();
    assert_eq!(town.timers_left(), Vec::<String>::new());
}

#[test]
fn vou_17_the_old_code_is_dead_at_once() {
    let town = Town::new();
    let (_, voucher) = paid(&town);
    let old = code(&town, voucher);
    assert_eq!(town.reissue(&town.people.bela, voucher), Err("not-found"));
    town.reissue(&town.people.anna, voucher).unwrap();
    let ask = Redeem { code: old, place: town.harbour, paid: true };
    assert_eq!(town.ask(&town.people.till, ask), Err(Refusal::Unknown));
    assert_ne!(code(&town, voucher), old);
    town.redeem(&town.people.till, voucher, town.harbour).unwrap();
    assert_eq!(town.reissue(&town.people.anna, voucher), Err("not-open"));
    let held = town.place(&town.people.anna, town.deal, 1, None).unwrap();
    assert_eq!(town.reissue(&town.people.anna, town.vouchers(held)[0].0), Err("awaiting-payment"));
    assert_eq!(edges(&town, voucher), [EdgeKind::Issued, EdgeKind::MadeValid, EdgeKind::Reissued, EdgeKind::Redeemed]);
    town.proves();
}

#[test]
fn a_voucher_counts_at_its_place_alone_and_a_stranger_learns_nothing() {
    let town = Town::new();
    let (_, voucher) = paid(&town);
    let unknown = Code::from_bits(42).unwrap();
    let ask = |place, code| Redeem { code, place, paid: true };
    let refused = town.ask(&town.people.other_till, ask(town.market, code(&town, voucher)));
    assert_eq!(refused, Err(Refusal::WrongPlace { place: "Kahvila at the harbour".into() }));
    // Another merchant's till can't tell a foreign code from no code, used or not.
    let florist = &town.people.florist;
    let nothing = town.ask(florist, ask(town.flower_shop, unknown));
    assert_eq!(nothing, Err(Refusal::Unknown));
    assert_eq!(town.ask(florist, ask(town.flower_shop, code(&town, voucher))), nothing);
    town.redeem(&town.people.till, voucher, town.harbour).unwrap();
    assert_eq!(town.ask(florist, ask(town.flower_shop, code(&town, voucher))), nothing);
    // Nor does a till redeem where it is not, nor a resident anywhere, whatever the code.
    for code in [unknown, code(&town, voucher)] {
        let names = [
            town.ask(florist, ask(town.harbour, code)).unwrap_err().name(),
            town.ask(&town.people.till, ask(town.market, code)).unwrap_err().name(),
            town.ask(&town.people.anna, ask(town.harbour, code)).unwrap_err().name(),
        ];
        assert_eq!(names, ["not-found", "not-allowed", "not-found"]);
    }
}

#[test]
fn a_till_is_told_why_a_voucher_does_not_count() {
    let town = Town::new();
    let (anna, till) = (&town.people.anna, &town.people.till);
    let later = town.on_sale(&Draft { use_from: START.plus_seconds(DAY), ..coffee_for_two() });
    let noon = town.on_sale(&Draft { use_hours: Some("Mo-Su 12:00-13:00".into()), ..coffee_for_two() });
    let holiday = town.on_sale(&Draft { blackout: vec!["2027-01-15".into()], ..coffee_for_two() });
    let one = |offer, pay| town.vouchers(town.place(anna, offer, 1, pay).unwrap())[0].0;
    let test = Some(Method::Test);
    assert_eq!(town.redeem(till, one(later, test), town.harbour), Err("not-yet"));
    assert_eq!(town.redeem(till, one(noon, test), town.harbour), Err("not-now"));
    assert_eq!(town.redeem(till, one(holiday, test), town.harbour), Err("not-now"));
    assert_eq!(town.redeem(till, one(town.deal, None), town.harbour), Err("awaiting-payment"));
    let at_till = one(town.deal, Some(Method::Till));
    let unpaid = Redeem { code: code(&town, at_till), place: town.harbour, paid: false };
    let amount = euros(1250).to_string();
    assert_eq!(town.ask(till, unpaid), Err(Refusal::Unpaid { amount }));
    town.redeem(till, at_till, town.harbour).unwrap();
    let cancelled = town.place(anna, town.deal, 1, Some(Method::Till)).unwrap();
    town.cancel(anna, cancelled).unwrap();
    assert_eq!(town.redeem(till, town.vouchers(cancelled)[0].0, town.harbour), Err("void"));
    let old = one(town.deal, test);
    // Time decides, not the timer.
    town.pass_without_timers(60 * DAY);
    assert_eq!(town.redeem(till, old, town.harbour), Err("expired"));
    assert_eq!(town.reissue(anna, old), Err("not-open"));
}
