//! Reading a city out of an OpenStreetMap extract (PBF): the named places of business and public service, with what is
//! known of them, one after the other. Nothing is written here; the import command does that.
//!
//! Up to three passes: places and the shapes to locate, the ways that relations are made of, the nodes of those ways.
//! Memory follows the places that are areas, not the file.

use std::io::{Read, Seek};

use osmpbf::{Element, RelMemberType, Relation, Way};

use crate::base::{Line, Point};
use crate::directory::categories::{Categories, CategoryId, Tags};
use crate::directory::{Address, Contact, LocalName, PlaceHours, PlaceName, Wheelchair};

mod blocks;
mod facts;
mod shapes;

#[cfg(test)]
mod tests;

use blocks::{Blocks, Holds};
use shapes::{Shape, Shapes};

/// What a place must be shown with wherever it came from OpenStreetMap.
pub const ATTRIBUTION: &str = "© OpenStreetMap contributors";

/// One place as the map has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceDraft {
    /// The same in every extract: `osm:node/123`.
    pub source: String,
    pub point: Point,
    pub facts: PlaceFacts,
}

/// What the tags say of a place, cleaned.
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

/// How far the reading is, in bytes of all passes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
    pub kept: u64,
}

/// What was found in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OsmReport {
    /// Nodes, ways and relations that were read.
    pub read: u64,
    /// Places handed on.
    pub kept: u64,
    pub skipped: Skipped,
    /// Values of kept places that were left out: too long, hostile, or not what the key promises.
    pub dropped_values: u64,
    pub readable_hours: u64,
    /// Opening hours that are kept as text only.
    pub unreadable_hours: u64,
}

/// Places that were left out, by the reason.
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

/// Why a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum OsmFault {
    #[error("the file can't be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("this is no OpenStreetMap PBF file")]
    NoPbf,
    #[error("the file ends in the middle; was the download cut short?")]
    Truncated,
    #[error("the file is damaged near byte {at}: {cause}")]
    Damaged { at: u64, cause: String },
    #[error("the file needs a feature that is not supported: {feature}")]
    Unsupported { feature: String },
    #[error("the file has more areas than fit in memory; cut it to one city first")]
    TooLarge,
}

/// Reads a whole file and hands each place to `sink`. Stops at the first fault of the file or of the sink; what was
/// handed on by then is right.
pub fn read<R, E>(
    file: R,
    mut on_progress: impl FnMut(Progress),
    mut sink: impl FnMut(PlaceDraft) -> Result<(), E>,
) -> Result<OsmReport, E>
where
    R: Read + Seek + Send,
    E: From<OsmFault>,
{
    let mut blocks = Blocks::open(file)?;
    let mut reading = Reading::default();
    let total = blocks.bytes_total() * PASSES;
    let mut done = 0;

    for at in 0..blocks.len() {
        blocks.visit(at, |element| reading.meet(element))?;
        for draft in reading.found.drain(..) {
            sink(draft)?;
        }
        reading.shapes.check_size()?;
        done += blocks.bytes(at);
        on_progress(Progress { done, total, kept: reading.report.kept });
    }
    for (pass, holds) in [(1, Holds::Ways), (2, Holds::Nodes)] {
        reading.shapes.next_pass();
        done = blocks.bytes_total() * pass;
        for at in 0..blocks.len() {
            if blocks.holds(at, holds) && reading.shapes.wants(holds) {
                blocks.visit(at, |element| reading.shapes.meet(&element))?;
                reading.shapes.check_size()?;
            }
            done += blocks.bytes(at);
            on_progress(Progress { done, total, kept: reading.report.kept });
        }
    }
    for (source, facts, point) in reading.shapes.settle() {
        let Some(point) = point else {
            reading.report.skipped.nowhere += 1;
            continue;
        };
        reading.report.count_kept(&facts);
        sink(PlaceDraft { source, point, facts })?;
    }
    on_progress(Progress { done: total, total, kept: reading.report.kept });
    Ok(reading.report)
}

const PASSES: u64 = 3;

/// The first pass: places that are nodes are found, those that are areas await their points.
#[derive(Default)]
struct Reading {
    found: Vec<PlaceDraft>,
    shapes: Shapes,
    report: OsmReport,
}

impl Reading {
    fn meet(&mut self, element: Element<'_>) {
        self.report.read += 1;
        match element {
            Element::DenseNode(node) => {
                if node.raw_tags().next().is_some() {
                    self.meet_node(node.id(), (node.nano_lat(), node.nano_lon()), node.tags().collect());
                }
            }
            Element::Node(node) => {
                self.meet_node(node.id(), (node.nano_lat(), node.nano_lon()), node.tags().collect());
            }
            Element::Way(way) => self.meet_way(&way),
            Element::Relation(relation) => self.meet_relation(&relation),
        }
    }

    fn meet_node(&mut self, id: i64, nanodegrees: (i64, i64), tags: Tags<'_>) {
        let Some(facts) = self.facts(&tags) else { return };
        let Some(point) = shapes::point(nanodegrees) else {
            self.report.skipped.nowhere += 1;
            return;
        };
        self.report.count_kept(&facts);
        self.found.push(PlaceDraft { source: format!("osm:node/{id}"), point, facts });
    }

    fn meet_way(&mut self, way: &Way<'_>) {
        let tags: Tags<'_> = way.tags().collect();
        let Some(facts) = self.facts(&tags) else { return };
        self.shapes.await_points(format!("osm:way/{}", way.id()), facts, Shape::of_way(way.refs()));
    }

    fn meet_relation(&mut self, relation: &Relation<'_>) {
        let tags: Tags<'_> = relation.tags().collect();
        // Other types are routes, restrictions and the like: lines and logic, not places.
        if !matches!(tags.get("type"), Some("multipolygon" | "site")) {
            return;
        }
        let Some(facts) = self.facts(&tags) else { return };
        let mut ways = Vec::new();
        let mut nodes = Vec::new();
        for member in relation.members().take(shapes::MAX_MEMBERS) {
            match member.member_type {
                RelMemberType::Way if member.role().unwrap_or_default() != "inner" => ways.push(member.member_id),
                RelMemberType::Node => nodes.push(member.member_id),
                RelMemberType::Way | RelMemberType::Relation => {}
            }
        }
        self.shapes.await_points(format!("osm:relation/{}", relation.id()), facts, Shape::of_relation(ways, nodes));
    }

    /// The facts of what is a place with a name; anything else is counted or none of our business.
    fn facts(&mut self, tags: &Tags<'_>) -> Option<PlaceFacts> {
        let category = Categories::get().match_tags(tags)?;
        facts::gather(tags, category, &mut self.report)
    }
}

impl Skipped {
    pub const fn total(&self) -> u64 {
        self.unnamed + self.bad_name + self.closed + self.nowhere
    }
}

impl OsmReport {
    fn count_kept(&mut self, facts: &PlaceFacts) {
        self.kept += 1;
        match facts.hours {
            PlaceHours::Unknown => {}
            PlaceHours::Readable(_) => self.readable_hours += 1,
            PlaceHours::Unreadable(_) => self.unreadable_hours += 1,
        }
    }
}
