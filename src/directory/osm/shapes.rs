//! Where areas are: the ways and relations that await the coordinates of their nodes, and the middle of each.

use std::collections::HashMap;

use osmpbf::Element;

use crate::base::Point;

use super::blocks::Holds;
use super::{OsmFault, PlaceFacts};

/// OpenStreetMap allows a way 2,000 nodes.
const MAX_WAY_NODES: usize = 2_000;
/// Members of a relation that are looked at.
pub(super) const MAX_MEMBERS: usize = 2_000;
/// Coordinates kept at once: 16 bytes each, a third of a gigabyte. All of Germany's places stay below.
const MAX_NODES: usize = 20_000_000;

const NANO_PER_E7: i64 = 100;
const TURN_E7: f64 = 360e7;

/// What a place is made of.
pub(super) enum Shape {
    /// The nodes of one way, in order.
    Line(Vec<i64>),
    /// Ways and single nodes.
    Members { ways: Vec<i64>, nodes: Vec<i64> },
}

impl Shape {
    pub(super) fn of_way(nodes: impl Iterator<Item = i64>) -> Shape {
        Shape::Line(nodes.take(MAX_WAY_NODES).collect())
    }

    pub(super) fn of_relation(ways: Vec<i64>, nodes: Vec<i64>) -> Shape {
        Shape::Members { ways, nodes }
    }
}

/// Places that await their points.
#[derive(Default)]
pub(super) struct Shapes {
    pending: Vec<(String, PlaceFacts, Shape)>,
    /// Ways that relations are made of, with their nodes once they are met.
    ways: HashMap<i64, Vec<i64>>,
    /// The nodes that are wanted, in order once the ways are known; beside them where they are.
    nodes: Vec<i64>,
    points: Vec<Option<(i32, i32)>>,
    size: usize,
    pass: u8,
}

impl Shapes {
    pub(super) fn await_points(&mut self, source: String, facts: PlaceFacts, shape: Shape) {
        match &shape {
            Shape::Line(nodes) => self.size += nodes.len(),
            Shape::Members { ways, nodes } => {
                self.size += ways.len() + nodes.len();
                self.ways.extend(ways.iter().map(|way| (*way, Vec::new())));
            }
        }
        self.pending.push((source, facts, shape));
    }

    /// From the first pass to the ways, from the ways to the nodes.
    pub(super) fn next_pass(&mut self) {
        self.pass += 1;
        if self.pass < 2 {
            return;
        }
        let direct = self.pending.iter().flat_map(|(_, _, shape)| match shape {
            Shape::Line(nodes) | Shape::Members { nodes, .. } => nodes.iter(),
        });
        self.nodes = direct.chain(self.ways.values().flatten()).copied().collect();
        self.nodes.sort_unstable();
        self.nodes.dedup();
        self.points = vec![None; self.nodes.len()];
    }

    /// Whether anything of this kind is still looked for.
    pub(super) fn wants(&self, what: Holds) -> bool {
        match what {
            Holds::Ways => !self.ways.is_empty(),
            Holds::Nodes => !self.nodes.is_empty(),
        }
    }

    pub(super) fn meet(&mut self, element: &Element<'_>) {
        match element {
            Element::Way(way) if self.pass == 1 => {
                if let Some(nodes) = self.ways.get_mut(&way.id()) {
                    *nodes = way.refs().take(MAX_WAY_NODES).collect();
                    self.size += nodes.len();
                }
            }
            Element::DenseNode(node) if self.pass == 2 => self.place(node.id(), node.nano_lat(), node.nano_lon()),
            Element::Node(node) if self.pass == 2 => self.place(node.id(), node.nano_lat(), node.nano_lon()),
            Element::Node(_) | Element::DenseNode(_) | Element::Way(_) | Element::Relation(_) => {}
        }
    }

    pub(super) fn check_size(&self) -> Result<(), OsmFault> {
        if self.size > MAX_NODES { Err(OsmFault::TooLarge) } else { Ok(()) }
    }

    /// Every place with its point, or without one if none of its nodes was met.
    pub(super) fn settle(&mut self) -> Vec<(String, PlaceFacts, Option<Point>)> {
        let pending = std::mem::take(&mut self.pending);
        pending.into_iter().map(|(source, facts, shape)| (source, facts, self.middle(&shape))).collect()
    }

    fn place(&mut self, id: i64, nano_lat: i64, nano_lon: i64) {
        let Ok(at) = self.nodes.binary_search(&id) else { return };
        let (Some(slot), Some(point)) = (self.points.get_mut(at), point((nano_lat, nano_lon))) else { return };
        *slot = Some((point.lat_e7(), point.lon_e7()));
    }

    fn known(&self, nodes: &[i64]) -> Vec<(i32, i32)> {
        let at = |id: &i64| self.nodes.binary_search(id).ok().and_then(|at| *self.points.get(at)?);
        nodes.iter().filter_map(at).collect()
    }

    fn middle(&self, shape: &Shape) -> Option<Point> {
        match shape {
            Shape::Line(nodes) => {
                let known = self.known(nodes);
                let is_whole = known.len() == nodes.len() && nodes.len() > 3 && nodes.first() == nodes.last();
                is_whole.then(|| centroid(&known)).flatten().or_else(|| mean(&known))
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

/// The mean of points. Longitudes are taken from the first one's, so that areas on the date line stay there.
fn mean(points: &[(i32, i32)]) -> Option<Point> {
    let first = points.first()?;
    let count = points.len() as f64;
    let (lat, lon) = points.iter().fold((0.0, 0.0), |(lat, lon), point| {
        let (d_lat, d_lon) = from(first, point);
        (lat + d_lat / count, lon + d_lon / count)
    });
    to(first, lat, lon)
}

/// The centre of the area inside a closed ring; `None` if the ring has no area.
fn centroid(ring: &[(i32, i32)]) -> Option<Point> {
    let first = ring.first()?;
    let (mut area, mut lat, mut lon) = (0.0, 0.0, 0.0);
    for pair in ring.windows(2) {
        let [one, two] = pair else { continue };
        let ((lat1, lon1), (lat2, lon2)) = (from(first, one), from(first, two));
        let cross = lon1 * lat2 - lon2 * lat1;
        area += cross;
        lat += (lat1 + lat2) * cross;
        lon += (lon1 + lon2) * cross;
    }
    // Less than a square metre is a line.
    if area.abs() < 1e4 { None } else { to(first, lat / (3.0 * area), lon / (3.0 * area)) }
}

fn from(first: &(i32, i32), point: &(i32, i32)) -> (f64, f64) {
    let lon = f64::from(point.1) - f64::from(first.1);
    (f64::from(point.0) - f64::from(first.0), wrap(lon))
}

fn to(first: &(i32, i32), lat: f64, lon: f64) -> Option<Point> {
    Point::from_e7((f64::from(first.0) + lat).round() as i32, wrap(f64::from(first.1) + lon).round() as i32)
}

/// Into half a turn to either side.
fn wrap(lon_e7: f64) -> f64 {
    if lon_e7 > TURN_E7 / 2.0 {
        lon_e7 - TURN_E7
    } else if lon_e7 < -TURN_E7 / 2.0 {
        lon_e7 + TURN_E7
    } else {
        lon_e7
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_at_its_centre_and_a_line_at_its_mean() {
        // An L: its centre of area is not the mean of its corners.
        let ring = [(0, 0), (0, 2000), (1000, 2000), (1000, 1000), (2000, 1000), (2000, 0), (0, 0)];
        let middle = centroid(&ring).unwrap();
        assert_eq!((middle.lat_e7(), middle.lon_e7()), (833, 833));
        assert_eq!(centroid(&[(0, 0), (0, 2000), (0, 0), (0, 0)]), None);
        let line = mean(&[(0, 0), (0, 2000), (3000, 1000)]).unwrap();
        assert_eq!((line.lat_e7(), line.lon_e7()), (1000, 1000));
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn an_area_on_the_date_line_stays_there() {
        let east = 1_799_000_000;
        let middle = mean(&[(0, east), (0, -east)]).unwrap();
        assert_eq!(middle.lon_e7().abs(), 1_800_000_000);
    }

    #[test]
    fn a_node_off_the_earth_has_no_point() {
        assert_eq!(point((95_000_000_000, 0)), None);
        assert_eq!(point((i64::MAX, i64::MIN)), None);
        assert_eq!(point((60_170_000_000, 24_940_000_000)), Point::new(60.17, 24.94));
    }
}
