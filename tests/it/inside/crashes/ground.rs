//! A file in memory, as harsh as a disk may be: what was not synced is kept, lost, or kept in part, sector by sector
//! and in any order, when the power is cut; and a call may fail.

use std::fmt;
use std::io::{Error, Result};
use std::sync::{Mutex, MutexGuard, PoisonError};

use highstreet::store::Ground;

use super::super::model::Dice;

/// What a disk writes as a whole, or not at all.
const SECTOR: usize = 512;
/// The parts of what was not synced that outlive a power cut, in eighths: none, few, half, most, all.
const KEPT: [usize; 5] = [0, 1, 4, 7, 8];

/// What goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// From then on every call fails; what lasts is what [`Disk::after_the_cut`] gives.
    PowerCut,
    /// The call fails, having done its work in part; the ones after it work.
    Error,
}

/// When it goes wrong, counted from when it was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// At this call, of any kind; the first is 0.
    Call(u64),
    /// At this sync, before anything of it lasts.
    BeforeSync(u64),
    /// At this sync, when all of it lasts, but before anybody is told.
    AfterSync(u64),
}

/// How a disk lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Honesty {
    #[default]
    Honest,
    /// A sync makes nothing last.
    IgnoresSyncs,
    /// A power cut takes a sector of what was synced.
    LosesASector,
}

pub struct Disk(Mutex<State>);

struct State {
    honesty: Honesty,
    dice: Dice,
    /// What a reader sees.
    seen: Vec<u8>,
    /// What outlives a power cut in any case.
    lasting: Vec<u8>,
    unsynced: Vec<Change>,
    calls: u64,
    syncs: u64,
    planned: Option<(Moment, Mishap)>,
    struck: Option<Mishap>,
    /// Of every call that changes something: tells two runs apart.
    trace: u64,
}

#[derive(Clone)]
enum Change {
    Wrote { at: usize, bytes: Vec<u8> },
    Resized(usize),
}

impl Disk {
    /// A disk with this on it, all of it lasting. The seed decides what mishaps leave.
    pub fn with(image: Vec<u8>, seed: u64, honesty: Honesty) -> Disk {
        Disk(Mutex::new(State {
            honesty,
            dice: Dice::of(seed),
            seen: image.clone(),
            lasting: image,
            unsynced: Vec::new(),
            calls: 0,
            syncs: 0,
            planned: None,
            struck: None,
            trace: 0,
        }))
    }

    pub fn plan(&self, moment: Moment, mishap: Mishap) {
        let mut state = self.state();
        state.planned = Some(match moment {
            Moment::Call(calls) => (Moment::Call(state.calls + calls), mishap),
            Moment::BeforeSync(syncs) => (Moment::BeforeSync(state.syncs + syncs), mishap),
            Moment::AfterSync(syncs) => (Moment::AfterSync(state.syncs + syncs), mishap),
        });
    }

    /// Nothing goes wrong any more; answers what has.
    pub fn calm(&self) -> Option<Mishap> {
        let mut state = self.state();
        state.planned = None;
        state.struck.take()
    }

    pub fn is_cut(&self) -> bool {
        self.state().struck == Some(Mishap::PowerCut)
    }

    pub fn has_struck(&self) -> bool {
        self.state().struck.is_some()
    }

    /// What is on the disk when the power is back.
    pub fn after_the_cut(&self) -> Vec<u8> {
        let mut state = self.state();
        let kept = state.dice.pick(&KEPT);
        let mut image = state.lasting.clone();
        for change in std::mem::take(&mut state.unsynced) {
            apply_in_part(&mut image, &change, kept, &mut state.dice);
        }
        if state.honesty == Honesty::LosesASector {
            let used: Vec<usize> = (0..image.len() / SECTOR).filter(|at| !is_empty(&image, *at)).collect();
            let lost = state.dice.pick(&used) * SECTOR;
            image[lost..lost + SECTOR].fill(0);
        }
        image
    }

    /// What is on the disk now, synced or not.
    pub fn image(&self) -> Vec<u8> {
        self.state().seen.clone()
    }

    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    pub fn trace(&self) -> u64 {
        self.state().trace
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a disk after {} calls", self.calls())
    }
}

impl State {
    /// What befalls this call.
    fn befalls(&mut self, is_sync: bool) -> Option<Mishap> {
        if self.struck == Some(Mishap::PowerCut) {
            return self.struck;
        }
        let is_now = match self.planned {
            Some((Moment::Call(calls), _)) => calls == self.calls,
            Some((Moment::BeforeSync(syncs), _)) => is_sync && syncs == self.syncs,
            Some((Moment::AfterSync(_), _)) | None => false,
        };
        self.calls += 1;
        self.syncs += u64::from(is_sync);
        if is_now { self.strike() } else { None }
    }

    fn strike(&mut self) -> Option<Mishap> {
        self.struck = self.planned.take().map(|(_, mishap)| mishap);
        self.struck
    }

    fn change(&mut self, change: Change) -> Result<()> {
        let is_off = self.struck == Some(Mishap::PowerCut);
        let mishap = self.befalls(false);
        if is_off {
            return Err(broken());
        }
        self.note(&change);
        match mishap {
            None => apply(&mut self.seen, &change),
            // Of the last call, as much as of those before it may be on the disk.
            Some(Mishap::PowerCut) => {}
            Some(Mishap::Error) => {
                let kept = self.dice.pick(&KEPT);
                let mut partly = Vec::new();
                split(&change, &mut |part| partly.push(part));
                for part in partly {
                    if self.dice.below(8) < kept {
                        apply(&mut self.seen, &part);
                        self.unsynced.push(part);
                    }
                }
                return Err(broken());
            }
        }
        self.unsynced.push(change);
        if mishap.is_some() { Err(broken()) } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<()> {
        let (is_off, number) = (self.struck == Some(Mishap::PowerCut), self.syncs);
        let mishap = self.befalls(true);
        if is_off {
            return Err(broken());
        }
        match mishap {
            None if self.honesty == Honesty::IgnoresSyncs => {}
            None => {
                for change in std::mem::take(&mut self.unsynced) {
                    apply(&mut self.lasting, &change);
                }
            }
            Some(Mishap::PowerCut) => {}
            // As Linux does it: what could not be written counts as written, and is lost with the power. The length is
            // the file system's own, which keeps it.
            Some(Mishap::Error) => {
                let kept = self.dice.pick(&KEPT);
                for change in std::mem::take(&mut self.unsynced) {
                    match change {
                        Change::Resized(_) => self.unsynced.push(change),
                        Change::Wrote { .. } => apply_in_part(&mut self.lasting, &change, kept, &mut self.dice),
                    }
                }
            }
        }
        if matches!(self.planned, Some((Moment::AfterSync(syncs), _)) if syncs == number) {
            self.strike();
            return Err(broken());
        }
        if mishap.is_some() { Err(broken()) } else { Ok(()) }
    }

    fn note(&mut self, change: &Change) {
        let mut mix = |word: u64| self.trace = (self.trace.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match change {
            Change::Wrote { at, bytes } => {
                mix(*at as u64);
                for chunk in bytes.chunks(8) {
                    mix(chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
                }
            }
            Change::Resized(length) => mix(*length as u64),
        }
    }
}

impl Ground for Disk {
    fn length(&self) -> Result<u64> {
        let mut state = self.state();
        if state.befalls(false).is_some() {
            return Err(broken());
        }
        Ok(state.seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let mut state = self.state();
        if state.befalls(false).is_some() {
            return Err(broken());
        }
        let at = offset as usize;
        out.copy_from_slice(state.seen.get(at..at + out.len()).ok_or_else(past_the_end)?);
        Ok(())
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.state().change(Change::Resized(length as usize))
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let at = offset as usize;
        let mut state = self.state();
        if at + bytes.len() > state.seen.len() {
            return Err(past_the_end());
        }
        state.change(Change::Wrote { at, bytes: bytes.to_vec() })
    }

    fn sync(&self) -> Result<()> {
        self.state().sync()
    }
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        // A file that never grew has no room for what lay beyond.
        Change::Wrote { at, .. } if *at >= image.len() => {}
        Change::Wrote { at, bytes } => {
            let fits = bytes.len().min(image.len() - at);
            image[*at..at + fits].copy_from_slice(&bytes[..fits]);
        }
        Change::Resized(length) => image.resize(*length, 0),
    }
}

/// Applies each sector of a change or not.
fn apply_in_part(image: &mut Vec<u8>, change: &Change, eighths: usize, dice: &mut Dice) {
    split(change, &mut |part| {
        if dice.below(8) < eighths {
            apply(image, &part);
        }
    });
}

fn split(change: &Change, part: &mut dyn FnMut(Change)) {
    match change {
        Change::Resized(_) => part(change.clone()),
        Change::Wrote { at, bytes } => {
            let (mut at, mut bytes) = (*at, &bytes[..]);
            while !bytes.is_empty() {
                let (sector, rest) = bytes.split_at(bytes.len().min(SECTOR - at % SECTOR));
                part(Change::Wrote { at, bytes: sector.to_vec() });
                at += sector.len();
                bytes = rest;
            }
        }
    }
}

fn is_empty(image: &[u8], sector: usize) -> bool {
    image[sector * SECTOR..(sector + 1) * SECTOR].iter().all(|byte| *byte == 0)
}

fn broken() -> Error {
    Error::other("the disk does not answer")
}

fn past_the_end() -> Error {
    Error::other("past the end of the file")
}

#[test]
fn what_was_synced_stays_and_what_was_not_is_kept_lost_or_kept_in_part() {
    let after = |seed| {
        let disk = Disk::with(Vec::new(), seed, Honesty::Honest);
        disk.resize(4 * SECTOR as u64).unwrap();
        disk.write(0, &[1; 2 * SECTOR]).unwrap();
        disk.sync().unwrap();
        disk.write(0, &[2; 2 * SECTOR]).unwrap();
        disk.write(SECTOR as u64, &[3; 2 * SECTOR]).unwrap();
        let image = disk.after_the_cut();
        let sectors: Vec<u8> = image.chunks(SECTOR).map(|sector| sector[0]).collect();
        assert!(image.chunks(SECTOR).all(|sector| sector.iter().all(|byte| *byte == sector[0])), "no sector is torn");
        sectors
    };
    let mut seen: Vec<_> = (0..500).map(after).collect();
    seen.sort();
    seen.dedup();
    // The first sector is old or new, the second old or one of two, the third new or not, the fourth empty.
    assert_eq!(seen.len(), 2 * 3 * 2);
    assert!(seen.iter().all(|sectors| sectors[3] == 0));
}

#[test]
fn after_a_power_cut_nothing_answers_and_after_an_error_all_does() {
    let disk = Disk::with(vec![0; 2 * SECTOR], 0, Honesty::Honest);
    disk.plan(Moment::Call(1), Mishap::Error);
    disk.write(0, &[1; SECTOR]).unwrap();
    assert!(disk.sync().is_err());
    assert_eq!(disk.calm(), Some(Mishap::Error));
    disk.sync().unwrap();
    disk.plan(Moment::AfterSync(0), Mishap::PowerCut);
    disk.write(SECTOR as u64, &[2; SECTOR]).unwrap();
    assert!(disk.sync().is_err() && disk.sync().is_err() && disk.length().is_err());
    assert_eq!(disk.after_the_cut()[SECTOR], 2, "what was synced lasts, told or not");
}
