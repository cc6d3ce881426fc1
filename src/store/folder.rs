//! The data folder: made if it is missing, owned by one process, and refused when it is not what it should be.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::base::{Clock, Fault, Timestamp};
use crate::store::disk::{Disk, Head, Origin, Place};
use crate::store::{GrowthFault, Hooks, OpenFault, Options, Store};

const STORE: &str = "city.redb";
const LOCK: &str = "lock";
const KEYS: &str = "keys";
const MEDIA: &str = "media";
const INDEX: &str = "index";
const BACKUPS: &str = "backups";
const ADMIN_SOCKET: &str = "admin.sock";

/// Longest process number that is read from a lock.
const MAX_OWNER_BYTES: u64 = 20;

/// What kind of city the folder is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A real city, or none yet.
    Real,
    /// A demo's, or none yet.
    Demo,
    /// One that is there, of either kind.
    Any,
}

/// A data folder that this process owns until it is dropped. Keep it as long as anything in it is open.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    expect: Expect,
    _lock: File,
}

/// Why a data folder is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FolderFault {
    #[error("data folder {} is in use by another Highstreet{}", path.display(), by(.owner))]
    Locked { path: PathBuf, owner: Option<u32> },
    #[error("{} holds other things than a Highstreet city: give it a folder of its own", path.display())]
    Foreign { path: PathBuf },
    #[error("there is no city in {}", path.display())]
    NoCity { path: PathBuf },
    #[error("data folder {} belongs to user {owner}, and this is user {user}: run it as that user", path.display())]
    NotOwner { path: PathBuf, owner: u32, user: u32 },
    #[error("data folder {} belongs to a demo: run `highstreet demo`, or take another", path.display())]
    Demo { path: PathBuf },
    #[error("data folder {} holds a real city: a demo needs one of its own", path.display())]
    Real { path: PathBuf },
    #[error("can't use data folder {}: {cause}", path.display())]
    Io { path: PathBuf, cause: std::io::Error },
    #[error("can't open {}: {cause}", path.display())]
    Store { path: PathBuf, cause: OpenFault },
    #[error("{}: {cause}", path.display())]
    Growth { path: PathBuf, cause: GrowthFault },
}

impl Folder {
    /// Takes the folder; where one for a new city is expected, it is made.
    pub fn open(path: &Path, expect: Expect) -> Result<Folder, FolderFault> {
        let io = |cause| FolderFault::Io { path: path.to_owned(), cause };
        match (std::fs::metadata(path), expect) {
            (Ok(_), _) => {}
            (Err(error), Expect::Any) if error.kind() == ErrorKind::NotFound => {
                return Err(FolderFault::NoCity { path: path.to_owned() });
            }
            (Err(error), _) if error.kind() == ErrorKind::NotFound => make(path).map_err(io)?,
            (Err(error), _) => return Err(io(error)),
        }
        check_is_ours(path, expect)?;
        let lock = lock(path)?;
        for inner in [KEYS, MEDIA, INDEX] {
            make(&path.join(inner)).map_err(io)?;
        }
        Ok(Folder { path: path.to_owned(), expect, _lock: lock })
    }

    /// Opens its store, or makes one of the expected kind.
    pub fn store(
        &self,
        schema: u32,
        cache_bytes: usize,
        hooks: Hooks,
        clock: &dyn Fn(Timestamp) -> Clock,
    ) -> Result<Store, FolderFault> {
        let origin = match (self.known_head(schema, cache_bytes)?, self.expect) {
            (Some(head), _) => head.origin,
            (None, Expect::Real) => Origin::Real,
            (None, Expect::Demo) => Origin::Demo,
            (None, Expect::Any) => return Err(FolderFault::NoCity { path: self.path.clone() }),
        };
        let file = self.store_file();
        let options = Options { place: Place::File(&file), cache_bytes, schema, origin, hooks, clock };
        Store::open(options).map_err(|cause| self.store_fault(cause))
    }

    /// Who lives here and up to which commit, of a store that is not open; `None` if nobody does yet. A city of the
    /// other kind than expected is refused.
    pub fn head(&self, cache_bytes: usize) -> Result<Option<Head>, FolderFault> {
        if !self.has_city() {
            return Ok(None);
        }
        let file = self.store_file();
        let head = Disk::peek(&file, cache_bytes).map_err(|fault| self.store_fault(fault.into()))?;
        let path = || self.path.clone();
        match (self.expect, head.as_ref().map(|head| head.origin)) {
            (Expect::Real, Some(Origin::Demo)) => Err(FolderFault::Demo { path: path() }),
            (Expect::Demo, Some(Origin::Real)) => Err(FolderFault::Real { path: path() }),
            (Expect::Any | Expect::Real | Expect::Demo, _) => Ok(head),
        }
    }

    /// Compacts the store of a city that is not open; answers its size before and after.
    pub fn compact(&self, schema: u32, cache_bytes: usize) -> Result<(u64, u64), FolderFault> {
        self.known_head(schema, cache_bytes)?.ok_or_else(|| FolderFault::NoCity { path: self.path.clone() })?;
        let file = self.store_file();
        let size = || Ok(std::fs::metadata(&file).map_err(|error| Fault::io("measuring the store", error))?.len());
        let compacted = || {
            let before = size()?;
            Disk::open(Place::File(&file), cache_bytes)?.compact()?;
            Ok((before, size()?))
        };
        compacted().map_err(|fault: Fault| self.store_fault(fault.into()))
    }

    /// Whether a city lives here already.
    pub fn has_city(&self) -> bool {
        Folder::is_city(&self.path)
    }

    /// Removes the city and all that belongs to it, and nothing else.
    pub fn clear(&self) -> Result<(), FolderFault> {
        let io = |cause| FolderFault::Io { path: self.path.clone(), cause };
        // The store first: what is left of an interrupted clearing is no city with holes.
        let removed = std::iter::once(std::fs::remove_file(self.store_file()))
            .chain([KEYS, MEDIA, INDEX, BACKUPS].iter().map(|inner| std::fs::remove_dir_all(self.path.join(inner))));
        for removed in removed {
            removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(io(error)) })?;
        }
        for inner in [KEYS, MEDIA, INDEX] {
            make(&self.path.join(inner)).map_err(io)?;
        }
        Ok(())
    }

    /// Whether a city lives in the folder of this path.
    pub fn is_city(path: &Path) -> bool {
        path.join(STORE).exists()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn store_file(&self) -> PathBuf {
        self.path.join(STORE)
    }

    pub fn keys(&self) -> PathBuf {
        self.path.join(KEYS)
    }

    pub fn media(&self) -> PathBuf {
        self.path.join(MEDIA)
    }

    pub fn index(&self) -> PathBuf {
        self.path.join(INDEX)
    }

    /// Backups that were made without being asked for; there once there is one.
    pub fn backups(&self) -> PathBuf {
        self.path.join(BACKUPS)
    }

    /// Where subcommands reach the process that owns the folder.
    pub fn admin_socket(path: &Path) -> PathBuf {
        path.join(ADMIN_SOCKET)
    }

    /// Who lives here, if no newer Highstreet wrote it.
    fn known_head(&self, schema: u32, cache_bytes: usize) -> Result<Option<Head>, FolderFault> {
        match self.head(cache_bytes)? {
            Some(Head { schema: found, .. }) if found > schema => {
                Err(self.store_fault(OpenFault::Newer { found, known: schema }))
            }
            head => Ok(head),
        }
    }

    fn store_fault(&self, cause: OpenFault) -> FolderFault {
        FolderFault::Store { path: self.store_file(), cause }
    }
}

/// Makes a folder that only its owner may enter; it is no fault if it is there.
fn make(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Nothing is written before this holds: a folder of somebody else's stays as it was.
fn check_is_ours(path: &Path, expect: Expect) -> Result<(), FolderFault> {
    let io = |cause| FolderFault::Io { path: path.to_owned(), cause };
    let owner = std::fs::metadata(path).map_err(io)?.uid();
    let user = rustix::process::geteuid().as_raw();
    if owner != user {
        return Err(FolderFault::NotOwner { path: path.to_owned(), owner, user });
    }
    let names = std::fs::read_dir(path).map_err(io)?.map(|entry| entry.map(|entry| entry.file_name()));
    let names = names.collect::<Result<Vec<_>, _>>().map_err(io)?;
    if names.iter().any(|name| name == STORE) {
        return Ok(());
    }
    if !names.is_empty() && !names.iter().any(|name| name == LOCK) {
        return Err(FolderFault::Foreign { path: path.to_owned() });
    }
    if expect == Expect::Any {
        return Err(FolderFault::NoCity { path: path.to_owned() });
    }
    Ok(())
}

fn lock(path: &Path) -> Result<File, FolderFault> {
    let io = |cause| FolderFault::Io { path: path.to_owned(), cause };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut lock = options.open(path.join(LOCK)).map_err(io)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(FolderFault::Locked { path: path.to_owned(), owner: owner(&mut lock) });
        }
        Err(TryLockError::Error(cause)) => return Err(io(cause)),
    }
    note_owner(&mut lock).map_err(io)?;
    Ok(lock)
}

fn owner(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(MAX_OWNER_BYTES).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn note_owner(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn by(owner: &Option<u32>) -> String {
    owner.map_or_else(String::new, |process| format!(" (process {process})"))
}
