//! The file as a row of blocks that are checked before they are believed: sizes against the file's end and against what
//! the format allows, features against what we can read. One block is unpacked at a time, into memory of its own size.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use flate2::{Decompress, FlushDecompress, Status};

use crate::directory::reading::FileFault;

use super::elements::{Element, Stop, Texts, each_element};
use super::wire::{Broken, Fields, Value};

/// What the format allows the head of a block, and a block packed and unpacked, to have.
const MAX_HEAD_BYTES: u32 = 64 * 1024;
const MAX_BLOCK_BYTES: usize = 32 * 1024 * 1024;
/// The whole planet has 60,000.
const MAX_BLOCKS: usize = 200_000;
/// Unpacked nodes that are kept for the pass that looks for them: those of a city.
const MAX_KEPT_BYTES: usize = 24 * 1024 * 1024;
/// Features of a file that change nothing for us.
const FEATURES: [&str; 3] = ["OsmSchema-V0.6", "DenseNodes", "LocationsOnWays"];

/// The data blocks of one file.
pub(super) struct Blocks<R> {
    file: R,
    rows: Vec<Row>,
    packed: Vec<u8>,
    unpacked: Vec<u8>,
    inflate: Decompress,
    /// Unpacked blocks by their place among `rows`, and what they take together.
    kept: HashMap<usize, Box<[u8]>>,
    kept_bytes: usize,
}

/// Where a block lies, and what was met in it when it was visited.
#[derive(Clone, Copy)]
struct Row {
    /// Of its head, and of what follows the head.
    start: u64,
    content: u64,
    bytes: usize,
    /// The least and the greatest id of its nodes.
    nodes: Option<(i64, i64)>,
    has_ways: bool,
}

/// What stands before a block.
struct Head {
    kind: Kind,
    content: u64,
    bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Header,
    Data,
    Other,
}

impl<R: Read + Seek> Blocks<R> {
    /// Walks over the heads of all blocks without unpacking them: a file that lies about a size, ends early or is
    /// something else altogether is refused before any of it is used.
    pub(super) fn open(mut file: R) -> Result<Blocks<R>, FileFault> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut rows: Vec<Row> = Vec::new();
        let mut start = 0;
        let mut header = None;
        while start < length {
            let head =
                head_at(&mut file, start).map_err(|fault| if header.is_none() { no_pbf(fault) } else { fault })?;
            let end = head.content + head.bytes as u64;
            let row = Row { start, content: head.content, bytes: head.bytes, nodes: None, has_ways: false };
            if header.is_none() && head.kind != Kind::Header {
                return Err(FileFault::NoPbf);
            }
            header.get_or_insert(row);
            if end > length {
                return Err(FileFault::Truncated);
            }
            if head.kind == Kind::Data {
                rows.push(row);
            }
            if rows.len() > MAX_BLOCKS {
                return Err(FileFault::TooLarge);
            }
            start = end;
        }
        let header = header.ok_or(FileFault::NoPbf)?;
        let mut blocks = Blocks {
            file,
            rows,
            packed: Vec::new(),
            unpacked: Vec::new(),
            inflate: Decompress::new(true),
            kept: HashMap::new(),
            kept_bytes: 0,
        };
        blocks.check_features(header)?;
        Ok(blocks)
    }

    pub(super) const fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn bytes_total(&self) -> u64 {
        self.rows.iter().map(|row| row.bytes as u64).sum()
    }

    pub(super) fn bytes(&self, at: usize) -> u64 {
        self.rows.get(at).map_or(0, |row| row.bytes as u64)
    }

    /// Whether a block that was visited before has ways.
    pub(super) fn has_ways(&self, at: usize) -> bool {
        self.rows.get(at).is_some_and(|row| row.has_ways)
    }

    /// The least and the greatest id of the nodes of a block that was visited before.
    pub(super) fn nodes(&self, at: usize) -> Option<(i64, i64)> {
        self.rows.get(at)?.nodes
    }

    /// Unpacks one block and shows every element of it.
    pub(super) fn visit<E: From<FileFault>>(
        &mut self,
        at: usize,
        mut meet: impl FnMut(&Texts<'_>, Element<'_>) -> Result<(), Stop<E>>,
    ) -> Result<(), E> {
        let Some(mut row) = self.rows.get(at).copied() else { return Ok(()) };
        let kept = self.kept.remove(&at);
        let room = MAX_KEPT_BYTES - self.kept_bytes;
        let block = match &kept {
            Some(kept) => kept,
            None => self.unpack(row)?,
        };
        let met = each_element(block, |texts, element| {
            match &element {
                Element::Node(node) => {
                    let (least, greatest) = row.nodes.unwrap_or((node.id, node.id));
                    row.nodes = Some((least.min(node.id), greatest.max(node.id)));
                }
                Element::Way(_) => row.has_ways = true,
                Element::Relation(_) => {}
            }
            meet(texts, element)
        });
        if kept.is_none() && row.nodes.is_some() && block.len() <= room {
            let copy: Box<[u8]> = block.into();
            self.kept_bytes += copy.len();
            self.kept.insert(at, copy);
        }
        if let Some(known) = self.rows.get_mut(at) {
            *known = row;
        }
        met.map_err(|stop| match stop {
            Stop::Broken => contradiction(row.start).into(),
            Stop::Met(error) => error,
        })
    }

    fn check_features(&mut self, header: Row) -> Result<(), FileFault> {
        let mut fields = Fields(self.unpack(header)?);
        let broken = |_| contradiction(header.start);
        while let Some((number, value)) = fields.next().map_err(broken)? {
            let feature = if number == 4 { value.bytes().map_err(broken)? } else { continue };
            if !FEATURES.iter().any(|known| known.as_bytes() == feature) {
                let feature = String::from_utf8_lossy(feature).chars().take(60).collect();
                return Err(FileFault::Unsupported { feature });
            }
        }
        Ok(())
    }

    /// The content of a block. How long it gets is known, and held to, before anything is unpacked.
    fn unpack(&mut self, row: Row) -> Result<&[u8], FileFault> {
        self.file.seek(SeekFrom::Start(row.content))?;
        self.packed.resize(row.bytes, 0);
        self.file.read_exact(&mut self.packed).map_err(ended_early)?;
        let blob = Blob::read(&self.packed).map_err(|_| contradiction(row.start))?;
        let (zlib, bytes) = match blob {
            Blob::Plain(content) => return Ok(content),
            Blob::Zlib { content, bytes } => (content, bytes),
            Blob::Unknown => {
                return Err(FileFault::Unsupported { feature: "a compression other than zlib".into() });
            }
        };
        let wrong = |cause: &str| FileFault::Damaged { at: row.start, cause: cause.into() };
        let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= MAX_BLOCK_BYTES);
        let bytes = bytes.ok_or_else(|| wrong("a block says that it unpacks to an impossible size"))?;
        self.unpacked.resize(bytes, 0);
        self.inflate.reset(true);
        let status = self.inflate.decompress(zlib, &mut self.unpacked, FlushDecompress::Finish);
        match status {
            Ok(Status::StreamEnd) if self.inflate.total_out() == bytes as u64 => Ok(&self.unpacked),
            Ok(_) => Err(wrong("a block unpacks to another size than it says")),
            Err(_) => Err(wrong("a block can't be unpacked")),
        }
    }
}

/// How the content of a block is packed.
enum Blob<'a> {
    Plain(&'a [u8]),
    Zlib { content: &'a [u8], bytes: u64 },
    Unknown,
}

impl<'a> Blob<'a> {
    fn read(message: &'a [u8]) -> Result<Blob<'a>, Broken> {
        let (mut plain, mut zlib, mut bytes) = (None, None, 0);
        let mut fields = Fields(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => plain = Some(value.bytes()?),
                2 => bytes = value.number()?,
                3 => zlib = Some(value.bytes()?),
                _ => {}
            }
        }
        Ok(match (plain, zlib) {
            (Some(content), _) => Blob::Plain(content),
            (None, Some(content)) => Blob::Zlib { content, bytes },
            (None, None) => Blob::Unknown,
        })
    }
}

fn head_at(file: &mut (impl Read + Seek), start: u64) -> Result<Head, FileFault> {
    file.seek(SeekFrom::Start(start))?;
    let mut length = [0; 4];
    file.read_exact(&mut length).map_err(ended_early)?;
    let length = u32::from_be_bytes(length);
    if length > MAX_HEAD_BYTES {
        return Err(impossible(start));
    }
    let mut message = vec![0; length as usize];
    file.read_exact(&mut message).map_err(ended_early)?;
    let (kind, bytes) = kind_and_size(&message).map_err(|_| contradiction(start))?;
    // A negative size is a number of 64 bits on the wire.
    let bytes =
        usize::try_from(bytes).ok().filter(|bytes| *bytes <= MAX_BLOCK_BYTES).ok_or_else(|| impossible(start))?;
    Ok(Head { kind, content: start + 4 + u64::from(length), bytes })
}

fn kind_and_size(head: &[u8]) -> Result<(Kind, u64), Broken> {
    let (mut kind, mut size) = (Kind::Other, 0);
    let mut fields = Fields(head);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Bytes(b"OSMHeader")) => kind = Kind::Header,
            (1, Value::Bytes(b"OSMData")) => kind = Kind::Data,
            (3, value) => size = value.number()?,
            _ => {}
        }
    }
    Ok((kind, size))
}

fn impossible(at: u64) -> FileFault {
    FileFault::Damaged { at, cause: "a block has an impossible size".into() }
}

fn contradiction(at: u64) -> FileFault {
    FileFault::Damaged { at, cause: "a block contradicts itself".into() }
}

fn ended_early(error: std::io::Error) -> FileFault {
    if error.kind() == ErrorKind::UnexpectedEof { FileFault::Truncated } else { FileFault::Io(error) }
}

/// Before the first block is known, whatever is wrong means that this is another kind of file.
fn no_pbf(fault: FileFault) -> FileFault {
    if let FileFault::Io(error) = fault { FileFault::Io(error) } else { FileFault::NoPbf }
}
