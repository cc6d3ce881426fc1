//! How long a disk takes to make something durable: what every commit waits for, twice.

use std::fs::OpenOptions;
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::base::clock::monotonic;

/// A page of the store.
const BYTES: [u8; 4096] = [0x5A; 4096];
const MOST: usize = 400;
const FEWEST: usize = 3;
const LONGEST: Duration = Duration::from_millis(500);

/// Times of one page each, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(in crate::cli) struct FsyncTimes {
    pub median_ms: f64,
    /// One in a hundred takes as long, or longer.
    pub p99_ms: f64,
}

/// Writes a page again and again on the disk of this folder, for half a second at most, and waits for it each time.
pub(in crate::cli) fn measured(folder: &Path) -> io::Result<FsyncTimes> {
    let path = folder.join(format!("fsync-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let times = times(&mut file);
    std::fs::remove_file(&path)?;
    Ok(of(times?))
}

fn times(file: &mut std::fs::File) -> io::Result<Vec<Duration>> {
    let began = monotonic();
    let mut times = Vec::with_capacity(MOST);
    while times.len() < FEWEST || (times.len() < MOST && began.elapsed() < LONGEST) {
        let started = monotonic();
        file.rewind()?;
        file.write_all(&BYTES)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    Ok(times)
}

fn of(mut times: Vec<Duration>) -> FsyncTimes {
    times.sort_unstable();
    let at = |place: usize| times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    FsyncTimes { median_ms: at(times.len() / 2), p99_ms: at(times.len() * 99 / 100) }
}

impl std::fmt::Display for FsyncTimes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fsync takes {:.2} ms, one in a hundred {:.2} ms or more", self.median_ms, self.p99_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_slowest_hundredth_are_told_and_nothing_stays() {
        let millis: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(of(millis), FsyncTimes { median_ms: 101.0, p99_ms: 199.0 });
        let folder = tempfile::tempdir().unwrap();
        let times = measured(folder.path()).unwrap();
        assert!(times.median_ms > 0.0 && times.p99_ms >= times.median_ms, "{times:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(measured(&folder.path().join("missing")).is_err());
    }
}
