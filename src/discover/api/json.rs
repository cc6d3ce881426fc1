//! Places and categories as JSON.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::PlaceId;
use crate::api::PointJson;
use crate::base::Locale;
use crate::directory::{Categories, Category, CategoryId};
use crate::directory::{OpenState, Place, PlaceHours, Wheelchair};
use crate::discover::queries::{Found, Moment};
use crate::offers::{Listing, OfferJson};
use crate::reviews::Tally;
use crate::search::Facets;

/// What reviews come to; no average without any
#[derive(Serialize, ToSchema)]
pub struct StarsJson {
    average: Option<f64>,
    count: u32,
}

/// What a place is
#[derive(Serialize, ToSchema)]
pub struct KindJson {
    slug: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
pub struct AddressJson {
    street: Option<String>,
    number: Option<String>,
    postcode: Option<String>,
    city: Option<String>,
}

/// A place in a list
#[derive(Serialize, ToSchema)]
pub struct FoundJson {
    id: String,
    slug: String,
    name: String,
    category: KindJson,
    point: PointJson,
    address: AddressJson,
    /// From `near`
    distance_m: Option<u32>,
    /// Now, or at the instant that was asked for; null if nobody told
    open: Option<bool>,
    rating: StarsJson,
    /// The best deal there now
    deal: Option<String>,
}

impl FoundJson {
    pub fn of(found: &Found) -> FoundJson {
        let place = &found.place;
        FoundJson {
            id: found.id.to_string(),
            slug: place.slug.clone(),
            name: place.name.to_string(),
            category: kind(place),
            point: place.point.into(),
            address: address(place),
            distance_m: found.distance_m,
            open: found.open,
            rating: rating(&found.rating),
            deal: found.deal.as_ref().map(|deal| deal.terms.title.to_string()),
        }
    }
}

/// How many places there would be with one choice more
#[derive(Serialize, ToSchema)]
pub struct FacetsJson {
    category: Vec<CountJson>,
    open: u32,
    /// `has-offer`, `wheelchair` and diets
    flags: Vec<CountJson>,
    /// At least so many stars
    rating: Vec<CountJson>,
}

#[derive(Serialize, ToSchema)]
pub struct CountJson {
    value: String,
    label: String,
    count: u32,
}

impl FacetsJson {
    pub fn of(facets: &Facets) -> FacetsJson {
        let tree = Categories::get();
        let category = |(id, count): &(u16, u32)| {
            let category = tree.by_id(CategoryId(*id))?;
            let label = category.name(Locale::En).to_owned();
            Some(CountJson { value: category.slug.to_string(), label, count: *count })
        };
        let stars = |hundredths: u16| (f32::from(hundredths) / 100.0).to_string();
        let counted = |value: String, count: u32| CountJson { label: value.replace('-', " "), value, count };
        FacetsJson {
            category: facets.categories.iter().filter_map(category).collect(),
            open: facets.open,
            flags: facets.flags.iter().map(|(flag, count)| counted(flag.name().to_owned(), *count)).collect(),
            rating: facets.ratings.iter().map(|(least, count)| counted(stars(*least), *count)).collect(),
        }
    }
}

/// A place with all that is known of it
#[derive(Serialize, ToSchema)]
pub struct PlaceJson {
    id: String,
    slug: String,
    url: String,
    name: String,
    /// By language
    names: HashMap<&'static str, String>,
    category: KindJson,
    point: PointJson,
    address: AddressJson,
    contact: ContactJson,
    hours: HoursJson,
    /// Now; null if nobody told
    open: Option<bool>,
    /// `yes`, `limited` or `no`
    wheelchair: Option<&'static str>,
    cuisines: Vec<String>,
    diets: Vec<String>,
    rating: StarsJson,
    /// Who runs it; null while nobody has claimed it
    merchant: Option<String>,
    offers: Vec<OfferJson>,
    /// Where it comes from, such as `osm:node/123`
    source: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ContactJson {
    phone: Option<String>,
    website: Option<String>,
    email: Option<String>,
}

/// When it is open
#[derive(Serialize, ToSchema)]
pub struct HoursJson {
    /// In OpenStreetMap's syntax, or as it was found if it can't be read
    text: Option<String>,
    /// `Open until 22:00`
    state: String,
    week: Vec<DayJson>,
}

#[derive(Serialize, ToSchema)]
pub struct DayJson {
    days: String,
    hours: String,
}

impl PlaceJson {
    pub fn of(id: PlaceId, place: &Place, tally: &Tally, offers: &[Listing], moment: &Moment) -> PlaceJson {
        let state = place.open_state(&moment.locality, moment.now);
        let text = |line: &crate::base::Line<60>| line.to_string();
        PlaceJson {
            id: id.to_string(),
            slug: place.slug.clone(),
            url: place.path(),
            name: place.name.to_string(),
            names: place.names.iter().map(|local| (local.locale.tag(), local.name.to_string())).collect(),
            category: kind(place),
            point: place.point.into(),
            address: address(place),
            contact: ContactJson {
                phone: place.contact.phone.as_ref().map(ToString::to_string),
                website: place.contact.website.clone(),
                email: place.contact.email.clone(),
            },
            hours: hours(place, state, moment),
            open: (state != OpenState::Unknown).then(|| state.is_open()),
            wheelchair: place.wheelchair.map(|wheelchair| match wheelchair {
                Wheelchair::Yes => "yes",
                Wheelchair::Limited => "limited",
                Wheelchair::No => "no",
            }),
            cuisines: place.cuisines.iter().map(text).collect(),
            diets: place.diets.iter().map(text).collect(),
            rating: rating(tally),
            merchant: place.merchant.map(|merchant| merchant.to_string()),
            offers: offers.iter().map(|listing| OfferJson::of(listing, &moment.zone)).collect(),
            source: place.source.clone(),
        }
    }
}

fn hours(place: &Place, state: OpenState, moment: &Moment) -> HoursJson {
    let week = place.known_hours(&moment.locality).map(|hours| hours.week(moment.now)).unwrap_or_default();
    HoursJson {
        text: match &place.hours {
            PlaceHours::Unknown => None,
            PlaceHours::Readable(text) | PlaceHours::Unreadable(text) => Some(text.clone()),
        },
        state: state.sentence(moment.now, &moment.zone),
        week: week.iter().map(|row| DayJson { days: row.days(), hours: row.hours() }).collect(),
    }
}

fn kind(place: &Place) -> KindJson {
    let slug = place.kind().map(|category| category.slug.to_string()).unwrap_or_default();
    KindJson { slug, name: place.category_name().to_owned() }
}

fn address(place: &Place) -> AddressJson {
    let address = &place.address;
    AddressJson {
        street: address.street.as_ref().map(ToString::to_string),
        number: address.number.as_ref().map(ToString::to_string),
        postcode: address.postcode.as_ref().map(ToString::to_string),
        city: address.city.as_ref().map(ToString::to_string),
    }
}

fn rating(tally: &Tally) -> StarsJson {
    StarsJson { average: tally.mean_hundredths().map(|mean| f64::from(mean) / 100.0), count: tally.count() }
}

/// A kind of places, and the kinds below it
#[derive(Serialize, ToSchema)]
pub struct CategoryJson {
    slug: String,
    name: String,
    icon: String,
    /// Places of this kind and those below
    count: u32,
    #[schema(no_recursion)]
    children: Vec<CategoryJson>,
}

impl CategoryJson {
    pub fn of(category: &Category, counts: &HashMap<u16, u32>) -> CategoryJson {
        let children = Categories::get().children(category.id);
        CategoryJson {
            slug: category.slug.to_string(),
            name: category.name(Locale::En).to_owned(),
            icon: category.icon.to_string(),
            count: counts.get(&category.id.0).copied().unwrap_or(0),
            children: children.map(|child| CategoryJson::of(child, counts)).collect(),
        }
    }
}
