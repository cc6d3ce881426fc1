//! Columns of tables and properties of features: what each says of a place, and how a row becomes one. Besides our own
//! short names, tags of OpenStreetMap are taken as they are; `highstreet import csv --help` tells people of both.

use std::fmt;
use std::str::FromStr;

use crate::base::{Line, Point};
use crate::directory::categories::{Categories, CategoryId, Tags, list};
use crate::directory::facts::{Gatherer, Unfit};
use crate::directory::reading::{FileReport, PlaceDraft, Wrong};

/// Characters of an id.
pub(super) const MAX_ID: usize = 100;
const MAX_SOURCE_BYTES: usize = 20;

/// What a column says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Lat,
    Lon,
    Category,
    /// A list of what else would be a tag each: `vegan;halal`.
    Diets,
    Tag(String),
}

/// Names of columns as people write them, and the tags that they stand for.
const TAGS: [(&str, &str); 15] = [
    ("street", "addr:street"),
    ("housenumber", "addr:housenumber"),
    ("house_number", "addr:housenumber"),
    ("number", "addr:housenumber"),
    ("postcode", "addr:postcode"),
    ("zip", "addr:postcode"),
    ("city", "addr:city"),
    ("town", "addr:city"),
    ("telephone", "phone"),
    ("mobile", "contact:mobile"),
    ("url", "website"),
    ("mail", "email"),
    ("hours", "opening_hours"),
    ("cuisines", "cuisine"),
    ("floor", "level"),
];

/// The first parts of tags that some write with an underscore instead of a colon: `addr_street`.
const SPACES: [&str; 4] = ["addr", "contact", "diet", "name"];

/// How the columns of a file are to be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// What the ids of the file are good for; two sources may have the same ones.
    pub source: Option<SourceName>,
    pub renamed: Vec<Renamed>,
    /// Of places of which no column tells a known one.
    pub category: Option<CategoryId>,
}

/// `OURS=THEIRS`: the file's column `theirs` is to be taken for `ours`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    ours: String,
    theirs: String,
}

impl FromStr for Renamed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Renamed, &'static str> {
        let (ours, theirs) = text.split_once('=').ok_or("write it as OURS=THEIRS, such as name=title")?;
        let (ours, theirs) = (ours.trim().to_lowercase(), theirs.trim().to_owned());
        if ours.is_empty() || theirs.is_empty() || theirs.contains('\n') {
            return Err("write it as OURS=THEIRS, such as name=title");
        }
        Ok(Renamed { ours, theirs })
    }
}

impl fmt::Display for Renamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.ours, self.theirs)
    }
}

/// Small letters, digits and hyphens: `chamber-of-commerce`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceName(String);

impl SourceName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SourceName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<SourceName, &'static str> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > MAX_SOURCE_BYTES || !text.bytes().all(is_plain) {
            return Err("write it in at most 20 small letters, digits and hyphens");
        }
        Ok(SourceName(text.to_owned()))
    }
}

impl Mapping {
    /// What the column of this name says. Every name says something: what is no tag that we know is passed over later.
    pub(super) fn column(&self, name: &str) -> Option<Column> {
        let name = name.trim();
        if let Some(renamed) = self.renamed.iter().find(|renamed| renamed.theirs == name) {
            return Some(Column::named(&renamed.ours));
        }
        let column = Column::named(&name.to_lowercase());
        // Where another column stands for this one, this one says nothing.
        let is_taken = self.renamed.iter().any(|renamed| Column::named(&renamed.ours) == column);
        (!is_taken && !name.is_empty()).then_some(column)
    }
}

impl Column {
    fn named(name: &str) -> Column {
        match name.trim_start_matches(['@', '_']) {
            "id" => Column::Id,
            "lat" | "latitude" => Column::Lat,
            "lon" | "lng" | "long" | "longitude" => Column::Lon,
            "category" => Column::Category,
            "diet" | "diets" => Column::Diets,
            name => Column::Tag(tag(name)),
        }
    }

    /// What people read of it when it is missing.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Column::Id => "id",
            Column::Lat => "lat",
            Column::Lon => "lon",
            Column::Category => "category",
            Column::Diets => "diet",
            Column::Tag(_) => "name",
        }
    }
}

fn tag(name: &str) -> String {
    if let Some((_, tag)) = TAGS.iter().find(|(ours, _)| *ours == name) {
        return (*tag).to_owned();
    }
    match name.split_once('_') {
        Some((space, rest)) if SPACES.contains(&space) => format!("{space}:{rest}"),
        _ => name.to_owned(),
    }
}

/// What a row says, column by column.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub id: Option<&'a str>,
    pub category: Option<&'a str>,
    tags: Vec<(&'a str, &'a str)>,
}

impl<'a> Said<'a> {
    /// Empty values say nothing. Of two columns that say the same thing the first counts.
    pub(super) fn add(&mut self, column: &'a Column, value: &'a str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        match column {
            Column::Id => self.id = self.id.or(Some(value)),
            Column::Category => self.category = self.category.or(Some(value)),
            Column::Diets => self.tags.extend(list_or_commas(value).filter_map(diet_tag).map(|tag| (tag, "yes"))),
            Column::Tag(tag) => self.tags.push((tag, value)),
            Column::Lat | Column::Lon => {}
        }
    }
}

/// The diets that search knows; others come as tags of their own.
fn diet_tag(diet: &str) -> Option<&'static str> {
    Some(match diet.to_lowercase().replace(['-', ' '], "_").as_str() {
        "vegan" => "diet:vegan",
        "vegetarian" => "diet:vegetarian",
        "halal" => "diet:halal",
        "kosher" => "diet:kosher",
        "gluten_free" => "diet:gluten_free",
        "lactose_free" => "diet:lactose_free",
        _ => return None,
    })
}

fn list_or_commas(values: &str) -> impl Iterator<Item = &str> {
    list(values).flat_map(|part| part.split(',')).map(str::trim)
}

/// Makes places of rows, each with what all have in common.
pub(super) struct Drafting<'a> {
    source: &'a str,
    category: Option<CategoryId>,
    gatherer: &'a mut Gatherer,
}

impl<'a> Drafting<'a> {
    /// `source` is for where the mapping names none.
    pub(super) fn new(mapping: &'a Mapping, source: &'a str, gatherer: &'a mut Gatherer) -> Drafting<'a> {
        let source = mapping.source.as_ref().map_or(source, SourceName::as_str);
        Drafting { source, category: mapping.category, gatherer }
    }

    /// The place of a row; `None` if it is closed. What is wrong is noted with the row.
    pub(super) fn draft(
        &mut self,
        row: u64,
        said: Said<'_>,
        point: Result<Point, Wrong>,
        report: &mut FileReport,
    ) -> Option<PlaceDraft> {
        match self.attempt(said, point, report) {
            Ok(draft) => return Some(draft),
            Err(Left::Closed) => report.skipped.closed += 1,
            Err(Left::Wrong(wrong)) => report.errors.note(row, wrong),
        }
        None
    }

    fn attempt(
        &mut self,
        said: Said<'_>,
        point: Result<Point, Wrong>,
        report: &mut FileReport,
    ) -> Result<PlaceDraft, Left> {
        let id = Line::<MAX_ID>::parse(said.id.ok_or(Wrong::NoId)?).map_err(|_| Wrong::BadId)?;
        let point = point?;
        let tags: Tags<'_> = said.tags.into_iter().collect();
        let category = self.category(said.category, &tags)?;
        let facts = self.gatherer.gather(&tags, category, &mut report.dropped_values)?;
        report.count_kept(&facts);
        Ok(PlaceDraft { source: format!("{}:{id}", self.source), point, facts })
    }

    /// A category by its word or as a tag; else what the tags say; else the one that all have in common.
    fn category(&self, word: Option<&str>, tags: &Tags<'_>) -> Result<CategoryId, Wrong> {
        let tree = Categories::get();
        let meant = word.and_then(|word| match word.split_once('=') {
            Some((key, value)) => tree.match_tags(&tags.iter().chain([(key.trim(), value.trim())]).collect()),
            None => tree.by_word(word).map(|category| category.id),
        });
        let known = meant.or_else(|| tree.match_tags(tags)).or(self.category);
        known.ok_or_else(|| match word {
            Some(word) => Wrong::UnknownCategory(shortened(word)),
            None => Wrong::NoCategory,
        })
    }
}

/// What is shown of a value that may be anything.
pub(super) fn shortened(value: &str) -> String {
    let shown: String = value.chars().filter(|letter| !letter.is_control()).take(40).collect();
    Line::<40>::parse(&shown).map_or_else(|_| "(unreadable)".to_owned(), |line| format!("“{line}”"))
}

/// Why a row yields no place.
enum Left {
    Closed,
    Wrong(Wrong),
}

impl From<Wrong> for Left {
    fn from(wrong: Wrong) -> Left {
        Left::Wrong(wrong)
    }
}

impl From<Unfit> for Left {
    fn from(unfit: Unfit) -> Left {
        match unfit {
            Unfit::Closed => Left::Closed,
            Unfit::Unnamed => Left::Wrong(Wrong::NoName),
            Unfit::BadName => Left::Wrong(Wrong::BadName),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Column {
        Mapping::default().column(name).unwrap()
    }

    #[test]
    fn our_names_their_tags_and_underscores_all_are_columns() {
        assert_eq!((column("ID"), column("@id"), column("_id")), (Column::Id, Column::Id, Column::Id));
        assert_eq!((column("Latitude"), column(" lng ")), (Column::Lat, Column::Lon));
        for (name, tag) in [
            ("street", "addr:street"),
            ("addr:street", "addr:street"),
            ("addr_street", "addr:street"),
            ("contact_phone", "contact:phone"),
            ("opening_hours", "opening_hours"),
            ("Name", "name"),
            ("name_fi", "name:fi"),
            ("diet:vegan", "diet:vegan"),
            ("amenity", "amenity"),
        ] {
            assert_eq!(column(name), Column::Tag(tag.to_owned()), "{name}");
        }
        assert_eq!(Mapping::default().column("  "), None);
    }

    #[test]
    fn a_renamed_column_stands_for_ours_which_then_says_nothing() {
        let mapping = Mapping { renamed: vec!["category=icon".parse().unwrap()], ..Mapping::default() };
        assert_eq!(mapping.column("icon"), Some(Column::Category));
        assert_eq!(mapping.column("category"), None);
        for bad in ["icon", "=icon", "category=", ""] {
            assert!(bad.parse::<Renamed>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_name_of_a_source_is_plain() {
        assert!("chamber-of-trade-2".parse::<SourceName>().is_ok());
        for bad in ["", "Chamber", "a:b", "ä", &"a".repeat(21)] {
            assert!(bad.parse::<SourceName>().is_err(), "{bad}");
        }
    }

    fn drafted(mapping: &Mapping, said: &[(&str, &str)]) -> Result<PlaceDraft, Option<Wrong>> {
        let columns: Vec<_> = said.iter().map(|(name, value)| (mapping.column(name), *value)).collect();
        let mut row = Said::default();
        for (column, value) in &columns {
            column.iter().for_each(|column| row.add(column, value));
        }
        let mut report = FileReport::default();
        let point = Point::new(60.17, 24.94).ok_or(Wrong::NoPoint);
        let draft = Drafting::new(mapping, "csv", &mut Gatherer::default()).draft(7, row, point, &mut report);
        draft.ok_or_else(|| report.errors.told.pop().map(|error| error.wrong))
    }

    fn category_of(mapping: &Mapping, said: &[(&str, &str)]) -> Result<String, Option<Wrong>> {
        let draft = drafted(mapping, &[&[("id", "1"), ("name", "Kala")], said].concat())?;
        Ok(Categories::get().by_id(draft.facts.category).unwrap().slug.to_string())
    }

    #[test]
    fn a_category_is_a_word_a_tag_what_the_tags_say_or_what_all_have() {
        let plain = Mapping::default();
        let cafes = Mapping { category: Categories::get().by_slug("cafe").map(|cafe| cafe.id), ..plain.clone() };
        for (said, slug) in [
            (&[("category", "sushi-restaurant")][..], "sushi-restaurant"),
            (&[("category", "Friseur")], "hairdresser"),
            (&[("category", "amenity=restaurant"), ("cuisine", "sushi")], "sushi-restaurant"),
            (&[("shop", "bakery")], "bakery"),
            (&[("category", "vegan_friendly"), ("shop", "bakery")], "bakery"),
        ] {
            assert_eq!(category_of(&plain, said), Ok(slug.to_owned()), "{said:?}");
        }
        assert_eq!(category_of(&plain, &[]), Err(Some(Wrong::NoCategory)));
        let unknown = &[("category", "vegan_friendly")];
        assert_eq!(category_of(&plain, unknown), Err(Some(Wrong::UnknownCategory("“vegan_friendly”".to_owned()))));
        assert_eq!(category_of(&cafes, unknown), Ok("cafe".to_owned()));
    }

    #[test]
    fn a_row_without_id_or_name_is_wrong_and_says_why() {
        let plain = Mapping::default();
        let cafe = ("category", "cafe");
        assert_eq!(drafted(&plain, &[("name", "Kala"), cafe]).unwrap_err(), Some(Wrong::NoId));
        assert_eq!(drafted(&plain, &[("id", " "), ("name", "Kala"), cafe]).unwrap_err(), Some(Wrong::NoId));
        assert_eq!(drafted(&plain, &[("id", "\0"), ("name", "Kala"), cafe]).unwrap_err(), Some(Wrong::BadId));
        assert_eq!(drafted(&plain, &[("id", "1"), cafe]).unwrap_err(), Some(Wrong::NoName));
        assert_eq!(drafted(&plain, &[("id", "1"), ("name", "a\0b"), cafe]).unwrap_err(), Some(Wrong::BadName));
        let closed = drafted(&plain, &[("id", "1"), ("name", "Kala"), cafe, ("abandoned", "yes")]);
        assert_eq!(closed.unwrap_err(), None, "closed is not wrong");
        let draft = drafted(&plain, &[("id", "1"), ("name", "Kala"), cafe, ("diet", "vegan, Gluten-free")]).unwrap();
        assert_eq!(draft.source, "csv:1");
        let diets: Vec<_> = draft.facts.diets.iter().map(Line::as_str).collect();
        assert_eq!(diets, ["vegan", "gluten_free"]);
    }
}
