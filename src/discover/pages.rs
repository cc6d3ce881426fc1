//! The pages of discover. What their cards share is here; each page is a file of its own. The twin for programs is
//! `api.rs`.

mod home;
mod place;
mod search;
mod sitemap;

pub use home::home;
pub use place::place;
pub use search::search;
pub use sitemap::sitemap;

use crate::base::Locale;
use crate::directory::Category;
use crate::directory::{OpenState, cover_of};
use crate::discover::queries::{Found, Moment};
use crate::offers::{Listing, ends_text, left_text};
use crate::web::cover::Covers;
use crate::web::view::{OfferCard, Open, PlaceCard, Price};

/// People walk so many metres a minute.
const WALK_M_A_MINUTE: u32 = 80;

fn place_card(found: &Found, moment: &Moment, covers: &mut Covers<'_>) -> PlaceCard {
    let place = &found.place;
    let (family, icon) = cover_of(place.category);
    PlaceCard {
        url: place.path(),
        name: place.name.to_string(),
        category: place.category_name().to_owned(),
        cover: covers.draw(found.id.as_bytes(), family, icon),
        price_level: String::new(),
        distance: found.distance_m.map(distance_text),
        address: place.address.street_line(),
        rating: found.rating.view(),
        open: open_badge(found.state, moment),
        deal: found.deal.as_ref().map(deal_text),
    }
}

fn place_cards(found: &[Found], moment: &Moment, covers: &mut Covers<'_>) -> Vec<PlaceCard> {
    found.iter().map(|found| place_card(found, moment, covers)).collect()
}

fn offer_card(found: &Found, listing: &Listing, moment: &Moment, covers: &mut Covers<'_>) -> OfferCard {
    let (family, icon) = cover_of(found.place.category);
    let terms = &listing.terms;
    let street = found.place.address.street_line();
    let parts = [found.place.name.to_string(), street];
    OfferCard {
        url: format!("/o/{}", listing.id),
        title: terms.title.to_string(),
        place: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
        cover: covers.draw(listing.id.as_bytes(), family, icon),
        price: Price::of(terms.price, terms.list_price),
        note: note(listing, moment),
    }
}

/// "Ends today 18:00, 9 of 40 left"
fn note(listing: &Listing, moment: &Moment) -> String {
    let ends = ends_text(listing.terms.sale_until, moment.now, &moment.zone);
    [Some(ends), left_text(listing)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// "Two courses before 18:00, 24.00 €"
fn deal_text(listing: &Listing) -> String {
    format!("{}, {}", listing.terms.title, listing.terms.price)
}

fn open_badge(state: OpenState, moment: &Moment) -> Open {
    let badge = match state {
        OpenState::AlwaysOpen | OpenState::Open { .. } => "open",
        OpenState::ClosesSoon { .. } => "closing",
        OpenState::Closed { .. } => "closed",
        OpenState::Unknown => return Open::default(),
    };
    Open { state: badge, text: state.sentence(moment.now, &moment.zone) }
}

/// "350 m", "1.2 km"
fn distance_text(metres: u32) -> String {
    match metres {
        0..995 => format!("{}\u{a0}m", (metres + 5) / 10 * 10),
        995..9_950 => format!("{:.1}\u{a0}km", f64::from(metres) / 1000.0),
        _ => format!("{}\u{a0}km", (metres + 500) / 1000),
    }
}

/// "350 m, 5 min on foot"
fn walk_text(metres: u32) -> String {
    let minutes = metres.div_ceil(WALK_M_A_MINUTE).max(1);
    if minutes > 60 { distance_text(metres) } else { format!("{}, {minutes}\u{a0}min on foot", distance_text(metres)) }
}

fn category_label(category: &Category) -> String {
    category.name(Locale::En).to_owned()
}

/// "1,285"
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_said_as_people_say_them() {
        for (metres, text) in
            [(0, "0 m"), (4, "0 m"), (347, "350 m"), (994, "990 m"), (1_240, "1.2 km"), (12_600, "13 km")]
        {
            assert_eq!(distance_text(metres).replace('\u{a0}', " "), text);
        }
        assert_eq!(walk_text(350).replace('\u{a0}', " "), "350 m, 5 min on foot");
        assert_eq!(walk_text(9_000).replace('\u{a0}', " "), "9.0 km");
    }

    #[test]
    fn long_numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_285, "1,285"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), text);
        }
    }
}
