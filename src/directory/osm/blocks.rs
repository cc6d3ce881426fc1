//! The file as a row of blocks that are checked before they are believed: sizes against the file's end, features
//! against what we can read, and a decoder that may panic on lies kept in its place.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use osmpbf::{BlobDecode, BlobReader, BlobType, ByteOffset, Element, HeaderBlock};

use super::OsmFault;

/// What the format allows a blob to have.
const MAX_BLOB_BYTES: u64 = 32 * 1024 * 1024;
/// Features of a file that change nothing for us.
const FEATURES: [&str; 3] = ["OsmSchema-V0.6", "DenseNodes", "LocationsOnWays"];

/// The data blocks of one file.
pub(super) struct Blocks<R: Read + Seek + Send> {
    reader: BlobReader<BufReader<R>>,
    rows: Vec<Row>,
}

struct Row {
    offset: u64,
    bytes: u64,
    has_nodes: bool,
    has_ways: bool,
}

/// What a pass looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Nodes,
    Ways,
}

impl<R: Read + Seek + Send> Blocks<R> {
    /// Walks over the headers of all blocks without unpacking them: a file that lies about a size, ends early or is
    /// something else altogether is refused before any of it is used.
    pub(super) fn open(mut file: R) -> Result<Blocks<R>, OsmFault> {
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let mut reader = BlobReader::new_seekable(BufReader::new(file)).map_err(|error| damaged(0, error))?;
        let mut rows: Vec<Row> = Vec::new();
        let mut start = 0;
        let mut has_header = false;
        while start < length {
            let (header, _) = match reader.next_header_skip_blob() {
                Some(Ok(found)) => found,
                Some(Err(_)) if !has_header => return Err(OsmFault::NoPbf),
                Some(Err(error)) => return Err(damaged(start, error)),
                None => return Err(if has_header { OsmFault::Truncated } else { OsmFault::NoPbf }),
            };
            let is_sane = u64::try_from(header.get_blob_size()).is_ok_and(|size| size <= MAX_BLOB_BYTES);
            if !is_sane {
                return Err(OsmFault::Damaged { at: start, cause: "a block has an impossible size".into() });
            }
            let end = reader.seek_raw(SeekFrom::Current(0)).map_err(|error| damaged(start, error))?;
            let kind = header.blob_type();
            if !has_header && kind != BlobType::OsmHeader {
                return Err(OsmFault::NoPbf);
            }
            has_header = true;
            if end > length {
                return Err(OsmFault::Truncated);
            }
            if kind == BlobType::OsmData {
                rows.push(Row { offset: start, bytes: end - start, has_nodes: false, has_ways: false });
            }
            start = end;
        }
        if !has_header {
            return Err(OsmFault::NoPbf);
        }
        let mut blocks = Blocks { reader, rows };
        blocks.check_features()?;
        Ok(blocks)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn bytes_total(&self) -> u64 {
        self.rows.iter().map(|row| row.bytes).sum()
    }

    pub(super) fn bytes(&self, at: usize) -> u64 {
        self.rows.get(at).map_or(0, |row| row.bytes)
    }

    /// Whether a block that was visited before has such elements.
    pub(super) fn holds(&self, at: usize, what: Holds) -> bool {
        self.rows.get(at).is_some_and(|row| match what {
            Holds::Nodes => row.has_nodes,
            Holds::Ways => row.has_ways,
        })
    }

    /// Unpacks one block and shows every element of it.
    pub(super) fn visit(&mut self, at: usize, mut meet: impl FnMut(Element<'_>)) -> Result<(), OsmFault> {
        let Some(row) = self.rows.get_mut(at) else { return Ok(()) };
        let offset = row.offset;
        let decoded = guarded(offset, || {
            let blob = self.reader.blob_from_offset(ByteOffset(offset))?;
            let BlobDecode::OsmData(block) = blob.decode()? else { return Ok(()) };
            block.for_each_element(|element| {
                match element {
                    Element::Node(_) | Element::DenseNode(_) => row.has_nodes = true,
                    Element::Way(_) => row.has_ways = true,
                    Element::Relation(_) => {}
                }
                meet(element);
            });
            Ok(())
        })?;
        decoded.map_err(|error| damaged(offset, error))
    }

    fn check_features(&mut self) -> Result<(), OsmFault> {
        let read = guarded(0, || {
            let blob = self.reader.blob_from_offset(ByteOffset(0))?;
            blob.to_headerblock()
        })?;
        let header: HeaderBlock = read.map_err(|error| damaged(0, error))?;
        let strange = header.required_features().iter().find(|feature| !FEATURES.contains(&feature.as_str()));
        match strange {
            Some(feature) => Err(OsmFault::Unsupported { feature: feature.chars().take(60).collect() }),
            None => Ok(()),
        }
    }
}

/// Runs the decoder. It panics on some lies, such as a relation's member of a type that does not exist; then the file
/// is damaged, and we are not.
fn guarded<T>(at: u64, decode: impl FnOnce() -> T) -> Result<T, OsmFault> {
    catch_unwind(AssertUnwindSafe(decode))
        .map_err(|_| OsmFault::Damaged { at, cause: "a block contradicts itself".into() })
}

fn damaged(at: u64, error: osmpbf::Error) -> OsmFault {
    if let osmpbf::ErrorKind::Blob(osmpbf::BlobError::Empty) = error.kind() {
        return OsmFault::Unsupported { feature: "a compression other than zlib".into() };
    }
    if let osmpbf::ErrorKind::Protobuf { location, .. } = error.kind() {
        return OsmFault::Damaged { at, cause: format!("{location} can't be decoded") };
    }
    let cause = error.to_string();
    let osmpbf::ErrorKind::Io(error) = error.into_kind() else { return OsmFault::Damaged { at, cause } };
    if error.kind() == std::io::ErrorKind::UnexpectedEof { OsmFault::Truncated } else { OsmFault::Io(error) }
}
