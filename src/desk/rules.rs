//! The decisions of the desk: which instant a wall time in a form means, and where a list begins.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::base::{Id, Timestamp};

/// Which end of a stretch of time was typed: where the clocks show a time twice, the stretch takes in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    From,
    Until,
}

/// Why a typed wall time means no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInstant {
    #[error("Please give a day and a time, such as 2026-11-23T20:00.")]
    Unreadable,
    #[error("The clocks go forward that night and never show this time. Please choose another.")]
    Skipped,
}

/// The instant at which the clocks of the zone show what a `datetime-local` field holds.
pub fn instant(typed: &str, zone: &TimeZone, end: End) -> Result<Timestamp, NoInstant> {
    let wall: DateTime = typed.trim().parse().map_err(|_| NoInstant::Unreadable)?;
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    let found = match (ambiguous.offset(), end) {
        (AmbiguousOffset::Gap { .. }, _) => return Err(NoInstant::Skipped),
        (AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. }, End::From) => ambiguous.earlier(),
        (AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. }, End::Until) => ambiguous.later(),
    };
    found.map(Timestamp::from).map_err(|_| NoInstant::Unreadable)
}

/// An instant as a `datetime-local` field holds it.
pub fn wall_time(instant: Timestamp, zone: &TimeZone) -> String {
    instant.in_zone(zone).strftime("%Y-%m-%dT%H:%M").to_string()
}

/// The beginning of the day in the zone.
pub fn midnight(now: Timestamp, zone: &TimeZone) -> Timestamp {
    now.in_zone(zone).start_of_day().map_or(now, |midnight| midnight.timestamp().into())
}

/// After which row a page begins, as an address carries it; what can't be read begins at the start.
pub fn position<T>(text: &str) -> Option<(Timestamp, Id<T>)> {
    let (millis, id) = text.split_once('.')?;
    Some((Timestamp::from_millis(millis.parse().ok()?), id.parse().ok()?))
}

pub fn position_text<T>((at, id): (Timestamp, Id<T>)) -> String {
    format!("{}.{id}", at.millis())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn helsinki() -> TimeZone {
        TimeZone::get("Europe/Helsinki").unwrap()
    }

    #[test]
    fn a_wall_time_is_read_in_the_citys_zone() {
        let winter = instant("2026-11-23T20:00", &helsinki(), End::From);
        assert_eq!(winter, Ok(Timestamp::parse("2026-11-23T20:00:00+02:00").unwrap()));
        let summer = instant(" 2026-07-01T20:00:30 ", &helsinki(), End::Until);
        assert_eq!(summer, Ok(Timestamp::parse("2026-07-01T20:00:30+03:00").unwrap()));
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_refused() {
        assert_eq!(instant("2027-03-28T03:30", &helsinki(), End::From), Err(NoInstant::Skipped));
        assert_eq!(instant("2027-03-28T03:30", &helsinki(), End::Until), Err(NoInstant::Skipped));
        assert!(instant("2027-03-28T04:00", &helsinki(), End::From).is_ok());
    }

    #[test]
    fn a_time_that_the_clocks_show_twice_takes_in_both() {
        let typed = "2026-10-25T03:30";
        let (from, until) = (instant(typed, &helsinki(), End::From), instant(typed, &helsinki(), End::Until));
        assert_eq!(from, Ok(Timestamp::parse("2026-10-25T03:30:00+03:00").unwrap()));
        assert_eq!(until, Ok(Timestamp::parse("2026-10-25T03:30:00+02:00").unwrap()));
    }

    #[test]
    fn what_is_no_wall_time_is_refused() {
        for typed in ["", "tomorrow", "2026-02-30T10:00", "2026-11-23T25:00", "99999-01-01T00:00", "\0"] {
            assert_eq!(instant(typed, &helsinki(), End::From), Err(NoInstant::Unreadable), "{typed}");
        }
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let noon = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
        assert_eq!(midnight(noon, &helsinki()), Timestamp::parse("2026-11-22T22:00:00Z").unwrap());
    }

    proptest! {
        #[test]
        fn what_a_field_shows_is_read_back_to_the_minute(minutes in 0_i64..40_000_000, is_until: bool) {
            let at = Timestamp::from_millis(minutes * 60_000);
            let end = if is_until { End::Until } else { End::From };
            let read = instant(&wall_time(at, &helsinki()), &helsinki(), end).unwrap();
            // In the hour that is there twice, either is right.
            prop_assert!(read == at || read.seconds_since(at).abs() == 3600);
        }

        #[test]
        fn no_text_panics(typed in any::<String>()) {
            let _ = (instant(&typed, &helsinki(), End::From), position::<()>(&typed));
        }

        #[test]
        fn a_position_comes_back(millis: i64, bytes: [u8; 16]) {
            let here = (Timestamp::from_millis(millis), Id::<()>::from_bytes(bytes));
            prop_assert_eq!(position(&position_text(here)), Some(here));
        }
    }
}
