//! The data folder: made if it is missing, locked by the one process that owns it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::cli::{Exit, Failure};

const STORE: &str = "city.redb";
const LOCK: &str = "lock";

/// A data folder that this process owns until it is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder, making it if need be.
    pub fn take(path: &Path) -> Result<Folder, Failure> {
        let fault = |cause: &dyn std::fmt::Display| Failure::io(format!("data folder {}: {cause}", path.display()));
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(path).map_err(|error| fault(&error))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut lock = options.open(path.join(LOCK)).map_err(|error| fault(&error))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(taken(path, &mut lock));
        }
        note_owner(&mut lock).map_err(|error| fault(&error))?;
        Ok(Folder { path: path.to_owned(), _lock: lock })
    }

    pub fn store_file(&self) -> PathBuf {
        self.path.join(STORE)
    }

    /// Whether a city lives here already.
    pub fn has_city(&self) -> bool {
        self.store_file().exists()
    }

    /// Whether there is something here that no city made.
    pub fn has_foreign_files(&self) -> Result<bool, Failure> {
        let entries = std::fs::read_dir(&self.path).map_err(|error| Failure::io(error.to_string()))?;
        Ok(!self.has_city() && entries.flatten().any(|entry| entry.file_name() != LOCK))
    }

    /// Removes the city and all that belongs to it, and nothing else.
    pub fn clear(&self) -> Result<(), Failure> {
        for name in [STORE, "index", "media", "keys"] {
            let path = self.path.join(name);
            let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::io(format!("{}: {error}", path.display())));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn taken(path: &Path, lock: &mut File) -> Failure {
    let mut owner = String::new();
    let _ = lock.take(20).read_to_string(&mut owner);
    let owner = owner.trim();
    let who = if owner.is_empty() { String::new() } else { format!(" (process {owner})") };
    Failure::new(Exit::TryAgain, format!("data folder {} is in use by another Highstreet{who}", path.display()))
}

fn note_owner(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let first = Folder::take(&path).unwrap();
        let second = Folder::take(&path).unwrap_err();
        assert_eq!(second.exit, Exit::TryAgain);
        assert!(second.message.contains(&std::process::id().to_string()), "{second}");
        drop(first);
        assert!(Folder::take(&path).is_ok());
    }

    #[test]
    fn clearing_takes_the_city_and_leaves_what_is_not_ours() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::take(parent.path()).unwrap();
        assert!(!folder.has_foreign_files().unwrap());
        std::fs::write(parent.path().join("letter.txt"), "dear").unwrap();
        assert!(folder.has_foreign_files().unwrap());
        std::fs::write(folder.store_file(), "x").unwrap();
        folder.clear().unwrap();
        assert!(!folder.has_city() && parent.path().join("letter.txt").exists());
    }

    #[test]
    fn a_file_in_the_way_is_said_to_be() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        std::fs::write(&path, "").unwrap();
        assert_eq!(Folder::take(&path).unwrap_err().exit, Exit::Io);
    }
}
