//! Backups that nobody asked for: written into the data folder before the city grows to a newer schema, the last few
//! kept.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{BackupFault, FOLDERS, backup, to_new_file, verify};
use crate::store::{Folder, Snapshot};

/// How many are kept; an older one makes room for a newer one.
const KEPT: usize = 3;
const PREFIX: &str = "before-schema-";
const SUFFIX: &str = ".backup";
/// What is to stay free beside the backup, for the growth itself.
const RESERVE_BYTES: u64 = 32 << 20;

/// Writes the backup of a city that is about to grow, and answers where it lies. One of the same commit that is whole
/// serves as well.
pub(in crate::store) fn before(snapshot: &Snapshot, folder: &Folder, to: u32) -> Result<PathBuf, BackupFault> {
    let backups = folder.backups();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&backups).map_err(BackupFault::io(&backups))?;
    let path = backups.join(format!("{PREFIX}{to:04}-at-commit-{:012}{SUFFIX}", snapshot.seq()));
    if verify(&path).is_ok() {
        return Ok(path);
    }
    refuse_without_room(folder, &backups)?;
    remove(&path)?;
    to_new_file(&path, |out, partial| {
        backup(snapshot, folder.path(), &mut *out)?;
        out.flush().map_err(BackupFault::io(partial))?;
        // Read once more from the disk: a backup that can't be restored is none.
        verify(partial)
    })?;
    prune(&backups)?;
    Ok(path)
}

/// A backup is hardly longer than what it is made from.
fn refuse_without_room(folder: &Folder, backups: &Path) -> Result<(), BackupFault> {
    let store = std::fs::metadata(folder.store_file()).map_err(BackupFault::io(&folder.store_file()))?.len();
    let mut needed = store.saturating_add(RESERVE_BYTES);
    for inner in FOLDERS {
        needed = needed.saturating_add(bytes_in(&folder.path().join(inner))?);
    }
    let room = rustix::fs::statvfs(backups).map_err(|error| BackupFault::io(backups)(error.into()))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < needed {
        return Err(BackupFault::NoRoom { path: backups.to_owned(), needed, free });
    }
    Ok(())
}

fn bytes_in(folder: &Path) -> Result<u64, BackupFault> {
    let listed = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        listed => listed.map_err(BackupFault::io(folder))?,
    };
    let mut bytes = 0_u64;
    for entry in listed {
        let path = entry.map_err(BackupFault::io(folder))?.path();
        let found = path.symlink_metadata().map_err(BackupFault::io(&path))?;
        bytes = bytes.saturating_add(if found.is_dir() { bytes_in(&path)? } else { found.len() });
    }
    Ok(bytes)
}

/// Removes the oldest of ours beyond the number that is kept. Their names are in the order of their making.
fn prune(backups: &Path) -> Result<(), BackupFault> {
    let listed = std::fs::read_dir(backups).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let names =
        listed.map_err(BackupFault::io(backups))?.into_iter().filter_map(|entry| entry.file_name().into_string().ok());
    let (mut ours, broken_off): (Vec<String>, Vec<String>) =
        names.filter(|name| name.starts_with(PREFIX)).partition(|name| name.ends_with(SUFFIX));
    ours.sort_unstable();
    ours.truncate(ours.len().saturating_sub(KEPT));
    ours.iter().chain(&broken_off).try_for_each(|name| remove(&backups.join(name)))
}

fn remove(path: &Path) -> Result<(), BackupFault> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackupFault::io(path)(error)),
        _ => Ok(()),
    }
}
