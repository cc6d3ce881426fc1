//! `highstreet doctor`: looks at what a city needs from this machine, beside a running server or without one, and says
//! what is wrong. It mends nothing.

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use axum::extract::State;
use clap::Args;
use rustix::fs::{StatVfsMountFlags, statfs, statvfs};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{ApiResult, Json};
use crate::base::clock::wall_time;
use crate::base::{Fault, Timestamp};
use crate::cli::admin::{Desk, Operator};
use crate::cli::config::{Common, Config, faults_of};
use crate::cli::{Exit, Failure, fsync, print};
use crate::directory;
use crate::search::{OpenState, Search, Whose};
use crate::server::{Listening, resolved};
use crate::store::{Expect, Folder, Origin, Snapshot, Store};

/// Below this much free space the store refuses writes: a twentieth of the disk, at most a quarter of a GiB.
const RESERVE_PARTS: u64 = 20;
const MOST_RESERVE_BYTES: u64 = 256 << 20;
const GIB: f64 = (1u64 << 30) as f64;
/// Two of these are in every commit: slower, and people wait for each other.
const SLOW_FSYNC_MS: f64 = 50.0;
/// `f_type` of file systems in memory, from linux/magic.h.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
const TROUBLE_AHEAD_DAYS: i64 = 400;
const DAY_SECONDS: i64 = 24 * 3600;
/// How far a running city's clock and the machine's may be apart.
const MAX_STEP_SECONDS: i64 = 60;
/// No clock of a machine that can run this release is right before.
const EARLIEST: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const KNOCK: Duration = Duration::from_secs(1);
/// How long search may need for what was written last.
const CATCH_UP: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct Doctor {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Ok,
    /// Worth knowing, no fault.
    Note,
    Bad,
}

/// What was looked at, and how it is.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    about: &'static str,
    verdict: Verdict,
    says: String,
}

impl Finding {
    fn ok(about: &'static str, says: impl Into<String>) -> Finding {
        Finding { about, verdict: Verdict::Ok, says: says.into() }
    }

    fn note(about: &'static str, says: impl Into<String>) -> Finding {
        Finding { about, verdict: Verdict::Note, says: says.into() }
    }

    fn bad(about: &'static str, says: impl Into<String>) -> Finding {
        Finding { about, verdict: Verdict::Bad, says: says.into() }
    }
}

impl Doctor {
    pub fn run(self, common: Common) -> Result<Exit, Failure> {
        let (is_json, is_quiet) = (common.json, common.quiet);
        let findings = match Config::load(common) {
            Ok(config) => examined(&config),
            Err(failure) => vec![Finding::bad("configuration", failure.message)],
        };
        let is_well = findings.iter().all(|finding| finding.verdict != Verdict::Bad);
        print(&if is_json {
            format!("{}\n", json!({ "ok": is_well, "findings": findings }))
        } else {
            let told = |finding: &&Finding| !is_quiet || finding.verdict == Verdict::Bad;
            findings.iter().filter(told).map(as_line).collect()
        });
        Ok(if is_well { Exit::Done } else { Exit::No })
    }
}

fn as_line(Finding { about, verdict, says }: &Finding) -> String {
    let verdict = match verdict {
        Verdict::Ok => "ok  ",
        Verdict::Note => "note",
        Verdict::Bad => "BAD ",
    };
    format!("{verdict}  {about}: {says}\n")
}

fn examined(config: &Config) -> Vec<Finding> {
    let data = config.data();
    let mut findings = configuration(config);
    findings.extend(disk(&data));
    let is_served = match reached(config) {
        Ok((pulse, is_served)) => {
            findings.push(city(&pulse, is_served));
            findings.push(clock(wall_time(), Some(&pulse)));
            findings.push(index(&pulse));
            is_served
        }
        Err(unreached) => {
            findings.push(unreached);
            findings.push(clock(wall_time(), None));
            false
        }
    };
    findings.extend(config.listen.iter().map(|address| port(address, is_served)));
    findings.push(Finding::note("mail", "not in this version: nothing is sent"));
    findings.push(Finding::note("certificate", "not in this version: serve behind a proxy that has one"));
    findings
}

fn configuration(config: &Config) -> Vec<Finding> {
    let faults = faults_of(config);
    if faults.is_empty() {
        let file = config.file.as_ref().map_or("no file".to_owned(), |file| file.display().to_string());
        return vec![Finding::ok("configuration", file)];
    }
    faults.into_iter().map(|fault| Finding::bad("configuration", fault)).collect()
}

/// The disk of the data folder, or of what would hold it.
fn disk(data: &Path) -> Vec<Finding> {
    let unknown = |error: &dyn std::fmt::Display| Finding::bad("disk", format!("{}: {error}", data.display()));
    let data = match std::path::absolute(data) {
        Ok(data) => data,
        Err(error) => return vec![unknown(&error)],
    };
    let folder = data.ancestors().find(|path| path.is_dir()).unwrap_or(&data);
    let space = match statvfs(folder) {
        Ok(about) if about.f_flag.contains(StatVfsMountFlags::RDONLY) => {
            return vec![Finding::bad(
                "disk",
                format!("{} can't be written: it is mounted read-only", folder.display()),
            )];
        }
        Ok(about) => {
            space(about.f_bavail.saturating_mul(about.f_frsize), about.f_blocks.saturating_mul(about.f_frsize))
        }
        Err(error) => unknown(&error),
    };
    vec![space, speed(folder)]
}

fn space(free: u64, all: u64) -> Finding {
    let reserve = (all / RESERVE_PARTS).min(MOST_RESERVE_BYTES);
    let says = format!("{:.1} of {:.1} GiB are free", free as f64 / GIB, all as f64 / GIB);
    if free < reserve {
        return Finding::bad("disk", format!("{says}: too little to write; make room"));
    }
    Finding::ok("disk", says)
}

fn speed(folder: &Path) -> Finding {
    let is_memory =
        statfs(folder).is_ok_and(|about| u64::try_from(about.f_type).is_ok_and(|kind| IN_MEMORY.contains(&kind)));
    match fsync::measured(folder) {
        _ if is_memory => Finding::bad("disk", format!("{} is memory: it is gone with the power", folder.display())),
        Ok(times) if times.median_ms > SLOW_FSYNC_MS => {
            Finding::bad("disk", format!("{times}: people will wait for it"))
        }
        Ok(times) => Finding::ok("disk", times.to_string()),
        Err(error) => Finding::note("disk", format!("its speed is unknown: {}: {error}", folder.display())),
    }
}

/// How a city is, as whoever owns its folder sees it.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Pulse {
    is_demo: bool,
    seq: u64,
    /// Of the last commit.
    at_ms: i64,
    /// What the city's clock says; it does not follow the machine's.
    clock_ms: i64,
    places: u64,
    index: IndexPulse,
}

/// The index beside the store.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum IndexPulse {
    /// In use: places that can be found, up to this commit.
    Serving { places: u64, seq: u64 },
    /// At rest: its words are those of this commit.
    Resting { seq: u64 },
    /// To be made anew at the next start, for this reason.
    Missing { why: String },
}

/// The city's pulse, and whether a server runs.
fn reached(config: &Config) -> Result<(Pulse, bool), Finding> {
    let path = config.data();
    if !Folder::is_city(&path) {
        return Err(Finding::note("city", format!("there is none in {} yet", path.display())));
    }
    let pulse = Operator::reach(config, Expect::Any).and_then(|operator| match operator.own_city() {
        Some((store, folder)) => Ok((resting(store, folder)?, false)),
        None => Ok((operator.ask("/doctor", &())?, true)),
    });
    pulse.map_err(|failure| Finding::bad("city", failure.message))
}

/// Opening an index that is damaged makes it anew and empty, as the next start would.
fn resting(store: &Store, folder: &Folder) -> Result<Pulse, Fault> {
    let snapshot = store.snapshot()?;
    let (head, now) = (snapshot.head(), store.clock().now());
    let whose = Whose { store_id: head.store_id, head: head.seq, now };
    let (_, state) = Search::open(&folder.index(), &whose)?;
    let index = match state {
        OpenState::Resumed { seq, .. } => IndexPulse::Resting { seq },
        OpenState::NeedsRebuild(why) => IndexPulse::Missing { why },
    };
    pulse(&snapshot, now, index)
}

/// `POST /doctor`: the pulse of a city that is served.
pub(in crate::cli) async fn operation(State(desk): State<Desk>) -> ApiResult<Json<Pulse>> {
    let (store, search) = (&desk.site.store, &desk.site.search);
    let snapshot = store.snapshot()?;
    // What was written a moment ago may be a moment late; whether it is, shows in what comes out.
    search.wait_for(snapshot.seq(), CATCH_UP).await;
    let index = IndexPulse::Serving { places: search.count() as u64, seq: search.seq() };
    let now = store.clock().now();
    let counted = tokio::task::spawn_blocking(move || pulse(&snapshot, now, index)).await;
    Ok(Json(counted.map_err(|error| Fault::bug("counting places", error))??))
}

fn pulse(snapshot: &Snapshot, now: Timestamp, index: IndexPulse) -> Result<Pulse, Fault> {
    let head = snapshot.head();
    Ok(Pulse {
        is_demo: head.origin == Origin::Demo,
        seq: head.seq,
        at_ms: head.at.millis(),
        clock_ms: now.millis(),
        places: directory::all_places(&**snapshot)?.count() as u64,
        index,
    })
}

fn city(pulse: &Pulse, is_served: bool) -> Finding {
    let kind = if pulse.is_demo { "a demo" } else { "a city" };
    let served = if is_served { "it is served" } else { "nobody serves it" };
    let Pulse { places, seq, at_ms, .. } = pulse;
    let last = if *seq == 0 {
        "without a commit yet".to_owned()
    } else {
        format!("up to commit {seq} of {}", Timestamp::from_millis(*at_ms))
    };
    Finding::ok("city", format!("{kind} of {places} places, {last}; {served}"))
}

/// The machine's clock against what the city remembers.
fn clock(wall: Timestamp, pulse: Option<&Pulse>) -> Finding {
    if wall < EARLIEST {
        return Finding::bad("clock", format!("this machine believes that it is {wall}: set its clock"));
    }
    // A city in which nothing has happened remembers no time.
    let Some(pulse) = pulse.filter(|pulse| pulse.seq > 0) else { return Finding::ok("clock", wall.to_string()) };
    let (last, city) = (Timestamp::from_millis(pulse.at_ms), Timestamp::from_millis(pulse.clock_ms));
    let (ahead, apart) = (wall.seconds_since(last), city.seconds_since(wall));
    if pulse.is_demo {
        return Finding::note("clock", format!("{wall} here, {city} in the demo, whose clock can be moved"));
    }
    if ahead < 0 {
        let says =
            format!("{wall} is before the last commit, {last}: set this machine's clock; the city goes on from {city}");
        return Finding::bad("clock", says);
    }
    if ahead > TROUBLE_AHEAD_DAYS * DAY_SECONDS {
        let days = ahead / DAY_SECONDS;
        return Finding::bad("clock", format!("{wall} is {days} days after the last commit: if that is wrong, set it"));
    }
    if apart.abs() > MAX_STEP_SECONDS {
        let says = format!("{wall} here, {city} in the city: the clock was set meanwhile; a restart follows it");
        return Finding::bad("clock", says);
    }
    Finding::ok("clock", wall.to_string())
}

fn index(pulse: &Pulse) -> Finding {
    let (about, stored, seq) = ("index", pulse.places, pulse.seq);
    match &pulse.index {
        IndexPulse::Serving { places, seq: found } if *places == stored && *found >= seq => {
            Finding::ok(about, format!("all {places} places can be found"))
        }
        IndexPulse::Serving { places, seq: found } => {
            let says = format!("{places} of {stored} places can be found, up to commit {found} of {seq}");
            Finding::bad(about, format!("{says}: run highstreet reindex"))
        }
        IndexPulse::Resting { seq: found } if *found > seq => {
            Finding::bad(about, format!("it knows commit {found}, the store ends with {seq}: run highstreet reindex"))
        }
        IndexPulse::Resting { seq: found } if *found < seq => {
            Finding::note(about, format!("{} commits behind the store: the next start reads them", seq - found))
        }
        IndexPulse::Resting { .. } => Finding::ok(about, format!("up to commit {seq}, like the store")),
        IndexPulse::Missing { why } => Finding::note(about, format!("the next start makes it anew: {why}")),
    }
}

/// Whether a server could listen there, or is heard there.
fn port(address: &str, is_served: bool) -> Finding {
    let found = match resolved(address) {
        Ok(found) => found,
        Err(error) => return Finding::bad("ports", format!("{address}: {error}")),
    };
    if is_served {
        let answers = found.iter().any(|address| TcpStream::connect_timeout(address, KNOCK).is_ok());
        return if answers {
            Finding::ok("ports", format!("{address} is open"))
        } else {
            Finding::note("ports", format!("nobody listens at {address}: the server was started with other addresses"))
        };
    }
    match Listening::bind(address) {
        Ok(_) => Finding::ok("ports", format!("{address} is free")),
        Err(fault) => Finding::bad("ports", fault.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn seen(index: IndexPulse) -> Pulse {
        Pulse { is_demo: false, seq: 7, at_ms: NOW.millis(), clock_ms: NOW.millis(), places: 3, index }
    }

    fn pulse() -> Pulse {
        seen(IndexPulse::Resting { seq: 7 })
    }

    #[test]
    fn a_full_disk_is_bad_before_it_is_full() {
        let mib = 1 << 20;
        for (free, all, verdict) in [
            (10_000 * mib, 100_000 * mib, Verdict::Ok),
            (256 * mib, 100_000 * mib, Verdict::Ok),
            (255 * mib, 100_000 * mib, Verdict::Bad),
            (5 * mib, 100 * mib, Verdict::Ok),
            (4 * mib, 100 * mib, Verdict::Bad),
            (0, 0, Verdict::Ok),
        ] {
            assert_eq!(space(free, all).verdict, verdict, "{free} of {all}");
        }
    }

    #[test]
    fn a_clock_that_can_not_be_right_is_bad() {
        let running = |clock_ms| Pulse { clock_ms, ..pulse() };
        for (wall, pulse, verdict) in [
            (NOW, None, Verdict::Ok),
            (Timestamp::from_millis(0), None, Verdict::Bad),
            (NOW, Some(pulse()), Verdict::Ok),
            (NOW.plus_seconds(-1), Some(pulse()), Verdict::Bad),
            (
                NOW.plus_seconds(399 * DAY_SECONDS),
                Some(running(NOW.plus_seconds(399 * DAY_SECONDS).millis())),
                Verdict::Ok,
            ),
            (NOW.plus_seconds(401 * DAY_SECONDS), Some(pulse()), Verdict::Bad),
            (NOW.plus_seconds(DAY_SECONDS), Some(running(NOW.millis())), Verdict::Bad),
            (NOW, Some(Pulse { is_demo: true, clock_ms: 0, ..pulse() }), Verdict::Note),
            (NOW, Some(Pulse { seq: 0, at_ms: 0, ..pulse() }), Verdict::Ok),
        ] {
            assert_eq!(clock(wall, pulse.as_ref()).verdict, verdict, "{wall} {pulse:?}");
        }
    }

    #[test]
    fn an_index_that_is_not_the_stores_is_bad_and_one_that_mends_itself_a_note() {
        for (state, verdict) in [
            (IndexPulse::Serving { places: 3, seq: 7 }, Verdict::Ok),
            (IndexPulse::Serving { places: 3, seq: 9 }, Verdict::Ok),
            (IndexPulse::Serving { places: 2, seq: 7 }, Verdict::Bad),
            (IndexPulse::Serving { places: 3, seq: 6 }, Verdict::Bad),
            (IndexPulse::Resting { seq: 7 }, Verdict::Ok),
            (IndexPulse::Resting { seq: 6 }, Verdict::Note),
            (IndexPulse::Resting { seq: 8 }, Verdict::Bad),
            (IndexPulse::Missing { why: "it is damaged".into() }, Verdict::Note),
        ] {
            assert_eq!(index(&seen(state)).verdict, verdict);
        }
    }

    #[test]
    fn a_port_is_free_taken_or_heard() {
        let open = Listening::bind("127.0.0.1:0").unwrap();
        let address = open.address.to_string();
        assert_eq!(port(&address, false).verdict, Verdict::Bad);
        assert_eq!(port(&address, true).verdict, Verdict::Ok);
        drop(open);
        assert_eq!(port(&address, false).verdict, Verdict::Ok);
        assert_eq!(port(&address, true).verdict, Verdict::Note);
        assert_eq!(port("nowhere", true).verdict, Verdict::Bad);
    }

    #[test]
    fn a_disk_is_that_of_the_folder_or_of_what_would_hold_it() {
        let parent = tempfile::tempdir().unwrap();
        let findings = disk(&parent.path().join("not/yet"));
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].says.ends_with("GiB are free"), "{findings:?}");
        assert!(!parent.path().join("not").exists());
    }
}
