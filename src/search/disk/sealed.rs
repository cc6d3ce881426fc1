//! One file of blocks, each with a sum that every read compares. A mapped file would show damage as if it were sound,
//! and end the process where it was cut short.
//!
//! Layout: the content; a CRC-32 of each block of it; the length of the content (8 bytes); a CRC-32 of the sums and
//! that length; [`MAGIC`]. Numbers are little-endian.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes that are read and compared together.
pub(super) const BLOCK: usize = 32 * 1024;
const MAGIC: [u8; 4] = *b"HSB1";
const SUM: usize = size_of::<u32>();
/// The length, its sum and the magic.
const FOOTER: usize = 8 + SUM + MAGIC.len();

/// Writes the content as it comes, and the sums behind it.
pub(super) struct Writer<W> {
    to: W,
    block: crc32fast::Hasher,
    in_block: usize,
    len: u64,
    sums: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(to: W) -> Writer<W> {
        Writer { to, block: crc32fast::Hasher::new(), in_block: 0, len: 0, sums: Vec::new() }
    }

    /// Writes the sums; what they are written to comes back.
    pub(super) fn seal(&mut self) -> io::Result<&mut W> {
        if self.in_block > 0 {
            self.end_block();
        }
        self.sums.extend(self.len.to_le_bytes());
        let sum = crc32fast::hash(&self.sums);
        self.sums.extend(sum.to_le_bytes());
        self.sums.extend(MAGIC);
        self.to.write_all(&self.sums)?;
        Ok(&mut self.to)
    }

    fn end_block(&mut self) {
        let sum = std::mem::take(&mut self.block).finalize();
        self.sums.extend(sum.to_le_bytes());
        self.in_block = 0;
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = bytes.get(..bytes.len().min(BLOCK - self.in_block)).unwrap_or_default();
        let written = self.to.write(fits)?;
        self.block.update(fits.get(..written).unwrap_or_default());
        self.in_block += written;
        self.len += written as u64;
        if self.in_block == BLOCK {
            self.end_block();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// An open file, whose sums are in memory.
#[derive(Debug)]
pub(super) struct Sealed {
    file: File,
    len: usize,
    sums: Vec<u32>,
}

impl Sealed {
    pub(super) fn open(path: &Path) -> io::Result<Sealed> {
        let file = File::open(path)?;
        let whole = file.metadata()?.len();
        let footer_at = whole.checked_sub(FOOTER as u64).ok_or_else(|| damaged("too short"))?;
        let mut footer = [0; FOOTER];
        file.read_exact_at(&mut footer, footer_at)?;
        let (numbers, magic) = footer.split_at(FOOTER - MAGIC.len());
        let (len, sum) = numbers.split_at(8);
        let len = number::<8>(len).map(u64::from_le_bytes).ok_or_else(|| damaged("no length"))?;
        let blocks = len.div_ceil(BLOCK as u64);
        if magic != MAGIC || blocks.checked_mul(SUM as u64).and_then(|sums| len.checked_add(sums)) != Some(footer_at) {
            return Err(damaged("the end is not one"));
        }
        let mut sums = vec![0; (footer_at - len) as usize];
        file.read_exact_at(&mut sums, len)?;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&sums);
        hasher.update(&len.to_le_bytes());
        if number::<4>(sum).map(u32::from_le_bytes) != Some(hasher.finalize()) {
            return Err(damaged("the sums are not those that were written"));
        }
        let (sums, _) = sums.as_chunks::<SUM>();
        Ok(Sealed { file, len: len as usize, sums: sums.iter().copied().map(u32::from_le_bytes).collect() })
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn blocks(&self) -> usize {
        self.sums.len()
    }

    /// One block from the disk, compared.
    pub(super) fn block(&self, number: usize) -> io::Result<Vec<u8>> {
        let wanted = self.sums.get(number).ok_or_else(|| damaged("beyond the end"))?;
        let start = number * BLOCK;
        let mut block = vec![0; BLOCK.min(self.len - start)];
        self.file.read_exact_at(&mut block, start as u64)?;
        if crc32fast::hash(&block) != *wanted {
            return Err(damaged("not what was written"));
        }
        Ok(block)
    }

    /// All of it.
    pub(super) fn whole(&self) -> io::Result<Vec<u8>> {
        let mut whole = Vec::with_capacity(self.len);
        for number in 0..self.blocks() {
            whole.extend_from_slice(&self.block(number)?);
        }
        Ok(whole)
    }
}

/// The blocks that a range of bytes touches.
pub(super) const fn blocks_of(range: &Range<usize>) -> Range<usize> {
    range.start / BLOCK..range.end.div_ceil(BLOCK)
}

fn number<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Replaces a file by another content, all of it or nothing, and makes that durable.
pub(in crate::search) fn replace(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut writer = Writer::new(File::create(&unfinished)?);
    content(&mut writer)?;
    writer.seal()?.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// All of a file.
pub(in crate::search) fn read(path: &Path) -> io::Result<Vec<u8>> {
    Sealed::open(path)?.whole()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(content: &[u8]) -> tempfile::NamedTempFile {
        let mut writer = Writer::new(tempfile::NamedTempFile::new().unwrap());
        for piece in content.chunks(10_007) {
            writer.write_all(piece).unwrap();
        }
        writer.seal().unwrap();
        writer.to
    }

    fn content(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at * 7 % 251) as u8).collect()
    }

    #[test]
    fn what_was_written_is_read() {
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 100_000] {
            let file = written(&content(len));
            let sealed = Sealed::open(file.path()).unwrap();
            assert_eq!((sealed.len(), sealed.blocks()), (len, len.div_ceil(BLOCK)));
            assert_eq!(sealed.whole().unwrap(), content(len));
        }
    }

    proptest! {
        #[test]
        fn no_change_of_any_byte_is_believed(at in 0usize..100_044, change in 1u8.., cut in any::<bool>()) {
            let file = written(&content(100_000));
            let mut bytes = std::fs::read(file.path()).unwrap();
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] ^= change }
            std::fs::write(file.path(), bytes).unwrap();
            let read = Sealed::open(file.path()).and_then(|sealed| sealed.whole());
            prop_assert!(read.is_err());
        }
    }
}
