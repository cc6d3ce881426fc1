//! Where areas are: the ways and relations that await the coordinates of their nodes, and the middle of each.

use std::collections::HashMap;

use crate::base::Point;
use crate::directory::middle::{mean, middle};
use crate::directory::reading::{FileFault, PlaceFacts};

use super::elements::{Element, MemberKind, Members, Stop};
use super::wire::{Broken, Deltas};

/// OpenStreetMap allows a way 2,000 nodes.
const MAX_WAY_NODES: usize = 2_000;
/// Members of a relation that are looked at.
const MAX_MEMBERS: usize = 2_000;
/// What is kept of places that await their points: those of a small country stay below.
const MAX_BYTES: usize = 256 << 20;
/// What a node costs: its id in a shape and in order, and its point.
const NODE_BYTES: usize = 28;

const NANO_PER_E7: i64 = 100;

/// What a place is made of.
pub(super) enum Shape {
    /// The nodes of one way, in order.
    Line(Vec<i64>),
    /// Ways and single nodes.
    Members { ways: Vec<i64>, nodes: Vec<i64> },
}

impl Shape {
    pub(super) fn of_way(nodes: Deltas<'_>) -> Result<Shape, Broken> {
        first_nodes(nodes).map(Shape::Line)
    }

    /// The outer members: holes say nothing of where a place is. `is_hole` knows the texts of roles.
    pub(super) fn of_relation(mut members: Members<'_>, is_hole: impl Fn(u64) -> bool) -> Result<Shape, Broken> {
        let (mut ways, mut nodes) = (Vec::new(), Vec::new());
        let mut seen = 0;
        while let Some((kind, id, role)) = members.next()? {
            match kind {
                MemberKind::Way if !is_hole(role) => ways.push(id),
                MemberKind::Node => nodes.push(id),
                MemberKind::Way | MemberKind::Relation => {}
            }
            seen += 1;
            if seen == MAX_MEMBERS {
                break;
            }
        }
        Ok(Shape::Members { ways, nodes })
    }
}

fn first_nodes(mut nodes: Deltas<'_>) -> Result<Vec<i64>, Broken> {
    let mut found = Vec::new();
    while found.len() < MAX_WAY_NODES {
        match nodes.next()? {
            Some(id) => found.push(id),
            None => break,
        }
    }
    Ok(found)
}

/// A place that awaits its point, and the row that it stands in.
pub(super) struct Pending {
    pub row: u64,
    pub source: String,
    pub facts: PlaceFacts,
    pub shape: Shape,
}

/// Places that await their points.
#[derive(Default)]
pub(super) struct Shapes {
    pending: Vec<Pending>,
    /// Ways that relations are made of, with their nodes once they are met.
    ways: HashMap<i64, Vec<i64>>,
    /// The nodes that are wanted, in order once the ways are known; beside them where they are.
    nodes: Vec<i64>,
    points: Vec<Option<(i32, i32)>>,
    bytes: usize,
}

impl Shapes {
    pub(super) fn await_points(&mut self, pending: Pending) -> Result<(), FileFault> {
        let parts = match &pending.shape {
            Shape::Line(nodes) => nodes.len(),
            Shape::Members { ways, nodes } => {
                self.ways.extend(ways.iter().map(|way| (*way, Vec::new())));
                ways.len() + nodes.len()
            }
        };
        let cost = parts * NODE_BYTES + size_of::<Pending>() + pending.facts.text_bytes();
        self.pending.push(pending);
        self.grow(cost)
    }

    fn grow(&mut self, bytes: usize) -> Result<(), FileFault> {
        self.bytes += bytes;
        if self.bytes > MAX_BYTES { Err(FileFault::TooLarge) } else { Ok(()) }
    }

    pub(super) fn wants_ways(&self) -> bool {
        !self.ways.is_empty()
    }

    /// The second pass: the nodes of the ways that relations are made of.
    pub(super) fn meet_way<E: From<FileFault>>(&mut self, element: &Element<'_>) -> Result<(), Stop<E>> {
        let Element::Way(way) = element else { return Ok(()) };
        let Some(nodes) = self.ways.get_mut(&way.id) else { return Ok(()) };
        *nodes = first_nodes(way.nodes)?;
        let cost = nodes.len() * NODE_BYTES;
        self.grow(cost).map_err(Stop::met)
    }

    /// From here on all nodes that are wanted are known.
    pub(super) fn order_nodes(&mut self) {
        let direct = self.pending.iter().flat_map(|pending| match &pending.shape {
            Shape::Line(nodes) | Shape::Members { nodes, .. } => nodes.iter(),
        });
        self.nodes = direct.chain(self.ways.values().flatten()).copied().collect();
        self.nodes.sort_unstable();
        self.nodes.dedup();
        self.points = vec![None; self.nodes.len()];
    }

    /// Whether a node between these ids is wanted.
    pub(super) fn wants_any_of(&self, (least, greatest): (i64, i64)) -> bool {
        let from = self.nodes.partition_point(|id| *id < least);
        self.nodes.get(from).is_some_and(|id| *id <= greatest)
    }

    /// The third pass: where the nodes are.
    pub(super) fn meet_node(&mut self, element: &Element<'_>) {
        let Element::Node(node) = element else { return };
        let Ok(at) = self.nodes.binary_search(&node.id) else { return };
        let (Some(slot), Some(point)) = (self.points.get_mut(at), point(node.nanodegrees)) else { return };
        *slot = Some((point.lat_e7(), point.lon_e7()));
    }

    /// Every place with its point, or without one if none of its nodes was met.
    pub(super) fn settle(&mut self) -> impl Iterator<Item = (Pending, Option<Point>)> {
        let pending = std::mem::take(&mut self.pending);
        pending.into_iter().map(|pending| {
            let point = self.middle(&pending.shape);
            (pending, point)
        })
    }

    fn known(&self, nodes: &[i64]) -> Vec<(i32, i32)> {
        let at = |id: &i64| self.nodes.binary_search(id).ok().and_then(|at| *self.points.get(at)?);
        nodes.iter().filter_map(at).collect()
    }

    fn middle(&self, shape: &Shape) -> Option<Point> {
        match shape {
            Shape::Line(nodes) => {
                let known = self.known(nodes);
                // A ring with gaps has no area to speak of.
                if known.len() == nodes.len() { middle(&known) } else { mean(&known) }
            }
            Shape::Members { ways, nodes } => {
                let mut known = self.known(nodes);
                known.extend(ways.iter().filter_map(|way| self.ways.get(way)).flat_map(|nodes| self.known(nodes)));
                mean(&known)
            }
        }
    }
}

/// The point of a node, unless it lies off the earth.
pub(super) fn point((nano_lat, nano_lon): (i64, i64)) -> Option<Point> {
    let e7 = |nano: i64| i32::try_from(nano / NANO_PER_E7).ok();
    Point::from_e7(e7(nano_lat)?, e7(nano_lon)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_off_the_earth_has_no_point() {
        assert_eq!(point((95_000_000_000, 0)), None);
        assert_eq!(point((i64::MAX, i64::MIN)), None);
        assert_eq!(point((60_170_000_000, 24_940_000_000)), Point::new(60.17, 24.94));
    }
}
