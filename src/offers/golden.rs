//! Offers and terms as past releases wrote them.

use crate::base::{Currency, Id, Line, Money, Prose, Timestamp};
use crate::kernel::stock::Pool;
use crate::offers::api::Told;
use crate::offers::{OFFERS, Offer, OfferKind, Standing, TERMS, Terms};
use crate::store::golden;

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

#[test]
fn offers_are_read_as_they_were_written() {
    let standings = [
        ("draft", Standing::Draft),
        ("published", Standing::Published),
        ("paused", Standing::Paused),
        ("withdrawn", Standing::Withdrawn),
    ];
    for (label, standing) in standings {
        let offer = Offer {
            place: Id::from_bytes([1; 16]),
            merchant: Id::from_bytes([2; 16]),
            kind: OfferKind::Deal,
            pool: Id::from_bytes([3; 16]),
            standing,
            version: 2,
            sale_until: AT.plus_seconds(86_400),
            since: AT,
        };
        golden::row(&OFFERS, label, &Id::from_bytes([4; 16]), &offer);
    }
}

#[test]
fn terms_are_read_as_they_were_written() {
    let bare = Terms {
        title: Line::parse("Sauna for two").unwrap(),
        price: Money::new(1950, Currency::EUR),
        list_price: Money::new(3900, Currency::EUR),
        sale_from: AT,
        sale_until: AT.plus_seconds(1),
        use_from: AT.plus_seconds(2),
        use_until: AT.plus_seconds(3),
        use_hours: None,
        blackout: vec![],
        per_person: None,
        needs_booking: false,
        text: None,
        at: AT,
    };
    let key = (Id::from_bytes([4; 16]), 2);
    golden::row(&TERMS, "bare", &key, &bare);
    let full = Terms {
        use_hours: Some("Mo-Fr 11:00-14:00".to_owned()),
        blackout: vec!["2026-12-24".to_owned()],
        per_person: Some(4),
        needs_booking: true,
        text: Some(Prose::parse("Towels are in.\nDrinks are not.").unwrap()),
        ..bare
    };
    golden::row(&TERMS, "full", &key, &full);
}

#[test]
fn what_a_retry_is_told_of_an_offer_is_read_as_it_was_written() {
    let pool = Pool { capacity: Some(40), held: 1, sold: 3 };
    let told = Told { offer: Id::from_bytes([4; 16]), version: 2, standing: Standing::Published, pool, at: AT };
    golden::value("remembered_answers", "an offer", &told);
}
