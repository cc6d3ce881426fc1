//! What is told of a whole import: the places that vanished from the file, and those that seem to be listed twice. On
//! request the latter are merged.

use std::collections::HashSet;

use crate::base::{BoundingBox, Fault};
use crate::directory::commands::merge_places;
use crate::directory::likeness::{Likeness, NEAR_M};
use crate::directory::model::{PLACES, Place, PlaceId};
use crate::directory::queries::{place_of_source, require_place};
use crate::store::{self, Outcome, Snapshot, Span, Stop, Store};

use super::ImportReport;
use super::intake::Seen;

/// Vanished places and pairs that are told one by one.
pub(super) const MAX_TOLD: usize = 100;
/// Pairs that are found at most: a file of nothing but twins is no list of places.
const MAX_PAIRS: usize = 100_000;
/// Listings of one name at one point that each is compared with.
const MAX_NEIGHBOURS: usize = 16;
/// As far north or south as "near" reaches; a degree of latitude has 111 km.
const NEAR_E7: i32 = (NEAR_M as i32 + 5) * 90;
const MERGED_AT_ONCE: usize = 100;

/// Places that a file no longer has: all are counted, the first are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vanished {
    pub count: u64,
    /// The path of each, and its name.
    pub told: Vec<(String, String)>,
}

/// Two listings that seem to be of one place, each by its id at the source, or by its path if the file is not its
/// source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    pub name: String,
    pub one: String,
    pub other: String,
}

/// A place of the file, as far as it is compared.
pub(super) struct Spot {
    pub likeness: Likeness,
    pub source: Box<str>,
    pub name: Box<str>,
}

/// The second listing of a pair.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Other {
    File(u32),
    City(PlaceId),
}

type Pair = (u32, Other);

pub(super) struct Survey<'a> {
    pub store: &'a Store,
    pub within: Option<BoundingBox>,
    pub seen: &'a Seen,
    /// What the ids of the file's places begin with.
    pub source: &'a str,
}

impl Survey<'_> {
    pub(super) fn complete(&self, spots: Vec<Spot>, merges: bool, report: &mut ImportReport) -> Result<(), Fault> {
        let snapshot = self.store.snapshot()?;
        let spots = Spots::new(spots);
        let mut pairs = spots.pairs();
        let mut merged_before = HashSet::new();
        let read: &dyn store::Read = &snapshot;
        for row in read.scan(&PLACES, Span::all())? {
            let (id, place) = row?;
            let own = place.source.as_deref().filter(|source| self.is_of_the_source(source));
            match own {
                Some(source) if self.seen.has(source) => {
                    if !place.is_one_of_its_own() {
                        merged_before.insert(source.to_owned());
                    }
                    continue;
                }
                Some(_) if self.is_wanted(&place) => report.vanished.note(&place),
                Some(_) | None => {}
            }
            if place.is_one_of_its_own() && pairs.len() < MAX_PAIRS {
                spots.pairs_with(id, &place, &mut pairs);
            }
        }
        let is_merged = |at: u32| spots.source(at).is_some_and(|source| merged_before.contains(source));
        if !merged_before.is_empty() {
            pairs.retain(|(one, other)| !is_merged(*one) && !matches!(other, Other::File(at) if is_merged(*at)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        for pair in &pairs {
            report.twins.count += 1;
            if report.twins.told.len() < MAX_TOLD {
                report.twins.told.push(spots.told(&snapshot, *pair)?);
            }
        }
        if merges {
            for some in pairs.chunks(MERGED_AT_ONCE) {
                report.merged += self.merge(&snapshot, &spots, some)?;
            }
        }
        Ok(())
    }

    fn is_of_the_source(&self, source: &str) -> bool {
        source.strip_prefix(self.source).is_some_and(|rest| rest.starts_with(':'))
    }

    /// Whether the file would have it, if there still were such a place.
    fn is_wanted(&self, place: &Place) -> bool {
        place.is_one_of_its_own() && self.within.is_none_or(|within| within.contains(place.point))
    }

    /// Merges what may be merged; two that merchants run stay two.
    fn merge(&self, snapshot: &Snapshot, spots: &Spots, pairs: &[Pair]) -> Result<u64, Fault> {
        let id_of = |at: u32| -> Result<Option<PlaceId>, Fault> {
            let Some(source) = spots.source(at) else { return Ok(None) };
            Ok(place_of_source(snapshot, source)?.map(|(id, _)| id))
        };
        let mut ids = Vec::new();
        for (one, other) in pairs {
            let one = id_of(*one)?;
            // Of two from one moment the first stays: the one that was in the city before.
            ids.extend(match other {
                Other::File(at) => one.zip(id_of(*at)?),
                Other::City(id) => Some(*id).zip(one),
            });
        }
        let merged = self.store.write_blocking(move |tx| {
            let mut count = 0;
            for (one, other) in &ids {
                match merge_places(tx, *one, *other) {
                    Ok(_) => count += 1,
                    Err(Stop::Refuse(_)) => {}
                    Err(stop) => return Err(stop),
                }
            }
            Outcome::Ok(count)
        });
        merged.outcome.map_err(|stop| match stop {
            Stop::Fault(fault) => fault,
            Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => {
                Fault::bug("merging places", format!("{refusal:?}"))
            }
        })
    }
}

impl Vanished {
    fn note(&mut self, place: &Place) {
        self.count += 1;
        if self.told.len() < MAX_TOLD {
            self.told.push((place.path(), place.name.to_string()));
        }
    }
}

/// The places of a file in two orders, so that those with one name or telephone lie beside each other.
struct Spots {
    all: Vec<Spot>,
    by_name: Vec<(u64, i32, u32)>,
    by_phone: Vec<(u64, i32, u32)>,
}

impl Spots {
    fn new(all: Vec<Spot>) -> Spots {
        let ordered = |key: &dyn Fn(&Likeness) -> Option<u64>| {
            let keyed =
                (0..).zip(&all).filter_map(|(at, spot)| Some((key(&spot.likeness)?, spot.likeness.point.lat_e7(), at)));
            let mut order: Vec<(u64, i32, u32)> = keyed.collect();
            order.sort_unstable();
            order
        };
        let by_name = ordered(&|likeness| Some(likeness.name));
        let by_phone = ordered(&|likeness| likeness.phone.map(u64::from));
        Spots { all, by_name, by_phone }
    }

    fn likeness(&self, at: u32) -> Option<&Likeness> {
        self.all.get(at as usize).map(|spot| &spot.likeness)
    }

    fn source(&self, at: u32) -> Option<&str> {
        self.all.get(at as usize).map(|spot| &*spot.source)
    }

    /// Those of the file that may be the place: near it in one of the orders.
    fn candidates<'s>(&'s self, of: &'s Likeness) -> impl Iterator<Item = u32> + 's {
        let phone = of.phone.map(u64::from);
        let orders = [(&self.by_name, Some(of.name)), (&self.by_phone, phone)];
        orders.into_iter().filter_map(|(order, key)| key.map(|key| (order, key))).flat_map(|(order, key)| {
            let south = of.point.lat_e7().saturating_sub(NEAR_E7);
            let north = of.point.lat_e7().saturating_add(NEAR_E7);
            let from = order.partition_point(|(other, lat, _)| (*other, *lat) < (key, south));
            let near = order.get(from..).unwrap_or_default().iter();
            near.take_while(move |(other, lat, _)| *other == key && *lat <= north)
                .take(MAX_NEIGHBOURS)
                .map(|(.., at)| *at)
        })
    }

    /// Pairs within the file, the earlier place first.
    fn pairs(&self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (at, spot) in (0..).zip(&self.all) {
            for other in self.candidates(&spot.likeness).filter(|other| *other > at) {
                if self.likeness(other).is_some_and(|other| other.is_that_of(&spot.likeness)) {
                    pairs.push((at, Other::File(other)));
                }
            }
            if pairs.len() >= MAX_PAIRS {
                break;
            }
        }
        pairs
    }

    fn pairs_with(&self, id: PlaceId, place: &Place, pairs: &mut Vec<Pair>) {
        let likeness = Likeness::of_place(place);
        for at in self.candidates(&likeness) {
            if self.likeness(at).is_some_and(|spot| spot.is_that_of(&likeness)) {
                pairs.push((at, Other::City(id)));
            }
        }
    }

    fn told(&self, snapshot: &Snapshot, (one, other): Pair) -> Result<Twin, Fault> {
        let source = |at: u32| self.source(at).unwrap_or_default().to_owned();
        let other = match other {
            Other::File(at) => source(at),
            Other::City(id) => require_place(snapshot, id)?.path(),
        };
        let name = self.all.get(one as usize).map(|spot| spot.name.to_string());
        Ok(Twin { name: name.unwrap_or_default(), one: source(one), other })
    }
}
