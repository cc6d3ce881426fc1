//! The middle of a shape: where a place is that is drawn as an area or a line.

use crate::base::Point;

const TURN_E7: f64 = 360e7;

/// The middle of the points of one shape, in order and in ten-millionths of a degree: of a closed ring the centre of
/// its area, of anything else the mean.
pub(super) fn middle(points: &[(i32, i32)]) -> Option<Point> {
    let is_ring = points.len() > 3 && points.first() == points.last();
    is_ring.then(|| centroid(points)).flatten().or_else(|| mean(points))
}

/// The mean of points. Longitudes are taken from the first one's, so that areas on the date line stay there.
pub(super) fn mean(points: &[(i32, i32)]) -> Option<Point> {
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
}
