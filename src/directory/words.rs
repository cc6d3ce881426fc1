//! Places in words, for templates of every capability.

use crate::directory::model::{Address, Place};
use crate::web::view::PlaceLine;

impl Address {
    /// In one line: `Mikonkatu 18, 00100 Helsinki`.
    pub fn line(&self) -> String {
        let town = joined([self.postcode.as_ref().map(|line| line.as_str()), self.city.as_ref().map(|c| c.as_str())]);
        [self.street_line(), town].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// Street and number alone: `Mikonkatu 18`.
    pub fn street_line(&self) -> String {
        joined([self.street.as_ref().map(|line| line.as_str()), self.number.as_ref().map(|n| n.as_str())])
    }
}

fn joined(parts: [Option<&str>; 2]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Where something is, with the way there.
pub fn place_line(place: &Place) -> PlaceLine {
    PlaceLine {
        url: format!("/p/{}", place.slug),
        name: place.name.to_string(),
        address: place.address.line(),
        directions_url: Some(format!(
            "https://www.openstreetmap.org/directions?to={},{}",
            place.point.lat(),
            place.point.lon()
        )),
    }
}
