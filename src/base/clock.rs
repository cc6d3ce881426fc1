//! Time: instants, and the clock that gives them. The only file that asks the machine what time it is.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
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

    /// RFC 3339 with the zone's offset, in whole seconds: `2026-11-23T20:00:00+02:00`. In UTC where the zone kept
    /// local mean time (before about 1920), whose offsets in seconds RFC 3339 can't write.
    pub fn rfc3339_in(self, zone: &jiff::tz::TimeZone) -> String {
        let zoned = self.in_zone(zone);
        if zoned.offset().seconds() % 60 != 0 {
            return self.to_string();
        }
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// As people of a zone say it from where they are in time: `today 20:05`, `tomorrow 09:00`, `Fri 20:00` within the
    /// week, else `12 Dec 2026, 20:00`.
    pub fn wall_text_from(self, now: Timestamp, zone: &jiff::tz::TimeZone) -> String {
        let (then, today) = (self.in_zone(zone), now.in_zone(zone).date());
        let days = today.until(then.date()).map_or(i32::MAX, |span| span.get_days());
        let form = match days {
            0 => "today %H:%M",
            1 => "tomorrow %H:%M",
            2..=6 => "%a %H:%M",
            _ => "%-d %b %Y, %H:%M",
        };
        then.strftime(form).to_string()
    }

    /// As people of a zone say it: `Mon 23 Nov 2026, 20:05`.
    pub fn wall_text(self, zone: &jiff::tz::TimeZone) -> String {
        self.in_zone(zone).strftime("%a %-d %b %Y, %H:%M").to_string()
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

/// A step of the machine's clock that is worth a word: less is what time servers do.
const NOTED_STEP_MS: i64 = 60 * MS_PER_SECOND;
/// Wall time so far after the last commit is not believed until somebody confirms it.
const BELIEVED_SECONDS: i64 = 400 * 86_400;

/// The clock of one running city. It advances by monotonic time from where it was anchored, so that a step of
/// the machine's wall clock neither revives what has expired nor expires what is valid.
#[derive(Debug)]
pub struct Clock {
    anchor: Timestamp,
    /// `None`: it stands until it is moved.
    started: Option<Instant>,
    moved_ms: AtomicI64,
    /// What the wall clock would have shown at the start, had nobody turned it.
    expected_ms: AtomicI64,
    is_doubtful: AtomicBool,
}

/// Wall time that is not believed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub wall: Timestamp,
    /// The city's own time, which goes on from the last commit.
    pub now: Timestamp,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Doubt { wall, now } = self;
        let days = wall.seconds_since(*now) / 86_400;
        write!(f, "the machine's clock says {wall}, {days} days after the last commit: ")?;
        f.write_str("set it, or run `highstreet clock accept`")
    }
}

impl Clock {
    /// A clock anchored at the later of the machine's wall time and the last commit.
    pub fn anchored(last_commit: Timestamp) -> Clock {
        Clock::starting_at(wall_time().max(last_commit))
    }

    /// The same for a real city. Where wall time is more than 400 days after the last commit, it is in doubt: time goes
    /// on from the last commit then. A city without a commit has the machine's time.
    pub fn careful(last_commit: Timestamp) -> Clock {
        Clock::careful_at(wall_time(), last_commit)
    }

    fn careful_at(wall: Timestamp, last_commit: Timestamp) -> Clock {
        let is_doubtful = last_commit > Timestamp(0) && wall.seconds_since(last_commit) > BELIEVED_SECONDS;
        let anchor = if is_doubtful { last_commit } else { wall.max(last_commit) };
        let expected_ms = AtomicI64::new(anchor.0);
        Clock { expected_ms, is_doubtful: AtomicBool::new(is_doubtful), ..Clock::starting_at(anchor) }
    }

    /// A clock that starts at this instant and runs (demo and tests).
    pub fn starting_at(anchor: Timestamp) -> Clock {
        Clock {
            anchor,
            started: Some(monotonic()),
            moved_ms: AtomicI64::new(0),
            expected_ms: AtomicI64::new(wall_time().0),
            is_doubtful: AtomicBool::new(false),
        }
    }

    /// A clock that stands at this instant until it is moved (simulations).
    pub fn standing_at(anchor: Timestamp) -> Clock {
        Clock { started: None, ..Clock::starting_at(anchor) }
    }

    pub fn now(&self) -> Timestamp {
        let moved = self.moved_ms.load(Ordering::Relaxed);
        Timestamp(self.anchor.0.saturating_add(self.run_ms()).saturating_add(moved))
    }

    /// Moves the clock forward to `instant` (demo and tests). Answers false, and moves nothing, if it is past.
    pub fn move_to(&self, instant: Timestamp) -> bool {
        if instant < self.now() {
            return false;
        }
        let moved = instant.0.saturating_sub(self.anchor.0).saturating_sub(self.run_ms());
        // The larger of two that move at once, never their sum.
        self.moved_ms.fetch_max(moved, Ordering::Relaxed);
        true
    }

    /// Wall time that is not believed, if so.
    pub fn doubt(&self) -> Option<Doubt> {
        self.is_doubtful.load(Ordering::Acquire).then(|| Doubt { wall: wall_time(), now: self.now() })
    }

    /// Believes the machine's clock from now on: time goes on from what it shows. Answers whether there was a doubt.
    pub fn accept(&self) -> bool {
        if !self.is_doubtful.load(Ordering::Acquire) {
            return false;
        }
        let wall = wall_time();
        self.move_to(wall);
        self.expected_ms.store(wall.0.saturating_sub(self.run_ms()), Ordering::Relaxed);
        self.is_doubtful.swap(false, Ordering::AcqRel)
    }

    /// How far the machine's clock is from where it would be had nobody turned it: negative if it was turned back. Of
    /// a careful clock: how far it is from the city's own time.
    pub fn turned_ms(&self) -> i64 {
        let expected = self.expected_ms.load(Ordering::Relaxed).saturating_add(self.run_ms());
        wall_time().0.saturating_sub(expected)
    }

    /// What to tell the operator of a machine's clock that was turned; `None` if it is where it should be.
    pub fn turned(&self) -> Option<Turned> {
        Some(Turned { ms: self.turned_ms() }).filter(|turned| turned.ms.saturating_abs() > NOTED_STEP_MS)
    }

    fn run_ms(&self) -> i64 {
        let elapsed = self.started.map_or(Duration::ZERO, |started| started.elapsed());
        i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
    }
}

/// How far the machine's clock is from where it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turned {
    pub ms: i64,
}

impl Turned {
    /// Whether it was turned once more since.
    pub fn differs_from(&self, other: &Turned) -> bool {
        self.ms.saturating_sub(other.ms).saturating_abs() > NOTED_STEP_MS
    }
}

impl fmt::Display for Turned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, side) = (self.ms.unsigned_abs() / 1000, if self.ms < 0 { "behind" } else { "ahead of" });
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        write!(
            f,
            "the machine's clock is {days} days, {hours} hours and {minutes} minutes {side} the city's own time"
        )?;
        f.write_str(", which goes on as if nobody had turned it")
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

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    /// The years that RFC 3339 can write, 0000 to 9999, in milliseconds.
    const WRITABLE_MS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_207_200_000;

    /// 1840 to 2100: zones on local mean time, in all their changes, and today.
    const NEAR_MS: std::ops::Range<i64> = -4_102_444_800_000..4_102_444_800_000;

    fn writable() -> impl Strategy<Value = Timestamp> {
        prop_oneof![WRITABLE_MS, NEAR_MS].prop_map(Timestamp)
    }

    fn zones() -> impl Strategy<Value = TimeZone> {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
        proptest::sample::select(names).prop_map(|name| TimeZone::get(&name).unwrap())
    }

    #[test]
    fn near_times_are_said_from_where_people_are_in_time() {
        let zone = TimeZone::get("Europe/Helsinki").unwrap();
        let said = |then: &str| {
            let now = Timestamp::parse("2026-11-23T22:30:00+02:00").unwrap();
            Timestamp::parse(then).unwrap().wall_text_from(now, &zone)
        };
        assert_eq!(said("2026-11-23T23:59:00+02:00"), "today 23:59");
        assert_eq!(said("2026-11-24T00:05:00+02:00"), "tomorrow 00:05");
        assert_eq!(said("2026-11-29T20:00:00+02:00"), "Sun 20:00");
        assert_eq!(said("2026-11-30T20:00:00+02:00"), "30 Nov 2026, 20:00");
        assert_eq!(said("2026-11-22T20:00:00+02:00"), "22 Nov 2026, 20:00");
    }

    proptest! {
        #[test]
        fn utc_text_is_read_back_to_the_second(instant in writable()) {
            let second = Timestamp(instant.millis().div_euclid(1000) * 1000);
            prop_assert_eq!(Timestamp::parse(&instant.to_string()), Some(second));
        }

        #[test]
        fn text_in_any_zone_is_read_back_to_the_second(instant in NEAR_MS, zone in zones()) {
            let instant = Timestamp(instant);
            let second = Timestamp(instant.millis().div_euclid(1000) * 1000);
            let text = instant.rfc3339_in(&zone);
            prop_assert_eq!(Timestamp::parse(&text), Some(second), "{}", text);
            prop_assert!(text.len() == 25 || text.ends_with('Z'), "{} is no RFC 3339", text);
        }

        #[test]
        fn no_instant_panics(millis in any::<i64>(), seconds in any::<i64>(), zone in zones()) {
            let instant = Timestamp(millis);
            let _ = (instant.to_string(), instant.rfc3339_in(&zone), instant.plus_seconds(seconds));
            let _ = instant.seconds_since(Timestamp(seconds));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Timestamp::parse(&text);
        }

        #[test]
        fn seconds_added_are_seconds_since(start in NEAR_MS, seconds in -1_000_000_000..1_000_000_000_i64) {
            let start = Timestamp(start);
            prop_assert_eq!(start.plus_seconds(seconds).seconds_since(start), seconds);
        }
    }

    #[test]
    fn an_offset_names_the_same_instant() {
        let noon = Timestamp::parse("2026-11-23T12:00:00Z");
        assert_eq!(Timestamp::parse("2026-11-23T14:00:00+02:00"), noon);
        assert_eq!(Timestamp::parse(" 2026-11-23T06:30:00-05:30 "), noon);
    }

    #[test]
    fn text_without_an_offset_names_no_instant() {
        assert_eq!(Timestamp::parse("2026-11-23T12:00:00"), None);
        assert_eq!(Timestamp::parse("2026-11-23"), None);
        assert_eq!(Timestamp::parse("now"), None);
    }

    #[test]
    fn a_nonexistent_hour_is_skipped_and_a_repeated_one_told_apart() {
        let helsinki = TimeZone::get("Europe/Helsinki").unwrap();
        let in_helsinki = |text: &str| Timestamp::parse(text).unwrap().rfc3339_in(&helsinki);
        assert_eq!(in_helsinki("2026-03-29T01:00:00Z"), "2026-03-29T04:00:00+03:00");
        assert_eq!(in_helsinki("2026-10-25T00:30:00Z"), "2026-10-25T03:30:00+03:00");
        assert_eq!(in_helsinki("2026-10-25T01:30:00Z"), "2026-10-25T03:30:00+02:00");
    }

    #[test]
    fn a_clock_moves_forward_only() {
        let clock = Clock::starting_at(Timestamp(1_000_000));
        assert!(clock.move_to(Timestamp(5_000_000)));
        assert!(clock.now() >= Timestamp(5_000_000));
        assert!(clock.now() < Timestamp(5_060_000));
        assert!(!clock.move_to(Timestamp(1_000_000)));
        assert!(clock.now() >= Timestamp(5_000_000));
    }

    #[test]
    fn a_standing_clock_moves_only_when_it_is_moved() {
        let clock = Clock::standing_at(Timestamp(1_000_000));
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(clock.now(), Timestamp(1_000_000));
        assert!(clock.move_to(Timestamp(5_000_000)));
        assert_eq!(clock.now(), Timestamp(5_000_000));
    }

    #[test]
    fn two_who_move_the_clock_at_once_do_not_add_up() {
        let clock = Clock::starting_at(Timestamp(0));
        let target = Timestamp(86_400_000);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| clock.move_to(target));
            }
        });
        assert!(clock.now() >= target && clock.now() < target.plus_seconds(60));
    }

    #[test]
    fn a_clock_starts_no_earlier_than_the_last_commit() {
        let tomorrow = wall_time().plus_seconds(86_400);
        assert!(Clock::anchored(tomorrow).now() >= tomorrow);
        assert!(Clock::anchored(Timestamp(0)).now() >= Timestamp(1_700_000_000_000));
    }

    #[test]
    fn wall_time_of_another_decade_is_in_doubt_until_it_is_accepted() {
        let wall = wall_time();
        let days_ago = |days: i64| wall.plus_seconds(-days * 86_400);
        for (last, is_doubtful) in
            [(days_ago(399), false), (days_ago(401), true), (Timestamp(0), false), (days_ago(-3000), false)]
        {
            assert_eq!(Clock::careful_at(wall, last).doubt().is_some(), is_doubtful, "{last}");
        }
        let clock = Clock::careful_at(wall, days_ago(401));
        assert!(clock.now() < days_ago(400), "time goes on from the last commit");
        assert!(clock.turned().is_some());
        assert!(clock.accept() && !clock.accept());
        assert!(clock.now() >= wall && clock.doubt().is_none() && clock.turned().is_none());
    }

    #[test]
    fn a_clock_that_was_turned_is_told_from_one_that_was_not() {
        assert_eq!(Clock::careful(Timestamp(0)).turned(), None);
        assert_eq!(Clock::starting_at(Timestamp(0)).turned(), None, "a demo starts when it likes");
        let behind = Clock::careful(wall_time().plus_seconds(90_061)).turned().unwrap();
        assert!((-90_062_000..=-90_000_000).contains(&behind.ms), "{behind:?}");
        assert!(behind.to_string().contains("1 days, 1 hours and 1 minutes behind"), "{behind}");
        assert!(!behind.differs_from(&Turned { ms: behind.ms + 60_000 }));
        assert!(behind.differs_from(&Turned { ms: 0 }));
    }

    #[test]
    fn a_clock_at_the_end_of_time_stays_there() {
        let clock = Clock::starting_at(Timestamp(0));
        assert!(clock.move_to(Timestamp::MAX));
        assert!(clock.now() <= Timestamp::MAX);
        assert!(clock.now().to_string().starts_with("9999-12-30"));
    }
}
