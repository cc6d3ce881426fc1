//! The city that every run starts from: founded once, copied as bytes; and how its store is opened on a disk.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use highstreet::app::wiring;
use highstreet::base::{Chance, Clock, Fault, Timestamp};
use highstreet::schema;
use highstreet::store::{Batch, Committed, Committer, Ground, Head, InFile, OpenFault, Options, Origin, Place, Store};

use super::super::model::shop::Shop;
use super::super::town::{START, Town};
use super::ground::{Disk, Honesty};

/// Buyers, units of each offer at first, and the most that an offer is ever given.
const BUYERS: usize = 4;
const CAPACITIES: [u32; 2] = [12, 8];
const LARGEST: u32 = 16;
/// Batches of the log that are read at once.
const BATCHES: usize = 4096;

pub struct City {
    /// Its people and places; each run puts its own store under them.
    pub town: Town,
    pub shop: Shop,
    /// The bytes of its file, closed.
    pub image: Vec<u8>,
    pub seq: u64,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl City {
    pub fn found() -> City {
        let disk = Arc::new(Disk::with(Vec::new(), 0, Honesty::Honest));
        let town = Town::found(open(&disk, 0, 0, Answers::WhenDurable).unwrap());
        let buyers: Vec<_> = (0..BUYERS).map(|number| town.resident(&format!("Buyer{number}"))).collect();
        let shop = Shop::open(&town, &buyers, CAPACITIES, LARGEST);
        let (rows, seq) = (rows(&town), town.read().seq());
        let elsewhere = Arc::new(Disk::with(Vec::new(), 0, Honesty::Honest));
        let bare = town.on(open(&elsewhere, 0, 0, Answers::WhenDurable).unwrap());
        drop(town);
        City { town: bare, shop, image: disk.image(), rows, seq }
    }

    /// The log since the founding must lead from the rows of then to those of now.
    pub fn log_leads_to_rows(&self, town: &Town) -> Result<(), String> {
        let mut expected = self.rows.clone();
        let mut seq = self.seq;
        for batch in town.store.batches_after(self.seq, BATCHES).map_err(|fault| fault.to_string())? {
            if batch.seq != seq + 1 {
                return Err(format!("the log has {} after {seq}", batch.seq));
            }
            seq = batch.seq;
            for effect in batch.effects {
                match effect.value {
                    Some(value) => expected.insert(effect.key, value),
                    None => expected.remove(&effect.key),
                };
            }
        }
        let (rows, head) = (rows(town), town.read().seq());
        match () {
            () if head != seq => Err(format!("the rows are those of commit {head}, the log ends at {seq}")),
            () if rows != expected => Err("the rows are not what the log leads to".to_owned()),
            () => Ok(()),
        }
    }
}

fn rows(town: &Town) -> BTreeMap<Vec<u8>, Vec<u8>> {
    town.read().all_rows().unwrap().map(Result::unwrap).collect()
}

/// When the store answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answers {
    #[default]
    WhenDurable,
    /// Before its commit is durable: what the harness must catch.
    TooEarly,
}

/// Opens the store of a disk, as a new process does, at so many seconds since the opening.
pub fn open(disk: &Arc<Disk>, now: i64, seed: u64, answers: Answers) -> Result<Store, OpenFault> {
    let ground: Arc<dyn Ground> = disk.clone();
    let clock = |last: Timestamp| Clock::standing_at(last.max(START.plus_seconds(now)));
    let options = Options {
        place: Place::Ground(&ground),
        cache_bytes: 1 << 20,
        schema: schema::NUMBER,
        origin: Origin::Demo,
        hooks: wiring::hooks(),
        clock: &clock,
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    Store::open_by_chance(options, Chance::from_seed(bytes), |file| {
        Ok(match answers {
            Answers::WhenDurable => Box::new(InFile::new(file)),
            Answers::TooEarly => Box::new(Hasty(Arc::new(Mutex::new(InFile::new(file))))),
        })
    })
}

/// Says that a batch is durable, and makes it so afterwards.
struct Hasty(Arc<Mutex<InFile>>);

impl Committer for Hasty {
    fn commit(&mut self, batch: &Batch) -> Result<Committed, Fault> {
        let (file, batch, (begin, begun)) = (self.0.clone(), batch.clone(), channel());
        std::thread::spawn(move || {
            let mut file = file.lock().unwrap();
            begin.send(()).unwrap();
            // Nobody is left to be told of a fault.
            let _ = file.commit(&batch);
        });
        begun.recv().unwrap();
        Ok(Committed::Done)
    }

    /// Comes before every batch: it waits for the one before.
    fn head(&self) -> Result<Head, Fault> {
        self.0.lock().unwrap().head()
    }
}
