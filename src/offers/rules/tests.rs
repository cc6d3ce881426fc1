//! What the rules of offers must hold.

use proptest::prelude::*;

use super::*;
use crate::base::Currency;
use crate::base::money::percent_off;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const DAY: i64 = 86_400;

fn euros(amount: i64) -> Money {
    Money::new(amount, Currency::EUR)
}

fn draft() -> Draft {
    Draft {
        title: OfferTitle::parse("Lunch for two").unwrap(),
        price: euros(2400),
        list_price: euros(3400),
        capacity: 40,
        per_person: Some(2),
        sale_from: NOW,
        sale_until: NOW.plus_seconds(7 * DAY),
        use_from: NOW,
        use_until: NOW.plus_seconds(30 * DAY),
        use_hours: None,
        blackout: Vec::new(),
        needs_booking: false,
        text: None,
    }
}

fn field_of(draft: &Draft) -> Option<&'static str> {
    match check_draft(draft, NOW) {
        Ok(()) => None,
        Err(Refusal::Field { name, .. }) => Some(name),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn every_bound_of_a_draft_names_its_field() {
    assert_eq!(field_of(&draft()), None);
    let last = NOW.plus_seconds(7 * DAY);
    for (field, wrong) in [
        ("price", Draft { price: euros(-1), ..draft() }),
        ("price", Draft { price: euros(MAX_PRICE + 1), list_price: euros(MAX_PRICE + 1), ..draft() }),
        ("list_price", Draft { list_price: euros(2399), ..draft() }),
        ("list_price", Draft { list_price: Money::new(3400, Currency::parse("SEK").unwrap()), ..draft() }),
        ("capacity", Draft { capacity: 0, ..draft() }),
        ("capacity", Draft { capacity: MAX_CAPACITY + 1, ..draft() }),
        ("per_person", Draft { per_person: Some(0), ..draft() }),
        ("sale_until", Draft { sale_from: last, ..draft() }),
        ("use_until", Draft { use_until: NOW, ..draft() }),
        ("use_until", Draft { use_until: last.plus_seconds(-1), ..draft() }),
        ("use_until", Draft { use_until: NOW.plus_seconds(MAX_USE_SECONDS + 1), ..draft() }),
        ("blackout", Draft { blackout: vec![String::new(); MAX_BLACKOUT_DAYS + 1], ..draft() }),
    ] {
        assert_eq!(field_of(&wrong), Some(field), "{wrong:?}");
    }
}

#[test]
fn days_are_kept_once_and_in_order_and_no_other_text_is_a_day() {
    assert_eq!(blackout_days([" 2026-12-25", "", "2026-12-24", "2026-12-25"]).unwrap(), ["2026-12-24", "2026-12-25"]);
    for wrong in ["24.12.2026", "2026-02-30", "today", "\0"] {
        assert!(blackout_days([wrong]).is_err(), "{wrong}");
    }
}

#[test]
fn a_step_that_changes_nothing_is_a_success_and_withdrawn_is_for_good() {
    use Standing::{Draft, Paused, Published, Withdrawn};
    let to = |standing, step| stepped(standing, step, Phase::Draft).ok();
    for (step, ends) in [
        (Step::Publish, [Some(Published), Some(Published), None, None]),
        (Step::Pause, [None, Some(Paused), Some(Paused), None]),
        (Step::Resume, [None, Some(Published), Some(Published), None]),
        (Step::Withdraw, [Some(Withdrawn); 4]),
    ] {
        assert_eq!([Draft, Published, Paused, Withdrawn].map(|standing| to(standing, step)), ends, "{step:?}");
    }
}

fn any_standing() -> impl Strategy<Value = Standing> {
    prop_oneof![Just(Standing::Draft), Just(Standing::Published), Just(Standing::Paused), Just(Standing::Withdrawn)]
}

proptest! {
    #[test]
    fn deal_01_percent_is_computed(list in 0_i64..=MAX_PRICE, share in 0_i64..=100) {
        let price = list * share / 100;
        let percent = i64::from(percent_off(euros(list), euros(price)));
        // Never promises more than there is, and is right to the percent.
        prop_assert!(percent * list <= (list - price) * 100);
        prop_assert!(list == 0 || (percent + 1) * list > (list - price) * 100);
    }

    #[test]
    fn an_offer_can_be_bought_only_while_published_within_its_sale_and_in_stock(
        standing in any_standing(), seconds in -10 * DAY..20 * DAY, held in 0_u32..50, sold in 0_u32..50,
    ) {
        let terms = draft().into_terms(NOW);
        let (now, pool) = (NOW.plus_seconds(seconds), Pool { capacity: Some(40), held, sold });
        let is_on_sale = phase(standing, &terms, &pool, now) == Phase::OnSale;
        let in_time = terms.sale_from <= now && now < terms.sale_until;
        prop_assert_eq!(is_on_sale, standing == Standing::Published && in_time && held + sold < 40);
        if is_on_sale {
            prop_assert!(open_for_sale(Phase::OnSale).is_ok());
        }
    }
}
