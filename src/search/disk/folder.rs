//! The folder of the text index, as tantivy wants to see one: every file in it is sealed, and what is read of it goes
//! through one cache.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, fs};

use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite, WatchCallback,
    WatchCallbackList, WatchHandle, WritePtr,
};
use tantivy::{HasLen, TantivyError};

use crate::search::disk::cache::Cache;
use crate::search::disk::sealed::{self, BLOCK, Sealed, Writer, blocks_of};

/// Files that every query reads from end to end stay in memory: a byte a place for each field that has one.
const HELD: &str = "fieldnorm";

/// A cheap clone.
#[derive(Clone)]
pub(in crate::search) struct Folder(Arc<Inner>);

struct Inner {
    path: PathBuf,
    cache: Cache,
    files: Mutex<Files>,
    is_damaged: AtomicBool,
}

#[derive(Default)]
struct Files {
    /// Those that must be there.
    names: BTreeSet<PathBuf>,
    /// The last one that was looked at.
    ended_at: Option<PathBuf>,
}

impl Folder {
    pub(in crate::search) fn new(path: &Path) -> Folder {
        Folder(Arc::new(Inner {
            path: path.to_owned(),
            cache: Cache::new(),
            files: Mutex::default(),
            is_damaged: AtomicBool::new(false),
        }))
    }

    /// Looks whether all files are there, and whether so many of their blocks are what was written, going on with the
    /// file after the one where the last look ended. Damage that a reader has met is told too.
    pub(in crate::search) fn look(&self, mut blocks: usize) -> Result<(), String> {
        if self.0.is_damaged.load(Ordering::Relaxed) {
            return Err("a file is damaged".to_owned());
        }
        let (names, ended_at) = {
            let files = self.files();
            (files.names.clone(), files.ended_at.clone())
        };
        let is_later = |name: &&PathBuf| ended_at.as_ref().is_none_or(|ended_at| *name > ended_at);
        let (later, earlier): (Vec<&PathBuf>, Vec<&PathBuf>) = names.iter().partition(is_later);
        for name in later.into_iter().chain(earlier) {
            match self.look_at(name, &mut blocks) {
                Ok(()) => {}
                // Removed since the list was made.
                Err(_) if !self.files().names.contains(name) => {}
                Err(error) => return Err(format!("{}: {error}", name.display())),
            }
        }
        Ok(())
    }

    fn look_at(&self, name: &Path, blocks: &mut usize) -> io::Result<()> {
        let sealed = Sealed::open(&self.0.path.join(name))?;
        if *blocks > 0 {
            *blocks = blocks.saturating_sub(sealed.blocks());
            self.files().ended_at = Some(name.to_owned());
            (0..sealed.blocks()).try_for_each(|number| sealed.block(number).map(drop))?;
        }
        Ok(())
    }

    fn open(&self, name: &Path) -> io::Result<Sealed> {
        let sealed = Sealed::open(&self.0.path.join(name));
        let sealed = sealed.inspect_err(|error| self.note(error))?;
        self.know(name);
        Ok(sealed)
    }

    fn know(&self, name: &Path) {
        self.files().names.insert(name.to_owned());
    }

    /// Remembers damage: the file will not get better.
    fn note(&self, error: &io::Error) {
        if error.kind() != ErrorKind::NotFound {
            self.0.is_damaged.store(true, Ordering::Relaxed);
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Directory for Folder {
    fn get_file_handle(&self, name: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let sealed = self.open(name).map_err(|error| unreadable(error, name))?;
        if name.extension().is_some_and(|extension| extension == HELD) {
            let whole =
                sealed.whole().inspect_err(|error| self.note(error)).map_err(|error| unreadable(error, name))?;
            return Ok(Arc::new(OwnedBytes::new(whole)));
        }
        Ok(Arc::new(Handle { number: self.0.cache.number(), sealed, folder: self.clone() }))
    }

    fn delete(&self, name: &Path) -> Result<(), DeleteError> {
        self.files().names.remove(name);
        fs::remove_file(self.0.path.join(name)).map_err(|error| {
            if error.kind() == ErrorKind::NotFound {
                return DeleteError::FileDoesNotExist(name.to_owned());
            }
            DeleteError::IoError { io_error: Arc::new(error), filepath: name.to_owned() }
        })
    }

    fn exists(&self, name: &Path) -> Result<bool, OpenReadError> {
        self.0.path.join(name).try_exists().map_err(|error| unreadable(error, name))
    }

    fn open_write(&self, name: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = File::create_new(self.0.path.join(name)).map_err(|error| {
            if error.kind() == ErrorKind::AlreadyExists {
                return OpenWriteError::FileAlreadyExists(name.to_owned());
            }
            OpenWriteError::wrap_io_error(error, name.to_owned())
        })?;
        let writer = Writer::new(BufWriter::with_capacity(BLOCK, file));
        Ok(BufWriter::new(Box::new(Writing { writer, folder: self.clone(), name: name.to_owned() })))
    }

    fn atomic_read(&self, name: &Path) -> Result<Vec<u8>, OpenReadError> {
        let whole = self.open(name).and_then(|sealed| sealed.whole().inspect_err(|error| self.note(error)));
        whole.map_err(|error| unreadable(error, name))
    }

    fn atomic_write(&self, name: &Path, content: &[u8]) -> io::Result<()> {
        sealed::replace(&self.0.path.join(name), |file| file.write_all(content))?;
        self.know(name);
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.0.path)?.sync_all()
    }

    /// The lock of the data folder has kept others out already.
    fn acquire_lock(&self, _: &Lock) -> Result<DirectoryLock, LockError> {
        Ok(DirectoryLock::from(Box::new(())))
    }

    /// Nobody asks: readers are told of commits.
    fn watch(&self, callback: WatchCallback) -> Result<WatchHandle, TantivyError> {
        Ok(WatchCallbackList::default().subscribe(callback))
    }
}

fn unreadable(error: io::Error, name: &Path) -> OpenReadError {
    if error.kind() == ErrorKind::NotFound {
        return OpenReadError::FileDoesNotExist(name.to_owned());
    }
    OpenReadError::wrap_io_error(error, name.to_owned())
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Folder({})", self.0.path.display())
    }
}

/// A file that is open for reading.
struct Handle {
    number: u64,
    sealed: Sealed,
    folder: Folder,
}

impl Handle {
    fn block(&self, number: usize) -> io::Result<OwnedBytes> {
        let read = || self.sealed.block(number).map(OwnedBytes::new).inspect_err(|error| self.folder.note(error));
        self.folder.0.cache.block(self.number, number, read)
    }
}

impl FileHandle for Handle {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        if range.start >= range.end {
            return Ok(OwnedBytes::empty());
        }
        if range.end > self.sealed.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let numbers = blocks_of(&range);
        let first = numbers.start * BLOCK;
        let (start, end) = (range.start - first, range.end - first);
        if numbers.len() == 1 {
            return Ok(self.block(numbers.start)?.slice(start..end));
        }
        let mut bytes = Vec::with_capacity(end - start);
        for number in numbers.clone() {
            let block = self.block(number)?;
            let before = (number - numbers.start) * BLOCK;
            let part = start.saturating_sub(before)..(end - before).min(block.len());
            bytes.extend_from_slice(block.get(part).unwrap_or_default());
        }
        Ok(OwnedBytes::new(bytes))
    }
}

impl HasLen for Handle {
    fn len(&self) -> usize {
        self.sealed.len()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({} bytes)", self.sealed.len())
    }
}

/// A file that is being written.
struct Writing {
    writer: Writer<BufWriter<File>>,
    folder: Folder,
    name: PathBuf,
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl TerminatingWrite for Writing {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        let file = self.writer.seal()?;
        file.flush()?;
        file.get_ref().sync_data()?;
        self.folder.know(&self.name);
        Ok(())
    }
}
