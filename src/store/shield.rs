//! Between the engine and the file: what the file refuses is taken into memory, so that readers go on undisturbed.
//!
//! After one failed write the engine refuses everything, reads of what is long durable included. So it is told that all
//! is well, nothing reaches the file any more, and [`Shield::failure`] says what happened: whoever commits asks it
//! before believing the engine. Only what was never answered lies in the memory; [`crate::store::disk::Disk::mend`]
//! throws it away.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use redb::StorageBackend;

use crate::base::Fault;
use crate::base::fault::FaultKind;

/// What is kept in memory is kept by blocks of so many bytes: the engine's page.
const BLOCK_BYTES: usize = 4096;

/// How far a commit has come. Its header is written twice: with the new root beside the old one, and, once that is
/// durable, with the new root in force.
const HEADER_UNWRITTEN: u8 = 0;
const HEADER_WRITTEN: u8 = 1;
const HEADER_DURABLE: u8 = 2;

/// The backend that the engine is given. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::store) struct Shield(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: Box<dyn StorageBackend>,
    /// Everything goes to the file: so it is until something fails, or once it was poured.
    passes: AtomicBool,
    header: AtomicU8,
    memory: RwLock<Memory>,
}

#[derive(Debug)]
struct Memory {
    failure: Option<Failure>,
    blocks: BTreeMap<u64, Box<[u8]>>,
    /// The length that the engine has set since the file was let go; `None` if it is the file's.
    len: Option<u64>,
    /// Bytes of the file from here on were cut off by the engine, and read as zero.
    kept: u64,
    is_cut: bool,
}

/// The first thing that the file refused.
#[derive(Clone, Debug)]
pub(in crate::store) struct Failure {
    kind: io::ErrorKind,
    cause: String,
    /// It befell a commit when its root may have been in force already.
    is_unsettled: bool,
}

impl Shield {
    /// Passes everything on until something fails.
    pub(in crate::store) fn passing(file: Box<dyn StorageBackend>) -> Shield {
        Shield::new(file, true)
    }

    /// Keeps all writes until they are poured.
    pub(in crate::store) fn holding(file: Box<dyn StorageBackend>) -> Shield {
        Shield::new(file, false)
    }

    fn new(file: Box<dyn StorageBackend>, passes: bool) -> Shield {
        let memory = Memory { failure: None, blocks: BTreeMap::new(), len: None, kept: u64::MAX, is_cut: false };
        Shield(Arc::new(Inner {
            file,
            passes: AtomicBool::new(passes),
            header: AtomicU8::new(HEADER_UNWRITTEN),
            memory: RwLock::new(memory),
        }))
    }

    /// A commit begins, or has ended well.
    pub(in crate::store) fn begin(&self) {
        self.0.header.store(HEADER_UNWRITTEN, Ordering::Release);
    }

    /// What has failed since this was made, if anything has.
    pub(in crate::store) fn failure(&self) -> Option<Failure> {
        self.0.memory.read().unwrap_or_else(PoisonError::into_inner).failure.clone()
    }

    /// Ends all reading. Waits for reads that have begun: after this, others may write to what they read.
    pub(in crate::store) fn cut(&self) {
        self.0.hold().is_cut = true;
    }

    /// Writes to the file what was kept, durable, the header last; then passes everything on. What fails leaves the
    /// file as good as it was, and may be tried again.
    pub(in crate::store) fn pour(&self) -> io::Result<()> {
        let (blocks, len, kept) = {
            let memory = self.0.memory.read().unwrap_or_else(PoisonError::into_inner);
            (memory.blocks.clone(), memory.len, memory.kept)
        };
        let file = &self.0.file;
        if kept < file.len()? {
            file.set_len(kept)?;
        }
        if let Some(len) = len.filter(|_| len != file.len().ok()) {
            file.set_len(len)?;
        }
        for (number, block) in blocks.iter().filter(|(number, _)| **number > 0) {
            file.write(number * BLOCK_BYTES as u64, block)?;
        }
        file.sync_data()?;
        if let Some(header) = blocks.get(&0) {
            file.write(0, header)?;
            file.sync_data()?;
        }
        let mut memory = self.0.hold();
        (memory.blocks, memory.len, memory.kept) = (BTreeMap::new(), None, u64::MAX);
        self.0.passes.store(true, Ordering::Release);
        Ok(())
    }
}

impl Failure {
    /// As whoever waits for the commit is told.
    pub(in crate::store) fn fault(&self, what: &str) -> Fault {
        let kind = match self.kind {
            _ if self.is_unsettled => FaultKind::Unsettled,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FaultKind::Full,
            _ => FaultKind::Io,
        };
        Fault::new(kind, what, &self.cause)
    }

    /// As all later ones are told: they have not begun.
    pub(in crate::store) fn later(&self) -> Fault {
        Failure { is_unsettled: false, ..self.clone() }.fault("writing, until the disk is well again")
    }
}

impl Inner {
    fn hold(&self) -> RwLockWriteGuard<'_, Memory> {
        self.memory.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn passes(&self) -> bool {
        self.passes.load(Ordering::Acquire)
    }

    /// Lets go of the file.
    fn note(&self, error: &io::Error) {
        let is_unsettled = self.header.load(Ordering::Acquire) == HEADER_DURABLE;
        let failure = Failure { kind: error.kind(), cause: error.to_string(), is_unsettled };
        self.hold().failure.get_or_insert(failure);
        self.passes.store(false, Ordering::Release);
    }

    fn advance(&self, from: u8, to: u8) {
        // It fails where the commit has come further already, or not as far.
        let _ = self.header.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl StorageBackend for Shield {
    fn len(&self) -> io::Result<u64> {
        if self.0.passes() {
            return self.0.file.len().inspect_err(|error| self.0.note(error));
        }
        let memory = self.0.memory.read().unwrap_or_else(PoisonError::into_inner);
        memory.len.map_or_else(|| self.0.file.len(), Ok)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.0.passes() {
            return self.0.file.read(offset, out).inspect_err(|error| self.0.note(error));
        }
        let memory = self.0.memory.read().unwrap_or_else(PoisonError::into_inner);
        memory.read(&*self.0.file, offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if self.0.passes() {
            match self.0.file.set_len(len) {
                Ok(()) => return Ok(()),
                Err(error) => self.0.note(&error),
            }
        }
        self.0.hold().set_len(len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.0.passes() {
            match self.0.file.sync_data() {
                Ok(()) => self.0.advance(HEADER_WRITTEN, HEADER_DURABLE),
                Err(error) => self.0.note(&error),
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.0.passes() {
            match self.0.file.write(offset, bytes) {
                Ok(()) if offset == 0 => return Ok(self.0.advance(HEADER_UNWRITTEN, HEADER_WRITTEN)),
                Ok(()) => return Ok(()),
                Err(error) => self.0.note(&error),
            }
        }
        self.0.hold().write(&*self.0.file, offset, bytes)
    }

    fn close(&self) -> io::Result<()> {
        self.0.file.close()
    }
}

impl Memory {
    fn set_len(&mut self, len: u64) {
        self.kept = self.kept.min(len);
        self.len = Some(len);
        self.blocks.split_off(&len.div_ceil(BLOCK_BYTES as u64));
    }

    fn write(&mut self, file: &dyn StorageBackend, offset: u64, bytes: &[u8]) -> io::Result<()> {
        for piece in pieces(offset, bytes.len()) {
            let mut block = vec![0; BLOCK_BYTES].into_boxed_slice();
            if piece.within.len() < BLOCK_BYTES {
                self.block(file, piece.number, &mut block)?;
            }
            copy(bytes, piece.outside, &mut block, piece.within);
            self.blocks.insert(piece.number, block);
        }
        Ok(())
    }

    fn read(&self, file: &dyn StorageBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.is_cut {
            return Err(io::Error::other("the store was opened anew"));
        }
        let mut block = vec![0; BLOCK_BYTES];
        for piece in pieces(offset, out.len()) {
            self.block(file, piece.number, &mut block)?;
            copy(&block, piece.within, out, piece.outside);
        }
        Ok(())
    }

    /// One whole block as the engine sees it.
    fn block(&self, file: &dyn StorageBackend, number: u64, out: &mut [u8]) -> io::Result<()> {
        if let Some(block) = self.blocks.get(&number) {
            out.copy_from_slice(block);
            return Ok(());
        }
        out.fill(0);
        let from = number * BLOCK_BYTES as u64;
        let there = self.kept.min(file.len()?).saturating_sub(from);
        let there = usize::try_from(there).unwrap_or(BLOCK_BYTES).min(BLOCK_BYTES);
        let (there, _) = out.split_at_mut(there);
        if there.is_empty() { Ok(()) } else { file.read(from, there) }
    }
}

/// A part of a stretch of bytes that lies in one block.
struct Piece {
    number: u64,
    within: std::ops::Range<usize>,
    outside: std::ops::Range<usize>,
}

fn pieces(offset: u64, length: usize) -> impl Iterator<Item = Piece> {
    let block = BLOCK_BYTES as u64;
    let first = usize::try_from(offset % block).unwrap_or_default();
    let count = (first + length).div_ceil(BLOCK_BYTES);
    (offset / block..).zip(0..count).map(move |(number, at)| {
        let (from, to) = (at * BLOCK_BYTES, (at + 1) * BLOCK_BYTES);
        let (start, end) = (from.max(first), to.min(first + length));
        Piece { number, within: start - from..end - from, outside: start - first..end - first }
    })
}

fn copy(from: &[u8], of: std::ops::Range<usize>, to: &mut [u8], at: std::ops::Range<usize>) {
    if let (Some(from), Some(to)) = (from.get(of), to.get_mut(at)) {
        to.copy_from_slice(from);
    }
}
