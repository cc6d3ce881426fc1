//! `highstreet selftest`: races every way to claim something on this machine and this disk, in a city of its own, and
//! says what held. The rules are in `races.rs`; the city is in `shop.rs`.

mod door;
mod ground;
mod races;
mod report;
mod shop;
#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::runtime;

use crate::app;
use crate::base::Fault;
use crate::base::clock::monotonic;
use crate::base::fault::FaultKind;
use crate::cli::config::Config;
use crate::cli::selftest::door::{Door, StoreDoor};
use crate::cli::selftest::ground::Ground;
use crate::cli::selftest::races::{Found, Race, races};
use crate::cli::selftest::report::{Raced, Report};
use crate::cli::selftest::shop::Shop;
use crate::cli::{Exit, Failure, fsync, print};
use crate::orders::HOLD_SECONDS;
use crate::server::Stop;

const MOST_SECONDS: u64 = 24 * 3600;

#[derive(Debug, Args)]
pub struct Selftest {
    /// How long to race; each rule is tried once at least
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=MOST_SECONDS))]
    seconds: u64,
}

impl Selftest {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        let (bar, stopped) = (bar(config.quiet || config.json), stop_flag()?);
        let report = self.report(&config, StoreDoor, &stopped, &bar);
        bar.finish_and_clear();
        let report = report?;
        print(&if config.json { report.as_json()? } else { report.as_text(config.quiet) });
        Ok(report.exit())
    }

    fn report(
        &self,
        config: &Config,
        door: impl Door,
        stopped: &AtomicBool,
        bar: &ProgressBar,
    ) -> Result<Report, Failure> {
        let ground = Ground::beside(&config.data())?;
        let unmeasured = |error| Failure::io(format!("{}: {error}", ground.parent().display()));
        let fsync = fsync::measured(ground.folder().path()).map_err(unmeasured)?;
        let shop = Shop::found(ground.folder(), config.cache_bytes, door)?;
        let races = races();
        let share = Duration::from_secs(self.seconds) / u32::try_from(races.len()).unwrap_or(u32::MAX);
        bar.set_length(races.len() as u64);
        let (mut rules, mut claims, mut took) = (Vec::new(), 0, Duration::ZERO);
        for race in &races {
            bar.set_message(race.rule);
            let (raced, found) = raced(&shop, race, share, stopped)?;
            rules.push(raced);
            claims += found.claims;
            took += found.took;
            bar.inc(1);
        }
        bar.set_message("highstreet check");
        let check = app::check(&shop.read()?)?;
        Ok(Report::new(rules, check, claims as f64 / took.as_secs_f64().max(1e-3), fsync, ground.parent()))
    }
}

/// Races one rule again and again for its share of the time, until it breaks.
fn raced<D: Door>(
    shop: &Shop<D>,
    race: &Race<D>,
    share: Duration,
    stopped: &AtomicBool,
) -> Result<(Raced, Found), Failure> {
    let (began, before) = (monotonic(), shop.answered());
    let (mut found, mut rounds) = (Found::default(), 0);
    while rounds == 0 || (began.elapsed() < share && found.faults.is_empty()) {
        if stopped.load(Ordering::Relaxed) {
            return Err(Failure::new(Exit::TryAgain, "the self-test was stopped"));
        }
        let ended = (race.round)(shop, &mut found);
        // What one person may hold is bounded: the holds of this round run out before the next one.
        shop.pass(HOLD_SECONDS);
        for fault in shop.take_faults().into_iter().chain(ended.err()) {
            found.faults.push(only_ours(fault)?);
        }
        rounds += 1;
    }
    let (answers, faults) = (shop.answered() - before, std::mem::take(&mut found.faults));
    let Race { name, rule, .. } = *race;
    Ok((Raced { name, rule, held: faults.is_empty(), rounds, answers, faults }, found))
}

/// What breaks a rule is a fault of ours; a full or failing disk ends the test without an answer.
fn only_ours(fault: Fault) -> Result<String, Failure> {
    match fault.kind {
        FaultKind::Corrupt | FaultKind::Bug => Ok(fault.to_string()),
        FaultKind::Busy | FaultKind::Full | FaultKind::Io | FaultKind::Unsettled | FaultKind::Stopped => {
            Err(fault.into())
        }
    }
}

/// Becomes true at SIGTERM or SIGINT, so that whoever races can leave in good order.
fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let told = flag.clone();
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io(format!("can't start: {error}")))?;
    let stop = {
        let _inside = runtime.enter();
        Stop::on_signal().map_err(|error| Fault::io("catching signals", error))?
    };
    let wait = move || {
        runtime.block_on(stop.wait());
        told.store(true, Ordering::Relaxed);
    };
    let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
    thread.map_err(|error| Failure::io(format!("can't start a thread: {error}")))?;
    Ok(flag)
}

/// Seen on a terminal only.
fn bar(is_quiet: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if !is_quiet && std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len}  {msg}") {
        bar.set_style(style);
    }
    bar
}
