//! The file of the place table, so that a start need not read every place from the store: the table as it was at a
//! `seq`, from which the change log is replayed. A file that is not entirely what was written counts as none.

use std::io::{self, Write};
use std::path::Path;

use crate::base::{Point, Timestamp};
use crate::search::Whose;
use crate::search::disk;
use crate::search::document::{Flags, Rating};
use crate::search::schedules::{Schedules, Spans};
use crate::search::table::{Row, Table};

/// Another number, another layout: a file with an older one counts as none.
const SCHEMA: u32 = 1;
const MAGIC: [u8; 8] = *b"HSPLACES";
/// Opening times reach nine days from the midnight before: an older file would call open places closed.
const LONGEST_SECONDS: i64 = 6 * 86_400;
/// Rows that are encoded before they are written.
const BUFFER: usize = 64 * 1024;

/// When a place is to be looked at again, since time alone changes it.
pub type Due = (Timestamp, [u8; 16]);

/// What is kept.
pub(super) struct Kept {
    pub(super) seq: u64,
    pub(super) table: Table,
    pub(super) due: Vec<Due>,
}

/// Writes the file anew, all of it or nothing.
pub(super) fn write<'a>(
    path: &Path,
    whose: &Whose,
    seq: u64,
    table: &Table,
    due: impl ExactSizeIterator<Item = &'a Due>,
) -> io::Result<()> {
    disk::replace(path, |file| {
        let mut out = Out { file, bytes: Vec::with_capacity(BUFFER + 4096) };
        out.bytes.extend(MAGIC);
        out.bytes.extend(SCHEMA.to_le_bytes());
        out.bytes.extend(whose.store_id);
        out.bytes.extend(seq.to_le_bytes());
        out.bytes.extend(whose.now.millis().to_le_bytes());
        write_schedules(&mut out, &table.schedules)?;
        write_table(&mut out, table)?;
        out.count(due.len());
        for (at, place) in due {
            out.bytes.extend(at.millis().to_le_bytes());
            out.bytes.extend(place);
            out.flush(BUFFER)?;
        }
        out.flush(0)
    })
}

fn write_schedules(out: &mut Out<'_>, schedules: &Schedules) -> io::Result<()> {
    let all = schedules.all();
    out.count(all.len());
    for spans in all {
        out.count(spans.len());
        for (start, end) in spans.iter() {
            out.bytes.extend(start.to_le_bytes());
            out.bytes.extend(end.to_le_bytes());
        }
        out.flush(BUFFER)?;
    }
    Ok(())
}

fn write_table(out: &mut Out<'_>, table: &Table) -> io::Result<()> {
    out.count(table.ordinals() as usize);
    for ordinal in 0..table.ordinals() {
        out.bytes.extend(table.id_of(ordinal).unwrap_or_default());
        out.flush(BUFFER)?;
    }
    let chunks = table.chunks_in(None);
    out.count(chunks.len());
    for chunk in chunks {
        out.count(chunk.len());
        for slot in 0..chunk.len() {
            if let Some((ordinal, row)) = chunk.row(slot) {
                write_row(&mut out.bytes, ordinal, &row);
            }
        }
        out.flush(BUFFER)?;
    }
    Ok(())
}

fn write_row(bytes: &mut Vec<u8>, ordinal: u32, row: &Row) {
    bytes.extend(ordinal.to_le_bytes());
    bytes.extend(row.point.lat_e7().to_le_bytes());
    bytes.extend(row.point.lon_e7().to_le_bytes());
    bytes.extend(row.category.to_le_bytes());
    bytes.push(row.price_level);
    bytes.extend(row.rating.mean.to_le_bytes());
    bytes.extend(row.rating.score.to_le_bytes());
    bytes.extend(row.rating.count.to_le_bytes());
    bytes.extend(row.flags.bits().to_le_bytes());
    bytes.extend(row.schedule.to_le_bytes());
}

/// Encoded bytes on their way to the file.
struct Out<'a> {
    file: &'a mut dyn Write,
    bytes: Vec<u8>,
}

impl Out<'_> {
    fn count(&mut self, count: usize) {
        self.bytes.extend((count as u64).to_le_bytes());
    }

    /// Hands on what there is, if it is more than so many bytes.
    fn flush(&mut self, more_than: usize) -> io::Result<()> {
        if self.bytes.len() > more_than {
            self.file.write_all(&self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }
}

/// Reads the file, or says why it counts as none.
pub(super) fn read(path: &Path, whose: &Whose) -> Result<Kept, String> {
    let bytes = disk::read(path).map_err(|error| error.to_string())?;
    let mut from = In(&bytes);
    if from.take() != Some(MAGIC) || from.u32() != Some(SCHEMA) {
        return Err("another layout".to_owned());
    }
    if from.take() != Some(whose.store_id) {
        return Err("another store".to_owned());
    }
    let seq = from.u64().filter(|seq| *seq <= whose.head).ok_or("ahead of the store")?;
    let written = from.timestamp().ok_or("cut short")?;
    if !(written..=written.plus_seconds(LONGEST_SECONDS)).contains(&whose.now) {
        return Err("of another time".to_owned());
    }
    read_content(&mut from, seq).ok_or_else(|| "not what is written there".to_owned())
}

fn read_content(from: &mut In<'_>, seq: u64) -> Option<Kept> {
    let mut table = Table::default();
    table.schedules = read_schedules(from)?;
    for _ in 0..from.count(16)? {
        table.reserve(from.take()?, None);
    }
    for _ in 0..from.count(8)? {
        for _ in 0..from.count(ROW)? {
            let (ordinal, row) = read_row(from)?;
            table.put_known(ordinal, &row)?;
        }
    }
    let due = (0..from.count(24)?).map(|_| Some((from.timestamp()?, from.take()?))).collect::<Option<Vec<Due>>>()?;
    from.0.is_empty().then_some(Kept { seq, table, due })
}

fn read_schedules(from: &mut In<'_>) -> Option<Schedules> {
    let mut all: Vec<Spans> = Vec::new();
    for _ in 0..from.count(8)? {
        let spans = (0..from.count(8)?).map(|_| Some((from.u32()?, from.u32()?)));
        all.push(spans.collect::<Option<Vec<_>>>()?.into());
    }
    Some(Schedules::of(all))
}

/// Bytes of a row.
const ROW: usize = 4 + 8 + 2 + 1 + 8 + 4 + 4;

fn read_row(from: &mut In<'_>) -> Option<(u32, Row)> {
    let row: [u8; ROW] = from.take()?;
    let mut from = In(&row);
    let ordinal = from.u32()?;
    let (lat, lon) = (from.take().map(i32::from_le_bytes)?, from.take().map(i32::from_le_bytes)?);
    Some((
        ordinal,
        Row {
            point: Point::from_e7(lat, lon)?,
            category: from.u16()?,
            price_level: from.take().map(u8::from_le_bytes)?,
            rating: Rating { mean: from.u16()?, score: from.u16()?, count: from.u32()? },
            flags: Flags::from_bits(from.u32()?),
            schedule: from.u32()?,
        },
    ))
}

/// What is left to read.
struct In<'a>(&'a [u8]);

impl In<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn timestamp(&mut self) -> Option<Timestamp> {
        self.take().map(i64::from_le_bytes).map(Timestamp::from_millis)
    }

    /// A number of things of at least so many bytes each: no more than there can be.
    fn count(&mut self, bytes_each: usize) -> Option<usize> {
        let count = usize::try_from(self.u64()?).ok()?;
        (count.checked_mul(bytes_each)? <= self.0.len()).then_some(count)
    }
}
