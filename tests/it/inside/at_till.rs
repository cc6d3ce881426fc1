//! How much somebody may have open who pays at the till: nobody has paid for it, so it is bounded.

use highstreet::offers::Draft;
use highstreet::orders::rules::{MAX_AT_TILL, MAX_AT_TILL_AS_GUEST};
use highstreet::payments::Method;

use super::town::{DAY, START, Town, coffee_for_two};

#[test]
fn who_pays_at_the_till_has_a_bounded_number_open_and_gets_room_again_by_using_giving_back_or_waiting() {
    let town = Town::new();
    let deal = town.on_sale(&Draft { capacity: 1000, per_person: None, ..coffee_for_two() });
    let till = Some(Method::Till);
    for (taker, most) in [(town.guest(1), MAX_AT_TILL_AS_GUEST), (town.resident("Rita"), MAX_AT_TILL)] {
        let units = u32::try_from(most).unwrap();
        let order = town.place(&taker, deal, units, till).unwrap();
        let before = town.pool(deal);
        assert_eq!(town.place(&taker, deal, 1, till), Err("too-many-at-till"));
        assert_eq!(town.pool(deal), before, "what is refused takes nothing");
        town.place(&taker, deal, 1, Some(Method::Test)).unwrap();

        let held = town.place(&taker, deal, 1, None).unwrap();
        assert_eq!(town.pay(&taker, held, Method::Till), Err("too-many-at-till"));
        assert_eq!(town.status(held), ("awaiting", "open"), "it can be paid in another way");
        let used = town.redeem(&town.people.till, town.vouchers(order)[0].0, town.harbour).unwrap();
        town.pay(&taker, held, Method::Till).unwrap();
        assert_eq!(town.place(&taker, deal, 1, till), Err("too-many-at-till"));
        town.undo(&town.people.till, used).unwrap();
        town.cancel(&taker, held).unwrap();
        assert_eq!(town.place(&taker, deal, 1, till), Err("too-many-at-till"), "an undone use is open again");
        town.refund(&taker, town.vouchers(order)[1].0).unwrap();
        town.place(&taker, deal, 1, till).unwrap();
        assert_eq!(town.place(&taker, deal, 1, till), Err("too-many-at-till"));
    }
    town.proves();
}

#[test]
fn what_ran_out_at_the_till_gives_room_at_once_whether_or_not_its_timer_was_there() {
    let town = Town::new();
    let soon = Draft { capacity: 1000, per_person: None, sale_until: START.plus_seconds(DAY), ..coffee_for_two() };
    let soon = town.on_sale(&Draft { use_until: START.plus_seconds(DAY), ..soon });
    let guest = town.guest(1);
    town.place(&guest, soon, 10, Some(Method::Till)).unwrap();
    assert_eq!(town.place(&guest, town.deal, 1, Some(Method::Till)), Err("too-many-at-till"));
    town.pass_without_timers(DAY);
    town.place(&guest, town.deal, 4, Some(Method::Till)).unwrap();
    town.fire();
    town.proves();
}
