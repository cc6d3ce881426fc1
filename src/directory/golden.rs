//! The city, its merchants and places as past releases wrote them.

use crate::base::{Currency, Id, Line, Locale, Point, Timestamp};
use crate::directory::categories::CategoryId;
use crate::directory::{
    Address, CITY, City, Contact, Edited, LocalName, MERCHANTS, Merchant, PLACES, Place, PlaceField, PlaceHours,
    Wheelchair,
};
use crate::store::golden;

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn point() -> Point {
    Point::new(60.1699, -24.9384).unwrap()
}

fn line<const MAX: usize>(text: &str) -> Line<MAX> {
    Line::parse(text).unwrap()
}

#[test]
fn the_city_and_merchants_are_read_as_they_were_written() {
    let zone = "Europe/Helsinki".to_owned();
    let city = City { name: line("Helsinki"), zone, currency: Currency::EUR, center: Some(point()), country: None };
    golden::row(&CITY, "without a country", &(), &city);
    golden::row(&CITY, "with a country", &(), &City { country: Some("FI".to_owned()), ..city.clone() });
    golden::row(&CITY, "without a center", &(), &City { center: None, ..city });
    golden::row(&MERCHANTS, "merchant", &Id::from_bytes([1; 16]), &Merchant { name: line("Kauppa Oy"), since: AT });
}

#[test]
fn places_are_read_as_they_were_written() {
    let bare = Place {
        name: line("Café"),
        slug: "cafe".to_owned(),
        category: CategoryId(300),
        point: point(),
        merchant: None,
        address: Address::default(),
        contact: Contact::default(),
        hours: PlaceHours::Unknown,
        names: vec![],
        wheelchair: None,
        cuisines: vec![],
        diets: vec![],
        source: None,
        since: AT,
        changed: AT.plus_seconds(1),
        brand: None,
        level: None,
        edited: Edited::default(),
        merged_into: None,
    };
    let id = Id::from_bytes([2; 16]);
    golden::row(&PLACES, "bare", &id, &bare);
    let address = Address {
        street: Some(line("Aleksanterinkatu")),
        number: Some(line("52 B")),
        postcode: Some(line("00100")),
        city: Some(line("Helsinki")),
    };
    let contact = Contact {
        phone: Some(line("+358 9 1234")),
        website: Some("https://example.org/".to_owned()),
        email: Some("cafe@example.org".to_owned()),
    };
    let names = Locale::ALL.map(|locale| LocalName { locale, name: line("Kahvila") }).to_vec();
    let full = Place {
        merchant: Some(Id::from_bytes([1; 16])),
        address,
        contact,
        hours: PlaceHours::Readable("Mo-Fr 09:00-18:00".to_owned()),
        names,
        wheelchair: Some(Wheelchair::Yes),
        cuisines: vec![line("sushi")],
        diets: vec![line("vegan")],
        source: Some("osm:node/123".to_owned()),
        brand: Some(line("Kahvila")),
        level: Some(line("-1")),
        ..bare.clone()
    };
    golden::row(&PLACES, "full", &id, &full);
    let edited = Edited::default().with(PlaceField::Name).with(PlaceField::Level);
    golden::row(&PLACES, "edited", &id, &Place { edited, ..full });
    golden::row(&PLACES, "merged", &id, &Place { merged_into: Some(Id::from_bytes([3; 16])), ..bare.clone() });
    let hours = PlaceHours::Unreadable("when I feel like it".to_owned());
    golden::row(&PLACES, "unreadable hours", &id, &Place { hours, ..bare.clone() });
    for (label, wheelchair) in [("limited", Wheelchair::Limited), ("no", Wheelchair::No)] {
        let place = Place { wheelchair: Some(wheelchair), ..bare.clone() };
        golden::row(&PLACES, &format!("wheelchair {label}"), &id, &place);
    }
}
