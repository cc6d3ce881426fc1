//! What two listings have in common when they are of one place: the name, the point, the telephone. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::base::{Line, Point};
use crate::directory::categories::{Categories, CategoryId};
use crate::directory::model::{Address, Contact, Place, PlaceName};
use crate::directory::reading::PlaceDraft;

/// How far apart the two points may lie: one in the middle of the house, one at its door.
pub(super) const NEAR_M: u32 = 60;
/// The last digits of a number are the same with and without the code of the country.
const PHONE_DIGITS: u32 = 7;

/// What is compared of a listing. Texts are kept as numbers, so that a file of a million places fits in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Likeness {
    pub name: u64,
    /// The first word of the name.
    word: u64,
    pub phone: Option<u32>,
    /// Street and house number, where both are known.
    house: Option<u64>,
    family: CategoryId,
    pub point: Point,
}

impl Likeness {
    pub(super) fn of(draft: &PlaceDraft) -> Likeness {
        let facts = &draft.facts;
        Likeness::new(&facts.name, &facts.contact, &facts.address, facts.category, draft.point)
    }

    pub(super) fn of_place(place: &Place) -> Likeness {
        Likeness::new(&place.name, &place.contact, &place.address, place.category, place.point)
    }

    fn new(name: &PlaceName, contact: &Contact, address: &Address, category: CategoryId, point: Point) -> Likeness {
        let name = folded(name.as_str());
        let word = name.split(' ').next().unwrap_or_default();
        let house = address.street.as_ref().zip(address.number.as_ref());
        Likeness {
            word: digest(word),
            name: digest(&name),
            phone: contact.phone.as_ref().and_then(phone),
            house: house.map(|(street, number)| digest(&folded(&format!("{street} {number}")))),
            family: Categories::get().by_id(category).map_or(category, |category| category.family),
            point,
        }
    }

    /// Whether both are of one place, as far as one can tell: of one family and near, with one name and nothing that
    /// speaks against it, or with one telephone and the same first word.
    pub(super) fn is_that_of(&self, other: &Likeness) -> bool {
        let differ = |one: Option<u64>, other: Option<u64>| one.zip(other).is_some_and(|(one, other)| one != other);
        let is_near = self.point.distance_m(other.point) <= NEAR_M;
        let has_phone = self.phone.is_some() && self.phone == other.phone;
        let speaks_against =
            differ(self.phone.map(u64::from), other.phone.map(u64::from)) || differ(self.house, other.house);
        let is_so_called = self.name == other.name && !speaks_against;
        self.family == other.family && is_near && (is_so_called || (has_phone && self.word == other.word))
    }
}

/// Small letters without marks, so that two ways of writing a name are one.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).collect()
}

fn phone(number: &Line<40>) -> Option<u32> {
    let digits = number.as_str().bytes().filter(u8::is_ascii_digit).map(|digit| u32::from(digit - b'0'));
    let last = (0..PHONE_DIGITS).zip(digits.rev()).map(|(at, digit)| (at, digit * 10_u32.pow(at)));
    let (count, number) = last.fold((0, 0), |(_, sum), (at, part)| (at + 1, sum + part));
    (count == PHONE_DIGITS).then_some(number)
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::model::PlaceHours;
    use crate::directory::reading::PlaceFacts;

    /// A listing: name, metres north of the first, telephone, house number, category.
    fn listing(name: &str, north_m: f64, phone: &str, house: &str, category: &str) -> Likeness {
        let number = Line::parse(house).ok();
        let address = Address { street: Line::parse("Kalakatu").ok(), number, ..Address::default() };
        Likeness::of(&PlaceDraft {
            source: "csv:1".to_owned(),
            point: Point::new(60.17 + north_m / 111_195.0, 24.94).unwrap(),
            facts: PlaceFacts {
                name: PlaceName::parse(name).unwrap(),
                names: Vec::new(),
                category: Categories::get().by_slug(category).unwrap().id,
                address,
                contact: Contact { phone: Line::parse(phone).ok(), ..Contact::default() },
                hours: PlaceHours::Unknown,
                wheelchair: None,
                cuisines: Vec::new(),
                diets: Vec::new(),
                brand: None,
                level: None,
            },
        })
    }

    #[test]
    fn dir_12_one_place_is_told_by_name_point_and_telephone() {
        let kala = listing("Café Kala", 0.0, "+358 9 123 4567", "", "cafe");
        for (other, is_one) in [
            (listing("CAFÉ  KALA", 50.0, "", "", "cafe"), true),
            (listing("Café Kala", 50.0, "09-1234567", "", "restaurant"), false),
            (listing("Café Kala", 50.0, "09-1234567", "", "bar"), true),
            (listing("Café Kala & Terrace", 50.0, "(09) 123 4567", "", "cafe"), true),
            (listing("Café Kala & Terrace", 50.0, "", "", "cafe"), false),
            (listing("Kala Café", 50.0, "09 123 4567", "", "cafe"), false),
            (listing("Café Kala", 50.0, "09 765 4321", "", "cafe"), false),
            (listing("Café Kala", 70.0, "", "", "cafe"), false),
            (listing("Café Kala", 50.0, "", "", "hairdresser"), false),
        ] {
            assert_eq!(kala.is_that_of(&other), is_one, "{other:?}");
            assert_eq!(other.is_that_of(&kala), is_one, "{other:?}");
        }
        let at = |house: &str| listing("R-Kioski", 0.0, "", house, "kiosk");
        assert!(at("4").is_that_of(&at("4")) && at("4").is_that_of(&at("")));
        assert!(!at("4").is_that_of(&at("6")), "two houses are two kiosks");
    }
}
