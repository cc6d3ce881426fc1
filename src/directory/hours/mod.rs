//! Opening hours: from OpenStreetMap's `opening_hours` text to instants, a state ("Open until 22:00") and a week for
//! people. Rules are wall time in the place's zone, answers are instants; days may have 23 or 25 hours. Pure.

use chrono::{FixedOffset, NaiveDate};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use opening_hours::localization::{Coordinates, Country, TzLocation};
use opening_hours::schedule::Schedule;
use opening_hours::{Context, ContextHolidays, OpeningHours, RuleKind};

use crate::base::{Interval, Point, Timestamp};

mod state;
mod week;

#[cfg(test)]
mod tests;

pub use state::{OpenState, SOON_MINUTES, state_in};
pub use week::{Span, WeekRow};

/// OpenStreetMap's own limit for a value is 255 characters; some split theirs over two tags.
pub const MAX_TEXT_BYTES: usize = 1024;
/// How far ahead the state looks, and search keeps intervals.
pub const DAYS_AHEAD: u16 = 8;
/// Days that one question may span.
const MAX_DAYS: u16 = 400;
/// Intervals that one question yields at most: "open every other minute" is no shop.
const MAX_INTERVALS: usize = 512;

/// Where the rules of a place hold: its zone, and the public and school holidays of its country.
#[derive(Clone, Debug)]
pub struct Locality {
    zone: TimeZone,
    holidays: ContextHolidays,
}

impl Locality {
    /// `country` is an ISO 3166 code such as `FI`; without one, or with an unknown one, no day is a holiday.
    pub fn new(zone: TimeZone, country: Option<&str>) -> Locality {
        let known = country.and_then(|code| code.to_ascii_uppercase().parse::<Country>().ok());
        Locality { zone, holidays: known.map(Country::holidays).unwrap_or_default() }
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

/// Hours that can be reckoned with.
#[derive(Clone, Debug)]
pub struct Hours {
    rules: OpeningHours,
    zone: TimeZone,
    /// Where the sun is asked for, if a rule asks for it.
    sun: Option<Coordinates>,
}

/// A text that is no opening hours; it is kept and shown as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("These opening hours can't be read. Please write them like Mo-Fr 09:00-18:00; Sa 10:00-14:00.")]
pub struct Unreadable;

/// A stretch of wall time in one state, the state before and after it being another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    start: DateTime,
    end: DateTime,
    kind: RuleKind,
}

impl Hours {
    /// Reads a text for a place that stands at `point`.
    pub fn parse(text: &str, locality: &Locality, point: Point) -> Result<Hours, Unreadable> {
        // Many end with a stray separator, which the grammar does not forgive.
        let text = text.trim().trim_end_matches([';', ',', ' ']);
        if text.is_empty() || text.len() > MAX_TEXT_BYTES || follows_the_sun(text) {
            return Err(Unreadable);
        }
        let rules: OpeningHours = text.parse().map_err(|_| Unreadable)?;
        let asks_for_the_sun = ["sun", "dawn", "dusk"].iter().any(|word| text.to_ascii_lowercase().contains(word));
        Ok(Hours {
            rules: rules.with_context(Context::default().with_holidays(locality.holidays.clone())),
            zone: locality.zone.clone(),
            sun: asks_for_the_sun.then(|| Coordinates::new(point.lat(), point.lon())).flatten(),
        })
    }

    /// When the place is open from `from` on for so many days: in order, apart from each other, cut to that window.
    pub fn open_intervals(&self, from: Timestamp, days: u16) -> Vec<Interval> {
        self.intervals(RuleKind::Open, from, days)
    }

    /// What the place is now, and until when.
    pub fn state_at(&self, now: Timestamp) -> OpenState {
        let is_unknown = self.intervals(RuleKind::Unknown, now, 1).first().is_some_and(|found| found.contains(now));
        if is_unknown { OpenState::Unknown } else { state_in(&self.open_intervals(now, DAYS_AHEAD), now) }
    }

    /// The coming seven days, beginning today, as rows from Monday to Sunday; equal neighbours share a row.
    pub fn week(&self, now: Timestamp) -> Vec<WeekRow> {
        let today = now.in_zone(&self.zone).date();
        // A day before and two after: nights belong to the day that they began on.
        week::fold(today, self.stretches(today.saturating_sub(1.day()), 10))
    }

    fn intervals(&self, kind: RuleKind, from: Timestamp, days: u16) -> Vec<Interval> {
        let days = days.min(MAX_DAYS);
        let Some(window) = Interval::new(from, from.plus_seconds(i64::from(days) * 86_400)) else { return Vec::new() };
        let today = from.in_zone(&self.zone).date();
        let mut found: Vec<Interval> = Vec::new();
        for stretch in self.stretches(today, days.saturating_add(1)).into_iter().filter(|found| found.kind == kind) {
            let instants = Interval::new(self.begin(stretch.start), self.end(stretch.end));
            let Some(next) = instants.and_then(|interval| interval.intersection(window)) else { continue };
            // On the day that has an hour twice, what stops and starts again in that hour meets itself.
            match found.last_mut() {
                Some(last) if next.start() <= last.end() => {
                    *last = Interval::new(last.start(), last.end().max(next.end())).unwrap_or(*last);
                }
                _ => found.push(next),
            }
        }
        found.truncate(MAX_INTERVALS);
        found
    }

    /// Open and unknown stretches of so many days from `first` on, neighbours of one kind joined over midnight.
    fn stretches(&self, first: Date, days: u16) -> Vec<Stretch> {
        let mut found: Vec<Stretch> = Vec::new();
        for date in first.series(1.day()).take(usize::from(days)) {
            let Some(schedule) = self.schedule(date) else { break };
            let at = |minutes: u16| {
                date.to_datetime(jiff::civil::Time::midnight()).saturating_add(i64::from(minutes).minutes())
            };
            for part in schedule.into_iter().filter(|part| part.kind != RuleKind::Closed) {
                let (start, end) = (part.range.start.mins_from_midnight(), part.range.end.mins_from_midnight());
                match found.last_mut() {
                    Some(last) if last.end == at(start) && last.kind == part.kind => last.end = at(end),
                    _ => found.push(Stretch { start: at(start), end: at(end), kind: part.kind }),
                }
            }
            if found.len() > MAX_INTERVALS {
                break;
            }
        }
        found
    }

    fn schedule(&self, date: Date) -> Option<Schedule> {
        let day =
            NaiveDate::from_ymd_opt(i32::from(date.year()), u32::from(date.month().unsigned_abs()), day_of(date))?;
        let Some(coordinates) = self.sun else { return Some(self.rules.schedule_at(day)) };
        let noon = date.at(12, 0, 0, 0).to_zoned(self.zone.clone()).ok()?;
        let offset = FixedOffset::east_opt(noon.offset().seconds())?;
        let here = TzLocation::new(offset).with_coords(coordinates);
        let context = self.rules.get_context().clone().with_locale(here);
        Some(self.rules.clone().with_context(context).schedule_at(day))
    }

    /// The instant of a beginning: of an hour that comes twice the first, of one that is left out the next there is.
    fn begin(&self, wall: DateTime) -> Timestamp {
        let resolved = self.zone.to_ambiguous_zoned(wall).compatible();
        resolved.map_or(Timestamp::MAX, |zoned| zoned.timestamp().into())
    }

    /// The instant of an end: of an hour that comes twice the second, so that a night stays whole.
    fn end(&self, wall: DateTime) -> Timestamp {
        let resolved = self.zone.to_ambiguous_zoned(wall).later();
        resolved.map_or(Timestamp::MAX, |zoned| zoned.timestamp().into())
    }
}

fn day_of(date: Date) -> u32 {
    u32::from(date.day().unsigned_abs())
}

/// Whether the text has a time after a sun's, such as `(sunset+01:00)`: it may lie beyond the second midnight, where
/// the library panics. Not one of 22,000 texts from the map has one.
fn follows_the_sun(text: &str) -> bool {
    text.split('(').skip(1).any(|part| part.split(')').next().is_some_and(|inside| inside.contains('+')))
}
