//! One feature: its id, its properties as text, and a point for its geometry. Whatever stands where it should not is
//! passed over: only what breaks JSON itself stops a file.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::base::Point;
use crate::directory::middle::middle;
use crate::directory::reading::Wrong;

pub(in crate::directory) const MAX_PROPERTIES: usize = 256;
/// Of one shape. A lake has some thousands.
pub(in crate::directory) const MAX_POSITIONS: usize = 20_000;
/// Values of a list.
const MAX_LIST: usize = 64;

pub(super) struct Feature {
    pub id: Option<String>,
    pub point: Result<Point, Wrong>,
    pub properties: Vec<(String, String)>,
}

/// Every visitor here takes values of every kind; what it has no use for is this.
macro_rules! nothing_else {
    ($nothing:expr; $($kind:ident),*) => {
        $(nothing_else!(@ $kind, $nothing);)*
    };
    (@ bool, $nothing:expr) => {
        fn visit_bool<X>(self, _: bool) -> Result<Self::Value, X> { Ok($nothing) }
    };
    (@ number, $nothing:expr) => {
        fn visit_i64<X>(self, _: i64) -> Result<Self::Value, X> { Ok($nothing) }
        fn visit_u64<X>(self, _: u64) -> Result<Self::Value, X> { Ok($nothing) }
        fn visit_f64<X>(self, _: f64) -> Result<Self::Value, X> { Ok($nothing) }
    };
    (@ str, $nothing:expr) => {
        fn visit_str<X>(self, _: &str) -> Result<Self::Value, X> { Ok($nothing) }
    };
    (@ unit, $nothing:expr) => {
        fn visit_unit<X>(self) -> Result<Self::Value, X> { Ok($nothing) }
    };
    (@ seq, $nothing:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
    (@ map, $nothing:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

/// A seed that is its own visitor.
macro_rules! any_value {
    ($seed:ty => $value:ty) => {
        impl<'de> DeserializeSeed<'de> for $seed {
            type Value = $value;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<$value, D::Error> {
                deserializer.deserialize_any(self)
            }
        }
    };
}

pub(super) struct FeatureSeed;
any_value!(FeatureSeed => Result<Feature, Wrong>);

impl<'de> Visitor<'de> for FeatureSeed {
    type Value = Result<Feature, Wrong>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a feature")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut feature = Feature { id: None, point: Err(Wrong::NoPoint), properties: Vec::new() };
        let mut wrong = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "id" => feature.id = map.next_value_seed(Text)?,
                "geometry" => feature.point = map.next_value_seed(GeometrySeed)?,
                "properties" => match map.next_value_seed(PropertiesSeed)? {
                    Ok(properties) => feature.properties = properties,
                    Err(many) => wrong = Some(many),
                },
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(wrong.map_or(Ok(feature), Err))
    }

    nothing_else!(Err(Wrong::NoFeature); bool, number, str, unit, seq);
}

struct PropertiesSeed;
any_value!(PropertiesSeed => Result<Vec<(String, String)>, Wrong>);

impl<'de> Visitor<'de> for PropertiesSeed {
    type Value = Result<Vec<(String, String)>, Wrong>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut properties = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Text)?;
            if properties.len() == MAX_PROPERTIES {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(Err(Wrong::TooManyProperties));
            }
            properties.extend(value.map(|value| (name, value)));
        }
        Ok(Ok(properties))
    }

    nothing_else!(Ok(Vec::new()); bool, number, str, unit, seq);
}

/// A value as text: `true` as OpenStreetMap's `yes`, a list with semicolons, nothing of an object.
struct Text;
any_value!(Text => Option<String>);

impl<'de> Visitor<'de> for Text {
    type Value = Option<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<X>(self, value: bool) -> Result<Self::Value, X> {
        Ok(Some(if value { "yes" } else { "no" }.to_owned()))
    }

    fn visit_i64<X>(self, value: i64) -> Result<Self::Value, X> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<X>(self, value: u64) -> Result<Self::Value, X> {
        Ok(Some(value.to_string()))
    }

    fn visit_f64<X>(self, value: f64) -> Result<Self::Value, X> {
        Ok(Some(value.to_string()))
    }

    fn visit_str<X>(self, value: &str) -> Result<Self::Value, X> {
        Ok(Some(value.to_owned()))
    }

    fn visit_string<X>(self, value: String) -> Result<Self::Value, X> {
        Ok(Some(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut parts = Vec::new();
        while parts.len() < MAX_LIST {
            match list.next_element_seed(Text)? {
                Some(part) => parts.extend(part),
                None => return Ok(Some(parts.join(";"))),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(parts.join(";")))
    }

    nothing_else!(None; unit, map);
}

struct GeometrySeed;
any_value!(GeometrySeed => Result<Point, Wrong>);

impl<'de> Visitor<'de> for GeometrySeed {
    type Value = Result<Point, Wrong>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a geometry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut point = Err(Wrong::NoPoint);
        while let Some(key) = map.next_key::<String>()? {
            if key == "coordinates" {
                let mut shape = Shape::default();
                map.next_value_seed(Coordinates { shape: &mut shape })?;
                point = shape.middle();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(point)
    }

    nothing_else!(Err(Wrong::NoPoint); bool, number, str, unit, seq);
}

/// The positions of a geometry. Of polygons only the first ring counts: the others are holes and islands.
#[derive(Default)]
struct Shape {
    positions: Vec<(i32, i32)>,
    /// How deep the lists around the position are that was met first, and whether its ring has ended.
    is_whole: bool,
    is_off: bool,
    has_too_many: bool,
}

impl Shape {
    fn add(&mut self, lon: f64, lat: f64) {
        match Point::new(lat, lon) {
            None => self.is_off = true,
            Some(_) if self.is_whole => {}
            Some(_) if self.positions.len() == MAX_POSITIONS => self.has_too_many = true,
            Some(point) => self.positions.push((point.lat_e7(), point.lon_e7())),
        }
    }

    fn middle(&self) -> Result<Point, Wrong> {
        match self {
            Shape { is_off: true, .. } => Err(Wrong::OffTheEarth),
            Shape { has_too_many: true, .. } => Err(Wrong::TooManyPoints),
            Shape { positions, .. } => middle(positions).ok_or(Wrong::NoPoint),
        }
    }
}

/// A position, or a list of them, or a list of such lists.
struct Coordinates<'a> {
    shape: &'a mut Shape,
}

/// What stood in a list.
#[derive(Clone, Copy, PartialEq)]
enum Met {
    Number(f64),
    Position,
    List,
    Nothing,
}
any_value!(Coordinates<'_> => Met);

impl<'de> Visitor<'de> for Coordinates<'_> {
    type Value = Met;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("coordinates")
    }

    fn visit_i64<X>(self, value: i64) -> Result<Met, X> {
        Ok(Met::Number(value as f64))
    }

    fn visit_u64<X>(self, value: u64) -> Result<Met, X> {
        Ok(Met::Number(value as f64))
    }

    fn visit_f64<X>(self, value: f64) -> Result<Met, X> {
        Ok(Met::Number(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Met, A::Error> {
        let Coordinates { shape } = self;
        let mut numbers = [None; 2];
        let mut met = Met::Nothing;
        for at in 0.. {
            let Some(found) = list.next_element_seed(Coordinates { shape: &mut *shape })? else { break };
            met = found;
            if let (Met::Number(number), Some(slot)) = (found, numbers.get_mut(at)) {
                *slot = Some(number);
            }
        }
        Ok(match (numbers, met) {
            ([Some(lon), Some(lat)], _) => {
                shape.add(lon, lat);
                Met::Position
            }
            (_, Met::Position) => {
                // A list of positions is a line or a ring; after a closed one nothing more is needed.
                shape.is_whole = shape.positions.len() > 3 && shape.positions.first() == shape.positions.last();
                Met::List
            }
            (_, Met::Number(_) | Met::List | Met::Nothing) => Met::List,
        })
    }

    nothing_else!(Met::Nothing; bool, str, unit, map);
}
