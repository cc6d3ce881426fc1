//! Distances by the ten thousand: half the haversine is enough to compare and to filter, and a short polynomial is
//! enough for its sines where places are near each other. What people see is [`Point::distance_m`].

use crate::base::Point;

const RADIANS_PER_E7: f64 = std::f64::consts::PI / 180.0 / 1e7;
/// Mean radius of the earth (IUGG), as in base.
const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// Within this (320 km) the polynomials are exact to the last bits of an f64.
const SMALL: f64 = 0.05;

/// Where distances are measured from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Center {
    lat: f64,
    lon: f64,
    sin_lat: f64,
    cos_lat: f64,
}

impl Center {
    pub(super) fn new(point: Point) -> Center {
        let lat = f64::from(point.lat_e7()) * RADIANS_PER_E7;
        Center { lat, lon: f64::from(point.lon_e7()) * RADIANS_PER_E7, sin_lat: lat.sin(), cos_lat: lat.cos() }
    }

    /// The square of half the chord, between 0 and 1: grows with the distance.
    pub(super) fn nearness(&self, lat_e7: i32, lon_e7: i32) -> f64 {
        let by_lat = f64::from(lat_e7) * RADIANS_PER_E7 - self.lat;
        let by_lon = f64::from(lon_e7) * RADIANS_PER_E7 - self.lon;
        if by_lat.abs() < SMALL && by_lon.abs() < SMALL {
            let half_lat = small_sin_squared(by_lat / 2.0);
            let cos_lat = self.cos_lat * (1.0 - 2.0 * half_lat) - self.sin_lat * small_sin(by_lat);
            half_lat + self.cos_lat * cos_lat * small_sin_squared(by_lon / 2.0)
        } else {
            let cos_lat = (self.lat + by_lat).cos();
            square((by_lat / 2.0).sin()) + self.cos_lat * cos_lat * square((by_lon / 2.0).sin())
        }
    }
}

/// The nearness below which a distance, rounded to whole metres, is at most `radius_m`.
pub(super) fn nearness_within(radius_m: u32) -> f64 {
    let half_angle = (f64::from(radius_m) + 0.5) / (2.0 * EARTH_RADIUS_M);
    if half_angle < std::f64::consts::FRAC_PI_2 { square(half_angle.sin()) } else { f64::INFINITY }
}

const fn square(x: f64) -> f64 {
    x * x
}

// Taylor series, in multiplications only: divisions would be most of the cost.
fn small_sin(x: f64) -> f64 {
    let xx = x * x;
    x * (1.0 + xx * (-1.0 / 6.0 + xx * (1.0 / 120.0 + xx * (-1.0 / 5040.0))))
}

fn small_sin_squared(x: f64) -> f64 {
    let xx = x * x;
    xx * (1.0 + xx * (-1.0 / 3.0 + xx * (2.0 / 45.0 + xx * (-1.0 / 315.0))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points() -> impl Strategy<Value = Point> {
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| Point::new(lat, lon).unwrap())
    }

    proptest! {
        #[test]
        fn dir_05_the_quick_distance_agrees_with_the_plain_one(a in points(), b in points(), by in 0.0..3.0f64) {
            let near_a = Point::new((a.lat() + by).min(90.0), (a.lon() - by).max(-180.0)).unwrap();
            for other in [b, near_a, a] {
                let distance_m = a.distance_m(other);
                let nearness = Center::new(a).nearness(other.lat_e7(), other.lon_e7());
                prop_assert!(nearness < nearness_within(distance_m));
                prop_assert!(distance_m == 0 || nearness >= nearness_within(distance_m - 1));
            }
        }
    }
}
