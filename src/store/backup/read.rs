//! Reading a backup: everything is verified before anything appears, and what fails half-way leaves nothing behind.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::write::Hashing;
use super::{
    BackupFault, FOLDERS, MANIFEST, MAX_BLOCK_BYTES, MAX_MANIFEST_BYTES, MAX_PARTS, Manifest, Part, ROWS, block_name,
    is_file_name, tail,
};
use crate::base::{Chance, Fault};
use crate::store::disk::{Disk, Place, is_row_key};
use crate::store::{Head, Pair};

/// Where a city grows until it is whole; the folder that holds only this has no city.
const UNFINISHED: &str = ".restoring";
const STORE: &str = "city.redb";
/// Memory for making the store.
const CACHE_BYTES: usize = 64 << 20;

/// Whether the file is a whole and undamaged backup, and of what.
pub fn verify(path: &Path) -> Result<Manifest, BackupFault> {
    let file = File::open(path).map_err(BackupFault::io(path))?;
    inspect(&file)
}

/// Makes a city from a backup in a folder that is empty or missing. It is another store than the one that the backup
/// is of: it has its own id, and a later epoch.
pub fn restore(path: &Path, folder: &Path, schema: u32) -> Result<Head, BackupFault> {
    let file = File::open(path).map_err(BackupFault::io(path))?;
    let manifest = inspect(&file)?;
    if manifest.schema > schema {
        return Err(BackupFault::Newer { found: manifest.schema, known: schema });
    }
    let was_there = is_there_and_empty(folder)?;
    let made = make(folder)
        .and_then(|()| make(&folder.join(UNFINISHED)))
        .and_then(|()| fill(&file, &manifest, &folder.join(UNFINISHED)))
        .and_then(|head| move_up(folder).map(|()| head));
    if made.is_err() {
        clear(folder, was_there);
    }
    made
}

fn inspect(mut file: &File) -> Result<Manifest, BackupFault> {
    let (names, start, content) = entries(file)?;
    let manifest = Manifest::from_bytes(&content)?;
    let end = tail(&content).map_err(BackupFault::damaged)?;
    let mut found = Vec::with_capacity(end.len());
    file.seek(SeekFrom::Start(start)).map_err(BackupFault::damaged)?;
    file.take(end.len() as u64 + 1).read_to_end(&mut found).map_err(BackupFault::damaged)?;
    if found != end {
        return Err(BackupFault::damaged("it does not end as it should"));
    }
    file.rewind().map_err(BackupFault::damaged)?;
    let mut body = Hashing::new(file.take(start));
    io::copy(&mut body, &mut io::sink()).map_err(BackupFault::damaged)?;
    if body.checksum() != manifest.sha256 {
        return Err(BackupFault::damaged("it does not fit its checksum"));
    }
    check_parts(&manifest.parts, &names)?;
    Ok(manifest)
}

type Named = Vec<(String, u64)>;

/// Names and sizes before the manifest, where the manifest starts, and what it says.
fn entries(file: &File) -> Result<(Named, u64, Vec<u8>), BackupFault> {
    let mut archive = tar::Archive::new(file);
    let mut names = Named::new();
    // Raw: extensions of the format, such as long names, links and sparse files, are entries that we do not write.
    for entry in archive.entries_with_seek().map_err(BackupFault::damaged)?.raw(true) {
        let mut entry = entry.map_err(BackupFault::damaged)?;
        let name = String::from_utf8(entry.path_bytes().into_owned()).map_err(BackupFault::damaged)?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(BackupFault::damaged(format!("{name:?} is no plain file")));
        }
        if name != MANIFEST {
            names.push((name, entry.size()));
            if names.len() > MAX_PARTS {
                return Err(BackupFault::damaged("it has too many files"));
            }
            continue;
        }
        let mut content = Vec::new();
        entry.by_ref().take(MAX_MANIFEST_BYTES).read_to_end(&mut content).map_err(BackupFault::damaged)?;
        return Ok((names, entry.raw_header_position(), content));
    }
    Err(BackupFault::damaged("it has no manifest"))
}

/// The parts are what is there, in that order: blocks of rows, then files, each once.
fn check_parts(parts: &[Part], names: &Named) -> Result<(), BackupFault> {
    let is_same = parts.len() == names.len()
        && parts.iter().zip(names).all(|(part, (name, bytes))| part.name == *name && part.bytes == *bytes);
    if !is_same {
        return Err(BackupFault::damaged("it does not have what its manifest names"));
    }
    let blocks = parts.iter().take_while(|part| is_block(part)).count();
    for (number, block) in (1..).zip(&parts[..blocks]) {
        if block.name != block_name(number) || block.bytes > MAX_BLOCK_BYTES {
            return Err(BackupFault::damaged(format!("{} is not in its place, or too long", block.name)));
        }
    }
    let files = &parts[blocks..];
    let names: HashSet<&str> = files.iter().map(|file| &file.name[..]).collect();
    let is_also_a_folder = |name: &str| name.match_indices('/').any(|(at, _)| names.contains(&name[..at]));
    match files.iter().find(|file| !is_file_name(&file.name) || is_also_a_folder(&file.name)) {
        Some(strange) => Err(BackupFault::damaged(format!("{:?} does not belong into a backup", strange.name))),
        None if names.len() < files.len() => Err(BackupFault::damaged("it has a file twice")),
        None => Ok(()),
    }
}

fn is_block(part: &Part) -> bool {
    part.name.strip_prefix(ROWS).is_some_and(|rest| rest.starts_with('/'))
}

fn is_there_and_empty(folder: &Path) -> Result<bool, BackupFault> {
    match std::fs::read_dir(folder).map(|mut inside| inside.next().is_none()) {
        Ok(true) => Ok(true),
        Ok(false) => Err(BackupFault::NotEmpty(folder.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(BackupFault::io(folder)(error)),
    }
}

fn make(folder: &Path) -> Result<(), BackupFault> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(BackupFault::io(folder))
}

fn fill(mut file: &File, manifest: &Manifest, into: &Path) -> Result<Head, BackupFault> {
    file.rewind().map_err(BackupFault::damaged)?;
    let mut archive = tar::Archive::new(io::BufReader::with_capacity(1 << 18, file));
    let mut entries = archive.entries().map_err(BackupFault::damaged)?.raw(true);
    let (blocks, files) = manifest.parts.split_at(manifest.parts.iter().take_while(|part| is_block(part)).count());
    let head = manifest.successor(Chance::from_system()?.bytes())?;
    let mut rows =
        Rows { entries: &mut entries, blocks: blocks.iter(), block: Vec::new(), at: 0, last: None, count: 0 };
    let disk = Disk::open(Place::File(&into.join(STORE)), CACHE_BYTES)?;
    disk.seed(&head, &mut rows)?;
    drop(disk);
    if rows.count != manifest.rows {
        return Err(BackupFault::damaged("it does not have as many rows as its manifest says"));
    }
    for inner in FOLDERS {
        make(&into.join(inner))?;
    }
    for file in files {
        write_file(&mut entries, file, into)?;
    }
    Ok(head)
}

/// The rows of the blocks, in order. A disorder that the checksums do not show is the work of whoever made the file.
struct Rows<'a, 'b, R: Read> {
    entries: &'a mut tar::Entries<'b, R>,
    blocks: std::slice::Iter<'a, Part>,
    block: Vec<u8>,
    at: usize,
    last: Option<Vec<u8>>,
    count: u64,
}

impl<R: Read> Rows<'_, '_, R> {
    /// `None` after the last block.
    fn next_block(&mut self) -> Option<Result<(), Fault>> {
        let part = self.blocks.next()?;
        self.block.clear();
        self.at = 0;
        Some(copy(self.entries, part, &mut self.block).map_err(|error| Fault::corrupt("the backup", error)))
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        let (length, rest) = self.block.get(self.at..)?.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let taken = rest.get(..length)?.to_vec();
        self.at += 4 + length;
        Some(taken)
    }

    fn row(&mut self) -> Result<Pair, Fault> {
        let wrong = || Fault::corrupt("the backup", "its rows can't be read");
        let (key, value) = self.take().zip(self.take()).ok_or_else(wrong)?;
        if !is_row_key(&key) || self.last.as_ref().is_some_and(|last| *last >= key) {
            return Err(wrong());
        }
        self.last = Some(key.clone());
        self.count += 1;
        Ok((key, value))
    }
}

impl<R: Read> Iterator for Rows<'_, '_, R> {
    type Item = Result<Pair, Fault>;

    fn next(&mut self) -> Option<Result<Pair, Fault>> {
        while self.at == self.block.len() {
            if let Err(fault) = self.next_block()? {
                return Some(Err(fault));
            }
        }
        Some(self.row())
    }
}

/// Copies the next entry, which must be this part.
fn copy<R: Read>(entries: &mut tar::Entries<'_, R>, part: &Part, mut out: impl Write) -> Result<(), BackupFault> {
    let entry = entries.next().ok_or_else(|| BackupFault::damaged("it ends too soon"))?;
    let mut entry = Hashing::new(entry.map_err(BackupFault::damaged)?);
    io::copy(&mut entry, &mut out).map_err(BackupFault::io(Path::new(&part.name)))?;
    if entry.bytes != part.bytes || entry.checksum() != part.sha256 {
        return Err(BackupFault::damaged(format!("{} does not fit its checksum", part.name)));
    }
    Ok(())
}

fn write_file<R: Read>(entries: &mut tar::Entries<'_, R>, part: &Part, into: &Path) -> Result<(), BackupFault> {
    let path = into.join(&part.name);
    path.parent().map_or(Ok(()), make)?;
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = opened.map_err(BackupFault::io(&path))?;
    copy(entries, part, &mut file)?;
    file.sync_all().map_err(BackupFault::io(&path))
}

/// The store comes last: until then nothing takes the folder for a city.
fn move_up(folder: &Path) -> Result<(), BackupFault> {
    let unfinished = folder.join(UNFINISHED);
    for name in FOLDERS {
        sync_folders(&unfinished.join(name))?;
    }
    for name in FOLDERS.into_iter().chain([STORE]) {
        std::fs::rename(unfinished.join(name), folder.join(name)).map_err(BackupFault::io(folder))?;
    }
    std::fs::remove_dir(&unfinished).map_err(BackupFault::io(folder))?;
    sync(folder)?;
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync)
}

fn sync_folders(folder: &Path) -> Result<(), BackupFault> {
    for entry in std::fs::read_dir(folder).map_err(BackupFault::io(folder))? {
        let path = entry.map_err(BackupFault::io(folder))?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), BackupFault> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupFault::io(folder))
}

/// Leaves the folder as it was found: empty, or not there. What can't be removed is no city, and the fault is told.
fn clear(folder: &Path, was_there: bool) {
    for name in FOLDERS.into_iter().chain([UNFINISHED]) {
        let _ = std::fs::remove_dir_all(folder.join(name));
    }
    let _ = std::fs::remove_file(folder.join(STORE));
    if !was_there {
        let _ = std::fs::remove_dir(folder);
    }
}
