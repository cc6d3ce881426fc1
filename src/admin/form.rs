//! The operator's forms as typed: read into values, or refused with each wrong field named. Pages and API read alike.

use serde::Deserialize;

use crate::accounts::{Email, PlaceId};
use crate::admin::commands::NewMerchant;
use crate::base::{Currency, Fault, Line, Point, Refusal as _};
use crate::directory::{self, City, MerchantName};
use crate::store::Read;
use crate::web::FieldErrors;

/// Longest list of places that is read; far more than a merchant may begin with.
const MAX_LISTED: usize = 1000;

/// The city's settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TypedSettings {
    pub name: String,
    pub zone: String,
    pub currency: String,
    pub country: String,
    pub center: String,
}

impl TypedSettings {
    pub fn of(city: &City) -> TypedSettings {
        TypedSettings {
            name: city.name.to_string(),
            zone: city.zone.clone(),
            currency: city.currency.code().to_owned(),
            country: city.country.clone().unwrap_or_default(),
            center: city.center.map(|center| center.to_string()).unwrap_or_default(),
        }
    }

    pub fn city(&self) -> Result<City, FieldErrors> {
        let mut errors = FieldErrors::default();
        let in_words = |refusal: directory::Refusal| refusal.message();
        let name = errors.check("name", Line::parse(&self.name));
        let zone = errors.check("zone", directory::zone_name(&self.zone).map_err(in_words));
        let code = self.currency.trim().to_ascii_uppercase();
        let advice = "Please write a currency of ISO 4217 in its three letters, such as EUR.";
        let currency = errors.check("currency", Currency::parse(&code).ok_or(advice));
        let country = errors.check("country", directory::country_code(&self.country).map_err(in_words));
        let center = errors.check("center", point(&self.center));
        let city = || Some(City { name: name?, zone: zone?, currency: currency?, center: center?, country: country? });
        city().ok_or(errors)
    }
}

fn point(typed: &str) -> Result<Option<Point>, &'static str> {
    match typed.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| "Please write latitude and longitude, such as 60.17, 24.94."),
    }
}

/// A business that takes part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TypedMerchant {
    pub name: String,
    /// Addresses of pages, slugs or ids.
    pub places: String,
    pub owner: String,
}

impl TypedMerchant {
    pub fn merchant(&self, read: &dyn Read) -> Result<Result<NewMerchant, FieldErrors>, Fault> {
        let mut errors = FieldErrors::default();
        let name = errors.check("name", MerchantName::parse(&self.name));
        let owner = errors.check("owner", Email::parse(&self.owner));
        let mut places = Vec::new();
        let listed = self.places.split([',', '\n', ' ', '\r', '\t']).filter(|part| !part.is_empty());
        for listed in listed.take(MAX_LISTED) {
            match place(read, listed)? {
                Some(id) if places.contains(&id) => {}
                Some(id) => places.push(id),
                None => errors.add("places", format!("There is no place at {}.", shortened(listed))),
            }
        }
        let new = || Some(NewMerchant { name: name?, places, owner: owner? });
        Ok(if errors.is_empty() { new().ok_or(errors) } else { Err(errors) })
    }
}

/// A place by the address of its page, by what stands last in it, or by its id.
fn place(read: &dyn Read, listed: &str) -> Result<Option<PlaceId>, Fault> {
    let path = listed.split(['?', '#']).next().unwrap_or_default();
    let slug = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if let Some((id, _)) = directory::place_by_slug(read, slug)? {
        return Ok(Some(id));
    }
    let Ok(id) = slug.parse::<PlaceId>() else { return Ok(None) };
    Ok(directory::place(read, id)?.map(|_| id))
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> TypedSettings {
        TypedSettings {
            name: " Turku ".to_owned(),
            zone: "europe/helsinki".to_owned(),
            currency: "eur".to_owned(),
            country: "fi".to_owned(),
            center: "60.45, 22.27".to_owned(),
        }
    }

    #[test]
    fn settings_are_read_as_people_type_them_and_shown_as_they_are_kept() {
        let city = typed().city().unwrap();
        assert_eq!(
            (city.name.as_str(), city.zone.as_str(), city.currency),
            ("Turku", "Europe/Helsinki", Currency::EUR)
        );
        assert_eq!((city.country.as_deref(), city.center), (Some("FI"), Point::new(60.45, 22.27)));
        assert_eq!(TypedSettings::of(&city).city().unwrap(), city);
        let bare = TypedSettings { country: String::new(), center: " ".to_owned(), ..typed() };
        let bare = bare.city().unwrap();
        assert_eq!((bare.country, bare.center), (None, None));
    }

    #[test]
    fn every_wrong_setting_is_named_at_once() {
        let wrong = TypedSettings {
            name: "\u{202e}".to_owned(),
            zone: "Europe/Atlantis".to_owned(),
            currency: "XAU".to_owned(),
            country: "Finland".to_owned(),
            center: "91, 0".to_owned(),
        };
        let errors = wrong.city().unwrap_err();
        let named: Vec<&str> = errors.iter().map(|(field, _)| field).collect();
        assert_eq!(named, ["center", "country", "currency", "name", "zone"]);
    }
}
