//! What others read of the directory, from one snapshot or transaction.

use jiff::tz::TimeZone;

use crate::base::Fault;
use crate::directory::hours::Locality;
use crate::directory::model::{
    CITY, City, MERCHANTS, Merchant, MerchantId, PLACES, PLACES_BY_MERCHANT, Place, PlaceId,
};
use crate::store::{Read, Span};

/// The town; a store without one was never set up.
pub fn city(read: &dyn Read) -> Result<City, Fault> {
    read.must_get(&CITY, &())
}

impl City {
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

pub fn merchant(read: &dyn Read, id: MerchantId) -> Result<Option<Merchant>, Fault> {
    read.get(&MERCHANTS, &id)
}

/// The places that a merchant runs; a merchant has tens of them at most.
pub fn places_of(read: &dyn Read, merchant: MerchantId) -> Result<Vec<(PlaceId, Place)>, Fault> {
    read.scan_by(&PLACES, &PLACES_BY_MERCHANT, Span::prefix(&merchant))?.collect()
}
