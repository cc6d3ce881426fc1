//! A file of text as it is read from its beginning, packed with gzip or not. How far it may swell is bounded: text
//! packs to a tenth, a bomb to a thousandth.

use std::cell::Cell;
use std::io::{self, BufReader, Error, Read, Seek, SeekFrom};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

const MAGIC: [u8; 2] = [0x1F, 0x8B];
const BUFFER_BYTES: usize = 64 * 1024;
/// What a packed file may be unpacked: so many times its size, and a little for a small one.
const MAX_SWELL: u64 = 50;
const ALWAYS_BYTES: u64 = 16 << 20;

pub(super) struct Unpacked<R> {
    inner: Inner<R>,
    total: u64,
    done: Rc<Cell<u64>>,
    /// Bytes that may still be unpacked.
    left: u64,
}

enum Inner<R> {
    Plain(Counting<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Counting<R>>>>),
}

impl<R: Read + Seek> Unpacked<R> {
    pub(super) fn open(mut file: R) -> io::Result<Unpacked<R>> {
        let total = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let mut magic = Vec::new();
        (&mut file).take(MAGIC.len() as u64).read_to_end(&mut magic)?;
        file.rewind()?;
        let done = Rc::new(Cell::new(0));
        let counting = Counting { file, done: done.clone() };
        if magic != MAGIC {
            return Ok(Unpacked { inner: Inner::Plain(counting), total, done, left: u64::MAX });
        }
        let packed = BufReader::with_capacity(BUFFER_BYTES, counting);
        let inner = Inner::Gzip(Box::new(MultiGzDecoder::new(packed)));
        Ok(Unpacked { inner, total, done, left: total.saturating_mul(MAX_SWELL).saturating_add(ALWAYS_BYTES) })
    }

    /// The bytes of the file.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// How many of them were read.
    pub(super) fn done(&self) -> Rc<Cell<u64>> {
        self.done.clone()
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inner {
            Inner::Plain(file) => return file.read(out),
            Inner::Gzip(gzip) => gzip.read(out)?,
        };
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| Error::other("it unpacks to more than text ever does: unpack it first"))?;
        Ok(read)
    }
}

struct Counting<R> {
    file: R,
    done: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(out)?;
        self.done.set(self.done.get() + read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn read(file: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Unpacked::open(Cursor::new(file))?.read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn a_file_is_read_packed_or_not_and_from_its_beginning() {
        let text = b"id,name\n".repeat(10_000);
        let packed = gzip(&text);
        assert!(read(&text).unwrap() == text && read(&packed).unwrap() == text);
        assert_eq!(read(b"").unwrap(), b"");
        let two = [packed.clone(), packed].concat();
        assert_eq!(read(&two).unwrap().len(), 2 * text.len());
        let mut file = Cursor::new(&text);
        file.set_position(7);
        let unpacked = Unpacked::open(&mut file).unwrap();
        let done = unpacked.done();
        assert_eq!((unpacked.total(), done.get()), (80_000, 0));
        assert_eq!(io::copy(&mut { unpacked }, &mut io::sink()).unwrap(), 80_000);
        assert_eq!(done.get(), 80_000);
    }

    #[test]
    fn what_swells_too_far_or_breaks_off_is_refused() {
        let bomb = gzip(&vec![b' '; 40 << 20]);
        assert!(read(&bomb).unwrap_err().to_string().contains("more than text ever does"));
        let packed = gzip(&b"id,name\n".repeat(10_000));
        assert!(read(&packed[..packed.len() - 10]).is_err());
    }
}
