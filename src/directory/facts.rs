//! From tags to facts: every value is cleaned or left out, and a bad one never costs the place. Tags are those of
//! OpenStreetMap, whatever the file: columns of tables and properties of features are translated into them.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use url::Url;

use crate::base::{Line, Locale, Point};
use crate::directory::categories::{CategoryId, Tags, list};
use crate::directory::hours::{Hours, Locality, MAX_TEXT_BYTES};
use crate::directory::model::{Address, Contact, LocalName, PlaceHours, PlaceName, Wheelchair};
use crate::directory::reading::PlaceFacts;

/// Cuisines and diets of one place.
const MAX_LIST: usize = 8;
const MAX_URL_BYTES: usize = 300;
const MAX_EMAIL_BYTES: usize = 120;
/// A short number such as 112 is one.
const MIN_PHONE_DIGITS: usize = 3;
/// Texts of opening hours that are remembered as readable or not: many places share theirs.
const MAX_REMEMBERED: usize = 4_096;

/// Why something is no place for people to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// For good, or to the public.
    Closed,
    Unnamed,
    /// The name is too long or hostile.
    BadName,
}

/// Gathers the facts of one place after the other.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    readable: HashMap<String, bool>,
}

impl Gatherer {
    /// What the tags say. Values that are left out are counted in `dropped`.
    pub(super) fn gather(
        &mut self,
        tags: &Tags<'_>,
        category: CategoryId,
        dropped: &mut u64,
    ) -> Result<PlaceFacts, Unfit> {
        if is_closed(tags) {
            return Err(Unfit::Closed);
        }
        let name = first(tags, &["name", "brand"]).ok_or(Unfit::Unnamed)?;
        let name = PlaceName::parse(name).map_err(|_| Unfit::BadName)?;
        let hours = self.hours(tags, dropped);
        let mut gathering = Gathering { tags, dropped };
        Ok(PlaceFacts {
            names: gathering.names(&name),
            name,
            category,
            address: gathering.address(),
            contact: gathering.contact(),
            hours,
            wheelchair: gathering.wheelchair(),
            cuisines: gathering.cuisines(),
            diets: gathering.diets(),
            brand: gathering.line(&["brand"]),
            level: gathering.line(&["level"]),
        })
    }

    fn hours(&mut self, tags: &Tags<'_>, dropped: &mut u64) -> PlaceHours {
        let Some(text) = first(tags, &["opening_hours"]) else { return PlaceHours::Unknown };
        let Ok(line) = Line::<MAX_TEXT_BYTES>::parse(text) else {
            *dropped += 1;
            return PlaceHours::Unknown;
        };
        let text = line.as_str();
        if self.is_readable(text) { PlaceHours::Readable(text.into()) } else { PlaceHours::Unreadable(text.into()) }
    }

    fn is_readable(&mut self, text: &str) -> bool {
        if let Some(known) = self.readable.get(text) {
            return *known;
        }
        // Whether a text can be read depends neither on the zone nor on the place.
        static ANYWHERE: LazyLock<Locality> = LazyLock::new(|| Locality::new(TimeZone::UTC, None));
        let origin = Point::from_e7(0, 0);
        let is_readable = origin.is_some_and(|origin| Hours::parse(text, &ANYWHERE, origin).is_ok());
        if self.readable.len() >= MAX_REMEMBERED {
            self.readable.clear();
        }
        self.readable.insert(text.to_owned(), is_readable);
        is_readable
    }
}

struct Gathering<'a> {
    tags: &'a Tags<'a>,
    dropped: &'a mut u64,
}

impl Gathering<'_> {
    fn names(&mut self, main: &PlaceName) -> Vec<LocalName> {
        let mut found = Vec::new();
        for locale in Locale::ALL {
            let name = self.line(&[local_key(locale)]);
            if let Some(name) = name.filter(|name| name != main) {
                found.push(LocalName { locale, name });
            }
        }
        found
    }

    fn address(&mut self) -> Address {
        Address {
            street: self.line(&["addr:street", "addr:place"]),
            number: self.line(&["addr:housenumber"]),
            postcode: self.line(&["addr:postcode"]),
            city: self.line(&["addr:city"]),
        }
    }

    fn contact(&mut self) -> Contact {
        Contact {
            phone: self.checked(&["phone", "contact:phone", "contact:mobile"], phone),
            website: self.checked(&["website", "contact:website", "url"], website),
            email: self.checked(&["email", "contact:email"], email),
        }
    }

    fn wheelchair(&self) -> Option<Wheelchair> {
        match self.tags.get("wheelchair")? {
            "yes" | "designated" => Some(Wheelchair::Yes),
            "limited" => Some(Wheelchair::Limited),
            "no" => Some(Wheelchair::No),
            _ => None,
        }
    }

    fn cuisines(&mut self) -> Vec<Line<60>> {
        let values = first(self.tags, &["cuisine"]).unwrap_or_default();
        self.words(list(values))
    }

    fn diets(&mut self) -> Vec<Line<60>> {
        let is_served = |value: &str| matches!(value, "yes" | "only");
        let served = self.tags.iter().filter(|(_, value)| is_served(value));
        self.words(served.filter_map(|(key, _)| key.strip_prefix("diet:")))
    }

    fn words<'w>(&mut self, words: impl Iterator<Item = &'w str>) -> Vec<Line<60>> {
        let mut found = Vec::new();
        for word in words.take(MAX_LIST) {
            match Line::parse(&word.to_lowercase()) {
                Ok(word) if !found.contains(&word) => found.push(word),
                Ok(_) => {}
                Err(_) => *self.dropped += 1,
            }
        }
        found
    }

    /// The first of these keys that is there, if its value is a fit line.
    fn line<const MAX: usize>(&mut self, keys: &[&str]) -> Option<Line<MAX>> {
        self.checked(keys, |text| Line::parse(text).ok())
    }

    fn checked<T>(&mut self, keys: &[&str], check: impl Fn(&str) -> Option<T>) -> Option<T> {
        let checked = check(first(self.tags, keys)?);
        *self.dropped += u64::from(checked.is_none());
        checked
    }
}

fn first<'a>(tags: &Tags<'a>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| tags.get(key).filter(|value| !value.trim().is_empty()))
}

/// Closed for good, or for nobody who reads a directory.
fn is_closed(tags: &Tags<'_>) -> bool {
    let is_gone = |key: &&str| matches!(tags.get(key), Some("yes"));
    ["disused", "abandoned", "demolished", "razed", "construction"].iter().any(is_gone)
        || matches!(tags.get("access"), Some("private" | "no"))
}

/// The first number of a list, if it is one that can be dialled.
fn phone(text: &str) -> Option<Line<40>> {
    let number = list(text).next()?;
    let is_fit = number.chars().all(|c| c.is_ascii_digit() || " +-()/.".contains(c));
    let digits = number.chars().filter(char::is_ascii_digit).count();
    (is_fit && digits >= MIN_PHONE_DIGITS).then(|| Line::parse(number).ok()).flatten()
}

/// An address on the web that a link may lead to; `www.cafe.fi` is meant to be one.
fn website(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > MAX_URL_BYTES {
        return None;
    }
    let read = |text: &str| {
        let has_scheme = text.contains("://");
        let url = Url::parse(&if has_scheme { text.to_owned() } else { format!("https://{text}") }).ok()?;
        let is_web = matches!(url.scheme(), "http" | "https");
        let has_person = !url.username().is_empty() || url.password().is_some();
        let has_host = url.domain().is_some_and(|host| host.contains('.'));
        (is_web && has_host && !has_person).then(|| url.to_string())
    };
    // A list is separated by semicolons, but a single address may hold some too.
    let one = if text.matches("://").count() > 1 { list(text).next()? } else { text };
    read(one).filter(|url| url.len() <= MAX_URL_BYTES)
}

fn email(text: &str) -> Option<String> {
    let address = list(text).next()?;
    let (person, host) = address.split_once('@')?;
    let is_plain = address.chars().all(|c| c.is_ascii_graphic() && !"<>()[]\\,;:\"'`".contains(c));
    let is_host = host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !host.contains('@');
    (is_plain && is_host && !person.is_empty() && address.len() <= MAX_EMAIL_BYTES).then(|| address.to_owned())
}

const fn local_key(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "name:en",
        Locale::De => "name:de",
        Locale::Fi => "name:fi",
        Locale::Sv => "name:sv",
        Locale::Fr => "name:fr",
        Locale::Es => "name:es",
        Locale::Zh => "name:zh",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The facts, and how many values were left out.
    fn gathered(tags: &[(&'static str, &'static str)]) -> (Result<PlaceFacts, Unfit>, u64) {
        let mut dropped = 0;
        let facts = Gatherer::default().gather(&tags.iter().copied().collect(), CategoryId(1), &mut dropped);
        (facts, dropped)
    }

    #[test]
    fn what_is_known_of_a_place_is_kept() {
        let (facts, dropped) = gathered(&[
            ("name", "Ravintola  Kala"),
            ("name:sv", "Restaurang Fisk"),
            ("name:fi", "Ravintola Kala"),
            ("addr:street", "Kalakatu"),
            ("addr:housenumber", "4 A"),
            ("phone", "+358 9 123 4567; +358 9 765 4321"),
            ("website", "www.kala.fi/menu"),
            ("email", "hei@kala.fi"),
            ("opening_hours", "Mo-Fr 10:00-20:00"),
            ("wheelchair", "limited"),
            ("cuisine", "Fish;sushi; sushi"),
            ("diet:vegan", "yes"),
            ("diet:halal", "no"),
        ]);
        let facts = facts.unwrap();
        assert_eq!(facts.name.as_str(), "Ravintola Kala");
        let names: Vec<_> = facts.names.iter().map(|local| (local.locale, local.name.as_str())).collect();
        assert_eq!(names, [(Locale::Sv, "Restaurang Fisk")]);
        assert_eq!(facts.address.number.unwrap().as_str(), "4 A");
        assert_eq!(facts.contact.phone.unwrap().as_str(), "+358 9 123 4567");
        assert_eq!(facts.contact.website.as_deref(), Some("https://www.kala.fi/menu"));
        assert_eq!(facts.contact.email.as_deref(), Some("hei@kala.fi"));
        assert_eq!(facts.hours, PlaceHours::Readable("Mo-Fr 10:00-20:00".into()));
        assert_eq!(facts.wheelchair, Some(Wheelchair::Limited));
        assert_eq!(facts.cuisines.iter().map(Line::as_str).collect::<Vec<_>>(), ["fish", "sushi"]);
        assert_eq!(facts.diets.iter().map(Line::as_str).collect::<Vec<_>>(), ["vegan"]);
        assert_eq!(dropped, 0);
    }

    #[test]
    fn hostile_values_are_left_out_and_counted_and_the_place_stays() {
        for (key, value) in [
            ("website", "javascript:alert(1)"),
            ("website", "https://user:secret@bank.example/"),
            ("website", "data:text/html,<script>"),
            ("website", "http://localhost/"),
            ("phone", "<script>alert(1)</script>"),
            ("email", "a@b.fi\r\nBcc: everyone@b.fi"),
            ("name:sv", "\u{202E}evil"),
            ("addr:street", "\0"),
            ("opening_hours", "Mo\u{202E}-Fr"),
            ("cuisine", "\u{7}"),
        ] {
            let (facts, dropped) = gathered(&[("name", "Kala"), (key, value)]);
            let plain = gathered(&[("name", "Kala")]).0;
            assert_eq!(facts, plain, "{key}={value}");
            assert_eq!(dropped, 1, "{key}={value}");
        }
    }

    #[test]
    fn without_a_fit_name_there_is_no_place() {
        for (tags, unfit) in [
            (&[("amenity", "cafe")][..], Unfit::Unnamed),
            (&[("name", "  ")], Unfit::Unnamed),
            (&[("name", "\u{202E}evil")], Unfit::BadName),
            (&[("name", "Pool"), ("access", "private")], Unfit::Closed),
        ] {
            assert_eq!(gathered(tags).0, Err(unfit), "{tags:?}");
        }
        assert_eq!(gathered(&[("brand", "K-Market")]).0.unwrap().name.as_str(), "K-Market");
    }

    #[test]
    fn unreadable_hours_are_kept_as_text() {
        let (facts, _) = gathered(&[("name", "Kala"), ("opening_hours", "Kun on kalaa")]);
        assert_eq!(facts.unwrap().hours, PlaceHours::Unreadable("Kun on kalaa".into()));
    }

    #[test]
    fn what_was_found_of_a_text_is_remembered_and_forgotten_in_time() {
        let mut gatherer = Gatherer::default();
        assert!(gatherer.is_readable("24/7") && gatherer.is_readable("24/7"));
        for number in 0..MAX_REMEMBERED {
            assert!(!gatherer.is_readable(&format!("whenever {number}")));
        }
        assert!(gatherer.readable.len() <= MAX_REMEMBERED && gatherer.is_readable("24/7"));
    }
}
