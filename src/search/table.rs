//! The place table: every fact that filters and sorts, in memory, struct of arrays. A chunk holds places of one grid
//! cell, so that what is near on the map is near in memory. Chunks are copied on write: a clone is a snapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::{BoundingBox, Point};
use crate::search::cow::CowList;
use crate::search::document::{Flags, Rating};
use crate::search::grid::{Cell, Cover};
use crate::search::schedules::Schedules;

/// A cell with more places than this has several chunks, which bounds what one change copies (32 KiB).
const CHUNK_ROWS: usize = 1024;
const NOWHERE: u32 = u32::MAX;

/// One place, as it goes in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) point: Point,
    pub(super) category: u16,
    /// 0 if unknown.
    pub(super) price_level: u8,
    pub(super) rating: Rating,
    pub(super) flags: Flags,
    pub(super) schedule: u32,
}

/// Places of one cell; a place's slot is its index in every column.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    pub(super) ordinals: Vec<u32>,
    pub(super) points: Vec<Point>,
    pub(super) categories: Vec<u16>,
    pub(super) price_levels: Vec<u8>,
    pub(super) ratings: Vec<Rating>,
    pub(super) flags: Vec<Flags>,
    pub(super) schedules: Vec<u32>,
}

/// Where the place of an ordinal stands.
#[derive(Clone, Copy, Debug)]
struct Locator {
    id: [u8; 16],
    chunk: u32,
    slot: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    chunks: Vec<Arc<Chunk>>,
    /// Which chunks hold a cell's places.
    cells: Arc<BTreeSet<(Cell, u32)>>,
    locators: CowList<Locator>,
    pub(super) schedules: Schedules,
    count: usize,
}

impl Table {
    /// How many places there are.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// How many ordinals were ever given out.
    pub(super) fn ordinals(&self) -> u32 {
        self.locators.len() as u32
    }

    /// The id that an ordinal was given to; the place itself may not be here (any more).
    pub(super) fn id_of(&self, ordinal: u32) -> Option<[u8; 16]> {
        self.locators.get(ordinal as usize).map(|locator| locator.id)
    }

    /// The chunk and the slot of a place that is here.
    pub(super) fn find(&self, ordinal: u32) -> Option<(&Chunk, usize)> {
        let locator = self.locators.get(ordinal as usize)?;
        Some((self.chunks.get(locator.chunk as usize)?, locator.slot as usize))
    }

    /// The chunks whose cells a box touches; all without one.
    pub(super) fn chunks_in(&self, area: Option<BoundingBox>) -> Vec<&Chunk> {
        let Some(bounding_box) = area else { return self.chunks.iter().map(Arc::as_ref).collect() };
        let cover = Cover::of(bounding_box);
        let mut found = Vec::new();
        let mut take = |chunk: u32| found.extend(self.chunks.get(chunk as usize).map(Arc::as_ref));
        // A box over half the world has more rows than there are cells with places.
        if cover.rows.clone().count() > self.cells.len() {
            self.cells.iter().filter(|(cell, _)| cover.has(*cell)).for_each(|(_, chunk)| take(*chunk));
        } else {
            for row in cover.rows.clone() {
                for columns in &cover.columns {
                    let cells = (Cell::at(row, *columns.start()), 0)..=(Cell::at(row, *columns.end()), u32::MAX);
                    self.cells.range(cells).for_each(|(_, chunk)| take(*chunk));
                }
            }
        }
        found
    }

    /// Gives an ordinal to an id: a freed one if there is one.
    pub(super) fn reserve(&mut self, id: [u8; 16], freed: Option<u32>) -> u32 {
        let locator = Locator { id, chunk: NOWHERE, slot: 0 };
        if let Some(ordinal) = freed
            && let Some(used) = self.locators.get_mut(ordinal as usize)
        {
            *used = locator;
            return ordinal;
        }
        self.locators.push(locator) as u32
    }

    /// Puts or replaces the place of a reserved ordinal.
    pub(super) fn put(&mut self, ordinal: u32, row: &Row) {
        let cell = Cell::of(row.point);
        if let Some(at) = self.locators.get(ordinal as usize).copied()
            && let Some(chunk) = self.chunks.get_mut(at.chunk as usize)
        {
            if chunk.points.get(at.slot as usize).is_some_and(|point| Cell::of(*point) == cell) {
                Arc::make_mut(chunk).set(at.slot as usize, row);
                return;
            }
            self.remove(ordinal);
        }
        let number = self.chunk_with_room(cell);
        if let Some(chunk) = self.chunks.get_mut(number as usize)
            && let Some(locator) = self.locators.get_mut(ordinal as usize)
        {
            *locator = Locator { chunk: number, slot: chunk.len() as u32, ..*locator };
            Arc::make_mut(chunk).push(ordinal, row);
            self.count += 1;
        }
    }

    /// Puts the place of a reserved ordinal that has none yet, behind the last one if it is of the same cell; `None` if
    /// that can't be.
    pub(super) fn put_known(&mut self, ordinal: u32, row: &Row) -> Option<()> {
        let locator = self.locators.get(ordinal as usize)?;
        if locator.chunk != NOWHERE || !self.schedules.has(row.schedule) {
            return None;
        }
        let cell = Cell::of(row.point);
        let fits = |chunk: &Arc<Chunk>| {
            chunk.len() < CHUNK_ROWS && chunk.points.first().is_some_and(|point| Cell::of(*point) == cell)
        };
        if !self.chunks.last().is_some_and(fits) {
            self.add_chunk(cell);
        }
        let number = (self.chunks.len() - 1) as u32;
        let chunk = self.chunks.last_mut()?;
        let locator = self.locators.get_mut(ordinal as usize)?;
        *locator = Locator { chunk: number, slot: chunk.len() as u32, ..*locator };
        Arc::make_mut(chunk).push(ordinal, row);
        self.count += 1;
        Some(())
    }

    /// Takes a place out; its ordinal stays given to its id.
    pub(super) fn remove(&mut self, ordinal: u32) {
        let Some(locator) = self.locators.get_mut(ordinal as usize) else { return };
        let Locator { chunk: number, slot, .. } = *locator;
        locator.chunk = NOWHERE;
        let Some(chunk) = self.chunks.get_mut(number as usize) else { return };
        let chunk = Arc::make_mut(chunk);
        chunk.swap_remove(slot as usize);
        self.count -= 1;
        if let Some(moved) = chunk.ordinals.get(slot as usize)
            && let Some(locator) = self.locators.get_mut(*moved as usize)
        {
            locator.slot = slot;
        }
    }

    fn chunk_with_room(&mut self, cell: Cell) -> u32 {
        let has_room = |number: &u32| self.chunks.get(*number as usize).is_some_and(|chunk| chunk.len() < CHUNK_ROWS);
        let of_cell = self.cells.range((cell, 0)..=(cell, u32::MAX)).map(|(_, number)| *number);
        if let Some(number) = of_cell.rev().find(has_room) {
            return number;
        }
        self.add_chunk(cell)
    }

    fn add_chunk(&mut self, cell: Cell) -> u32 {
        self.chunks.push(Arc::default());
        let number = (self.chunks.len() - 1) as u32;
        Arc::make_mut(&mut self.cells).insert((cell, number));
        number
    }
}

impl Chunk {
    pub(super) const fn len(&self) -> usize {
        self.ordinals.len()
    }

    /// The ordinal and the facts of a slot.
    pub(super) fn row(&self, slot: usize) -> Option<(u32, Row)> {
        let row = Row {
            point: *self.points.get(slot)?,
            category: *self.categories.get(slot)?,
            price_level: *self.price_levels.get(slot)?,
            rating: *self.ratings.get(slot)?,
            flags: *self.flags.get(slot)?,
            schedule: *self.schedules.get(slot)?,
        };
        Some((*self.ordinals.get(slot)?, row))
    }

    fn push(&mut self, ordinal: u32, row: &Row) {
        push(&mut self.ordinals, ordinal);
        push(&mut self.points, row.point);
        push(&mut self.categories, row.category);
        push(&mut self.price_levels, row.price_level);
        push(&mut self.ratings, row.rating);
        push(&mut self.flags, row.flags);
        push(&mut self.schedules, row.schedule);
    }

    fn set(&mut self, slot: usize, row: &Row) {
        set(&mut self.points, slot, row.point);
        set(&mut self.categories, slot, row.category);
        set(&mut self.price_levels, slot, row.price_level);
        set(&mut self.ratings, slot, row.rating);
        set(&mut self.flags, slot, row.flags);
        set(&mut self.schedules, slot, row.schedule);
    }

    fn swap_remove(&mut self, slot: usize) {
        self.ordinals.swap_remove(slot);
        self.points.swap_remove(slot);
        self.categories.swap_remove(slot);
        self.price_levels.swap_remove(slot);
        self.ratings.swap_remove(slot);
        self.flags.swap_remove(slot);
        self.schedules.swap_remove(slot);
    }
}

/// Columns grow by an eighth instead of doubling: a million places must fit a small machine.
fn push<T>(column: &mut Vec<T>, value: T) {
    if column.len() == column.capacity() {
        column.reserve_exact((column.len() / 8).max(4));
    }
    column.push(value);
}

fn set<T>(column: &mut [T], slot: usize, value: T) {
    if let Some(old) = column.get_mut(slot) {
        *old = value;
    }
}
