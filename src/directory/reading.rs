//! What the readers of files have in common: the places that they yield, what they count, and why they stop.

use crate::base::{Line, Point};
use crate::directory::categories::CategoryId;
use crate::directory::model::{Address, Contact, LocalName, PlaceHours, PlaceName, Wheelchair};

/// Errors of rows that are told one by one; the others are counted.
const MAX_TOLD: usize = 100;

/// One place as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceDraft {
    /// The same in every file of its source: `osm:node/123`.
    pub source: String,
    pub point: Point,
    pub facts: PlaceFacts,
}

/// What a file says of a place, cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceFacts {
    pub name: PlaceName,
    /// Names in the languages of the house, where they differ from `name`.
    pub names: Vec<LocalName>,
    pub category: CategoryId,
    pub address: Address,
    pub contact: Contact,
    pub hours: PlaceHours,
    pub wheelchair: Option<Wheelchair>,
    /// `sushi`, `pizza`: as OpenStreetMap spells them.
    pub cuisines: Vec<Line<60>>,
    /// `vegan`, `halal`: the diets that are served.
    pub diets: Vec<Line<60>>,
    pub brand: Option<Line<120>>,
    /// The floor, such as `-1` or `2`.
    pub level: Option<Line<20>>,
}

/// What readers hand their places to, with the row that each stands in.
pub trait Sink<E>: FnMut(u64, PlaceDraft) -> Result<(), E> {}

impl<E, F: FnMut(u64, PlaceDraft) -> Result<(), E>> Sink<E> for F {}

/// How far the reading is, in bytes of all passes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
    pub kept: u64,
}

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// Elements, features or rows that were read.
    pub read: u64,
    /// Places handed on.
    pub kept: u64,
    pub skipped: Skipped,
    pub errors: RowErrors,
    /// Values of kept places that were left out: too long, hostile, or not what the key promises.
    pub dropped_values: u64,
    pub readable_hours: u64,
    /// Opening hours that are kept as text only.
    pub unreadable_hours: u64,
}

/// Places that were left out of an extract, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    pub unnamed: u64,
    /// The name is too long or hostile.
    pub bad_name: u64,
    /// Closed for good, or not for the public.
    pub closed: u64,
    /// None of the nodes that it is made of is in the file.
    pub nowhere: u64,
}

/// Rows that are wrong: all are counted, the first are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowErrors {
    pub count: u64,
    pub told: Vec<RowError>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    pub row: u64,
    pub wrong: Wrong,
}

/// Why one row is left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("it has no id, without which a later import could not find the place again")]
    NoId,
    #[error("its id is longer than {max} characters or can't be shown", max = super::columns::MAX_ID)]
    BadId,
    #[error("its id stands in an earlier row too")]
    Twice,
    #[error("it has no point")]
    NoPoint,
    #[error("its point is not on earth")]
    OffTheEarth,
    #[error("its shape has more than {max} points", max = super::features::MAX_POSITIONS)]
    TooManyPoints,
    #[error("it has no name")]
    NoName,
    #[error("its name is too long or can't be shown")]
    BadName,
    #[error("nothing says of what category it is")]
    NoCategory,
    #[error("there is no category {0}")]
    UnknownCategory(String),
    #[error("it has another number of columns than the header")]
    OtherColumns,
    #[error("it is not written in UTF-8")]
    NotUtf8,
    #[error("it has more than {max} properties", max = super::features::MAX_PROPERTIES)]
    TooManyProperties,
    #[error("it is no feature")]
    NoFeature,
}

/// Why a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    #[error("the file can't be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("this is no OpenStreetMap PBF file")]
    NoPbf,
    #[error("this is no GeoJSON with a collection of features")]
    NoFeatures,
    #[error("this table has no column {column}: its header has {found} (see highstreet import csv --help)")]
    NoColumn { column: &'static str, found: String },
    #[error("the file ends in the middle; was the download cut short?")]
    Truncated,
    #[error("the file is damaged near byte {at}: {cause}")]
    Damaged { at: u64, cause: String },
    #[error("line {line} can't be read: {cause}")]
    Unreadable { line: u64, cause: String },
    #[error("the file needs a feature that is not supported: {feature}")]
    Unsupported { feature: String },
    #[error("the file has more places than fit in memory; cut it to one city first")]
    TooLarge,
}

impl Skipped {
    pub const fn total(&self) -> u64 {
        self.unnamed + self.bad_name + self.closed + self.nowhere
    }
}

impl RowErrors {
    pub fn note(&mut self, row: u64, wrong: Wrong) {
        self.count += 1;
        if self.told.len() < MAX_TOLD {
            self.told.push(RowError { row, wrong });
        }
    }
}

impl RowErrors {
    /// Takes in those of another list.
    pub(super) fn absorb(&mut self, other: RowErrors) {
        self.count += other.count;
        self.told.extend(other.told);
        self.told.sort_by_key(|error| error.row);
        self.told.truncate(MAX_TOLD);
    }
}

impl PlaceFacts {
    /// What its texts take in memory, roughly.
    pub(super) fn text_bytes(&self) -> usize {
        let lines = |lines: &[Line<60>]| lines.iter().map(|line| line.as_str().len()).sum::<usize>();
        let Contact { phone, website, email } = &self.contact;
        let Address { street, number, postcode, city } = &self.address;
        let hours = match &self.hours {
            PlaceHours::Unknown => 0,
            PlaceHours::Readable(text) | PlaceHours::Unreadable(text) => text.len(),
        };
        let address = [
            street.as_ref().map(|line| line.as_str()),
            number.as_ref().map(|line| line.as_str()),
            postcode.as_ref().map(|line| line.as_str()),
            city.as_ref().map(|line| line.as_str()),
        ];
        let contact = [phone.as_ref().map(|line| line.as_str()), website.as_deref(), email.as_deref()];
        let other = [self.brand.as_ref().map(|line| line.as_str()), self.level.as_ref().map(|line| line.as_str())];
        let single = address.into_iter().chain(contact).chain(other).flatten().map(str::len).sum::<usize>();
        let names = self.names.iter().map(|local| local.name.as_str().len()).sum::<usize>();
        size_of::<PlaceFacts>()
            + self.name.as_str().len()
            + names
            + single
            + hours
            + lines(&self.cuisines)
            + lines(&self.diets)
    }
}

impl FileReport {
    pub(super) fn count_kept(&mut self, facts: &PlaceFacts) {
        self.kept += 1;
        match facts.hours {
            PlaceHours::Unknown => {}
            PlaceHours::Readable(_) => self.readable_hours += 1,
            PlaceHours::Unreadable(_) => self.unreadable_hours += 1,
        }
    }
}
