//! What search learns of a place from the directory: where and what it is, when it is open, and the words by which it
//! is known.

use jiff::ToSpan;
use jiff::tz::TimeZone;

use crate::base::{Fault, Id, Locale, Timestamp};
use crate::directory::categories::{Categories, Category};
use crate::directory::model::{CITY, PLACES, Place, Wheelchair};
use crate::directory::queries::{locality, place, place_ids};
use crate::search::{self, Contributor, Document, Field, Flag, Flags, Hours, Rating, Source};
use crate::store::{Effect, Read};

/// Days of opening times that search keeps: eight from any instant on, counted from the midnight before.
const DAYS_KEPT: u16 = 9;

/// The directory as the source of documents and as the first to add to them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Places;

impl Source for Places {
    fn ids(&self, read: &dyn Read, after: Option<[u8; 16]>, limit: usize) -> Result<Vec<[u8; 16]>, Fault> {
        let ids = place_ids(read, after.map(Id::from_bytes), limit)?;
        Ok(ids.iter().map(|id| *id.as_bytes()).collect())
    }

    fn document(&self, read: &dyn Read, id: [u8; 16]) -> Result<Option<Document>, Fault> {
        let place = place(read, Id::from_bytes(id))?.filter(Place::is_one_of_its_own);
        let Some(place) = place else { return Ok(None) };
        Ok(Some(Document {
            id,
            name: place.name.to_string(),
            point: place.point,
            category: place.category.0,
            price_level: None,
            rating: Rating::default(),
            flags: flags(&place),
            hours: Hours::Unknown,
            // Nobody can tell us yet: the desk has no field for it.
            language: None,
            words: words(&place),
        }))
    }
}

/// Opening times, which move on with every day.
impl Contributor for Places {
    fn touched(&self, read: &dyn Read, effect: &Effect) -> Result<Vec<[u8; 16]>, Fault> {
        // The hours of every place are wall time of the city's zone.
        if effect.place().is_some_and(|(table, _)| table == CITY.number()) {
            return self.ids(read, None, usize::MAX);
        }
        let place = effect.place().filter(|(table, _)| *table == PLACES.number());
        Ok(place.and_then(|(_, key)| <[u8; 16]>::try_from(key).ok()).into_iter().collect())
    }

    fn contribute(
        &mut self,
        read: &dyn Read,
        id: [u8; 16],
        now: Timestamp,
        document: &mut Document,
    ) -> Result<Option<Timestamp>, Fault> {
        let Some(place) = place(read, Id::from_bytes(id))? else { return Ok(None) };
        let locality = locality(read)?;
        let Some(hours) = place.known_hours(&locality) else { return Ok(None) };
        // From midnight on, so that places with the same hours have the same intervals, whenever they are asked.
        let midnight = midnight(now, locality.zone(), 0);
        document.hours = Hours::Known(hours.open_intervals(midnight, DAYS_KEPT));
        Ok(Some(self::midnight(now, locality.zone(), 1)))
    }
}

/// The beginning of the day so many days from now.
fn midnight(now: Timestamp, zone: &TimeZone, days: i64) -> Timestamp {
    let day = now.in_zone(zone).date().saturating_add(days.days());
    day.to_zoned(zone.clone()).map_or(now.plus_seconds(days * 86_400), |zoned| zoned.timestamp().into())
}

fn flags(place: &Place) -> Flags {
    let has_diet = |name: &str| place.diets.iter().any(|diet| diet.as_str() == name);
    let diets = [
        ("vegetarian", Flag::Vegetarian),
        ("vegan", Flag::Vegan),
        ("halal", Flag::Halal),
        ("kosher", Flag::Kosher),
        ("gluten_free", Flag::GlutenFree),
    ];
    let served = diets.into_iter().filter(|(name, _)| has_diet(name)).map(|(_, flag)| flag);
    served.chain((place.wheelchair == Some(Wheelchair::Yes)).then_some(Flag::Wheelchair)).collect()
}

fn words(place: &Place) -> Vec<(Field, String)> {
    let names = place.names.iter().map(|local| local.name.to_string());
    let brand = place.brand.iter().map(ToString::to_string);
    let other_names = names.chain(brand).map(|text| (Field::OtherName, text));
    let lines = place.cuisines.iter().chain(&place.diets);
    let specialities = lines.map(|line| (Field::Speciality, line.as_str().replace('_', " ")));
    let address = &place.address;
    let street = address.street.iter().map(ToString::to_string).chain(address.postcode.iter().map(ToString::to_string));
    other_names.chain(specialities).chain(street.map(|text| (Field::Street, text))).collect()
}

/// The tree of categories as search knows it: names and terms in every language, English first. Families are for
/// browsing: no word means one.
pub fn search_categories() -> search::Categories {
    let search_category = |category: &Category| search::Category {
        id: category.id.0,
        parent: category.parent.map(|parent| parent.0),
        names: if category.parent.is_some() { own_words(category) } else { Vec::new() },
    };
    search::Categories::new(&Categories::get().all().map(search_category).collect::<Vec<_>>())
}

fn own_words(category: &Category) -> Vec<(Locale, String)> {
    let names = Locale::ALL.into_iter().map(|locale| (locale, category.name(locale)));
    let terms = Locale::ALL.into_iter().flat_map(|locale| category.terms(locale).map(move |term| (locale, term)));
    let mut words: Vec<(Locale, String)> = Vec::new();
    for (locale, word) in names.chain(terms) {
        if !words.iter().any(|(_, known)| known == word) {
            words.push((locale, word.to_owned()));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_23_hours_ends_at_midnight_all_the_same() {
        let helsinki = TimeZone::get("Europe/Helsinki").unwrap();
        let noon = Timestamp::parse("2026-03-29T12:00:00+03:00").unwrap();
        assert_eq!(Some(midnight(noon, &helsinki, 0)), Timestamp::parse("2026-03-29T00:00:00+02:00"));
        assert_eq!(Some(midnight(noon, &helsinki, 1)), Timestamp::parse("2026-03-30T00:00:00+03:00"));
    }
}
