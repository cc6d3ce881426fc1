//! DIR-03: open now, open at, opens next, in the place's own time.

use proptest::prelude::*;

use super::*;

fn helsinki() -> Locality {
    Locality::new(TimeZone::get("Europe/Helsinki").unwrap(), Some("FI"))
}

fn hours(text: &str) -> Hours {
    Hours::parse(text, &helsinki(), Point::new(60.17, 24.94).unwrap()).unwrap()
}

/// An instant by the clocks of Helsinki.
fn at(wall: &str) -> Timestamp {
    let wall: DateTime = wall.parse().unwrap();
    wall.to_zoned(helsinki().zone).unwrap().timestamp().into()
}

/// What a passer-by reads at this wall time.
fn sign(text: &str, wall: &str) -> String {
    hours(text).state_at(at(wall)).sentence(at(wall), helsinki().zone())
}

/// The week's rows, one a line.
fn table(text: &str, wall: &str) -> Vec<String> {
    hours(text).week(at(wall)).iter().map(|row| format!("{} {}", row.days(), row.hours())).collect()
}

fn length_minutes(text: &str, wall: &str) -> i64 {
    let found = hours(text).open_intervals(at(wall), 1);
    found.iter().map(|open| open.end().seconds_since(open.start()) / 60).sum()
}

// 2026-11-23 is a Monday.

#[test]
fn dir_03_says_until_when_it_is_open_and_when_it_opens_next() {
    let week = "Mo-Fr 09:00-18:00; Sa 10:00-15:00";
    assert_eq!(sign(week, "2026-11-23T10:00"), "Open until 18:00");
    assert_eq!(sign(week, "2026-11-23T17:20"), "Closes in 40 min");
    assert_eq!(sign(week, "2026-11-23T17:59:30"), "Closes in 1 min");
    assert_eq!(sign(week, "2026-11-23T08:00"), "Opens 09:00");
    assert_eq!(sign(week, "2026-11-23T18:00"), "Opens Tue 09:00");
    assert_eq!(sign(week, "2026-11-28T16:00"), "Opens Mon 09:00");
    assert_eq!(sign("Mo-Fr 09:00-18:00; ", "2026-11-23T10:00"), "Open until 18:00");
}

#[test]
fn dir_03_split_shifts_close_in_between() {
    let shifts = "Mo-Fr 11:00-14:00,17:00-22:00";
    assert_eq!(sign(shifts, "2026-11-23T15:00"), "Opens 17:00");
    assert_eq!(table(shifts, "2026-11-23T15:00"), ["Mon–Fri 11:00–14:00, 17:00–22:00", "Sat–Sun Closed"]);
}

#[test]
fn dir_03_a_night_belongs_to_the_day_that_it_began_on() {
    let club = "Fr,Sa 22:00-04:00";
    assert_eq!(sign(club, "2026-11-28T01:00"), "Open until 04:00");
    assert_eq!(sign(club, "2026-11-28T04:00"), "Opens 22:00");
    assert_eq!(sign(club, "2026-11-27T23:00"), "Open until 04:00");
    assert_eq!(table(club, "2026-11-28T01:00"), ["Mon–Thu Closed", "Fri–Sat 22:00–04:00", "Sun Closed"]);
}

#[test]
fn dir_03_midnight_to_midnight_is_all_day() {
    for text in ["00:00-00:00", "24/7", "00:00-24:00", "Mo-Su 00:00-00:00"] {
        assert_eq!(sign(text, "2026-11-23T10:00"), "Open around the clock", "{text}");
        assert_eq!(table(text, "2026-11-23T10:00"), ["Mon–Sun Open around the clock"], "{text}");
    }
    assert_eq!(table("Sa 00:00-00:00", "2026-11-23T10:00")[1], "Sat Open around the clock");
    assert_eq!(sign("Sa 00:00-00:00", "2026-11-28T10:00"), "Open until 00:00");
}

#[test]
fn dir_03_dated_exceptions_and_holidays_win_over_the_week() {
    let shop = "Mo-Su 09:00-18:00; PH off; 2026 Nov 24 12:00-14:00";
    assert_eq!(sign(shop, "2026-11-23T19:00"), "Opens Tue 12:00");
    // Independence Day of Finland, a Sunday.
    assert_eq!(sign(shop, "2026-12-06T12:00"), "Opens Mon 09:00");
    let elsewhere = Locality::new(TimeZone::get("Europe/Helsinki").unwrap(), None);
    let no_holidays = Hours::parse(shop, &elsewhere, Point::new(60.17, 24.94).unwrap()).unwrap();
    assert!(no_holidays.state_at(at("2026-12-06T12:00")).is_open());
}

#[test]
fn dir_03_the_zone_of_the_place_counts() {
    let tokyo = Locality::new(TimeZone::get("Asia/Tokyo").unwrap(), Some("JP"));
    let shop = Hours::parse("Mo-Su 09:00-18:00", &tokyo, Point::new(35.68, 139.76).unwrap()).unwrap();
    let evening = Timestamp::parse("2026-11-23T20:00:00+02:00").unwrap();
    assert_eq!(shop.state_at(evening).sentence(evening, tokyo.zone()), "Opens 09:00");
    let night = Timestamp::parse("2026-11-24T02:00:00+02:00").unwrap();
    assert!(shop.state_at(night).is_open());
}

#[test]
fn dir_03_days_of_23_and_25_hours_are_right() {
    // Clocks go from 03:00 to 04:00 on 29 March 2026, and from 04:00 back to 03:00 on 25 October.
    assert_eq!(length_minutes("00:00-06:00", "2026-03-28T12:00"), 5 * 60);
    assert_eq!(length_minutes("00:00-06:00", "2026-10-24T12:00"), 7 * 60);
    assert_eq!(length_minutes("09:00-18:00", "2026-03-29T00:00"), 9 * 60);
    assert_eq!(sign("Sa 22:00-03:30", "2026-10-25T02:59"), "Open until 03:30");
    // 22:00 to the second 03:30 is six and a half hours.
    assert_eq!(length_minutes("Sa 22:00-03:30", "2026-10-24T12:00"), 6 * 60 + 30);
    // 03:30 does not exist in March: the night ends at what follows it.
    assert_eq!(length_minutes("Sa 22:00-03:30", "2026-03-28T12:00"), 5 * 60 + 30);
}

#[test]
fn dir_03_the_sun_rises_where_the_place_stands() {
    let park = hours("sunrise-sunset");
    let winter: Vec<_> = park.open_intervals(at("2026-12-21T00:00"), 1);
    let summer: Vec<_> = park.open_intervals(at("2026-06-21T00:00"), 1);
    let minutes = |found: &[Interval]| found[0].end().seconds_since(found[0].start()) / 60;
    assert!((330..380).contains(&minutes(&winter)), "{} minutes", minutes(&winter));
    assert!((1100..1160).contains(&minutes(&summer)), "{} minutes", minutes(&summer));
}

#[test]
fn dir_03_what_must_be_asked_for_is_not_open() {
    let dentist = "Mo-Fr 09:00-17:00 unknown \"by appointment\"";
    assert_eq!(hours(dentist).state_at(at("2026-11-23T10:00")), OpenState::Unknown);
    assert_eq!(table(dentist, "2026-11-23T10:00")[0], "Mon–Fri On request");
    assert_eq!(hours("off").state_at(at("2026-11-23T10:00")), OpenState::Closed { opens: None });
}

#[test]
fn dir_03_intervals_are_cut_to_the_window_and_in_order() {
    let found = hours("Mo-Su 10:00-22:00").open_intervals(at("2026-11-23T12:00"), 7);
    assert_eq!(found.first().unwrap().start(), at("2026-11-23T12:00"));
    assert_eq!(found.last().unwrap().end(), at("2026-11-30T12:00"));
    assert_eq!(found.len(), 8);
    assert!(found.windows(2).all(|pair| pair[0].end() < pair[1].start()));
}

#[test]
fn unreadable_hours_are_refused_not_guessed() {
    let long = "Mo 09:00-10:00; ".repeat(100);
    for text in
        ["", "   ", "ask inside", "Mo-Fr 25:00-99:00", "<script>", "\0", "(dusk+23:00)-(dawn+23:00)", long.as_str()]
    {
        let read = Hours::parse(text, &helsinki(), Point::new(0.0, 0.0).unwrap());
        assert_eq!(read.err(), Some(Unreadable), "{text:?}");
    }
}

#[test]
fn the_ends_of_the_calendar_are_survived() {
    let read = hours("24/7");
    for now in [Timestamp::MIN, Timestamp::MAX, at("9999-12-30T12:00"), at("1899-12-31T12:00")] {
        assert!(read.open_intervals(now, u16::MAX).len() <= 1);
        assert!(read.week(now).len() <= 7);
    }
}

#[test]
fn hostile_hours_stay_bounded() {
    let many_rules = "Mo 1-2;".repeat(140);
    let minutes: String =
        (0..70).map(|at| format!("{:02}:{:02}-{:02}:{:02},", at / 6, at % 6 * 2, at / 6, at % 6 * 2 + 1)).collect();
    let stacked = "Mo-Su,PH 00:00-48:00 || ".repeat(40);
    for text in
        [many_rules.as_str(), minutes.trim_end_matches(','), stacked.trim_end_matches(" || "), "10:00-16:00/00:01"]
    {
        let Ok(read) = Hours::parse(text, &helsinki(), Point::new(0.0, 0.0).unwrap()) else { continue };
        assert!(read.open_intervals(at("2026-11-23T12:00"), u16::MAX).len() <= MAX_INTERVALS);
        assert!(read.week(at("2026-11-23T12:00")).len() <= 7);
    }
}

/// What hours are written with, thrown together.
const LIKE_HOURS: &str = concat!(
    "([MTWFSPu0-9ahorey :;,+/\"|-]|Mo|Fr|Su|PH|SH|off|week|sunset|dusk|[(]sunrise-0|[+]9999 days",
    "|2026|Jan|Dec|easter|10:00-12:00|24/7){0,24}"
);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_and_any_instant_are_answered(
        text in LIKE_HOURS,
        millis in any::<i64>(),
    ) {
        if let Ok(read) = Hours::parse(&text, &helsinki(), Point::new(89.0, 0.0).unwrap()) {
            let now = Timestamp::from_millis(millis);
            let open = read.open_intervals(now, DAYS_AHEAD);
            prop_assert!(open.windows(2).all(|pair| pair[0].end() < pair[1].start()));
            prop_assert_eq!(open.iter().any(|interval| interval.contains(now)), read.state_at(now).is_open());
            read.week(now);
        }
    }
}
