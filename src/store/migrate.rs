//! Growth of the schema: ordered migrations, each a series of small commands that goes on where a crash broke it off.
//!
//! Until its last commit, which raises the schema in the store's head, a migration only adds, and under numbers that no
//! earlier build knows: so a build of the schema before opens a store whose migration was broken off. If that build has
//! written meanwhile, the migration begins anew.

use std::convert::Infallible;
use std::path::PathBuf;

use minicbor::{Decode, Encode};

use crate::base::Fault;
use crate::store::backup::{BackupFault, automatic};
use crate::store::key::successor;
use crate::store::{Folder, IndexOf, Key, Outcome, Read, Row, Snapshot, Span, Stop, Store, Stretch, Table, Tx};

/// Rows that one command goes through.
const ROWS_AT_ONCE: usize = 1000;

/// How the store comes to one schema from the one before; listed in `schema.rs`, for ever.
#[derive(Debug)]
pub struct Migration {
    /// The schema that the store has afterwards.
    pub number: u32,
    /// What is new.
    pub name: &'static str,
    /// Number of the table whose rows it goes through.
    pub through: u16,
    /// Numbers of the tables and indexes that it fills. What a broken run left there is deleted before it begins anew.
    pub fills: &'static [u16],
    pub step: Step,
}

/// Does a bounded part in one transaction, from where the one before ended. It remembers nothing but its cursor.
pub type Step = fn(&mut Tx<'_>, Option<Cursor>) -> Result<Stepped, Fault>;

/// How far a migration is, in its own terms.
pub type Cursor = Vec<u8>;

/// What one step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// Rows gone through.
    pub rows: u64,
    /// Where the next step goes on; `None` if this was the last.
    pub next: Option<Cursor>,
}

/// How far the migration is that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Migrating {
    /// The schema that it leads to.
    #[n(0)]
    pub to: u32,
    /// The commit that this was written with: if there is a later one, somebody else wrote.
    #[n(1)]
    pub seq: u64,
    #[n(2)]
    pub rows: u64,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub cursor: Option<Cursor>,
}

/// Key: nothing. Value: the migration that was begun and has not ended. Written and read here alone.
pub static MIGRATING: Table<(), Migrating> = Table::new(3, "migrating", &[]);

/// What whoever waits is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Growth {
    /// A backup is being written.
    BackingUp,
    /// It lies here.
    BackedUp(PathBuf),
    Migrating {
        to: u32,
        name: &'static str,
        done: u64,
        total: u64,
    },
    /// The store has this schema now.
    Grown(u32),
}

/// Why a store has not come to the schema of this build. It can be opened by the build that it comes from.
#[derive(Debug, thiserror::Error)]
pub enum GrowthFault {
    #[error("no backup could be made before it grows to schema {to}, so nothing was changed: {cause}")]
    Backup { to: u32, cause: BackupFault },
    #[error("it has not grown to schema {to}: {cause}")]
    Fault { to: u32, cause: Fault },
}

/// Brings a city to the last schema of the list. Before the first step a backup is written into its folder; the last
/// few are kept. Nobody else writes meanwhile.
pub fn grow(
    folder: &Folder,
    store: &Store,
    migrations: &[Migration],
    hear: &mut dyn FnMut(Growth),
) -> Result<(), GrowthFault> {
    let Some(to) = migrations.last().map(|last| last.number) else { return Ok(()) };
    let fault = |cause| GrowthFault::Fault { to, cause };
    let snapshot = store.snapshot().map_err(fault)?;
    if snapshot.head().schema >= to {
        return Ok(());
    }
    if going_on(&snapshot).map_err(fault)?.is_none() {
        hear(Growth::BackingUp);
        let made = automatic::before(&snapshot, folder, to).map_err(|cause| GrowthFault::Backup { to, cause })?;
        tracing::info!(backup = %made.display(), "backed up before the data grows to a newer schema");
        hear(Growth::BackedUp(made));
    }
    drop(snapshot);
    migrate(store, migrations, hear).map_err(fault)
}

/// The migration that a commit before has left, if nobody has written since.
fn going_on(snapshot: &Snapshot) -> Result<Option<Migrating>, Fault> {
    Ok(snapshot.get(&MIGRATING, &())?.filter(|begun| begun.seq == snapshot.seq()))
}

/// Runs what the store has not run yet, in order.
pub(in crate::store) fn migrate(
    store: &Store,
    migrations: &[Migration],
    hear: &mut dyn FnMut(Growth),
) -> Result<(), Fault> {
    for (migration, next) in migrations.iter().zip((1..).map(|next| migrations.get(next))) {
        let has = store.snapshot()?.head().schema;
        if migration.number <= has {
            continue;
        }
        if migration.number != has + 1 {
            return Err(Fault::bug("growing", format!("nothing leads from schema {has} to {}", has + 1)));
        }
        run(store, migration, next.map(|next| next.number), hear)?;
        tracing::info!(schema = migration.number, name = migration.name, "the data has grown");
        hear(Growth::Grown(migration.number));
    }
    Ok(())
}

/// Runs a migration to its end. The next one is begun in the same commit, so that one backup serves for all of them.
fn run(store: &Store, migration: &Migration, next: Option<u32>, hear: &mut dyn FnMut(Growth)) -> Result<(), Fault> {
    let (to, name, step) = (migration.number, migration.name, migration.step);
    let total = count(&store.snapshot()?, migration.through)?;
    let mut begun = match going_on(&store.snapshot()?)?.filter(|begun| begun.to == to) {
        Some(begun) => begun,
        None => {
            clear(store, migration.fills)?;
            Migrating { to, seq: 0, rows: 0, cursor: None }
        }
    };
    loop {
        hear(Growth::Migrating { to, name, done: begun.rows, total });
        let seq = store.snapshot()?.seq() + 1;
        let before = begun.clone();
        let after = command(store, move |tx| {
            let stepped = step(tx, before.cursor.clone())?;
            if let Some(cursor) = stepped.next {
                let after = Migrating { to, seq, rows: before.rows + stepped.rows, cursor: Some(cursor) };
                tx.put(&MIGRATING, &(), &after)?;
                return Ok(Some(after));
            }
            match next {
                Some(to) => tx.put(&MIGRATING, &(), &Migrating { to, seq, rows: 0, cursor: None })?,
                None => tx.delete(&MIGRATING, &())?,
            }
            tx.raise_schema(to)?;
            Ok(None)
        })?;
        match after {
            Some(after) => begun = after,
            None => return Ok(()),
        }
    }
}

/// Deletes what lies under these numbers, bit by bit.
fn clear(store: &Store, numbers: &'static [u16]) -> Result<(), Fault> {
    for number in numbers {
        let clear_some = |tx: &mut Tx<'_>| {
            let keys: Vec<_> = tx.scan_bytes(whole(*number))?.take(ROWS_AT_ONCE).collect::<Result<_, Fault>>()?;
            for (key, _) in &keys {
                tx.delete_bytes(key.clone())?;
            }
            Ok(keys.len() == ROWS_AT_ONCE)
        };
        while command(store, clear_some)? {}
    }
    Ok(())
}

fn count(read: &dyn Read, number: u16) -> Result<u64, Fault> {
    read.scan_bytes(whole(number))?.try_fold(0, |count, row| row.map(|_| count + 1))
}

/// All that lies under a number.
fn whole(number: u16) -> Stretch {
    let from = number.to_be_bytes().to_vec();
    Stretch { to: successor(&from), from, reversed: false }
}

/// The step of a migration that fills a new index of a table from the rows that are there.
pub fn index_rows<K: Key, V: Row>(
    tx: &mut Tx<'_>,
    table: &'static Table<K, V>,
    index: &dyn IndexOf<K, V>,
    from: Option<Cursor>,
) -> Result<Stepped, Fault> {
    index_some_rows(tx, table, index, from, ROWS_AT_ONCE)
}

pub(in crate::store) fn index_some_rows<K: Key, V: Row>(
    tx: &mut Tx<'_>,
    table: &'static Table<K, V>,
    index: &dyn IndexOf<K, V>,
    from: Option<Cursor>,
    at_once: usize,
) -> Result<Stepped, Fault> {
    let span = match from {
        Some(last) => Span::all().beyond(&read_key::<K>(&last)?),
        None => Span::all(),
    };
    let rows: Vec<(K, V)> = tx.scan(table, span)?.take(at_once).collect::<Result<_, Fault>>()?;
    let mut next = None;
    let mut done = 0;
    for (key, row) in &rows {
        tx.put_entries(index, key, row)?;
        done += 1;
        if tx.is_half_full() || done == at_once {
            next = Some(key.to_bytes());
            break;
        }
    }
    Ok(Stepped { rows: done as u64, next })
}

fn read_key<K: Key>(bytes: &[u8]) -> Result<K, Fault> {
    let mut rest = bytes;
    let key = K::decode(&mut rest).filter(|_| rest.is_empty());
    key.ok_or_else(|| Fault::corrupt(MIGRATING.name(), "its cursor can't be read"))
}

/// A migration refuses nothing.
fn command<T: Send + 'static>(
    store: &Store,
    work: impl Fn(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let outcome: Outcome<T, Infallible> = store.write_blocking(move |tx| Ok(work(tx)?)).outcome;
    outcome.map_err(|stop| match stop {
        Stop::Fault(fault) => fault,
        Stop::Refuse(never) | Stop::RefuseKeeping(never) => match never {},
    })
}
