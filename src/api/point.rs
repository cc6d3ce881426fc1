//! Points as the API spells them.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::Point;

/// Degrees in WGS 84
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct PointJson {
    lat: f64,
    lon: f64,
}

impl From<Point> for PointJson {
    fn from(point: Point) -> PointJson {
        PointJson { lat: point.lat(), lon: point.lon() }
    }
}

impl fmt::Display for PointJson {
    /// `LAT,LON`, as [`Point`] reads it, whether or not there are such degrees.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.lat, self.lon)
    }
}
