//! Time: instants, and the clock that gives them. The only file that asks the machine what time it is.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use minicbor::{Decode, Encode};

/// Milliseconds in a second, to keep the unit out of people's heads.
const MS_PER_SECOND: i64 = 1000;

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Always UTC; a place's zone turns it into wall time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] i64);

impl Timestamp {
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by so many seconds (saturating: an instant never wraps).
    pub const fn plus_seconds(self, seconds: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(seconds.saturating_mul(MS_PER_SECOND)))
    }

    /// Whole seconds from `earlier` to this instant; negative if `earlier` is later.
    pub const fn seconds_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(MS_PER_SECOND)
    }

    /// Reads RFC 3339 with an offset, such as `2026-11-23T20:00:00+02:00`.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let instant: jiff::Timestamp = text.trim().parse().ok()?;
        Some(Timestamp(instant.as_millisecond()))
    }

    /// The same instant in jiff's type, clamped to the years that jiff knows (-9999 to 9999).
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// This instant on the clocks of a zone.
    pub fn in_zone(self, zone: &jiff::tz::TimeZone) -> jiff::Zoned {
        self.to_jiff().to_zoned(zone.clone())
    }

    /// RFC 3339 with the zone's offset, in whole seconds: `2026-11-23T20:00:00+02:00`.
    pub fn rfc3339_in(self, zone: &jiff::tz::TimeZone) -> String {
        self.in_zone(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(instant: jiff::Timestamp) -> Timestamp {
        Timestamp(instant.as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC: `2026-11-23T18:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_jiff().strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The clock of one running city. It advances by monotonic time from where it was anchored, so that a step of
/// the machine's wall clock neither revives what has expired nor expires what is valid.
#[derive(Debug)]
pub struct Clock {
    anchor: Timestamp,
    started: Instant,
    moved_ms: AtomicI64,
}

impl Clock {
    /// A clock anchored at the later of the machine's wall time and the last commit.
    pub fn anchored(last_commit: Timestamp) -> Clock {
        Clock::starting_at(wall_time().max(last_commit))
    }

    /// A clock that starts at this instant and runs (demo and tests).
    pub fn starting_at(anchor: Timestamp) -> Clock {
        Clock { anchor, started: monotonic(), moved_ms: AtomicI64::new(0) }
    }

    pub fn now(&self) -> Timestamp {
        let run = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let moved = self.moved_ms.load(Ordering::Relaxed);
        Timestamp(self.anchor.0.saturating_add(run).saturating_add(moved))
    }

    /// Moves the clock forward to `instant` (demo and tests). Answers false, and moves nothing, if it is past.
    pub fn move_to(&self, instant: Timestamp) -> bool {
        let ahead = instant.0.saturating_sub(self.now().0);
        if ahead < 0 {
            return false;
        }
        self.moved_ms.fetch_add(ahead, Ordering::Relaxed);
        true
    }
}

/// What the machine's wall clock says; before 1970 counts as 1970.
pub fn wall_time() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// The machine's monotonic time, for measuring how long something took.
pub fn monotonic() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    Instant::now()
}
