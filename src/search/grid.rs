//! The uniform grid: cells of 0.005 by 0.01 degrees (about 550 m square in northern Europe), and which of them a box
//! touches. The text index knows the same cells, in coarser levels too.

use std::ops::RangeInclusive;

use crate::base::{BoundingBox, Point};

const ROW_E7: i64 = 50_000;
const COLUMN_E7: i64 = 100_000;

/// A cell: row in the upper half, column in the lower, so that the cells of one row are neighbours in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Cell(pub(super) u32);

impl Cell {
    pub(super) fn of(point: Point) -> Cell {
        Cell::at(row_of(point), column_of(point))
    }

    pub(super) const fn at(row: u32, column: u32) -> Cell {
        Cell(row << 16 | column)
    }

    /// The cell of twice the size, `level` times over, that holds this one.
    pub(super) const fn coarser(self, level: u32) -> Cell {
        Cell::at(self.0 >> 16 >> level, (self.0 & 0xFFFF) >> level)
    }
}

/// The rows and columns that a box touches; two runs of columns if it crosses the date line.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    pub(super) rows: RangeInclusive<u32>,
    pub(super) columns: Vec<RangeInclusive<u32>>,
}

impl Cover {
    pub(super) fn of(bounding_box: BoundingBox) -> Cover {
        Cover::coarser(bounding_box, 0)
    }

    /// In cells of twice the size, `level` times over.
    pub(super) fn coarser(bounding_box: BoundingBox, level: u32) -> Cover {
        let (south_west, north_east) = (bounding_box.south_west(), bounding_box.north_east());
        let (west, east) = (column_of(south_west) >> level, column_of(north_east) >> level);
        let crosses = south_west.lon_e7() > north_east.lon_e7();
        let last = (column_at(1_800_000_000)) >> level;
        Cover {
            rows: row_of(south_west) >> level..=row_of(north_east) >> level,
            columns: if !crosses {
                vec![west..=east]
            } else if east + 1 >= west {
                vec![0..=last]
            } else {
                vec![0..=east, west..=last]
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        let columns: usize = self.columns.iter().map(|run| (run.end() - run.start() + 1) as usize).sum();
        columns * (self.rows.end() - self.rows.start() + 1) as usize
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = Cell> {
        self.rows
            .clone()
            .flat_map(|row| self.columns.iter().cloned().flatten().map(move |column| Cell::at(row, column)))
    }

    pub(super) fn has(&self, cell: Cell) -> bool {
        self.rows.contains(&(cell.0 >> 16)) && self.columns.iter().any(|run| run.contains(&(cell.0 & 0xFFFF)))
    }
}

fn row_of(point: Point) -> u32 {
    // Latitudes are within 90 degrees, so rows are 0 to 36,000.
    ((i64::from(point.lat_e7()) + 900_000_000) / ROW_E7) as u32
}

fn column_of(point: Point) -> u32 {
    column_at(i64::from(point.lon_e7()))
}

const fn column_at(lon_e7: i64) -> u32 {
    ((lon_e7 + 1_800_000_000) / COLUMN_E7) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points() -> impl Strategy<Value = Point> {
        (-900_000_000..=900_000_000i32, -1_800_000_000..=1_800_000_000i32)
            .prop_map(|(lat, lon)| Point::from_e7(lat, lon).unwrap())
    }

    proptest! {
        #[test]
        fn whatever_is_in_a_box_is_in_its_cover(point in points(), a in points(), b in points(), level in 0u32..10) {
            let (low, high) = if a.lat_e7() <= b.lat_e7() { (a, b) } else { (b, a) };
            let bounding_box = BoundingBox::new(low, high).unwrap();
            if bounding_box.contains(point) {
                prop_assert!(Cover::coarser(bounding_box, level).has(Cell::of(point).coarser(level)));
            }
        }

        #[test]
        fn cells_are_the_cover_each_once(center in points(), radius_m in 0u32..3000) {
            let cover = Cover::of(BoundingBox::around(center, radius_m));
            prop_assume!(cover.len() < 50_000);
            let cells: std::collections::HashSet<Cell> = cover.cells().collect();
            prop_assert_eq!(cells.len(), cover.len());
            prop_assert!(cells.iter().all(|cell| cover.has(*cell)));
        }
    }
}
