//! The decisions of directory: what a place becomes when its source tells of it anew, which slugs it may have, and
//! which names a city's zone and country go by.

use jiff::tz::{self, TimeZone};
use unicode_normalization::UnicodeNormalization;

use crate::base::Timestamp;
use crate::directory::categories::Categories;
use crate::directory::model::Place;
use crate::directory::osm::PlaceDraft;
use crate::directory::refusal::Refusal;

/// Longest slug that a name yields; a suffix may follow.
const MAX_SLUG_CHARACTERS: usize = 60;
/// Places of one name and street that are told apart by a number, before chance tells them apart.
const NUMBERED: u32 = 9;

/// The place that a draft describes: a new one, or `old` with what the source says today. What only this city knows of
/// it (slug, merchant, since when) stays. `changed` counts when something else did.
pub fn described(draft: &PlaceDraft, old: Option<&Place>, slug: String, now: Timestamp) -> Place {
    let facts = &draft.facts;
    let place = Place {
        name: facts.name.clone(),
        slug,
        category: facts.category,
        point: draft.point,
        merchant: old.and_then(|old| old.merchant),
        address: facts.address.clone(),
        contact: facts.contact.clone(),
        hours: facts.hours.clone(),
        names: facts.names.clone(),
        wheelchair: facts.wheelchair,
        cuisines: facts.cuisines.clone(),
        diets: facts.diets.clone(),
        source: Some(draft.source.clone()),
        since: old.map_or(now, |old| old.since),
        changed: old.map_or(now, |old| old.changed),
        brand: facts.brand.clone(),
        level: facts.level.clone(),
    };
    if old.is_some_and(|old| *old != place) { Place { changed: now, ..place } } else { place }
}

/// The slugs that a place may have, best first: its name, with its street, with its house number, with a counter.
/// `last` is of chance, for when all are taken.
pub fn slugs(draft: &PlaceDraft, last: &str) -> Vec<String> {
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
    slugs.push(format!("{longest}-{last}"));
    slugs
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
