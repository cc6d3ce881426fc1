//! The form of an offer: as typed, as a draft, and an offer's terms as the form shows them.

use std::fmt::Display;

use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::base::{Currency, Money, Point, Refusal as _, Timestamp};
use crate::desk::rules::{End, instant, wall_time};
use crate::directory::Locality;
use crate::offers::{Draft, Listing, OfferText, OfferTitle, Refusal, Terms, blackout_days, readable_hours};
use crate::web::FieldErrors;

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct OfferForm {
    pub title: String,
    pub place: String,
    pub price: String,
    pub list_price: String,
    pub capacity: String,
    pub per_person: String,
    pub sale_from: String,
    pub sale_until: String,
    pub use_from: String,
    pub use_until: String,
    pub use_hours: String,
    pub blackout: String,
    pub needs_booking: Option<String>,
    pub terms: String,
}

/// What the form is read with.
pub struct Reading<'a> {
    pub now: Timestamp,
    pub currency: Currency,
    pub locality: &'a Locality,
    pub at: Point,
    /// The terms that the form showed: an instant whose field was left alone stays as it is, to the second.
    pub before: Option<&'a Terms>,
}

impl OfferForm {
    /// The form that shows these terms.
    pub fn of(listing: &Listing, zone: &TimeZone) -> OfferForm {
        let terms = &listing.terms;
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        OfferForm {
            title: terms.title.to_string(),
            place: listing.offer.place.to_string(),
            price: terms.price.plain(),
            list_price: terms.list_price.plain(),
            capacity: number(listing.pool.capacity),
            per_person: number(terms.per_person),
            sale_from: wall_time(terms.sale_from, zone),
            sale_until: wall_time(terms.sale_until, zone),
            use_from: wall_time(terms.use_from, zone),
            use_until: wall_time(terms.use_until, zone),
            use_hours: terms.use_hours.clone().unwrap_or_default(),
            blackout: terms.blackout.join(", "),
            needs_booking: terms.needs_booking.then(|| "yes".to_owned()),
            terms: terms.text.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// The draft that was typed, or every field that is wrong.
    pub fn draft(&self, with: &Reading<'_>) -> Result<Draft, FieldErrors> {
        let mut errors = FieldErrors::default();
        let title = errors.check("title", OfferTitle::parse(&self.title));
        let price = errors.check("price", money(&self.price, with.currency));
        let list_price = match self.list_price.trim() {
            "" => price,
            typed => errors.check("list_price", money(typed, with.currency)),
        };
        let capacity = errors.check("capacity", number(&self.capacity));
        let per_person = optional(&self.per_person, number).map(|read| errors.check("per_person", read));
        let (sale_from, sale_until) = self.sale(with, &mut errors);
        let (use_from, use_until) = self.time_of_use(with, &mut errors);
        let hours = readable_hours(&self.use_hours, with.locality, with.at);
        let use_hours = errors.check("use_hours", hours.map_err(advice));
        let blackout = errors.check("blackout", blackout_days(self.blackout.split(',')).map_err(advice));
        let text = optional(&self.terms, OfferText::parse).map(|read| errors.check("terms", read));
        let draft = || {
            Some(Draft {
                title: title?,
                price: price?,
                list_price: list_price?,
                capacity: capacity?,
                per_person: per_person.flatten(),
                sale_from: sale_from?,
                sale_until: sale_until?,
                use_from: use_from?,
                use_until: use_until?,
                use_hours: use_hours?,
                blackout: blackout?,
                needs_booking: self.needs_booking.is_some(),
                text: text.flatten(),
            })
        };
        if errors.is_empty() { draft().ok_or(errors) } else { Err(errors) }
    }

    fn sale(&self, with: &Reading<'_>, errors: &mut FieldErrors) -> (Option<Timestamp>, Option<Timestamp>) {
        let before = with.before.map(|terms| (terms.sale_from, terms.sale_until));
        let from = with.from(&self.sale_from, before.map(|(from, _)| from));
        let until = with.until(&self.sale_until, before.map(|(_, until)| until));
        (errors.check("sale_from", from), errors.check("sale_until", until))
    }

    fn time_of_use(&self, with: &Reading<'_>, errors: &mut FieldErrors) -> (Option<Timestamp>, Option<Timestamp>) {
        let before = with.before.map(|terms| (terms.use_from, terms.use_until));
        let from = with.from(&self.use_from, before.map(|(from, _)| from));
        let until = with.until(&self.use_until, before.map(|(_, until)| until));
        (errors.check("use_from", from), errors.check("use_until", until))
    }
}

impl Reading<'_> {
    /// Nothing typed means from now on.
    fn from(&self, typed: &str, before: Option<Timestamp>) -> Result<Timestamp, String> {
        if typed.trim().is_empty() { Ok(self.now) } else { self.instant(typed, before, End::From) }
    }

    fn until(&self, typed: &str, before: Option<Timestamp>) -> Result<Timestamp, String> {
        self.instant(typed, before, End::Until)
    }

    fn instant(&self, typed: &str, before: Option<Timestamp>, end: End) -> Result<Timestamp, String> {
        let zone = self.locality.zone();
        match before.filter(|before| wall_time(*before, zone) == typed.trim()) {
            Some(unchanged) => Ok(unchanged),
            None => instant(typed, zone, end).map_err(|reason| reason.to_string()),
        }
    }
}

fn optional<T>(typed: &str, read: impl FnOnce(&str) -> T) -> Option<T> {
    (!typed.trim().is_empty()).then(|| read(typed))
}

fn money(typed: &str, currency: Currency) -> Result<Money, &'static str> {
    Money::parse(typed, currency).ok_or("Please write an amount such as 12.50.")
}

fn number(typed: &str) -> Result<u32, &'static str> {
    typed.trim().parse().map_err(|_| "Please write a whole number.")
}

fn advice(refusal: Refusal) -> impl Display {
    refusal.message()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn locality() -> Locality {
        Locality::new(TimeZone::get("Europe/Helsinki").unwrap(), Some("FI"))
    }

    fn typed() -> OfferForm {
        OfferForm {
            title: "Lunch for two".to_owned(),
            price: "24,00".to_owned(),
            list_price: "34".to_owned(),
            capacity: "40".to_owned(),
            sale_until: "2027-01-01T20:00".to_owned(),
            use_until: "2027-02-01T20:00".to_owned(),
            ..OfferForm::default()
        }
    }

    fn read(form: &OfferForm, before: Option<&Terms>) -> Result<Draft, FieldErrors> {
        let at = Point::new(60.17, 24.94).unwrap();
        form.draft(&Reading { now: NOW, currency: Currency::EUR, locality: &locality(), at, before })
    }

    #[test]
    fn a_plain_form_is_a_draft_and_what_is_left_empty_means_from_now_on_without_limits() {
        let draft = read(&typed(), None).unwrap();
        assert_eq!((draft.price.amount, draft.list_price.amount, draft.capacity), (2400, 3400, 40));
        assert_eq!((draft.sale_from, draft.use_from), (NOW, NOW));
        assert_eq!(draft.sale_until, Timestamp::parse("2027-01-01T20:00:00+02:00").unwrap());
        assert_eq!((draft.per_person, draft.text, draft.use_hours), (None, None, None));
        let alone = read(&OfferForm { list_price: String::new(), ..typed() }, None).unwrap();
        assert_eq!(alone.list_price, alone.price);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let wrong = OfferForm {
            title: "\u{202e}".to_owned(),
            price: "-1".to_owned(),
            list_price: "1.234".to_owned(),
            capacity: "many".to_owned(),
            per_person: "1.5".to_owned(),
            sale_from: "2027-03-28T03:30".to_owned(),
            sale_until: String::new(),
            use_from: "soon".to_owned(),
            use_until: "2027-13-01T00:00".to_owned(),
            use_hours: "whenever we like".to_owned(),
            blackout: "24.12.2026".to_owned(),
            terms: "\u{0}".to_owned(),
            ..OfferForm::default()
        };
        let errors = read(&wrong, None).unwrap_err();
        let named: Vec<&str> = errors.iter().map(|(field, _)| field).collect();
        let all = [
            "blackout",
            "capacity",
            "list_price",
            "per_person",
            "price",
            "sale_from",
            "sale_until",
            "terms",
            "title",
            "use_from",
            "use_hours",
            "use_until",
        ];
        assert_eq!(named, all);
    }

    #[test]
    fn what_the_form_shows_of_an_offer_is_read_as_the_same_terms() {
        let form = OfferForm {
            blackout: "2026-12-25, 2026-12-24,2026-12-24".to_owned(),
            use_hours: "Mo-Fr 11:00-14:00".to_owned(),
            per_person: "2".to_owned(),
            needs_booking: Some("yes".to_owned()),
            terms: "Soup\r\nBread".to_owned(),
            ..typed()
        };
        let draft = read(&form, None).unwrap();
        assert_eq!(draft.blackout, ["2026-12-24", "2026-12-25"]);
        // A second that no field shows.
        let terms = Terms { sale_from: NOW.plus_seconds(7), ..draft.into_terms(NOW) };
        let listing = listing_of(terms.clone());
        let shown = OfferForm::of(&listing, locality().zone());
        let again = read(&shown, Some(&terms)).unwrap();
        assert_eq!(again.into_terms(NOW), terms);
    }

    fn listing_of(terms: Terms) -> Listing {
        use crate::base::Id;
        use crate::kernel::stock::Pool;
        use crate::offers::{Offer, OfferKind, Phase, Standing};
        let offer = Offer {
            place: Id::from_bytes([1; 16]),
            merchant: Id::from_bytes([2; 16]),
            kind: OfferKind::Deal,
            pool: Id::from_bytes([3; 16]),
            standing: Standing::Published,
            version: 1,
            sale_until: terms.sale_until,
            since: NOW,
        };
        let pool = Pool { capacity: Some(40), held: 0, sold: 0 };
        Listing { id: Id::from_bytes([4; 16]), offer, terms, pool, phase: Phase::OnSale }
    }
}
