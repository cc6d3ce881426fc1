//! What is searched for, as URLs say it: `?q=ramen&category=cafe&open=now&near=60.17,24.94&within=500`. Read once, at
//! the edge; what can't be read is named, never ignored in silence. Pure.

use crate::base::{BoundingBox, Point, Timestamp};
use crate::directory::{Categories, CategoryId};
use crate::search::{Flag, Flags, Query, Sort};

const MAX_WORDS_CHARACTERS: usize = 200;
const MAX_WITHIN_M: u32 = 100_000;
pub(super) const MAX_CATEGORIES: usize = 20;
/// Yes-or-no filters with a parameter of their own.
const SWITCHES: [(&str, Flag); 2] = [("deals", Flag::HasOffer), ("wheelchair", Flag::Wheelchair)];
/// The values of `diet`.
pub(super) const DIETS: [Flag; 5] = [Flag::Vegetarian, Flag::Vegan, Flag::Halal, Flag::Kosher, Flag::GlutenFree];

/// Everything that a search URL says, but for the page of the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    /// Trimmed; empty for none.
    pub words: String,
    pub near: Option<Point>,
    /// Only together with `near`.
    pub within_m: Option<u32>,
    pub bounding_box: Option<BoundingBox>,
    /// Any of these.
    pub categories: Vec<CategoryId>,
    pub open: Option<Open>,
    /// Each once: all of these, but any of the diets.
    pub flags: Vec<Flag>,
    /// Stars times 100.
    pub min_rating: Option<u16>,
    pub sort: Option<Sort>,
}

/// Open when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    Now,
    At(Timestamp),
}

/// A parameter that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub field: &'static str,
    pub advice: String,
}

impl Filters {
    /// Reads the query part of a URL: the filters that can be read, and what is wrong with the others. Parameters of
    /// other names are no filters.
    pub fn read(query: &str) -> (Filters, Vec<Wrong>) {
        // Reading pairs of text never fails: what is no UTF-8 is replaced.
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let (mut filters, mut wrong) = (Filters::default(), Vec::new());
        for (name, value) in pairs.iter().filter(|(_, value)| !value.trim().is_empty()) {
            if let Err(found) = filters.take(name, value.trim()) {
                wrong.push(found);
            }
        }
        if filters.near.is_none() && filters.within_m.take().is_some() {
            wrong.push(Wrong::new("within", "a distance needs a point: near=60.17,24.94"));
        }
        (filters, wrong)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Wrong> {
        match name {
            "q" => self.take_words(value)?,
            "near" => self.near = Some(value.parse().map_err(|error| Wrong::new("near", error))?),
            "within" => {
                let metres = value.parse().ok().filter(|metres| (1..=MAX_WITHIN_M).contains(metres));
                let advice = format!("give metres, from 1 to {MAX_WITHIN_M}");
                self.within_m = Some(metres.ok_or_else(|| Wrong::new("within", advice))?);
            }
            "bbox" => self.bounding_box = Some(value.parse().map_err(|error| Wrong::new("bbox", error))?),
            "category" => value.split(',').try_for_each(|slug| self.take_category(slug.trim()))?,
            "open" if value == "now" => self.open = Some(Open::Now),
            "open" => {
                let at = Timestamp::parse(value).ok_or_else(|| {
                    Wrong::new("open", "write now, or an instant with its offset such as 2026-11-23T18:00:00+02:00")
                })?;
                self.open = Some(Open::At(at));
            }
            "diet" => {
                let diet = Flag::by_name(value).filter(|flag| DIETS.contains(flag));
                self.add_flag(diet.ok_or_else(|| Wrong::new("diet", "such as vegan or halal"))?);
            }
            "rating" => self.min_rating = Some(stars(value).ok_or_else(|| Wrong::new("rating", "1 to 5 stars"))?),
            "sort" => {
                self.sort =
                    Some(sort_by_name(value).ok_or_else(|| Wrong::new("sort", "relevance, distance or rating"))?)
            }
            _ => {
                let Some((field, flag)) = SWITCHES.iter().find(|(switch, _)| *switch == name) else { return Ok(()) };
                match value {
                    "yes" | "true" | "1" => self.add_flag(*flag),
                    "no" | "false" | "0" => {}
                    _ => return Err(Wrong::new(field, "yes, or leave it out")),
                }
            }
        }
        Ok(())
    }

    fn take_words(&mut self, value: &str) -> Result<(), Wrong> {
        let is_whole = value.chars().count() <= MAX_WORDS_CHARACTERS;
        self.words = value.chars().take(MAX_WORDS_CHARACTERS).collect::<String>().trim_end().to_owned();
        let advice = format!("only the first {MAX_WORDS_CHARACTERS} characters count");
        if is_whole { Ok(()) } else { Err(Wrong::new("q", advice)) }
    }

    fn take_category(&mut self, slug: &str) -> Result<(), Wrong> {
        let known =
            Categories::get().by_slug(slug).ok_or_else(|| Wrong::new("category", "there is no such category"))?;
        if self.categories.len() >= MAX_CATEGORIES {
            return Err(Wrong::new("category", format!("at most {MAX_CATEGORIES}")));
        }
        if !self.categories.contains(&known.id) {
            self.categories.push(known.id);
        }
        Ok(())
    }

    fn add_flag(&mut self, flag: Flag) {
        if !self.flags.contains(&flag) {
            self.flags.push(flag);
        }
    }

    /// The question to search.
    pub fn query(&self, now: Timestamp, offset: usize, limit: usize) -> Query {
        let open_at = self.open.map(|open| match open {
            Open::Now => now,
            Open::At(at) => at,
        });
        Query {
            words: (!self.words.is_empty()).then(|| self.words.clone()),
            near: self.near,
            within_m: self.within_m,
            bounding_box: self.bounding_box,
            categories: self.categories.iter().map(|id| id.0).collect(),
            flags: self.flags.iter().copied().collect::<Flags>(),
            min_rating: self.min_rating,
            open_at,
            sort: self.sort.unwrap_or_default(),
            offset,
            limit,
            ..Query::all(now)
        }
    }

    /// The URL of the page that shows this, in one spelling only.
    pub fn url(&self) -> String {
        self.page_url(1)
    }

    /// The same for a later page of the answer.
    pub fn page_url(&self, page: usize) -> String {
        let mut pairs = self.pairs();
        if page > 1 {
            pairs.push(("page", page.to_string()));
        }
        match serde_urlencoded::to_string(&pairs) {
            Ok(query) if !query.is_empty() => format!("/search?{query}"),
            _ => "/search".to_owned(),
        }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        if !self.words.is_empty() {
            pairs.push(("q", self.words.clone()));
        }
        let slugs = self.categories.iter().filter_map(|id| Categories::get().by_id(*id));
        pairs.extend(slugs.map(|category| ("category", category.slug.to_string())));
        pairs.extend(self.open.map(|open| match open {
            Open::Now => ("open", "now".to_owned()),
            Open::At(at) => ("open", at.to_string()),
        }));
        for flag in &self.flags {
            let switch = SWITCHES.iter().find(|(_, other)| other == flag);
            pairs.push(switch.map_or_else(|| ("diet", flag.name().to_owned()), |(name, _)| (*name, "yes".to_owned())));
        }
        pairs.extend(self.min_rating.map(|least| ("rating", stars_text(least))));
        pairs.extend(self.near.map(|near| ("near", near.to_string())));
        pairs.extend(self.within_m.map(|within| ("within", within.to_string())));
        pairs.extend(self.bounding_box.map(|area| ("bbox", box_text(area))));
        pairs.extend(self.sort.map(|sort| ("sort", sort_name(sort).to_owned())));
        pairs
    }

    /// This with one thing changed.
    pub fn with(&self, change: impl FnOnce(&mut Filters)) -> Filters {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    /// The same words and the same point, nothing else.
    pub fn cleared(&self) -> Filters {
        Filters { words: self.words.clone(), near: self.near, ..Filters::default() }
    }

    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// With the flag if it is not there, without it else.
    pub fn toggled(&self, flag: Flag) -> Filters {
        self.with(|filters| {
            if filters.has(flag) {
                filters.flags.retain(|other| *other != flag);
            } else {
                filters.flags.push(flag);
            }
        })
    }
}

impl Wrong {
    fn new(field: &'static str, advice: impl ToString) -> Wrong {
        Wrong { field, advice: advice.to_string() }
    }
}

pub fn sort_name(sort: Sort) -> &'static str {
    match sort {
        Sort::Relevance => "relevance",
        Sort::Distance => "distance",
        Sort::Rating => "rating",
    }
}

fn sort_by_name(name: &str) -> Option<Sort> {
    [Sort::Relevance, Sort::Distance, Sort::Rating].into_iter().find(|sort| sort_name(*sort) == name)
}

/// `4` and `4.5` as stars times 100.
fn stars(text: &str) -> Option<u16> {
    let stars: f32 = text.parse().ok()?;
    (1.0..=5.0).contains(&stars).then(|| (stars * 100.0).round() as u16)
}

/// As `stars` reads it: `4` or `4.5`.
pub fn stars_text(hundredths: u16) -> String {
    (f32::from(hundredths) / 100.0).to_string()
}

fn box_text(area: BoundingBox) -> String {
    let (south_west, north_east) = (area.south_west(), area.north_east());
    format!("{},{},{},{}", south_west.lon(), south_west.lat(), north_east.lon(), north_east.lat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrong_fields(query: &str) -> Vec<&'static str> {
        Filters::read(query).1.iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn a_url_says_what_was_read_from_it() {
        for query in [
            "",
            "q=ramen",
            "q=caf%C3%A9+%26+co&category=cafe&category=bakery&open=now&deals=yes&wheelchair=yes&diet=vegan",
            "rating=4.5&near=60.17%2C24.94&within=500&bbox=24.9%2C60.1%2C25%2C60.2&sort=distance",
            "open=2026-11-23T16%3A00%3A00Z",
        ] {
            let (filters, wrong) = Filters::read(query);
            assert_eq!(wrong, [], "{query}");
            let url = filters.url();
            assert_eq!(url.trim_start_matches("/search").trim_start_matches('?'), query);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_the_rest_counts() {
        let (filters, wrong) =
            Filters::read("q=ramen&near=abc&open=later&sort=fame&rating=9&category=nonsense&deals=x");
        assert_eq!(filters, Filters { words: "ramen".into(), ..Filters::default() });
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field).collect();
        assert_eq!(fields, ["near", "open", "sort", "rating", "category", "deals"]);
        assert_eq!(wrong_fields("within=500"), ["within"]);
        assert_eq!(wrong_fields("near=1,2&within=0"), ["within"]);
        assert_eq!(wrong_fields("bbox=1,2,3"), ["bbox"]);
        assert_eq!(wrong_fields("diet=wheelchair"), ["diet"]);
        assert_eq!(wrong_fields(&format!("q={}", "x".repeat(201))), ["q"]);
        assert_eq!(wrong_fields("rating=NaN"), ["rating"]);
    }

    #[test]
    fn empty_parameters_of_a_form_say_nothing() {
        assert_eq!(Filters::read("q=&near=&within=&sort=+"), (Filters::default(), Vec::new()));
    }

    proptest! {
        #[test]
        fn no_query_panics_and_every_url_is_read_back(query in ".{0,200}") {
            let (filters, _) = Filters::read(&query);
            let url = filters.url();
            let (again, wrong) = Filters::read(url.split_once('?').map_or("", |(_, query)| query));
            prop_assert_eq!((again, wrong), (filters, Vec::new()));
        }
    }
}
