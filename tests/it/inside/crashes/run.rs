//! One run from a seed: people command the shop until something goes wrong with its disk; then the store is opened
//! again, as a new process does, and all that anybody was told must hold.

use std::sync::Arc;

use highstreet::app::wiring;
use highstreet::base::Fault;
use highstreet::kernel::outbox::{self, LETTERS, LetterState};
use highstreet::payments::{REFUNDS, RefundState};
use highstreet::store::{Span, Stop, Store};

use super::super::model::Dice;
use super::super::model::shop::{END, same};
use super::super::town::{Answered, Town};
use super::city::{Answers, City, open};
use super::ground::{Disk, Honesty, Mishap, Moment};
use super::record::{Ask, CHUNK, Command, Record, Told};
use super::together::{Asked, Decided, together, with_power};

/// Commands and power cuts of a run, at least.
pub const COMMANDS: usize = 200;
pub const CUTS: usize = 3;
/// Commands at once, at most.
const AT_ONCE: usize = 6;
/// Places in an edition of the file that is imported.
const FILE: u32 = 4 * CHUNK;
/// Turns in which something must go wrong that was planned.
const TURNS: usize = 400;
/// Turns in which each call goes wrong once.
const FEW_TURNS: usize = 5;
/// Longer than a letter is ever leased or put off here.
const LETTER_PAUSE: i64 = 3600;

/// What is wrong with the product or its disk, for the harness to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sabotage {
    pub honesty: Honesty,
    pub answers: Answers,
    /// What was refused leaves behind what it did until then.
    pub keeps_refused: bool,
}

/// What a run has been through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub commands: usize,
    /// Batches of several commands that were answered.
    pub batches: usize,
    pub refused: usize,
    /// Mishaps while people commanded.
    pub cuts: usize,
    pub errors: usize,
    /// Of both kinds, while the store was being opened again.
    pub in_recovery: usize,
    /// Commands that nobody was told of, and that had happened, or not.
    pub happened: usize,
    pub vanished: usize,
    /// Of all that was written: the same for the same seed.
    pub trace: u64,
}

/// What was going on when something went wrong.
enum Doubt {
    Nothing,
    /// A batch: how things stand if it happened. `None`: it can't have.
    Batch(usize, Option<Record>),
    /// So many seconds had passed, and timers were firing.
    Timers(i64),
    Letters,
}

struct Run<'a> {
    city: &'a City,
    sabotage: Sabotage,
    dice: Dice,
    disk: Arc<Disk>,
    record: Record,
    /// Seconds since the opening.
    now: i64,
    /// The last commit that somebody was told of.
    told: u64,
    /// Where in which edition of a file an import is.
    import: (u32, u32),
    tally: Tally,
}

/// Runs one seed; says what does not hold.
pub fn run(city: &City, seed: u64, sabotage: Sabotage) -> Result<Tally, String> {
    let mut run = Run::begin(city, seed, sabotage);
    let mut town = city.town.on(run.open().map_err(|fault| format!("the city does not open: {fault}"))?);
    while run.tally.commands < COMMANDS || run.tally.cuts < CUTS {
        let doubt = run.live(&town)?;
        drop(town);
        town = run.recover(doubt)?;
    }
    run.close(&town)?;
    Ok(run.tally)
}

/// Opens the city and takes a few turns, of which one call, by its number, goes wrong; answers whether there is such a
/// call.
pub fn strike_once(city: &City, number: u64, mishap: Mishap) -> Result<bool, String> {
    let mut run = Run::begin(city, 0, Sabotage::default());
    run.disk.plan(Moment::Call(number), mishap);
    let doubt = match run.open() {
        Ok(store) => run.turns(&city.town.on(store), FEW_TURNS)?,
        Err(_) => Doubt::Nothing,
    };
    if !run.disk.has_struck() {
        return Ok(false);
    }
    let town = run.recover(doubt)?;
    run.close(&town).map(|()| true)
}

impl<'a> Run<'a> {
    fn begin(city: &'a City, seed: u64, sabotage: Sabotage) -> Run<'a> {
        let mut dice = Dice::of(seed);
        let disk = Arc::new(Disk::with(city.image.clone(), dice.number(), sabotage.honesty));
        let (record, tally) = (Record::of(city.shop.clone()), Tally::default());
        Run { city, sabotage, dice, disk, record, now: 0, told: city.seq, import: (0, 0), tally }
    }
}

impl Run<'_> {
    fn open(&mut self) -> Result<Store, String> {
        let seed = self.dice.number();
        open(&self.disk, self.now, seed, self.sabotage.answers).map_err(|fault| fault.to_string())
    }

    /// Lets people do things until something goes wrong.
    fn live(&mut self, town: &Town) -> Result<Doubt, String> {
        let mishap = self.dice.pick(&[Mishap::PowerCut, Mishap::PowerCut, Mishap::PowerCut, Mishap::Error]);
        let moment = match self.dice.below(4) {
            0 => Moment::BeforeSync(self.dice.below(24) as u64),
            1 => Moment::AfterSync(self.dice.below(24) as u64),
            _ => Moment::Call(self.dice.below(400) as u64),
        };
        self.disk.plan(moment, mishap);
        let doubt = self.turns(town, TURNS)?;
        if self.disk.has_struck() { Ok(doubt) } else { Err(format!("{moment:?} never came")) }
    }

    /// So many turns, or as many as there are until something goes wrong.
    fn turns(&mut self, town: &Town, count: usize) -> Result<Doubt, String> {
        for _ in 0..count {
            let doubt = match self.dice.below(10) {
                0 => self.time_passes(town),
                1 => self.letters_go_out(town),
                _ => self.people_command(town)?,
            };
            if self.disk.has_struck() {
                return Ok(doubt);
            }
            if !matches!(doubt, Doubt::Nothing) {
                return Err("a fault, and nothing was wrong with the disk".to_owned());
            }
        }
        Ok(Doubt::Nothing)
    }

    fn people_command(&mut self, town: &Town) -> Result<Doubt, String> {
        let asks: Vec<Ask> = (0..1 + self.dice.below(AT_ONCE)).map(|_| self.ask()).collect();
        let commands = asks.iter().map(|ask| self.command(town, ask)).collect();
        self.tally.commands += asks.len();
        let asked = together(&town.store, &self.disk, commands);
        let (told, untold): (Vec<_>, Vec<_>) = asks.iter().zip(asked).partition(|(_, asked)| is_told(asked));
        if !told.is_empty() && untold.iter().any(|(_, asked)| asked.ran.is_some()) {
            return Err(format!("{} of {} commands of a batch were told", told.len(), asks.len()));
        }
        self.hear(told)?;
        if untold.is_empty() {
            return Ok(Doubt::Nothing);
        }
        Ok(Doubt::Batch(untold.len(), self.record_after(untold)?))
    }

    fn ask(&mut self) -> Ask {
        if self.dice.below(12) > 0 {
            return Ask::Wish(self.record.shop.wish(&mut self.dice));
        }
        let (from, edition) = self.import;
        self.import = if from + CHUNK < FILE { (from + CHUNK, edition) } else { (0, edition + 1) };
        Ask::Import { from, edition }
    }

    fn command(&self, town: &Town, ask: &Ask) -> Command {
        let command = self.record.command(town, ask);
        if !self.sabotage.keeps_refused {
            return command;
        }
        Box::new(move |tx| {
            command(tx).map_err(|stop| match stop {
                Stop::Refuse(refusal) => Stop::RefuseKeeping(refusal),
                Stop::RefuseKeeping(_) | Stop::Fault(_) => stop,
            })
        })
    }

    fn hear(&mut self, told: Vec<(&Ask, Asked)>) -> Result<(), String> {
        let answers: Vec<_> = told.into_iter().filter_map(|(ask, asked)| Some((ask, asked.answer?))).collect();
        let are_one_batch = answers.windows(2).all(|pair| pair[0].1.position.seq == pair[1].1.position.seq);
        self.tally.batches += usize::from(answers.len() > 1 && are_one_batch);
        for (ask, answer) in answers {
            self.told = self.told.max(answer.position.seq);
            self.tally.refused += usize::from(answer.outcome.is_err());
            self.record.hear(ask, without_fault(answer.outcome)?)?;
        }
        Ok(())
    }

    /// The record if all of these have happened; `None` if they can't have, because one was not or could not be
    /// decided.
    fn record_after(&self, untold: Vec<(&Ask, Asked)>) -> Result<Option<Record>, String> {
        let mut after = self.record.clone();
        for (ask, asked) in untold {
            match asked.ran {
                None | Some(Err(Stop::Fault(_))) => return Ok(None),
                Some(outcome) => after.hear(ask, without_fault(outcome)?)?,
            }
        }
        Ok(Some(after))
    }

    fn time_passes(&mut self, town: &Town) -> Doubt {
        let seconds = self.dice.pick(&[5, 30, 60, 300, 600]);
        self.now += seconds;
        self.tally.commands += 1;
        town.pass_without_timers(seconds);
        let city = town.on(town.store.clone());
        match with_power(&self.disk, move || fire(&city)) {
            Some(Ok(seq)) => {
                self.told = seq;
                self.record.shop.pass(seconds);
                Doubt::Nothing
            }
            Some(Err(_)) | None => Doubt::Timers(seconds),
        }
    }

    fn letters_go_out(&mut self, town: &Town) -> Doubt {
        self.tally.commands += 1;
        let store = town.store.clone();
        match with_power(&self.disk, move || deliver(&store).and_then(|_| store.snapshot())) {
            Some(Ok(snapshot)) => {
                self.told = snapshot.seq();
                Doubt::Nothing
            }
            Some(Err(_)) | None => Doubt::Letters,
        }
    }

    /// Opens the store again, through whatever goes wrong meanwhile, and checks it.
    fn recover(&mut self, doubt: Doubt) -> Result<Town, String> {
        let mut tries = 0;
        let store = loop {
            let mishap = self.disk.calm().ok_or("nothing was wrong with the disk")?;
            match mishap {
                _ if tries > 0 => self.tally.in_recovery += 1,
                Mishap::PowerCut => self.tally.cuts += 1,
                Mishap::Error => self.tally.errors += 1,
            }
            if mishap == Mishap::PowerCut {
                self.change_disk(self.disk.after_the_cut());
            }
            tries += 1;
            if tries < 4 && self.dice.below(2) == 0 {
                self.plan_for_recovery();
            }
            match self.open() {
                Ok(store) if !self.disk.has_struck() => break store,
                Ok(_) => {}
                Err(_) if self.disk.has_struck() => {}
                Err(fault) => return Err(format!("the store does not open: {fault}")),
            }
        };
        self.disk.calm();
        let town = self.city.town.on(store);
        self.settle(&town, doubt)?;
        self.holds(&town)?;
        Ok(town)
    }

    fn change_disk(&mut self, image: Vec<u8>) {
        self.tally.trace = self.tally.trace.rotate_left(7) ^ self.disk.trace();
        self.disk = Arc::new(Disk::with(image, self.dice.number(), self.sabotage.honesty));
    }

    fn plan_for_recovery(&mut self) {
        let mishap = self.dice.pick(&[Mishap::PowerCut, Mishap::Error]);
        let moment = match self.dice.below(4) {
            0 => Moment::BeforeSync(self.dice.below(3) as u64),
            1 => Moment::AfterSync(self.dice.below(3) as u64),
            _ => Moment::Call(self.dice.below(40) as u64),
        };
        self.disk.plan(moment, mishap);
    }

    /// Finds out what became of what nobody was told of.
    fn settle(&mut self, town: &Town, doubt: Doubt) -> Result<(), String> {
        let (told, found) = (self.told, town.read().seq());
        if found < told {
            return Err(format!("commit {told} was acknowledged and is lost: the store is at {found}"));
        }
        self.told = found;
        match doubt {
            Doubt::Nothing => same("commits that nobody asked for", &(found - told), &0),
            Doubt::Batch(commands, _) if found == told => {
                self.tally.vanished += commands;
                Ok(())
            }
            Doubt::Batch(commands, Some(after)) if found == told + 1 => {
                self.tally.happened += commands;
                self.record = after;
                Ok(())
            }
            Doubt::Batch(..) => Err(format!("the store is at {found}, and {told} was the last commit")),
            Doubt::Timers(seconds) => {
                proofs(town)?;
                self.told = fire(town).map_err(|fault| fault.to_string())?;
                self.record.shop.pass(seconds);
                Ok(())
            }
            Doubt::Letters => Ok(()),
        }
    }

    /// DESIGN.md, section 11.
    fn holds(&self, town: &Town) -> Result<(), String> {
        self.city.log_leads_to_rows(town)?;
        proofs(town)?;
        self.record.agrees(town)
    }

    /// The shop closes: what was sold runs out, every letter arrives, once.
    fn close(&mut self, town: &Town) -> Result<(), String> {
        let rest = END - self.now.min(END) + LETTER_PAUSE;
        self.now += rest;
        town.pass(rest);
        self.record.shop.pass(rest);
        while deliver(&town.store).map_err(|fault| fault.to_string())? > 0 {}
        let read = town.read();
        let letters = read.scan(&LETTERS, Span::all()).unwrap().map(Result::unwrap);
        let letters = letters.filter(|(_, letter)| matches!(letter.state, LetterState::Done { .. }));
        let refunds = read.scan(&REFUNDS, Span::all()).unwrap().map(Result::unwrap);
        let refunds = refunds.filter(|(_, refund)| matches!(refund.state, RefundState::Done { .. }));
        let expected = read.scan(&REFUNDS, Span::all()).unwrap().count();
        same("letters that arrived, and refunds", &(letters.count(), refunds.count()), &(expected, expected))?;
        self.tally.trace = self.tally.trace.rotate_left(7) ^ self.disk.trace();
        self.holds(town)
    }
}

/// Fires every timer that is due; answers the commit that this led to.
fn fire(town: &Town) -> Result<u64, Fault> {
    while town.tick()? {}
    Ok(town.store.snapshot()?.seq())
}

/// Some letters go out; answers how many.
fn deliver(store: &Store) -> Result<usize, Fault> {
    outbox::run_once(store, &wiring::carriers(store))
}

fn is_told(asked: &Asked) -> bool {
    asked.answer.as_ref().is_some_and(|answer| !matches!(answer.outcome, Err(Stop::Fault(_))))
}

fn without_fault(outcome: Decided) -> Result<Answered<Told>, String> {
    match outcome {
        Ok(told) => Ok(Ok(told)),
        Err(Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal)) => Ok(Err(refusal)),
        Err(Stop::Fault(fault)) => Err(fault.to_string()),
    }
}

fn proofs(town: &Town) -> Result<(), String> {
    let faults = highstreet::app::check(&town.read()).map_err(|fault| fault.to_string())?;
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}
