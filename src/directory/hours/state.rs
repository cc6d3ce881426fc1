//! The state of a place at an instant, and the sentence that says it. Works on intervals alone, so that search can say
//! it from what it keeps, without the rules.

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::base::{Interval, Timestamp};

/// From how many minutes before the end "Open until" becomes "Closes in".
pub const SOON_MINUTES: i64 = 60;
/// Who is open for longer than this from now on never closes, as far as anyone can tell.
const AROUND_THE_CLOCK_DAYS: i64 = 6;

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// What a place is at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenState {
    /// Open day and night.
    AlwaysOpen,
    Open {
        until: Timestamp,
    },
    /// Open for [`SOON_MINUTES`] more at most.
    ClosesSoon {
        at: Timestamp,
    },
    /// Closed; `None` if it does not open in the days that were looked at.
    Closed {
        opens: Option<Timestamp>,
    },
    /// Hours are missing or unreadable, or say themselves that one must ask.
    Unknown,
}

/// The state at `now` by intervals that begin at `now` or before and reach `DAYS_AHEAD` days, in order.
pub fn state_in(open: &[Interval], now: Timestamp) -> OpenState {
    let Some(next) = open.iter().find(|interval| now < interval.end()) else {
        return OpenState::Closed { opens: None };
    };
    if now < next.start() {
        return OpenState::Closed { opens: Some(next.start()) };
    }
    let left = next.end().seconds_since(now);
    if left > AROUND_THE_CLOCK_DAYS * DAY {
        OpenState::AlwaysOpen
    } else if left <= SOON_MINUTES * MINUTE {
        OpenState::ClosesSoon { at: next.end() }
    } else {
        OpenState::Open { until: next.end() }
    }
}

impl OpenState {
    pub const fn is_open(self) -> bool {
        matches!(self, OpenState::AlwaysOpen | OpenState::Open { .. } | OpenState::ClosesSoon { .. })
    }

    /// What people read: "Open until 22:00", "Closes in 40 min", "Opens Tue 09:00".
    pub fn sentence(self, now: Timestamp, zone: &TimeZone) -> String {
        match self {
            OpenState::AlwaysOpen => "Open around the clock".into(),
            OpenState::Open { until } => format!("Open until {}", ending(now, until, zone)),
            OpenState::ClosesSoon { at } => format!("Closes in {} min", minutes_until(now, at)),
            OpenState::Closed { opens: Some(at) } => format!("Opens {}", beginning(now, at, zone)),
            OpenState::Closed { opens: None } => "Closed".into(),
            OpenState::Unknown => "Hours not known".into(),
        }
    }
}

/// Begun minutes count, so that "Closes in 0 min" is never said.
fn minutes_until(now: Timestamp, at: Timestamp) -> i64 {
    at.millis().saturating_sub(now.millis()).saturating_add(MINUTE * 1000 - 1).div_euclid(MINUTE * 1000)
}

/// "22:00", and with its day if that is neither today nor the coming night.
fn ending(now: Timestamp, at: Timestamp, zone: &TimeZone) -> String {
    let end = at.in_zone(zone);
    let is_night = at.seconds_since(now) < DAY && end.hour() < 12;
    if is_same_day(&end, now, zone) || is_night { clock(&end) } else { format!("{} {}", day(&end), clock(&end)) }
}

fn beginning(now: Timestamp, at: Timestamp, zone: &TimeZone) -> String {
    let begin = at.in_zone(zone);
    if is_same_day(&begin, now, zone) { clock(&begin) } else { format!("{} {}", day(&begin), clock(&begin)) }
}

fn is_same_day(wall: &Zoned, now: Timestamp, zone: &TimeZone) -> bool {
    wall.date() == now.in_zone(zone).date()
}

fn day(wall: &Zoned) -> String {
    wall.strftime("%a").to_string()
}

fn clock(wall: &Zoned) -> String {
    wall.strftime("%H:%M").to_string()
}
