//! The file itself: rows, the log beside them, and snapshots. The only file that names the storage engine.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use minicbor::{Decode, Encode};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{ReadOnlyTable, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};

use crate::base::fault::FaultKind;
use crate::base::{Fault, Timestamp};
use crate::store::ground::{Ground, OnGround};
use crate::store::log::Batch;
use crate::store::overlay::{Pairs, Stretch};
use crate::store::shield::{Failure, Shield};
use crate::store::{Read, Row};

mod mend;

pub(in crate::store) use mend::Mended;

/// All tables and indexes lie in one tree, told apart by the number in front of the key: a commit that touches ten of
/// them then writes the path from one root, not from ten.
const ROWS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("rows");
const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");

/// How patiently the file is locked: a program that this process starts meanwhile has all that we had open, and with
/// it a lock that we have just let go of, until it runs its own.
const LOCK_TRIES: u32 = 50;
const BETWEEN_LOCKS: std::time::Duration = std::time::Duration::from_millis(10);

/// Where the [`Head`] lies; tables are numbered from 1.
const HEAD_KEY: &[u8] = &[0, 0];
/// An effect under this key raises the schema in the head; no row ever lies here.
pub(in crate::store) const SCHEMA_KEY: &[u8] = &[0, 0, 1];
const FIRST_NUMBER: u16 = 1;

/// Batches that one turn of trimming forgets at most, and after how many bytes of them it stops.
const TRIM_BATCHES: usize = 512;
const TRIM_BYTES: usize = 16 << 20;

/// What kind of city a store holds: `serve` refuses a demo's, and the test provider exists only there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Origin {
    #[n(0)]
    Real,
    #[n(1)]
    Demo,
}

/// Who the store is and how far it has come; written with every commit.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// Random, new with every restore: tills, projections and webhooks know by it that the past has changed.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub store_id: [u8; 16],
    #[n(1)]
    pub schema: u32,
    #[n(2)]
    pub epoch: u64,
    /// Number of the last commit; gap-free from 1.
    #[n(3)]
    pub seq: u64,
    /// Time of the last commit.
    #[n(4)]
    pub at: Timestamp,
    #[n(5)]
    pub origin: Origin,
}

/// Where a store lies.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    File(&'a Path),
    /// For tests and rehearsals: gone when dropped.
    Memory,
    /// For harnesses that cut the power and let calls fail.
    Ground(&'a Arc<dyn Ground>),
}

impl Place<'_> {
    pub(in crate::store) fn folder(&self) -> Option<std::path::PathBuf> {
        match self {
            Place::File(path) => path.parent().map(ToOwned::to_owned),
            Place::Memory | Place::Ground(_) => None,
        }
    }
}

pub struct Disk {
    /// What commits go to; another one after a failure.
    writing: Mutex<Generation>,
    /// What readers see: the last commit that is durable, and nothing later. `None` if the file is new.
    view: RwLock<Option<Arc<View>>>,
    /// What failed, until the file was opened anew.
    failed: RwLock<Option<Failure>>,
    failures: AtomicU64,
    opener: Opener,
    cache_bytes: usize,
    /// Dropped last: until then nobody else opens the file.
    _lock: Option<std::fs::File>,
}

/// Opens what the engine writes to: at the start, and again after it has failed.
pub(in crate::store) type Opener = Box<dyn Fn() -> std::io::Result<Box<dyn StorageBackend>> + Send + Sync>;

/// One opening of the file, from the start or from a failure to the next failure.
struct Generation {
    database: redb::Database,
    shield: Shield,
    /// Held by all who read from it.
    readers: Arc<()>,
}

impl Disk {
    /// Opens the file, or makes it.
    pub fn open(place: Place<'_>, cache_bytes: usize) -> Result<Disk, Fault> {
        let path = match place {
            Place::File(path) => path,
            Place::Ground(ground) => {
                let ground = ground.clone();
                let opener = move || Ok(Box::new(OnGround(ground.clone())) as Box<dyn StorageBackend>);
                return Disk::over(Box::new(opener), cache_bytes, None);
            }
            Place::Memory => {
                let memory: Mutex<Option<Box<dyn StorageBackend>>> = Mutex::new(Some(Box::new(InMemoryBackend::new())));
                let once = move || locked(&memory).take().ok_or_else(|| std::io::Error::other("memory opens once"));
                return Disk::over(Box::new(once), cache_bytes, None);
            }
        };
        make_if_missing(path)?;
        let lock = lock(path)?;
        // The engine would make a new store of it.
        if lock.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            return Err(Fault::corrupt("opening the store", "the file is empty"));
        }
        let path = path.to_owned();
        let opener = move || {
            let file = std::fs::OpenOptions::new().read(true).write(true).open(&path)?;
            let backend = FileBackend::new(file).map_err(std::io::Error::other)?;
            Ok(Box::new(backend) as Box<dyn StorageBackend>)
        };
        Disk::over(Box::new(opener), cache_bytes, Some(lock))
    }

    /// Opens what the opener gives. It must be the same thing each time.
    pub(in crate::store) fn over(
        opener: Opener,
        cache_bytes: usize,
        lock: Option<std::fs::File>,
    ) -> Result<Disk, Fault> {
        let at = "opening the store";
        let file = opener().map_err(|error| io_fault(at, error))?;
        let generation = Generation::new(Shield::passing(file), cache_bytes)?;
        if let Some(failure) = generation.shield.failure() {
            return Err(failure.later());
        }
        let view = generation.view()?;
        Ok(Disk {
            writing: Mutex::new(generation),
            view: RwLock::new(view),
            failed: RwLock::new(None),
            failures: AtomicU64::new(0),
            opener,
            cache_bytes,
            _lock: lock,
        })
    }

    /// Who the store in a file is that is not open, without changing a byte of it.
    pub fn peek(path: &Path, cache_bytes: usize) -> Result<Option<Head>, Fault> {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(cache_bytes);
        patiently(|| match builder.open_read_only(path) {
            Ok(database) => head_of(&database),
            // It was broken off in a way that is to be mended before anything can be read.
            Err(redb::DatabaseError::RepairAborted) => Disk::open(Place::File(path), cache_bytes)?.head(),
            Err(error) => Err(fault("opening the store", error)),
        })
    }

    /// Who the store is; `None` if the file is new.
    pub fn head(&self) -> Result<Option<Head>, Fault> {
        Ok(self.view().map(|view| view.head.clone()))
    }

    /// Writes a head and rows as they are, outside the log: for a new store, and for a restore.
    pub fn seed(
        &self,
        head: &Head,
        rows: &mut dyn Iterator<Item = Result<(Vec<u8>, Vec<u8>), Fault>>,
    ) -> Result<(), Fault> {
        let at = "writing the store";
        self.commit(at, |write| {
            let mut table = write.open_table(ROWS).map_err(|error| fault(at, error))?;
            for row in rows {
                let (key, value) = row?;
                table.insert(&key[..], &value[..]).map_err(|error| fault(at, error))?;
            }
            table.insert(HEAD_KEY, &head.to_row()[..]).map_err(|error| fault(at, error))?;
            write.open_table(LOG).map_err(|error| fault(at, error))?;
            Ok(())
        })
    }

    /// Appends the batch to the log and applies it, in one durable transaction. After `Unsettled`, [`Disk::has`] tells
    /// whether it is durable, once the disk is well again; after any other fault it is not, and never will be.
    pub fn apply(&self, batch: &Batch) -> Result<(), Fault> {
        let at = "committing";
        self.commit(at, |write| {
            let mut rows = write.open_table(ROWS).map_err(|error| fault(at, error))?;
            let head = read_head(&rows)?.ok_or_else(no_head)?;
            if batch.seq != head.seq + 1 {
                return Err(Fault::bug("the change log", format!("{} can't follow {}", batch.seq, head.seq)));
            }
            let mut new = Head { seq: batch.seq, epoch: batch.epoch, at: batch.at, ..head };
            for effect in &batch.effects {
                match &effect.value {
                    Some(value) if effect.key == SCHEMA_KEY => {
                        new.schema = u32::from_row(value)?;
                        continue;
                    }
                    Some(value) => rows.insert(&effect.key[..], &value[..]),
                    None => rows.remove(&effect.key[..]),
                }
                .map_err(|error| fault(at, error))?;
            }
            rows.insert(HEAD_KEY, &new.to_row()[..]).map_err(|error| fault(at, error))?;
            let mut log = write.open_table(LOG).map_err(|error| fault(at, error))?;
            log.insert(batch.seq, &batch.to_row()[..]).map_err(|error| fault(at, error))?;
            Ok(())
        })
    }

    pub fn snapshot(&self) -> Result<Snapshot, Fault> {
        self.view().map(Snapshot).ok_or_else(no_head)
    }

    /// Batches after `seq`, oldest first, at most `limit`.
    pub fn batches_after(&self, seq: u64, limit: usize) -> Result<Vec<Batch>, Fault> {
        let at = "reading the change log";
        let view = self.view().ok_or_else(no_head)?;
        let range = view.log.range(seq.saturating_add(1)..).map_err(|error| fault(at, error))?;
        let decode = |row: Result<(redb::AccessGuard<'_, u64>, redb::AccessGuard<'_, &[u8]>), _>| {
            let (_, value) = row.map_err(|error| fault(at, error))?;
            Batch::from_row(value.value())
        };
        range.take(limit).map(decode).collect()
    }

    fn view(&self) -> Option<Arc<View>> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, view: Option<Arc<View>>) {
        let before = std::mem::replace(&mut *self.view.write().unwrap_or_else(PoisonError::into_inner), view);
        drop(before);
    }

    /// Forgets the oldest batches as long as they may go, by their seq and time; a bounded number at once. Answers how
    /// many are gone.
    pub fn trim(&self, may_go: impl Fn(u64, Timestamp) -> bool) -> Result<u64, Fault> {
        let at = "trimming the change log";
        let Some((first, last)) = self.oldest(may_go)? else { return Ok(0) };
        self.commit(at, |write| {
            let mut log = write.open_table(LOG).map_err(|error| fault(at, error))?;
            log.retain_in(first..=last, |_, _| false).map_err(|error| fault(at, error))
        })?;
        Ok(last - first + 1)
    }

    /// The first and the last of the oldest batches that may go; found without holding up the writer.
    fn oldest(&self, may_go: impl Fn(u64, Timestamp) -> bool) -> Result<Option<(u64, u64)>, Fault> {
        let at = "reading the change log";
        let view = self.view().ok_or_else(no_head)?;
        let (mut found, mut bytes) = (None, 0);
        for row in view.log.range::<u64>(..).map_err(|error| fault(at, error))?.take(TRIM_BATCHES) {
            let (seq, batch) = row.map_err(|error| fault(at, error))?;
            let (seq, batch) = (seq.value(), batch.value());
            if bytes > TRIM_BYTES || !may_go(seq, Batch::time_of(batch)?) {
                break;
            }
            bytes += batch.len();
            found = Some((found.map_or(seq, |(first, _)| first), seq));
        }
        Ok(found)
    }

    /// Moves what is in use to the front of the file and cuts it off behind. Whatever breaks off meanwhile, the rows
    /// are as they were.
    pub fn compact(&mut self) -> Result<(), Fault> {
        // The engine moves no page that somebody reads.
        self.publish(None);
        let mut generation = locked(&self.writing);
        let compacted = generation.database.compact();
        compacted.map_err(|error| fault("compacting the store", redb::Error::from(error)))?;
        let view = generation.view()?;
        drop(generation);
        self.publish(view);
        Ok(())
    }

    /// One durable transaction, which readers see once it is durable.
    fn commit(
        &self,
        at: &str,
        changes: impl FnOnce(&redb::WriteTransaction) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.check_well()?;
        let generation = locked(&self.writing);
        generation.shield.begin();
        let committed = generation.commit(at, changes);
        // Whatever the engine believes: after a failure it was told so by us.
        if let Some(failure) = generation.shield.failure() {
            let fault = failure.fault(at);
            self.set_failed(Some(failure));
            return Err(fault);
        }
        committed?;
        generation.shield.begin();
        self.publish(generation.view()?);
        Ok(())
    }
}

impl Generation {
    fn new(shield: Shield, cache_bytes: usize) -> Result<Generation, Fault> {
        let at = "opening the store";
        let mut builder = redb::Builder::new();
        builder.set_cache_size(cache_bytes);
        let database = builder.create_with_backend(shield.clone()).map_err(|error| fault(at, error))?;
        Ok(Generation { database, shield, readers: Arc::default() })
    }

    fn commit(
        &self,
        at: &str,
        changes: impl FnOnce(&redb::WriteTransaction) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut write = self.database.begin_write().map_err(|error| fault(at, error))?;
        // Two fsyncs a commit, and in exchange a crash costs milliseconds at the next start instead of a full repair.
        write.set_quick_repair(true);
        changes(&write)?;
        write.commit().map_err(|error| fault(at, error))
    }

    /// The last commit; `None` if there is none yet.
    fn view(&self) -> Result<Option<Arc<View>>, Fault> {
        let at = "reading the store";
        let read = self.database.begin_read().map_err(|error| fault(at, error))?;
        let rows = match read.open_table(ROWS) {
            Ok(rows) => rows,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(fault(at, error)),
        };
        let head = read_head(&rows)?.ok_or_else(no_head)?;
        let log = read.open_table(LOG).map_err(|error| fault(at, error))?;
        Ok(Some(Arc::new(View { rows, log, head, _reader: self.readers.clone() })))
    }
}

type Guards = (redb::AccessGuard<'static, &'static [u8]>, redb::AccessGuard<'static, &'static [u8]>);

/// Whether a row or an index entry may lie under this key.
pub(crate) fn is_row_key(key: &[u8]) -> bool {
    key.split_first_chunk::<2>().is_some_and(|(number, _)| u16::from_be_bytes(*number) >= FIRST_NUMBER)
}

/// Makes the file under another name first: a crash meanwhile leaves none, rather than one that nobody can open.
fn make_if_missing(path: &Path) -> Result<(), Fault> {
    if path.exists() {
        return Ok(());
    }
    let at = "making the store";
    let unfinished = path.with_added_extension("new");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Fault::io(at, error)),
        _ => {}
    }
    let made = redb::Builder::new().create(&unfinished).map_err(|error| fault(at, error))?;
    drop(made);
    std::fs::rename(&unfinished, path).map_err(|error| Fault::io(at, error))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Fault::io(at, error))
}

/// Whoever has the file open holds this; the engine's own lock would be in the way when it is opened anew.
fn lock(path: &Path) -> Result<std::fs::File, Fault> {
    let at = "opening the store";
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).map_err(|error| io_fault(at, error))?;
    patiently(|| match file.try_lock() {
        Ok(()) => Ok(()),
        Err(std::fs::TryLockError::WouldBlock) => Err(Fault::busy(at, "another process has it open")),
        Err(std::fs::TryLockError::Error(error)) => Err(io_fault(at, error)),
    })?;
    Ok(file)
}

/// Tries again for a while what somebody else has open.
fn patiently<T>(open: impl Fn() -> Result<T, Fault>) -> Result<T, Fault> {
    for _ in 1..LOCK_TRIES {
        match open() {
            Err(fault) if fault.kind == FaultKind::Busy => std::thread::sleep(BETWEEN_LOCKS),
            opened => return opened,
        }
    }
    open()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was locked leaves at most an unfinished transaction, which the engine has dropped.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn head_of(database: &impl ReadableDatabase) -> Result<Option<Head>, Fault> {
    let read = database.begin_read().map_err(|error| fault("reading the store", error))?;
    let rows = match read.open_table(ROWS) {
        Ok(rows) => rows,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(fault("reading the store", error)),
    };
    read_head(&rows).and_then(|head| head.ok_or_else(no_head)).map(Some)
}

fn no_head() -> Fault {
    Fault::corrupt("the store", "it has rows but no head")
}

fn read_head(rows: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<Option<Head>, Fault> {
    let found = rows.get(HEAD_KEY).map_err(|error| fault("reading the store's head", error))?;
    found.map(|bytes| Head::from_row(bytes.value())).transpose()
}

/// One commit, to be read from.
struct View {
    rows: ReadOnlyTable<&'static [u8], &'static [u8]>,
    log: ReadOnlyTable<u64, &'static [u8]>,
    head: Head,
    _reader: Arc<()>,
}

/// The store as of one commit; it stays so however long it is held. Never held across an await.
pub struct Snapshot(Arc<View>);

impl Snapshot {
    pub fn head(&self) -> &Head {
        &self.0.head
    }

    /// Number of the commit that this snapshot shows.
    pub fn seq(&self) -> u64 {
        self.0.head.seq
    }

    /// Every row and index entry, for backups and checks.
    pub fn all_rows(&self) -> Result<Pairs<'_>, Fault> {
        self.scan_bytes(Stretch { from: FIRST_NUMBER.to_be_bytes().to_vec(), to: None, reversed: false })
    }
}

impl Read for Snapshot {
    fn get_bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.0.rows.get(key).map_err(|error| fault("reading a row", error))?;
        Ok(found.map(|value| value.value().to_vec()))
    }

    fn scan_bytes(&self, stretch: Stretch) -> Result<Pairs<'_>, Fault> {
        let range = self.0.rows.range::<&[u8]>(stretch.bounds()).map_err(|error| fault("reading rows", error))?;
        let owned = |row: Result<Guards, _>| {
            let (key, value) = row.map_err(|error| fault("reading rows", error))?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        };
        Ok(if stretch.reversed { Box::new(range.rev().map(owned)) } else { Box::new(range.map(owned)) })
    }
}

impl std::ops::Deref for Snapshot {
    type Target = dyn Read;

    fn deref(&self) -> &(dyn Read + 'static) {
        self
    }
}

/// The engine's error as ours, with what the operator can do about it.
#[expect(clippy::wildcard_enum_match_arm, reason = "most errors of the engine mean one thing to us: the disk failed")]
fn fault(what: &str, error: impl Into<redb::Error>) -> Fault {
    match error.into() {
        redb::Error::Io(error) => io_fault(what, error),
        redb::Error::Corrupted(cause) => Fault::corrupt(what, cause),
        redb::Error::DatabaseAlreadyOpen => Fault::busy(what, "another process has it open"),
        other => Fault::io(what, other),
    }
}

fn io_fault(what: &str, error: std::io::Error) -> Fault {
    Fault::new(FaultKind::of_disk(error.kind()), what, error)
}
