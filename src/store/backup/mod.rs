//! The backup: a city in one file, and a city from it. A tar archive without compression: anybody can look into it.
//!
//! First the rows of one snapshot in blocks (`rows/00000001` ..), then `keys/` and `media/`, last `MANIFEST` with the
//! checksums. `index/` is not in it: it is derived.

pub(in crate::store) mod automatic;
mod manifest;
mod read;
mod write;

use std::io;
use std::path::{Path, PathBuf};

pub use manifest::{Manifest, Part};
pub use read::{restore, verify};
pub use write::{backup, to_new_file};

use crate::base::Fault;

/// The entry that ends a backup.
const MANIFEST: &str = "MANIFEST";
const ROWS: &str = "rows";
const FOLDERS: [&str; 2] = ["keys", "media"];

/// Rows are gathered in blocks of this size; a block ends with the row that reaches it.
const BLOCK_BYTES: usize = 1 << 20;
/// Longest block that is read: one short of its size, and then a row as long as a command may write.
const MAX_BLOCK_BYTES: u64 = 8 << 20;
/// Most files in a backup, and longest manifest.
const MAX_PARTS: usize = 1_000_000;
const MAX_MANIFEST_BYTES: u64 = 256 << 20;
const MAX_CAUSE_CHARS: usize = 200;
/// Folders within folders of `media/`.
const MAX_DEPTH: usize = 8;

/// Why there is no backup, or no city from one.
#[derive(Debug, thiserror::Error)]
pub enum BackupFault {
    #[error("{} exists already: a backup overwrites nothing", .0.display())]
    Exists(PathBuf),
    #[error("{} is being written by another backup", .0.display())]
    Busy(PathBuf),
    #[error("{} is not empty: a city is restored into a folder of its own", .0.display())]
    NotEmpty(PathBuf),
    #[error("this is no Highstreet backup, or it is cut off or damaged: {0}")]
    Damaged(String),
    #[error("this backup was made by a newer Highstreet (schema {found}, this build knows {known}): install that one")]
    Newer { found: u32, known: u32 },
    #[error("{} has {} MiB free, and {} are needed", path.display(), .free >> 20, .needed.div_ceil(1 << 20))]
    NoRoom { path: PathBuf, needed: u64, free: u64 },
    #[error("{}: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl BackupFault {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> BackupFault + '_ {
        |cause| BackupFault::Io { path: path.to_owned(), cause }
    }

    /// The cause may quote the file, which may hold anything: it is shown as one line, without control characters.
    fn damaged(cause: impl std::fmt::Display) -> BackupFault {
        let shown = cause.to_string().chars().take(MAX_CAUSE_CHARS).collect::<String>();
        BackupFault::Damaged(shown.replace(char::is_control, "\u{FFFD}"))
    }
}

/// The header of an entry: everything that is not name and size is always the same.
fn header(name: &str, bytes: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    Ok(header)
}

/// What a backup ends with: the manifest and the end of the archive, byte for byte.
fn tail(manifest: &[u8]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header(MANIFEST, manifest.len() as u64)?, manifest)?;
    archive.into_inner()
}

fn block_name(number: usize) -> String {
    format!("{ROWS}/{number:08}")
}

/// Whether it names a file in `keys/` or `media/` and can't lead out of them.
fn is_file_name(name: &str) -> bool {
    let mut steps = name.split('/');
    let is_ours = steps.next().is_some_and(|first| FOLDERS.contains(&first));
    let is_plain = |step: &str| !step.is_empty() && step != "." && step != ".." && !step.chars().any(char::is_control);
    let below: Vec<&str> = steps.collect();
    is_ours && (1..=MAX_DEPTH).contains(&below.len()) && below.into_iter().all(is_plain)
}

#[cfg(test)]
pub(in crate::store) mod tests {
    //! Backups as a liar makes them: well-formed, with checksums that fit.

    use sha2::{Digest, Sha256};

    use super::manifest::hex;
    use super::{Manifest, Part, tail};
    use crate::store::Head;

    pub(in crate::store) fn forge(
        entries: &[(&str, &[u8])],
        head: &Head,
        change: impl FnOnce(&mut Manifest),
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut parts = Vec::new();
        for (name, content) in entries {
            let mut header = super::header("x", content.len() as u64).unwrap();
            // Past the checks of the library, which would refuse such a path.
            let field = &mut header.as_old_mut().name;
            field.fill(0);
            field[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
            let sha256 = hex(&Sha256::digest(content));
            parts.push(Part { name: (*name).to_owned(), bytes: content.len() as u64, sha256 });
        }
        let mut manifest = Manifest::new(head, 0, hex(&Sha256::digest(&bytes)), parts);
        change(&mut manifest);
        bytes.extend(tail(&manifest.to_bytes().unwrap()).unwrap());
        bytes
    }
}
