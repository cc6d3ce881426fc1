//! The kinds of places: a tree of families, categories and their finer kinds, with names and search words in every
//! language of the house. The tree is an asset (`packaging/vendor/categories.mjs` makes it); no place lives here.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::base::Locale;

const ASSET: &str = include_str!("../../assets/categories.json");

/// The number of a category; never given to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct CategoryId(#[n(0)] pub u16);

/// One kind of place, or (without a parent) a family of kinds.
#[derive(Debug)]
pub struct Category {
    pub id: CategoryId,
    /// As in `/search?category=sushi-restaurant`; never given to another one.
    pub slug: Cow<'static, str>,
    pub parent: Option<CategoryId>,
    pub children: Vec<CategoryId>,
    /// The family at the top; itself for a family.
    pub family: CategoryId,
    /// The name of a symbol in `assets/icons/sprite.svg`.
    pub icon: Cow<'static, str>,
    /// Degrees on the colour wheel, one for all of a family.
    pub hue: u16,
    names: [Cow<'static, str>; Locale::ALL.len()],
    terms: [Cow<'static, str>; Locale::ALL.len()],
}

impl Category {
    /// The name in a language, or in English where that language has none.
    pub fn name(&self, locale: Locale) -> &str {
        let own = &self.names[position(locale)];
        if own.is_empty() { &self.names[position(Locale::En)] } else { own }
    }

    /// The other words that people of a language search with.
    pub fn terms(&self, locale: Locale) -> impl Iterator<Item = &str> {
        self.terms[position(locale)].split(',').filter(|term| !term.is_empty())
    }
}

/// The whole tree, read once.
#[derive(Debug)]
pub struct Categories {
    /// In the order of their ids, which have no gaps and begin at 1.
    rows: Vec<Category>,
    slugs: HashMap<Cow<'static, str>, CategoryId>,
    /// By the key of a set's first tag, one of [`MAIN_KEYS`].
    tag_sets: HashMap<&'static str, TagSets>,
}

/// The sets whose first tag has one key.
#[derive(Debug, Default)]
struct TagSets {
    /// By the value of that tag, as in `shop=bakery`.
    exact: HashMap<&'static str, Vec<TagSet>>,
    /// Of `shop=*`.
    any: Vec<TagSet>,
}

/// Tags that a place must all carry to be of a category, beside the one that the set is filed under.
#[derive(Debug)]
struct TagSet {
    category: CategoryId,
    /// Whether the first tag is of [`VAGUE`].
    is_vague: bool,
    others: Vec<(&'static str, &'static str)>,
}

/// A row of the asset.
#[derive(Deserialize)]
struct Row {
    id: u16,
    slug: Cow<'static, str>,
    parent: u16,
    #[serde(borrow)]
    tags: Vec<&'static str>,
    icon: Cow<'static, str>,
    hue: Option<u16>,
    names: [Cow<'static, str>; Locale::ALL.len()],
    terms: [Cow<'static, str>; Locale::ALL.len()],
}

impl Categories {
    /// The tree of this release.
    pub fn get() -> &'static Categories {
        static TREE: LazyLock<Categories> = LazyLock::new(|| {
            // The asset is compiled in and `the_tree_is_whole` reads it: an empty tree can't ship.
            let rows: Vec<Row> = serde_json::from_str(ASSET).unwrap_or_default();
            Categories::of(rows)
        });
        &TREE
    }

    pub fn by_id(&self, id: CategoryId) -> Option<&Category> {
        self.rows.get(usize::from(id.0).checked_sub(1)?)
    }

    pub fn by_slug(&self, slug: &str) -> Option<&Category> {
        self.by_id(*self.slugs.get(slug)?)
    }

    /// The category that people mean by a word: its slug, a name or term of any language, or the value of a tag.
    pub fn by_word(&self, word: &str) -> Option<&Category> {
        // Only imports ask.
        static WORDS: LazyLock<HashMap<String, CategoryId>> = LazyLock::new(|| words_of(Categories::get()));
        let word = word.trim();
        self.by_slug(word).or_else(|| self.by_id(*WORDS.get(&word.to_lowercase())?))
    }

    pub fn all(&self) -> impl Iterator<Item = &Category> {
        self.rows.iter()
    }

    /// The tops of the tree, in the order in which pages show them.
    pub fn families(&self) -> impl Iterator<Item = &Category> {
        self.rows.iter().filter(|category| category.parent.is_none())
    }

    pub fn children(&self, id: CategoryId) -> impl Iterator<Item = &Category> {
        self.by_id(id).into_iter().flat_map(|category| &category.children).filter_map(|child| self.by_id(*child))
    }

    /// The category itself, its parent, and so on up to the family.
    pub fn path(&self, id: CategoryId) -> impl Iterator<Item = &Category> {
        std::iter::successors(self.by_id(id), |category| self.by_id(category.parent?))
    }

    /// Whether `id` is `above` or one of the kinds below it.
    pub fn is_within(&self, id: CategoryId, above: CategoryId) -> bool {
        self.path(id).any(|category| category.id == above)
    }

    /// Every word under which search shall find places of this category: its names and terms in all languages, and the
    /// names (not the terms) of what it is a kind of. The family's name is for browsing and stays out.
    pub fn words(&self, id: CategoryId) -> Vec<&str> {
        let mut words = Vec::new();
        for category in self.path(id).filter(|category| category.parent.is_some()) {
            words.extend(category.names.iter().map(AsRef::as_ref).filter(|name: &&str| !name.is_empty()));
            if category.id == id {
                words.extend(Locale::ALL.into_iter().flat_map(|locale| category.terms(locale)));
            }
        }
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The most telling category of a place with these tags: the one that needs most of them; between equals the one
    /// whose tag stands earlier in [`MAIN_KEYS`] or earlier in a list of values (`cuisine=sushi;ramen` is sushi).
    pub fn match_tags(&self, tags: &Tags<'_>) -> Option<CategoryId> {
        let mut best: Option<(Rank, CategoryId)> = None;
        for (key_at, key) in MAIN_KEYS.iter().enumerate() {
            let (Some(values), Some(sets)) = (tags.get(key), self.tag_sets.get(key)) else { continue };
            for value in list(values).take(MAX_LIST).filter(|value| !is_none(value)) {
                let exact = sets.exact.get(value).into_iter().flatten().map(|set| (true, set));
                for (is_exact, set) in exact.chain(sets.any.iter().map(|set| (false, set))) {
                    let Some((others, late)) = set.fit(tags) else { continue };
                    let is_telling = is_exact && !set.is_vague;
                    let rank = Rank { is_telling, is_exact, others, early: (-(key_at as i32), -(late as i32)) };
                    if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                        best = Some((rank, set.category));
                    }
                }
            }
        }
        best.map(|(_, id)| id)
    }

    fn of(rows: Vec<Row>) -> Categories {
        let slugs = rows.iter().map(|row| (row.slug.clone(), CategoryId(row.id))).collect();
        let mut tag_sets: HashMap<&'static str, TagSets> = HashMap::new();
        for row in &rows {
            for set in &row.tags {
                let mut tags = set.split(' ');
                let Some((key, value)) = tags.next().and_then(|first| first.split_once('=')) else { continue };
                let is_vague = VAGUE.contains(&(key, value));
                let others = tags.filter_map(|tag| tag.split_once('=')).collect();
                let sets = tag_sets.entry(key).or_default();
                let of_value = if value == "*" { &mut sets.any } else { sets.exact.entry(value).or_default() };
                of_value.push(TagSet { category: CategoryId(row.id), is_vague, others });
            }
        }
        let parents: Vec<u16> = rows.iter().map(|row| row.parent).collect();
        let hues: Vec<u16> = rows.iter().map(|row| row.hue.unwrap_or_default()).collect();
        let family_of = |id: u16| {
            let parent = |id: u16| parents.get(usize::from(id).checked_sub(1)?).copied().filter(|parent| *parent != 0);
            std::iter::successors(Some(id), |id| parent(*id)).take(parents.len()).last().unwrap_or(id)
        };
        let rows = rows.into_iter().map(|row| {
            let family = family_of(row.id);
            let children = (1u16..).zip(&parents).filter(|(_, parent)| **parent == row.id);
            Category {
                id: CategoryId(row.id),
                parent: (row.parent != 0).then_some(CategoryId(row.parent)),
                children: children.map(|(child, _)| CategoryId(child)).collect(),
                family: CategoryId(family),
                hue: hues.get(usize::from(family).saturating_sub(1)).copied().unwrap_or_default(),
                slug: row.slug,
                icon: row.icon,
                names: row.names,
                terms: row.terms,
            }
        });
        Categories { rows: rows.collect(), slugs, tag_sets }
    }
}

/// Every word that means a category, in small letters: names before terms, and those before values of tags, such as
/// `fast_food`. Of two categories with one word the first is meant.
fn words_of(tree: &Categories) -> HashMap<String, CategoryId> {
    let rows = || tree.rows.iter();
    let names = rows().flat_map(|row| row.names.iter().map(|name| (name.to_lowercase(), row.id)));
    let each_term =
        |row: &Category| Locale::ALL.map(|locale| row.terms(locale).map(str::to_lowercase).collect::<Vec<_>>());
    let terms = rows().flat_map(|row| each_term(row).into_iter().flatten().map(|term| (term, row.id)));
    let mut words = HashMap::new();
    for (word, id) in names.chain(terms).chain(values_of(tree)).filter(|(word, _)| !word.is_empty()) {
        words.entry(word).or_insert(id);
    }
    words
}

/// Values that say alone what a place is.
fn values_of(tree: &Categories) -> impl Iterator<Item = (String, CategoryId)> {
    let exact = MAIN_KEYS.iter().filter_map(|key| tree.tag_sets.get(key)).flat_map(|sets| &sets.exact);
    let alone = exact.filter_map(|(value, sets)| Some((value, sets.iter().find(|set| set.others.is_empty())?)));
    alone.map(|(value, set)| ((*value).to_owned(), set.category))
}

/// How well a category fits; the greatest is taken.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_telling: bool,
    is_exact: bool,
    others: usize,
    early: (i32, i32),
}

impl TagSet {
    /// How many other tags matched, and how late in their lists; `None` if one of them is missing.
    fn fit(&self, tags: &Tags<'_>) -> Option<(usize, usize)> {
        let mut late = 0;
        for (key, wanted) in &self.others {
            let values = tags.get(key)?;
            late += if *wanted == "*" { 0 } else { list(values).take(MAX_LIST).position(|value| value == *wanted)? };
        }
        Some((self.others.len(), late))
    }
}

/// The keys that say what a place is, the stronger first: a hotel with a restaurant is a hotel.
const MAIN_KEYS: [&str; 13] = [
    "tourism",
    "amenity",
    "shop",
    "healthcare",
    "craft",
    "leisure",
    "education",
    "office",
    "club",
    "diplomatic",
    "public_transport",
    "railway",
    "aeroway",
];

/// Whether a key is one of those.
pub fn tells_what_it_is(key: &[u8]) -> bool {
    MAIN_KEYS.iter().any(|main| main.as_bytes() == key)
}

/// Tags that say little beside any other.
const VAGUE: [(&str, &str); 5] = [
    ("tourism", "attraction"),
    ("tourism", "viewpoint"),
    ("amenity", "atm"),
    ("amenity", "parking"),
    ("amenity", "bicycle_parking"),
];

/// Values of one tag that are looked at.
const MAX_LIST: usize = 8;

/// The tags of one thing in OpenStreetMap.
#[derive(Debug, Default)]
pub struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(found, _)| *found == key).map(|(_, value)| *value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Tags<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(tags: I) -> Tags<'a> {
        Tags(tags.into_iter().collect())
    }
}

/// `sushi;ramen` as OpenStreetMap writes lists.
pub fn list(values: &str) -> impl Iterator<Item = &str> {
    values.split(';').map(str::trim).filter(|value| !value.is_empty())
}

/// Values that say that there is no such thing, or none any more.
fn is_none(value: &str) -> bool {
    matches!(value, "no" | "vacant" | "disused" | "abandoned" | "closed")
}

const fn position(locale: Locale) -> usize {
    locale as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug_of(tags: &[(&'static str, &'static str)]) -> Option<&'static str> {
        let tree = Categories::get();
        let id = tree.match_tags(&tags.iter().copied().collect())?;
        tree.by_id(id).map(|category| category.slug.as_ref())
    }

    fn found_by(word: &str) -> Vec<&'static str> {
        let tree = Categories::get();
        let is_so_called = |category: &&Category| {
            let words = tree.words(category.id);
            words.iter().any(|found| found.to_lowercase().contains(&word.to_lowercase()))
        };
        tree.all().filter(is_so_called).map(|category| category.slug.as_ref()).collect()
    }

    #[test]
    fn the_tree_is_whole() {
        let rows: Vec<Row> = serde_json::from_str(ASSET).unwrap();
        let tree = Categories::get();
        assert_eq!(rows.len(), tree.rows.len());
        assert!(rows.len() > 500);
        let sprite = include_str!("../../assets/icons/sprite.svg");
        for (at, category) in tree.all().enumerate() {
            assert_eq!(usize::from(category.id.0), at + 1, "ids have no gaps");
            assert_eq!(tree.by_slug(&category.slug).unwrap().id, category.id, "slugs are unique");
            assert!(category.parent.is_none_or(|parent| parent < category.id || tree.by_id(parent).is_some()));
            assert_eq!(tree.by_id(category.family).unwrap().parent, None);
            assert!(!category.name(Locale::En).is_empty());
            assert!(sprite.contains(&format!("\"{}\"", category.icon)), "{}", category.icon);
        }
    }

    #[test]
    fn the_hue_and_the_family_come_from_the_top() {
        let tree = Categories::get();
        let sushi = tree.by_slug("sushi-restaurant").unwrap();
        let path: Vec<_> = tree.path(sushi.id).map(|category| category.slug.as_ref()).collect();
        assert_eq!(path, ["sushi-restaurant", "restaurant", "eat"]);
        let eat = tree.by_slug("eat").unwrap();
        assert_eq!((sushi.family, sushi.hue), (eat.id, eat.hue));
        assert!(tree.is_within(sushi.id, eat.id));
        assert!(!tree.is_within(eat.id, sushi.id));
        assert!(tree.children(eat.id).any(|category| category.slug == "restaurant"));
        assert_eq!(tree.families().count(), 16);
    }

    #[test]
    fn the_more_specific_tags_win() {
        assert_eq!(slug_of(&[("amenity", "restaurant")]), Some("restaurant"));
        assert_eq!(slug_of(&[("cuisine", "sushi"), ("amenity", "restaurant")]), Some("sushi-restaurant"));
        assert_eq!(slug_of(&[("amenity", "restaurant"), ("cuisine", "thai; sushi")]), Some("thai-restaurant"));
        assert_eq!(slug_of(&[("amenity", "restaurant"), ("cuisine", "fusion")]), Some("restaurant"));
        assert_eq!(slug_of(&[("shop", "bakery"), ("amenity", "cafe")]), Some("cafe"));
        assert_eq!(slug_of(&[("tourism", "attraction"), ("shop", "books")]), Some("bookshop"));
        assert_eq!(slug_of(&[("tourism", "hotel"), ("amenity", "restaurant")]), Some("hotel"));
    }

    #[test]
    fn older_ways_of_tagging_are_known() {
        assert_eq!(slug_of(&[("railway", "station")]), Some("railway-station"));
        assert_eq!(slug_of(&[("railway", "station"), ("station", "subway")]), Some("subway-station"));
        assert_eq!(slug_of(&[("amenity", "school")]), Some("school"));
        assert_eq!(slug_of(&[("amenity", "embassy")]), Some("embassy"));
    }

    #[test]
    fn an_unknown_shop_is_a_shop_and_what_is_none_is_nothing() {
        assert_eq!(slug_of(&[("shop", "tea_cosies")]), Some("shop"));
        assert_eq!(slug_of(&[("shop", "vacant")]), None);
        assert_eq!(slug_of(&[("shop", "no"), ("amenity", "bank")]), Some("bank"));
        assert_eq!(slug_of(&[("amenity", "bench")]), None);
        assert_eq!(slug_of(&[("highway", "residential")]), None);
    }

    #[test]
    fn words_of_every_language_find_a_category() {
        assert!(found_by("sushi").contains(&"sushi-restaurant"));
        assert!(found_by("Friseur").contains(&"hairdresser"));
        assert!(found_by("餐馆").contains(&"restaurant"));
        assert!(found_by("餐馆").contains(&"thai-restaurant"));
        assert!(found_by("parturi").contains(&"hairdresser"));
        assert!(!found_by("餐馆").contains(&"cafe"));
        assert!(!found_by("coffee").contains(&"restaurant"));
    }

    #[test]
    fn people_mean_a_category_by_its_slug_or_by_a_word_of_any_language() {
        let meant = |word: &str| Categories::get().by_word(word).map(|category| category.slug.as_ref());
        for (word, slug) in [
            ("sushi-restaurant", "sushi-restaurant"),
            (" Friseur ", "hairdresser"),
            ("餐馆", "restaurant"),
            ("fast_food", "fast-food"),
        ] {
            assert_eq!(meant(word), Some(slug), "{word}");
        }
        assert_eq!((meant(""), meant("vegan_friendly")), (None, None));
    }

    #[test]
    fn a_name_that_a_language_lacks_is_english() {
        let tree = Categories::get();
        let sushi = tree.by_slug("sushi-restaurant").unwrap();
        assert_eq!(sushi.name(Locale::Fi), "Sushiravintola");
        let lacking = tree.all().find(|category| category.names[position(Locale::Fi)].is_empty()).unwrap();
        assert_eq!(lacking.name(Locale::Fi), lacking.name(Locale::En));
    }
}
