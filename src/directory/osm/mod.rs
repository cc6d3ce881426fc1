//! Reading a city out of an OpenStreetMap extract (PBF): the named places of business and public service, with what is
//! known of them, one after the other. Nothing is written here; the import does that.
//!
//! Up to three passes: places and the shapes to locate, the ways that relations are made of, the nodes of those ways.
//! Memory follows the places that are areas, not the file.

use std::io::{Read, Seek};

use crate::directory::categories::{Categories, Tags};
use crate::directory::facts::{Gatherer, Unfit};
use crate::directory::reading::{FileFault, FileReport, PlaceDraft, PlaceFacts, Progress, Sink};

mod blocks;
mod elements;
mod shapes;
#[cfg(test)]
mod tests;
mod wire;

use blocks::Blocks;
use elements::{Element, Node, Relation, Stop, Texts, Way};
use shapes::{Pending, Shape, Shapes};

/// What a place must be shown with wherever it came from OpenStreetMap.
pub const ATTRIBUTION: &str = "© OpenStreetMap contributors";

/// What the ids of everything from OpenStreetMap begin with.
pub(super) const SOURCE: &str = "osm";
const PASSES: u64 = 3;

/// Reads a whole file and hands each place to `sink`, with the number of its element. Stops at the first fault of the
/// file or of the sink; what was handed on by then is right.
pub(super) fn read<E: From<FileFault>>(
    file: impl Read + Seek,
    gatherer: &mut Gatherer,
    mut on_progress: impl FnMut(Progress),
    sink: impl Sink<E>,
) -> Result<FileReport, E> {
    let mut blocks = Blocks::open(file)?;
    let mut reading = Reading { sink, gatherer, shapes: Shapes::default(), report: FileReport::default() };
    let total = blocks.bytes_total() * PASSES;
    for pass in 0..PASSES {
        let mut done = blocks.bytes_total() * pass;
        if pass == 2 {
            reading.shapes.order_nodes();
        }
        for at in 0..blocks.len() {
            match pass {
                0 => blocks.visit(at, |texts, element| reading.meet(texts, element))?,
                1 if reading.shapes.wants_ways() && blocks.has_ways(at) => {
                    blocks.visit(at, |_, element| reading.shapes.meet_way(&element))?;
                }
                2 if blocks.nodes(at).is_some_and(|ids| reading.shapes.wants_any_of(ids)) => {
                    blocks.visit::<E>(at, |_, element| {
                        reading.shapes.meet_node(&element);
                        Ok(())
                    })?;
                }
                _ => {}
            }
            done += blocks.bytes(at);
            on_progress(Progress { done, total, kept: reading.report.kept });
        }
    }
    reading.settle()?;
    on_progress(Progress { done: total, total, kept: reading.report.kept });
    Ok(reading.report)
}

/// The first pass: places that are nodes are handed on, those that are areas await their points.
struct Reading<'g, S> {
    sink: S,
    gatherer: &'g mut Gatherer,
    shapes: Shapes,
    report: FileReport,
}

impl<S> Reading<'_, S> {
    fn meet<E: From<FileFault>>(&mut self, texts: &Texts<'_>, element: Element<'_>) -> Result<(), Stop<E>>
    where
        S: Sink<E>,
    {
        self.report.read += 1;
        match element {
            Element::Node(node) => self.meet_node(texts, &node),
            Element::Way(way) => self.meet_way(texts, &way),
            Element::Relation(relation) => self.meet_relation(texts, &relation),
        }
    }

    fn meet_node<E>(&mut self, texts: &Texts<'_>, node: &Node<'_>) -> Result<(), Stop<E>>
    where
        S: Sink<E>,
    {
        let Some(tags) = texts.tags(node.tags)? else { return Ok(()) };
        let Some(facts) = self.facts(&tags) else { return Ok(()) };
        let Some(point) = shapes::point(node.nanodegrees) else {
            self.report.skipped.nowhere += 1;
            return Ok(());
        };
        self.report.count_kept(&facts);
        let draft = PlaceDraft { source: format!("{SOURCE}:node/{}", node.id), point, facts };
        (self.sink)(self.report.read, draft).map_err(Stop::Met)
    }

    fn meet_way<E: From<FileFault>>(&mut self, texts: &Texts<'_>, way: &Way<'_>) -> Result<(), Stop<E>> {
        let Some(tags) = texts.tags(way.tags)? else { return Ok(()) };
        let Some(facts) = self.facts(&tags) else { return Ok(()) };
        self.await_points(format!("{SOURCE}:way/{}", way.id), facts, Shape::of_way(way.nodes)?)
    }

    fn meet_relation<E: From<FileFault>>(&mut self, texts: &Texts<'_>, relation: &Relation<'_>) -> Result<(), Stop<E>> {
        let Some(tags) = texts.tags(relation.tags)? else { return Ok(()) };
        // Other types are routes, restrictions and the like: lines and logic, not places.
        if !matches!(tags.get("type"), Some("multipolygon" | "site")) {
            return Ok(());
        }
        let Some(facts) = self.facts(&tags) else { return Ok(()) };
        let shape = Shape::of_relation(relation.members, |role| texts.text(role) == Some("inner"))?;
        self.await_points(format!("{SOURCE}:relation/{}", relation.id), facts, shape)
    }

    fn await_points<E: From<FileFault>>(
        &mut self,
        source: String,
        facts: PlaceFacts,
        shape: Shape,
    ) -> Result<(), Stop<E>> {
        let pending = Pending { row: self.report.read, source, facts, shape };
        self.shapes.await_points(pending).map_err(Stop::met)
    }

    fn settle<E>(&mut self) -> Result<(), E>
    where
        S: Sink<E>,
    {
        for (Pending { row, source, facts, .. }, point) in self.shapes.settle() {
            let Some(point) = point else {
                self.report.skipped.nowhere += 1;
                continue;
            };
            self.report.count_kept(&facts);
            (self.sink)(row, PlaceDraft { source, point, facts })?;
        }
        Ok(())
    }

    /// The facts of what is a place with a name; anything else is counted or none of our business.
    fn facts(&mut self, tags: &Tags<'_>) -> Option<PlaceFacts> {
        let category = Categories::get().match_tags(tags)?;
        let skipped = &mut self.report.skipped;
        match self.gatherer.gather(tags, category, &mut self.report.dropped_values) {
            Ok(facts) => return Some(facts),
            Err(Unfit::Closed) => skipped.closed += 1,
            Err(Unfit::Unnamed) => skipped.unnamed += 1,
            Err(Unfit::BadName) => skipped.bad_name += 1,
        }
        None
    }
}
