//! What search knows of a place: one document, assembled above from whatever capabilities contribute. No capability
//! is named here, and nothing here is shown to people: pages read the store by the ids that search answers.

use crate::base::{Interval, Locale, Point};

/// Everything by which a place can be found, filtered and sorted.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub id: [u8; 16],
    /// As people know it; suggestions show it.
    pub name: String,
    pub point: Point,
    /// The most specific category; its ancestors follow from [`super::Categories`].
    pub category: u16,
    /// 1 (cheap) to 4, if known.
    pub price_level: Option<u8>,
    pub rating: Rating,
    pub flags: Flags,
    pub hours: Hours,
    /// The language of its words, if somebody told; guessed else.
    pub language: Option<Locale>,
    /// All other words by which it is found; `name` is always one.
    pub words: Vec<(Field, String)>,
}

/// Stars times 100, so that they are whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rating {
    /// What people see, and what "at least 4 stars" compares.
    pub mean: u16,
    /// What the order by rating compares: the published score that makes few reviews count less.
    pub score: u16,
    pub count: u32,
}

/// When a place is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hours {
    /// Nobody told: neither open nor closed.
    #[default]
    Unknown,
    /// Open in these intervals of the coming days, in whole seconds, and closed between them.
    Known(Vec<Interval>),
}

/// Where a word stands in a document, and so how much it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Names in other languages, short and old names, brands.
    OtherName,
    /// What it is beyond its category: cuisine, diet, services, dishes.
    Speciality,
    /// Street, district, postal code.
    Street,
    /// Titles of offers.
    Offer,
    /// What people wrote about it.
    Review,
}

/// A yes-or-no fact that people filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flag {
    HasOffer = 0,
    Wheelchair = 1,
    Vegetarian = 2,
    Vegan = 3,
    Halal = 4,
    Kosher = 5,
    GlutenFree = 6,
}

impl Flag {
    pub const ALL: [Flag; 7] =
        [Flag::HasOffer, Flag::Wheelchair, Flag::Vegetarian, Flag::Vegan, Flag::Halal, Flag::Kosher, Flag::GlutenFree];

    /// As URLs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Flag::HasOffer => "has-offer",
            Flag::Wheelchair => "wheelchair",
            Flag::Vegetarian => "vegetarian",
            Flag::Vegan => "vegan",
            Flag::Halal => "halal",
            Flag::Kosher => "kosher",
            Flag::GlutenFree => "gluten-free",
        }
    }

    /// Whether it is one of the diets, which are one facet: a second one widens the choice.
    pub const fn is_diet(self) -> bool {
        Flags::DIETS.has(self)
    }

    pub fn by_name(name: &str) -> Option<Flag> {
        Flag::ALL.into_iter().find(|flag| flag.name() == name)
    }
}

/// A set of flags, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    pub const NONE: Flags = Flags(0);
    pub const DIETS: Flags = Flags::NONE
        .with(Flag::Vegetarian)
        .with(Flag::Vegan)
        .with(Flag::Halal)
        .with(Flag::Kosher)
        .with(Flag::GlutenFree);

    #[must_use]
    pub const fn with(self, flag: Flag) -> Flags {
        Flags(self.0 | 1 << flag as u32)
    }

    pub const fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u32) != 0
    }

    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    pub(super) const fn from_bits(bits: u32) -> Flags {
        Flags(bits)
    }

    /// Those that are in both.
    #[must_use]
    pub const fn and(self, others: Flags) -> Flags {
        Flags(self.0 & others.0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Flag> for Flags {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Flags {
        flags.into_iter().fold(Flags::NONE, Flags::with)
    }
}
