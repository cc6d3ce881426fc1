//! What others read of the directory, from one snapshot or transaction.

use jiff::tz::TimeZone;

use crate::base::text::TextFault;
use crate::base::{Currency, Fault, Line, Locale, Timestamp};
use crate::directory::categories::{Categories, Category};
use crate::directory::hours::{Hours, Locality, OpenState};
use crate::directory::model::{
    CITY, City, MERCHANTS, Merchant, MerchantId, PLACE_BY_SLUG, PLACE_BY_SOURCE, PLACES, PLACES_BY_MERCHANT, Place,
    PlaceHours, PlaceId,
};
use crate::store::{Read, Span};

/// The town. Until the operator has set it up it has no name of its own, UTC and euros, so that everything works.
pub fn city(read: &dyn Read) -> Result<City, Fault> {
    find_city(read)?.map_or_else(City::not_set_up, Ok)
}

/// The town, if the operator has set it up.
pub fn find_city(read: &dyn Read) -> Result<Option<City>, Fault> {
    read.get(&CITY, &())
}

/// What opening hours are read with.
pub fn locality(read: &dyn Read) -> Result<Locality, Fault> {
    city(read)?.locality()
}

impl City {
    fn not_set_up() -> Result<City, Fault> {
        let own = |_: TextFault| Fault::bug("the city", "its first name is no name");
        let name = Line::parse("Highstreet").map_err(own)?;
        Ok(City { name, zone: "UTC".to_owned(), currency: Currency::EUR, center: None, country: None })
    }

    /// The zone of its wall times.
    pub fn time_zone(&self) -> Result<TimeZone, Fault> {
        TimeZone::get(&self.zone).map_err(|error| Fault::corrupt("the city's time zone", error))
    }

    /// What opening hours are read with.
    pub fn locality(&self) -> Result<Locality, Fault> {
        Ok(Locality::new(self.time_zone()?, self.country.as_deref()))
    }
}

pub fn place(read: &dyn Read, id: PlaceId) -> Result<Option<Place>, Fault> {
    read.get(&PLACES, &id)
}

/// A place that another row names.
pub fn require_place(read: &dyn Read, id: PlaceId) -> Result<Place, Fault> {
    read.must_get(&PLACES, &id)
}

/// The place of a slug; of a slug from before a merger, the place that it led to.
pub fn place_by_slug(read: &dyn Read, slug: &str) -> Result<Option<(PlaceId, Place)>, Fault> {
    let Some(id) = read.find(&PLACE_BY_SLUG, &slug.to_owned())? else { return Ok(None) };
    survivor(read, id)
}

/// The place itself, or the one that it was merged into.
pub fn survivor(read: &dyn Read, id: PlaceId) -> Result<Option<(PlaceId, Place)>, Fault> {
    let Some(mut found) = place(read, id)?.map(|place| (id, place)) else { return Ok(None) };
    // A place that others were merged into may be merged itself. It ends: the one that stays was never merged before.
    while let Some(id) = found.1.merged_into {
        found = (id, require_place(read, id)?);
    }
    Ok(Some(found))
}

/// The place that a source knows by this id.
pub fn place_of_source(read: &dyn Read, source: &str) -> Result<Option<(PlaceId, Place)>, Fault> {
    let Some(id) = read.find(&PLACE_BY_SOURCE, &source.to_owned())? else { return Ok(None) };
    Ok(Some((id, require_place(read, id)?)))
}

/// Ids of places, those after `after`, in order.
pub fn place_ids(read: &dyn Read, after: Option<PlaceId>, limit: usize) -> Result<Vec<PlaceId>, Fault> {
    let rows = read.scan(&PLACES, after_key(after))?.take(limit);
    rows.map(|row| row.map(|(id, _)| id)).collect()
}

/// All places of their own, in the order of their ids.
pub fn all_places(read: &dyn Read) -> Result<impl Iterator<Item = Result<(PlaceId, Place), Fault>> + '_, Fault> {
    let rows = read.scan(&PLACES, Span::all())?;
    Ok(rows.filter(|row| row.as_ref().map_or(true, |(_, place)| place.is_one_of_its_own())))
}

/// Whether there is any place yet.
pub fn has_places(read: &dyn Read) -> Result<bool, Fault> {
    Ok(!place_ids(read, None, 1)?.is_empty())
}

fn after_key(after: Option<PlaceId>) -> Span {
    after.map_or(Span::all(), |after| Span::all().beyond(&after))
}

pub fn merchant(read: &dyn Read, id: MerchantId) -> Result<Option<Merchant>, Fault> {
    read.get(&MERCHANTS, &id)
}

/// The merchants, oldest first, those after `after`.
pub fn merchants(
    read: &dyn Read,
    after: Option<MerchantId>,
    limit: usize,
) -> Result<Vec<(MerchantId, Merchant)>, Fault> {
    let span = after.map_or(Span::all(), |after| Span::all().beyond(&after));
    read.scan(&MERCHANTS, span)?.take(limit).collect()
}

/// The places that a merchant runs; a merchant has tens of them at most.
pub fn places_of(read: &dyn Read, merchant: MerchantId) -> Result<Vec<(PlaceId, Place)>, Fault> {
    read.scan_by(&PLACES, &PLACES_BY_MERCHANT, Span::prefix(&merchant))?.collect()
}

impl Place {
    /// Whether it is more than the way to another one.
    pub const fn is_one_of_its_own(&self) -> bool {
        self.merged_into.is_none()
    }

    /// Where its page is.
    pub fn path(&self) -> String {
        format!("/p/{}", self.slug)
    }

    /// What people read of its category.
    pub fn category_name(&self) -> &'static str {
        self.kind().map_or("", |category| category.name(Locale::En))
    }

    pub fn kind(&self) -> Option<&'static Category> {
        Categories::get().by_id(self.category)
    }

    /// Its hours, where they can be reckoned with.
    pub fn known_hours(&self, locality: &Locality) -> Option<Hours> {
        match &self.hours {
            PlaceHours::Readable(text) => Hours::parse(text, locality, self.point).ok(),
            PlaceHours::Unknown | PlaceHours::Unreadable(_) => None,
        }
    }

    pub fn open_state(&self, locality: &Locality, now: Timestamp) -> OpenState {
        self.known_hours(locality).map_or(OpenState::Unknown, |hours| hours.state_at(now))
    }
}
