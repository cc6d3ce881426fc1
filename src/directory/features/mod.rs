//! Reading places out of GeoJSON: a collection of features, one after the other, never the whole file in memory. What
//! a feature's properties are called is told by `columns`; where it is drawn as a line or an area, its middle counts.

use std::collections::HashMap;
use std::io::Read;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::error::Category;

use crate::directory::columns::{Column, Drafting, Mapping, Said};
use crate::directory::facts::Gatherer;
use crate::directory::reading::{FileFault, FileReport, Sink, Wrong};

mod feature;
mod guard;
#[cfg(test)]
mod tests;

use feature::{Feature, FeatureSeed};
pub(super) use feature::{MAX_POSITIONS, MAX_PROPERTIES};
use guard::Guard;

/// Features between two tellings of progress.
const FEATURES_A_TICK: u64 = 1_000;
/// Names of properties whose columns are remembered: files have a few dozen.
const MAX_REMEMBERED: usize = 1_000;
/// What ids are good for where nobody names it.
pub(super) const SOURCE: &str = "geojson";

/// Reads a whole file and hands each place to `sink`, with the number of its feature, the first being 1. `on_kept`
/// hears from time to time how many were handed on.
pub(super) fn read<E: From<FileFault>>(
    file: impl Read,
    mapping: &Mapping,
    gatherer: &mut Gatherer,
    on_kept: impl FnMut(u64),
    sink: impl Sink<E>,
) -> Result<FileReport, E> {
    let mut reading = Reading {
        mapping,
        columns: HashMap::new(),
        drafting: Drafting::new(mapping, SOURCE, gatherer),
        report: FileReport::default(),
        on_kept,
        sink,
        stopped: None,
    };
    let mut json = Deserializer::from_reader(Guard::new(file));
    let read = Collection(&mut reading).deserialize(&mut json).and_then(|()| json.end());
    match (reading.stopped, read) {
        (Some(stopped), _) => Err(stopped),
        (None, Err(error)) => Err(fault(error).into()),
        (None, Ok(())) => Ok(reading.report),
    }
}

fn fault(error: serde_json::Error) -> FileFault {
    match error.classify() {
        Category::Io => match guard::refused(error) {
            Ok((at, limit)) => FileFault::Damaged { at, cause: limit.to_string() },
            Err(error) => FileFault::Io(error),
        },
        Category::Eof => FileFault::Truncated,
        Category::Data => FileFault::NoFeatures,
        Category::Syntax => {
            let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
            let said = error.to_string();
            let cause = said.split(" at line ").next().unwrap_or_default().to_owned();
            FileFault::Unreadable { line, cause }
        }
    }
}

/// What is known while a file is read.
struct Reading<'a, E, P, S> {
    mapping: &'a Mapping,
    columns: HashMap<String, Option<Column>>,
    drafting: Drafting<'a>,
    report: FileReport,
    on_kept: P,
    sink: S,
    /// What the sink said when it wanted no more.
    stopped: Option<E>,
}

impl<E, P: FnMut(u64), S: Sink<E>> Reading<'_, E, P, S> {
    fn meet(&mut self, feature: Result<Feature, Wrong>) -> Result<(), E> {
        self.report.read += 1;
        let row = self.report.read;
        if row.is_multiple_of(FEATURES_A_TICK) {
            (self.on_kept)(self.report.kept);
        }
        let feature = match feature {
            Ok(feature) => feature,
            Err(wrong) => {
                self.report.errors.note(row, wrong);
                return Ok(());
            }
        };
        self.learn(&feature);
        let mut said = Said::default();
        for (name, value) in &feature.properties {
            if let Some(Some(column)) = self.columns.get(name) {
                said.add(column, value);
            }
        }
        said.id = said.id.or(feature.id.as_deref());
        match self.drafting.draft(row, said, feature.point, &mut self.report) {
            Some(draft) => (self.sink)(row, draft),
            None => Ok(()),
        }
    }

    /// Which columns the names of its properties are.
    fn learn(&mut self, feature: &Feature) {
        if self.columns.len() > MAX_REMEMBERED {
            self.columns.clear();
        }
        for (name, _) in &feature.properties {
            if !self.columns.contains_key(name) {
                self.columns.insert(name.clone(), self.mapping.column(name));
            }
        }
    }
}

/// The object that the file is.
struct Collection<'r, 'a, E, P, S>(&'r mut Reading<'a, E, P, S>);

impl<'de, E, P: FnMut(u64), S: Sink<E>> DeserializeSeed<'de> for Collection<'_, '_, E, P, S> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, E, P: FnMut(u64), S: Sink<E>> Visitor<'de> for Collection<'_, '_, E, P, S> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a collection of features")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_features = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "features" {
                map.next_value_seed(Features(self.0))?;
                has_features = true;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if has_features { Ok(()) } else { Err(A::Error::missing_field("features")) }
    }
}

/// The list of features.
struct Features<'r, 'a, E, P, S>(&'r mut Reading<'a, E, P, S>);

impl<'de, E, P: FnMut(u64), S: Sink<E>> DeserializeSeed<'de> for Features<'_, '_, E, P, S> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, E, P: FnMut(u64), S: Sink<E>> Visitor<'de> for Features<'_, '_, E, P, S> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(feature) = list.next_element_seed(FeatureSeed)? {
            if let Err(stopped) = self.0.meet(feature) {
                self.0.stopped = Some(stopped);
                return Err(A::Error::custom("no more is wanted"));
            }
        }
        Ok(())
    }
}
