//! Points on the earth and the distances between them.

use std::f64::consts::FRAC_PI_2;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Mean radius of the earth (IUGG), in metres.
const EARTH_RADIUS_M: f64 = 6_371_008.8;
const E7: f64 = 1e7;
/// Distances are rounded to whole metres, so the box around a circle is drawn half a metre wider, and a little more
/// for the rounding of sines.
const AROUND_MARGIN_M: f64 = 0.6;

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

    /// A box that holds every point within `radius_m` of `center`, hardly larger than need be. It crosses the date
    /// line where the circle does, and runs round the earth where the circle holds a pole.
    pub fn around(center: Point, radius_m: u32) -> BoundingBox {
        let radius = (f64::from(radius_m) + AROUND_MARGIN_M) / EARTH_RADIUS_M;
        let lat = center.lat().to_radians();
        let (south, north) = ((lat - radius).to_degrees().max(-90.0), (lat + radius).to_degrees().min(90.0));
        let (west, east) = if lat.abs() + radius >= FRAC_PI_2 {
            (-180.0, 180.0)
        } else {
            // Where a meridian touches the circle: a right-angled triangle with the pole.
            let reach = (radius.sin() / lat.cos()).min(1.0).asin().to_degrees();
            (wrapped_lon(center.lon() - reach), wrapped_lon(center.lon() + reach))
        };
        let (down, up) = (|degrees: f64| (degrees * E7).floor() as i32, |degrees: f64| (degrees * E7).ceil() as i32);
        BoundingBox {
            south_west: Point { lat_e7: down(south), lon_e7: down(west) },
            north_east: Point { lat_e7: up(north), lon_e7: up(east) },
        }
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

/// A longitude that ran over the date line, back in range. The line itself changes sides, so that a box which ends
/// on it holds its points under either name, 180 and -180.
fn wrapped_lon(lon: f64) -> f64 {
    if lon <= -180.0 {
        lon + 360.0
    } else if lon >= 180.0 {
        lon - 360.0
    } else {
        lon
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HALF_ROUND_M: u32 = 20_015_114;

    fn point(lat: f64, lon: f64) -> Point {
        Point::new(lat, lon).unwrap()
    }

    /// Any point, and often one at a pole, at the date line or at the equator.
    fn any_point() -> impl Strategy<Value = Point> {
        let lat = prop_oneof![
            -900_000_000..=900_000_000_i32,
            Just(900_000_000),
            Just(-900_000_000),
            Just(0),
            899_990_000..=900_000_000_i32
        ];
        let lon = prop_oneof![
            -1_800_000_000..=1_800_000_000_i32,
            Just(1_800_000_000),
            Just(-1_800_000_000),
            Just(0),
            1_799_990_000..=1_800_000_000_i32
        ];
        (lat, lon).prop_map(|(lat, lon)| Point::from_e7(lat, lon).unwrap())
    }

    fn any_radius() -> impl Strategy<Value = u32> {
        prop_oneof![0..3_000_u32, 0..100_000_u32, 0..=HALF_ROUND_M]
    }

    /// The point that one reaches from `start` by going `distance_m` on `bearing` (radians from north).
    fn reached(start: Point, bearing: f64, distance_m: f64) -> Point {
        let (lat, lon, way) = (start.lat().to_radians(), start.lon().to_radians(), distance_m / EARTH_RADIUS_M);
        let end = (lat.sin() * way.cos() + lat.cos() * way.sin() * bearing.cos()).clamp(-1.0, 1.0).asin();
        let turn = (bearing.sin() * way.sin() * lat.cos()).atan2(way.cos() - lat.sin() * end.sin());
        let lon = (lon + turn).to_degrees();
        point(end.to_degrees(), if lon.abs() > 180.0 { lon - 360.0 * lon.signum() } else { lon })
    }

    proptest! {
        #[test]
        fn text_json_rows_and_numbers_are_read_back(point in any_point()) {
            prop_assert_eq!(point.to_string().parse(), Ok(point));
            prop_assert_eq!(Point::from_e7(point.lat_e7(), point.lon_e7()), Some(point));
            prop_assert_eq!(serde_json::from_str::<Point>(&serde_json::to_string(&point).unwrap()).unwrap(), point);
            prop_assert_eq!(minicbor::decode::<Point>(&minicbor::to_vec(point).unwrap()).unwrap(), point);
        }

        #[test]
        fn distance_is_the_same_both_ways_and_at_most_half_round_the_earth(a in any_point(), b in any_point()) {
            prop_assert_eq!(a.distance_m(b), b.distance_m(a));
            prop_assert_eq!(a.distance_m(a), 0);
            prop_assert!(a.distance_m(b) <= HALF_ROUND_M);
        }

        #[test]
        fn no_detour_is_shorter(a in any_point(), b in any_point(), c in any_point()) {
            // Each of the three is rounded to a metre.
            prop_assert!(a.distance_m(c) <= a.distance_m(b) + b.distance_m(c) + 2);
        }

        #[test]
        fn going_a_distance_is_being_at_that_distance(a in any_point(), bearing in 0.0..6.3, way in 0.0..20_000_000.0) {
            let b = reached(a, bearing, way);
            prop_assert!((f64::from(a.distance_m(b)) - way).abs() < 2.0);
        }

        #[test]
        fn a_box_around_holds_every_point_of_the_circle(
            center in any_point(), radius in any_radius(), bearing in 0.0..6.3, share in 0.0..=1.0,
        ) {
            let share = if share > 0.5 { 1.0 } else { share };
            let near = reached(center, bearing, f64::from(radius) * share);
            prop_assume!(center.distance_m(near) <= radius);
            let around = BoundingBox::around(center, radius);
            prop_assert!(around.contains(near), "{near:?} at {} m is not in {around:?}", center.distance_m(near));
        }

        #[test]
        fn a_box_around_in_town_is_hardly_larger_than_the_circle(
            lat in -65.0..65.0, lon in -180.0..180.0, radius in 100..20_000_u32,
        ) {
            let around = BoundingBox::around(point(lat, lon), radius);
            let corner = point(lat, lon).distance_m(around.north_east());
            // A square's corner is 1.41 radii away; towards the poles its sides lean.
            prop_assert!(f64::from(corner) < f64::from(radius) * 1.43 + 3.0, "{corner}");
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = (text.parse::<Point>(), text.parse::<BoundingBox>());
        }

        #[test]
        fn what_is_no_point_is_none(lat in any::<f64>(), lon in any::<f64>()) {
            let on_earth = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
            prop_assert_eq!(Point::new(lat, lon).is_some(), on_earth);
        }
    }

    #[test]
    fn known_distances_hold() {
        let (helsinki, tallinn) = (point(60.1699, 24.9384), point(59.4370, 24.7536));
        assert!((82_000..82_500).contains(&helsinki.distance_m(tallinn)));
        assert_eq!(point(0.0, 0.0).distance_m(point(0.0, 180.0)), HALF_ROUND_M);
        assert_eq!(point(90.0, 0.0).distance_m(point(-90.0, 77.0)), HALF_ROUND_M);
        assert_eq!(point(90.0, 0.0).distance_m(point(90.0, 120.0)), 0);
        assert_eq!(point(10.0, 180.0).distance_m(point(10.0, -180.0)), 0);
    }

    #[test]
    fn a_box_across_the_date_line_holds_both_sides_and_nothing_else() {
        let fiji = BoundingBox::around(point(-17.0, 179.99), 5_000);
        assert!(fiji.contains(point(-17.0, -179.99)) && fiji.contains(point(-17.0, 179.97)));
        assert!(fiji.contains(point(-17.0, 180.0)) && fiji.contains(point(-17.0, -180.0)));
        assert!(!fiji.contains(point(-17.0, 0.0)) && !fiji.contains(point(-17.0, -179.9)));
    }

    #[test]
    fn a_box_at_a_pole_holds_every_longitude() {
        let pole = BoundingBox::around(point(89.99, 20.0), 5_000);
        assert!(pole.contains(point(89.98, -160.0)) && pole.contains(point(90.0, 0.0)));
        assert!(!pole.contains(point(89.0, 20.0)));
    }

    #[test]
    fn a_box_is_read_as_west_south_east_north() {
        let town: BoundingBox = "24.9,60.1,25.0,60.2".parse().unwrap();
        assert!(town.contains(point(60.15, 24.95)) && !town.contains(point(24.95, 60.15)));
        for text in ["", "1,2,3", "1,2,3,4,5", "24.9,60.2,25.0,60.1", "NaN,0,1,1", "0,0,inf,1", "0,0,181,1", "a,b,c,d"]
        {
            assert_eq!(text.parse::<BoundingBox>(), Err(NotABox), "{text}");
        }
    }

    #[test]
    fn what_is_no_point_is_refused() {
        for text in ["", ",", "60.17", "60.17,24.94,1", "NaN,0", "inf,0", "90.1,0", "0,-180.1", "60,17 24,94"] {
            assert_eq!(text.parse::<Point>(), Err(NotAPoint), "{text}");
        }
        assert!(serde_json::from_str::<Point>(r#"{"lat": 91, "lon": 0}"#).is_err());
    }
}
