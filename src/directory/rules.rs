//! The decisions of directory: what a place becomes when its source or its people tell of it anew, which of two
//! listings stays, which slugs a place may have, and which names a city's zone and country go by.

use jiff::tz::{self, TimeZone};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::base::{Point, Timestamp};
use crate::directory::categories::Categories;
use crate::directory::model::{Edited, Place, PlaceField, PlaceId};
use crate::directory::reading::{PlaceDraft, PlaceFacts};
use crate::directory::refusal::Refusal;

/// Longest slug that a name yields; a suffix may follow.
const MAX_SLUG_CHARACTERS: usize = 60;
/// Places of one name and street that are told apart by a number, before a digest tells them apart.
const NUMBERED: u32 = 9;

/// The place that a draft describes: a new one, or `old` with what the source says today. What only this city knows of
/// it (slug, merchant, since when) stays, and so does every field that people have edited. `changed` counts when
/// something else did.
pub fn described(draft: &PlaceDraft, old: Option<&Place>, slug: String, now: Timestamp) -> Place {
    let new = told(draft.point, &draft.facts, slug, now);
    let source = Some(draft.source.clone());
    let Some(old) = old else { return Place { source, ..new } };
    let mut place = Place { source, ..anew(old, new) };
    for field in FIELDS.iter().filter(|field| old.edited.has(field.is)) {
        (field.take)(&mut place, old);
    }
    dated(place, old, now)
}

/// The place as people of this city say it is. What differs from before is theirs from now on.
pub fn edited(old: &Place, point: Point, facts: &PlaceFacts, now: Timestamp) -> Place {
    let mut place = anew(old, told(point, facts, String::new(), now));
    let differing = FIELDS.iter().filter(|field| (field.differs)(old, &place));
    place.edited = differing.fold(place.edited, |edited, field| edited.with(field.is));
    dated(place, old, now)
}

/// A new place of these facts, which nobody runs and no source tells of.
fn told(point: Point, facts: &PlaceFacts, slug: String, now: Timestamp) -> Place {
    let facts = facts.clone();
    Place {
        name: facts.name,
        slug,
        category: facts.category,
        point,
        merchant: None,
        address: facts.address,
        contact: facts.contact,
        hours: facts.hours,
        names: facts.names,
        wheelchair: facts.wheelchair,
        cuisines: facts.cuisines,
        diets: facts.diets,
        source: None,
        since: now,
        changed: now,
        brand: facts.brand,
        level: facts.level,
        edited: Edited::default(),
        merged_into: None,
    }
}

/// The old place with what is told of the new one.
fn anew(old: &Place, new: Place) -> Place {
    let Place { merchant, since, changed, edited, merged_into, .. } = *old;
    Place { slug: old.slug.clone(), source: old.source.clone(), merchant, since, changed, edited, merged_into, ..new }
}

fn dated(place: Place, old: &Place, now: Timestamp) -> Place {
    if *old == place { place } else { Place { changed: now, ..place } }
}

/// A field that both imports and people tell of.
struct Field {
    is: PlaceField,
    take: fn(&mut Place, &Place),
    differs: fn(&Place, &Place) -> bool,
}

macro_rules! fields {
    ($($is:ident: $($path:ident).+;)*) => {
        [$(Field {
            is: PlaceField::$is,
            take: |to, from| to.$($path).+.clone_from(&from.$($path).+),
            differs: |one, other| one.$($path).+ != other.$($path).+,
        }),*]
    };
}

const FIELDS: [Field; 17] = fields! {
    Name: name;
    Names: names;
    Category: category;
    Point: point;
    Street: address.street;
    Number: address.number;
    Postcode: address.postcode;
    City: address.city;
    Phone: contact.phone;
    Website: contact.website;
    Email: contact.email;
    Hours: hours;
    Wheelchair: wheelchair;
    Cuisines: cuisines;
    Diets: diets;
    Brand: brand;
    Level: level;
};

/// Of two listings of one place the one that stays, and the one that becomes the way there. A merchant's stays, since
/// offers, orders and reviews hang on it; and nothing hangs on a place that nobody runs.
pub fn merged<'a>(one: Listed<'a>, other: Listed<'a>) -> Result<(Listed<'a>, Listed<'a>), Refusal> {
    let runs = |listed: Listed<'_>| listed.1.merchant.is_some();
    if one.0 == other.0 || one.1.merged_into.is_some() || other.1.merged_into.is_some() {
        return Err(Refusal::MergedAlready);
    }
    match (runs(one), runs(other)) {
        (true, true) => Err(Refusal::PlaceTaken),
        (true, false) => Ok((one, other)),
        (false, true) => Ok((other, one)),
        // The older stays; of a pair from one moment, the first.
        (false, false) => Ok(if one.1.since <= other.1.since { (one, other) } else { (other, one) }),
    }
}

/// A place and its id.
pub type Listed<'a> = (PlaceId, &'a Place);

/// The slugs that a place may have, best first: its name, with its street, with its house number, with a counter.
/// The last is of the place's id at its source, for when all are taken: it is the same in every import.
pub fn slugs(draft: &PlaceDraft) -> Vec<String> {
    let facts = &draft.facts;
    let name = match slugged(facts.name.as_str()) {
        slug if slug.is_empty() => {
            let category = Categories::get().by_id(facts.category);
            category.map_or("place".to_owned(), |category| category.slug.to_string())
        }
        slug => slug,
    };
    let part = |text: Option<&str>| text.map(slugged).filter(|slug| !slug.is_empty());
    let mut slugs = vec![name];
    for more in [
        part(facts.address.street.as_ref().map(|line| line.as_str())),
        part(facts.address.number.as_ref().map(|line| line.as_str())),
    ] {
        let longer = more.and_then(|more| Some(format!("{}-{more}", slugs.last()?)));
        slugs.extend(longer);
    }
    let longest = slugs.last().cloned().unwrap_or_default();
    slugs.extend((2..=NUMBERED).map(|number| format!("{longest}-{number}")));
    slugs.push(format!("{longest}-{}", digest(&draft.source)));
    slugs
}

/// Twelve digits of a text.
fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Letters and digits of ASCII, what is between them as one hyphen: `Café Ö & Co.` is `cafe-o-co`.
fn slugged(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.nfkd().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => slug.push(letter),
            'ß' => slug.push_str("ss"),
            'æ' => slug.push_str("ae"),
            'œ' => slug.push_str("oe"),
            'ø' => slug.push('o'),
            'ł' => slug.push('l'),
            'đ' | 'ð' => slug.push('d'),
            'þ' => slug.push_str("th"),
            '\'' | '’' | '\u{300}'..='\u{36F}' => {}
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
        if slug.len() >= MAX_SLUG_CHARACTERS {
            break;
        }
    }
    slug.trim_matches('-').to_owned()
}

/// The zone that goes by this IANA name, spelled as IANA spells it.
pub fn zone_name(typed: &str) -> Result<String, Refusal> {
    let zone = TimeZone::get(typed.trim()).map_err(|_| Refusal::UnknownZone)?;
    zone.iana_name().filter(|_| !zone.is_unknown()).map(str::to_owned).ok_or(Refusal::UnknownZone)
}

/// Every name that [`zone_name`] knows.
pub fn zone_names() -> Vec<String> {
    tz::db().available().map(|name| name.to_string()).filter(|name| zone_name(name).is_ok()).collect()
}

/// The two letters of ISO 3166 in capitals; none if nothing was typed.
pub fn country_code(typed: &str) -> Result<Option<String>, Refusal> {
    let typed = typed.trim();
    match typed.len() {
        0 => Ok(None),
        2 if typed.bytes().all(|byte| byte.is_ascii_alphabetic()) => Ok(Some(typed.to_ascii_uppercase())),
        _ => Err(Refusal::UnknownCountry),
    }
}

#[cfg(test)]
mod tests {
    use super::{country_code, slugged, zone_name, zone_names};
    use crate::directory::refusal::Refusal;

    #[test]
    fn a_zone_goes_by_its_iana_name_and_by_no_other() {
        for (typed, name) in
            [("Europe/Helsinki", "Europe/Helsinki"), (" europe/helsinki ", "Europe/Helsinki"), ("UTC", "UTC")]
        {
            assert_eq!(zone_name(typed).as_deref(), Ok(name));
        }
        for bad in
            ["", "Helsinki", "Europe/Atlantis", "Etc/Unknown", "+02:00", "EET-2EEST", "../../etc/localtime", "\0"]
        {
            assert_eq!(zone_name(bad), Err(Refusal::UnknownZone), "{bad:?}");
        }
        let all = zone_names();
        assert!(all.len() > 400 && all.iter().any(|name| name == "Pacific/Auckland"), "{}", all.len());
    }

    #[test]
    fn a_country_is_two_letters_or_nothing() {
        assert_eq!(country_code(" fi"), Ok(Some("FI".to_owned())));
        assert_eq!(country_code(" "), Ok(None));
        for bad in ["F", "FIN", "F1", "\u{e4}"] {
            assert_eq!(country_code(bad), Err(Refusal::UnknownCountry), "{bad}");
        }
    }

    #[test]
    fn a_slug_is_plain_letters_of_the_name() {
        for (name, slug) in [
            ("Café Ekberg", "cafe-ekberg"),
            ("Ravintola Kuu", "ravintola-kuu"),
            ("Fazer Café Kluuvikatu 3", "fazer-cafe-kluuvikatu-3"),
            ("Joe's  & Söhne — Straße", "joes-sohne-strasse"),
            ("../../etc/passwd", "etc-passwd"),
            ("<script>", "script"),
            ("餐馆", ""),
            ("---", ""),
        ] {
            assert_eq!(slugged(name), slug, "{name}");
        }
        assert!(slugged(&"long name ".repeat(30)).len() <= 60);
    }
}
