//! The week of a place page: rows of days with the same hours. A night belongs to the day that it began on.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};
use opening_hours::RuleKind;

use super::Stretch;

const DAY_MINUTES: u16 = 24 * 60;
/// Until when in the morning a night may last; who is open longer begins a new day at midnight.
const NIGHT_ENDS_MINUTES: u16 = 12 * 60;
const DAYS_A_WEEK: usize = 7;

/// Days in a row with the same hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeekRow {
    pub first: Weekday,
    pub last: Weekday,
    /// In order; empty means closed, unless `is_unknown`.
    pub spans: Vec<Span>,
    /// The rules say that one must ask.
    pub is_unknown: bool,
    /// Today is one of the days.
    pub is_today: bool,
}

/// Open from a minute of the day to another; beyond 1,440 it is the day after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from_minute: u16,
    pub to_minute: u16,
}

impl Span {
    /// "09:00–18:00"; a night ends with the hour of the day after, a day at 24:00.
    pub fn text(self) -> String {
        let (from, to) = self.clocks();
        format!("{from}–{to}")
    }

    /// "09:00" and "18:00", likewise.
    pub fn clocks(self) -> (String, String) {
        let to = if self.to_minute > DAY_MINUTES { self.to_minute - DAY_MINUTES } else { self.to_minute };
        (clock(self.from_minute), clock(to))
    }

    const fn is_whole_day(self) -> bool {
        self.from_minute == 0 && self.to_minute == DAY_MINUTES
    }
}

impl WeekRow {
    /// The days of the row, in order.
    pub fn weekdays(&self) -> impl Iterator<Item = Weekday> {
        WEEK.into_iter().skip(position(self.first)).take(position(self.last) + 1 - position(self.first))
    }

    /// "Mon–Fri", or "Sun".
    pub fn days(&self) -> String {
        if self.first == self.last {
            return short(self.first).into();
        }
        format!("{}–{}", short(self.first), short(self.last))
    }

    /// "09:00–12:00, 13:00–18:00", "Closed".
    pub fn hours(&self) -> String {
        match self.spans.as_slice() {
            [] if self.is_unknown => "On request".into(),
            [] => "Closed".into(),
            [span] if span.is_whole_day() => "Open around the clock".into(),
            spans => spans.iter().map(|span| span.text()).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The hours of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Day {
    spans: Vec<Span>,
    is_unknown: bool,
}

/// Rows from Monday to Sunday out of the stretches around the seven days from `today` on.
pub(super) fn fold(today: Date, stretches: Vec<Stretch>) -> Vec<WeekRow> {
    let mut days: [Day; DAYS_A_WEEK] = Default::default();
    for stretch in stretches {
        for (date, span) in pieces(stretch) {
            let Some(day) = day_from(today, date).and_then(|_| days.get_mut(position(date.weekday()))) else {
                continue;
            };
            match stretch.kind {
                RuleKind::Open => day.spans.push(span),
                RuleKind::Unknown | RuleKind::Closed => day.is_unknown = true,
            }
        }
    }
    let mut rows: Vec<WeekRow> = Vec::new();
    for (weekday, day) in WEEK.into_iter().zip(days) {
        let is_today = weekday == today.weekday();
        match rows.last_mut() {
            Some(row) if row.spans == day.spans && row.is_unknown == day.is_unknown => {
                row.last = weekday;
                row.is_today |= is_today;
            }
            _ => rows.push(WeekRow {
                first: weekday,
                last: weekday,
                spans: day.spans,
                is_unknown: day.is_unknown,
                is_today,
            }),
        }
    }
    rows
}

/// A stretch cut at the midnights that it outlasts by more than a night, or after a whole day.
fn pieces(stretch: Stretch) -> Vec<(Date, Span)> {
    let mut found = Vec::new();
    let mut start = stretch.start;
    while start < stretch.end {
        let date = start.date();
        let (from_minute, to_minute) = (minute_of(date, start), minute_of(date, stretch.end));
        let is_night = from_minute > 0 && to_minute <= DAY_MINUTES + NIGHT_ENDS_MINUTES;
        let to_minute = if is_night { to_minute } else { to_minute.min(DAY_MINUTES) };
        found.push((date, Span { from_minute, to_minute }));
        // The last day of the calendar has none after it.
        let Ok(next) = date.checked_add(1.day()) else { break };
        if is_night {
            break;
        }
        start = next.to_datetime(Time::midnight());
    }
    found
}

fn minute_of(date: Date, wall: DateTime) -> u16 {
    let minutes = wall.duration_since(date.to_datetime(Time::midnight())).as_mins();
    u16::try_from(minutes).unwrap_or(u16::MAX)
}

/// How many days after today, if within the week.
fn day_from(today: Date, date: Date) -> Option<i32> {
    let days = (date - today).get_days();
    (0..DAYS_A_WEEK as i32).contains(&days).then_some(days)
}

const WEEK: [Weekday; DAYS_A_WEEK] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn position(weekday: Weekday) -> usize {
    usize::from(weekday.to_monday_zero_offset().unsigned_abs())
}

const fn short(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
