//! Writing a backup, while the city goes on: rows from one snapshot, then the files that they name.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::manifest::hex;
use super::{
    BLOCK_BYTES, BackupFault, FOLDERS, MAX_DEPTH, MAX_PARTS, Manifest, Part, block_name, header, is_file_name,
};
use crate::base::Fault;
use crate::store::Snapshot;

/// A backup holds the city's keys.
const OWNER_ONLY: u32 = 0o600;

/// Writes the city of a data folder as of one snapshot. Files are written before the rows that name them are
/// committed, so those that the snapshot names are there.
pub fn backup(snapshot: &Snapshot, folder: &Path, out: impl Write) -> Result<Manifest, BackupFault> {
    let mut archive = Archive { tar: tar::Builder::new(Hashing::new(out)), parts: Vec::new() };
    let rows = archive.rows(snapshot)?;
    for inner in FOLDERS {
        archive.folder(folder, inner, MAX_DEPTH)?;
    }
    let Archive { tar, parts } = archive;
    let sha256 = tar.get_ref().checksum();
    let manifest = Manifest::new(snapshot.head(), rows, sha256, parts);
    let bytes = manifest.to_bytes()?;
    let mut tar = tar;
    let written = header(super::MANIFEST, bytes.len() as u64).and_then(|header| tar.append(&header, &bytes[..]));
    written.and_then(|()| tar.into_inner()?.out.flush()).map_err(writing)?;
    Ok(manifest)
}

/// Fills a new file: it has its name only when it is whole and durable. What is there is never overwritten.
pub fn to_new_file<T>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write, &Path) -> Result<T, BackupFault>,
) -> Result<T, BackupFault> {
    refuse_existing(path)?;
    let partial = path.with_added_extension("partial");
    let mut file = open_partial(&partial)?;
    let filled = fill_durably(&mut file, &partial, fill).and_then(|filled| {
        refuse_existing(path)?;
        std::fs::rename(&partial, path).map_err(BackupFault::io(path))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupFault::io(folder))?;
        Ok(filled)
    });
    if filled.is_err() {
        // The fault that led here says more than one of the clearing up.
        let _ = std::fs::remove_file(&partial);
    }
    filled
}

fn fill_durably<T>(
    file: &mut File,
    partial: &Path,
    fill: impl FnOnce(&mut dyn Write, &Path) -> Result<T, BackupFault>,
) -> Result<T, BackupFault> {
    let mut buffered = io::BufWriter::with_capacity(BLOCK_BYTES, &mut *file);
    let filled = fill(&mut buffered, partial)?;
    buffered.flush().map_err(BackupFault::io(partial))?;
    drop(buffered);
    file.sync_all().map_err(BackupFault::io(partial))?;
    Ok(filled)
}

fn refuse_existing(path: &Path) -> Result<(), BackupFault> {
    match path.symlink_metadata() {
        Ok(_) => Err(BackupFault::Exists(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupFault::io(path)(error)),
    }
}

/// What an interrupted backup left is taken over, what a running one is writing is not.
fn open_partial(partial: &Path) -> Result<File, BackupFault> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(OWNER_ONLY);
    // In a folder that others write to, a link could lead the city's keys to them.
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    let file = options.open(partial).map_err(BackupFault::io(partial))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BackupFault::Busy(partial.to_owned())),
        Err(TryLockError::Error(error)) => return Err(BackupFault::io(partial)(error)),
    }
    let emptied = file.set_permissions(Permissions::from_mode(OWNER_ONLY)).and_then(|()| file.set_len(0));
    emptied.map_err(BackupFault::io(partial))?;
    Ok(file)
}

struct Archive<W: Write> {
    tar: tar::Builder<Hashing<W>>,
    parts: Vec<Part>,
}

impl<W: Write> Archive<W> {
    fn rows(&mut self, snapshot: &Snapshot) -> Result<u64, BackupFault> {
        let (mut count, mut block, mut blocks) = (0, Vec::with_capacity(2 * BLOCK_BYTES), 0);
        for row in snapshot.all_rows()? {
            let (key, value) = row?;
            for part in [&key, &value] {
                let bytes = u32::try_from(part.len()).map_err(|error| Fault::bug("backing up a row", error))?;
                block.extend_from_slice(&bytes.to_be_bytes());
                block.extend_from_slice(part);
            }
            count += 1;
            if block.len() >= BLOCK_BYTES {
                blocks += 1;
                self.entry(block_name(blocks), block.len() as u64, &block[..])?;
                block.clear();
            }
        }
        if !block.is_empty() {
            self.entry(block_name(blocks + 1), block.len() as u64, &block[..])?;
        }
        Ok(count)
    }

    /// Every file in the folder and in those within it, in the order of their names.
    fn folder(&mut self, root: &Path, inner: &str, depth: usize) -> Result<(), BackupFault> {
        let path = root.join(inner);
        let listed = match std::fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            listed => listed.and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(BackupFault::io(&path))?,
        };
        let mut names: Vec<_> = listed.iter().map(|entry| entry.file_name()).collect();
        names.sort();
        for name in names {
            let strange = || Fault::io("backing up", format!("{} has a name that can't be kept", path.display()));
            let name = format!("{inner}/{}", name.to_str().ok_or_else(strange)?);
            let at = root.join(&name);
            match at.symlink_metadata() {
                Ok(found) if found.is_dir() && depth > 1 => self.folder(root, &name, depth - 1)?,
                Ok(found) if found.is_file() && is_file_name(&name) => self.file(name, &at)?,
                Ok(_) => return Err(Fault::io("backing up", format!("{} is no plain file", at.display())).into()),
                // Somebody deleted it meanwhile, and would have a moment before.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(BackupFault::io(&at)(error)),
            }
        }
        Ok(())
    }

    fn file(&mut self, name: String, path: &PathBuf) -> Result<(), BackupFault> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file.map_err(BackupFault::io(path))?,
        };
        let bytes = file.metadata().map_err(BackupFault::io(path))?.len();
        self.entry(name, bytes, file)
    }

    fn entry(&mut self, name: String, bytes: u64, content: impl Read) -> Result<(), BackupFault> {
        if self.parts.len() == MAX_PARTS {
            return Err(Fault::io("backing up", format!("more than {MAX_PARTS} files")).into());
        }
        let mut content = Hashing::new(content.take(bytes));
        header(&name, bytes).and_then(|header| self.tar.append(&header, &mut content)).map_err(writing)?;
        if content.bytes != bytes {
            return Err(Fault::io("backing up", format!("{name} became shorter meanwhile")).into());
        }
        self.parts.push(Part { name, bytes, sha256: content.checksum() });
        Ok(())
    }
}

fn writing(error: io::Error) -> BackupFault {
    let kind = if error.kind() == io::ErrorKind::StorageFull {
        crate::base::fault::FaultKind::Full
    } else {
        crate::base::fault::FaultKind::Io
    };
    Fault::new(kind, "writing the backup", error).into()
}

/// Bytes that are counted and summed up on their way.
pub(super) struct Hashing<T> {
    pub out: T,
    pub bytes: u64,
    sum: Sha256,
}

impl<T> Hashing<T> {
    pub fn new(out: T) -> Hashing<T> {
        Hashing { out, bytes: 0, sum: Sha256::new() }
    }

    pub fn checksum(&self) -> String {
        hex(&self.sum.clone().finalize())
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.sum.update(bytes);
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.passed(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.out.read(into)?;
        self.passed(&into[..read]);
        Ok(read)
    }
}
