//! Points on the earth and the distances between them.

use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Mean radius of the earth (IUGG), in metres.
const EARTH_RADIUS_M: f64 = 6_371_008.8;
const E7: f64 = 1e7;

/// A point in WGS 84, kept in ten-millionths of a degree (about a centimetre), as OpenStreetMap does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Point {
    #[n(0)]
    lat_e7: i32,
    #[n(1)]
    lon_e7: i32,
}

impl Point {
    /// `None` outside latitudes -90 to 90 and longitudes -180 to 180, and for NaN.
    pub fn new(lat: f64, lon: f64) -> Option<Point> {
        if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
            return None;
        }
        Some(Point { lat_e7: (lat * E7).round() as i32, lon_e7: (lon * E7).round() as i32 })
    }

    pub fn from_e7(lat_e7: i32, lon_e7: i32) -> Option<Point> {
        Point::new(f64::from(lat_e7) / E7, f64::from(lon_e7) / E7)
    }

    pub fn lat(self) -> f64 {
        f64::from(self.lat_e7) / E7
    }

    pub fn lon(self) -> f64 {
        f64::from(self.lon_e7) / E7
    }

    pub const fn lat_e7(self) -> i32 {
        self.lat_e7
    }

    pub const fn lon_e7(self) -> i32 {
        self.lon_e7
    }

    /// Metres along the great circle (haversine on a sphere; within 0.6 % of the ellipsoid).
    pub fn distance_m(self, other: Point) -> u32 {
        let (lat1, lat2) = (self.lat().to_radians(), other.lat().to_radians());
        let half_lat = (lat2 - lat1) / 2.0;
        let half_lon = (other.lon() - self.lon()).to_radians() / 2.0;
        let a = half_lat.sin().powi(2) + lat1.cos() * lat2.cos() * half_lon.sin().powi(2);
        (2.0 * EARTH_RADIUS_M * a.sqrt().min(1.0).asin()).round() as u32
    }
}

/// Text that is no `LAT,LON`, or numbers that no point has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as latitude,longitude, such as 60.17,24.94")]
pub struct NotAPoint;

impl FromStr for Point {
    type Err = NotAPoint;

    /// Reads `LAT,LON` in degrees.
    fn from_str(text: &str) -> Result<Point, NotAPoint> {
        let (lat, lon) = text.split_once(',').ok_or(NotAPoint)?;
        let degrees = |part: &str| part.trim().parse::<f64>().map_err(|_| NotAPoint);
        Point::new(degrees(lat)?, degrees(lon)?).ok_or(NotAPoint)
    }
}

impl std::fmt::Display for Point {
    /// `LAT,LON`, as URLs carry it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},{}", self.lat(), self.lon())
    }
}

/// On the wire: `{"lat": 60.17, "lon": 24.94}`.
#[derive(Serialize, Deserialize)]
struct Wire {
    lat: f64,
    lon: f64,
}

impl Serialize for Point {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { lat: self.lat(), lon: self.lon() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Point, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Point::new(wire.lat, wire.lon).ok_or_else(|| serde::de::Error::custom(NotAPoint))
    }
}

/// A box between two corners. A box may cross the date line: then `west` is greater than `east`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundingBox {
    south_west: Point,
    north_east: Point,
}

impl BoundingBox {
    /// `None` if south is north of north.
    pub fn new(south_west: Point, north_east: Point) -> Option<BoundingBox> {
        (south_west.lat_e7 <= north_east.lat_e7).then_some(BoundingBox { south_west, north_east })
    }

    /// The smallest box that holds every point within `radius_m` of `center`; whole latitudes near a pole.
    pub fn around(center: Point, radius_m: u32) -> BoundingBox {
        let lat_degrees = (f64::from(radius_m) / EARTH_RADIUS_M).to_degrees();
        let (south, north) = ((center.lat() - lat_degrees).max(-90.0), (center.lat() + lat_degrees).min(90.0));
        // The box is widest on the side that is nearer to a pole.
        let narrowest = south.abs().max(north.abs()).to_radians().cos();
        let lon_degrees = if narrowest < 1e-6 { 180.0 } else { (lat_degrees / narrowest).min(180.0) };
        let wrap = |lon: f64| {
            if lon < -180.0 {
                lon + 360.0
            } else if lon > 180.0 {
                lon - 360.0
            } else {
                lon
            }
        };
        let (west, east) = if lon_degrees >= 180.0 {
            (-180.0, 180.0)
        } else {
            (wrap(center.lon() - lon_degrees), wrap(center.lon() + lon_degrees))
        };
        let corner =
            |lat: f64, lon: f64| Point { lat_e7: (lat * E7).round() as i32, lon_e7: (lon * E7).round() as i32 };
        BoundingBox { south_west: corner(south, west), north_east: corner(north, east) }
    }

    pub fn contains(self, point: Point) -> bool {
        let (west, east) = (self.south_west.lon_e7, self.north_east.lon_e7);
        let lon_in = if west <= east {
            (west..=east).contains(&point.lon_e7)
        } else {
            point.lon_e7 >= west || point.lon_e7 <= east
        };
        lon_in && (self.south_west.lat_e7..=self.north_east.lat_e7).contains(&point.lat_e7)
    }

    pub const fn south_west(self) -> Point {
        self.south_west
    }

    pub const fn north_east(self) -> Point {
        self.north_east
    }
}

/// Text that is no `W,S,E,N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as west,south,east,north, such as 24.9,60.1,25.0,60.2")]
pub struct NotABox;

impl FromStr for BoundingBox {
    type Err = NotABox;

    /// Reads `W,S,E,N` in degrees.
    fn from_str(text: &str) -> Result<BoundingBox, NotABox> {
        let degrees: Vec<f64> =
            text.splitn(5, ',').map(|part| part.trim().parse()).collect::<Result<_, _>>().map_err(|_| NotABox)?;
        let [west, south, east, north] = degrees[..] else { return Err(NotABox) };
        let corner = |lat, lon| Point::new(lat, lon).ok_or(NotABox);
        BoundingBox::new(corner(south, west)?, corner(north, east)?).ok_or(NotABox)
    }
}
