//! Opening times, kept once for all places that share them. A schedule's number 0 is "hours unknown".

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::Timestamp;
use crate::search::cow::CowList;
use crate::search::document::Hours;

/// The number of the schedule of those whose hours nobody told.
pub(super) const UNKNOWN: u32 = 0;

/// Seconds since 1970, start included and end not, in order and without overlap.
pub(super) type Spans = Arc<[(u32, u32)]>;

const MAX_LENGTH: u32 = u32::MAX >> 1;

/// What readers see: schedules by number.
#[derive(Clone, Debug)]
pub(super) struct Schedules {
    spans: CowList<Spans>,
    /// The last answer of each, which is the next one too in nearly all cases: people ask for now.
    answers: CowList<LastAnswer>,
}

/// What a schedule says from one change to the next, in one word that readers share without a lock:
/// 32 bits for the second it begins, 31 for its length in seconds, 1 for "open". Length 0 is no answer.
#[derive(Debug, Default)]
struct LastAnswer(AtomicU64);

impl LastAnswer {
    fn at(&self, at: u32) -> Option<bool> {
        let packed = self.0.load(Ordering::Relaxed);
        let (start, length) = ((packed >> 32) as u32, (packed >> 1) as u32 & MAX_LENGTH);
        (at.checked_sub(start)? < length).then_some(packed & 1 == 1)
    }

    fn keep(&self, start: u32, end: u32, open: bool) {
        let length = (end - start).min(MAX_LENGTH);
        self.0.store(u64::from(start) << 32 | u64::from(length) << 1 | u64::from(open), Ordering::Relaxed);
    }
}

impl Clone for LastAnswer {
    fn clone(&self) -> LastAnswer {
        LastAnswer(AtomicU64::new(self.0.load(Ordering::Relaxed)))
    }
}

impl Default for Schedules {
    fn default() -> Schedules {
        let mut schedules = Schedules { spans: CowList::default(), answers: CowList::default() };
        schedules.push(Arc::from([]));
        schedules
    }
}

impl Schedules {
    /// Those of the numbers from 1 on.
    pub(super) fn of(all: Vec<Spans>) -> Schedules {
        let mut schedules = Schedules::default();
        for spans in all {
            schedules.push(spans);
        }
        schedules
    }

    /// All but the unknown one, by number.
    pub(super) fn all(&self) -> Vec<&Spans> {
        (1..self.spans.len()).filter_map(|number| self.spans.get(number)).collect()
    }

    pub(super) const fn has(&self, schedule: u32) -> bool {
        (schedule as usize) < self.spans.len()
    }

    pub(super) fn is_open(&self, schedule: u32, at: u32) -> bool {
        let Some(last) = self.answers.get(schedule as usize) else { return false };
        last.at(at).unwrap_or_else(|| self.work_out(schedule, at, last))
    }

    fn work_out(&self, schedule: u32, at: u32, last: &LastAnswer) -> bool {
        let Some(spans) = self.spans.get(schedule as usize) else { return false };
        let next = spans.partition_point(|(start, _)| *start <= at);
        let (_, before_end) = next.checked_sub(1).and_then(|index| spans.get(index)).copied().unwrap_or((0, 0));
        let until = spans.get(next).map_or(u32::MAX, |(start, _)| *start);
        let open = at < before_end;
        if open {
            last.keep(at, before_end, true);
        } else {
            last.keep(before_end, until, false);
        }
        open
    }

    fn push(&mut self, spans: Spans) -> u32 {
        self.answers.push(LastAnswer::default());
        self.spans.push(spans) as u32
    }

    fn replace(&mut self, number: u32, spans: Spans) {
        if let Some(old) = self.spans.get_mut(number as usize) {
            *old = spans;
        }
        if let Some(answer) = self.answers.get_mut(number as usize) {
            *answer = LastAnswer::default();
        }
    }
}

/// The writer's side: which schedule has which number, and how many places have it.
#[derive(Debug, Default)]
pub(super) struct ScheduleNumbers {
    by_spans: HashMap<Spans, u32>,
    users: Vec<u32>,
    free: Vec<u32>,
}

impl ScheduleNumbers {
    /// For a table that has these schedules, one number for each place.
    pub(super) fn of(schedules: &Schedules, places: impl Iterator<Item = u32>) -> ScheduleNumbers {
        let mut numbers = ScheduleNumbers { users: vec![0; schedules.spans.len()], ..ScheduleNumbers::default() };
        for number in places.filter(|number| *number != UNKNOWN) {
            if let Some(users) = numbers.users.get_mut(number as usize) {
                *users += 1;
            }
        }
        for (number, users) in (0u32..).zip(&numbers.users).skip(1) {
            match schedules.spans.get(number as usize) {
                Some(spans) if *users > 0 => drop(numbers.by_spans.insert(Arc::clone(spans), number)),
                Some(_) | None => numbers.free.push(number),
            }
        }
        numbers
    }

    /// The number of these hours, one user more.
    pub(super) fn take(&mut self, hours: &Hours, schedules: &mut Schedules) -> u32 {
        let Hours::Known(intervals) = hours else { return UNKNOWN };
        let spans: Spans =
            Arc::from(joined(intervals.iter().map(|one| (seconds(one.start()), seconds(one.end()))).collect()));
        let number = match self.by_spans.get(&spans) {
            Some(number) => *number,
            None => self.number_for(spans, schedules),
        };
        if let Some(users) = self.users.get_mut(number as usize) {
            *users += 1;
        }
        number
    }

    /// One user less; a schedule without users gives its number back.
    pub(super) fn give_back(&mut self, number: u32, schedules: &Schedules) {
        if number == UNKNOWN {
            return;
        }
        let Some(users) = self.users.get_mut(number as usize) else { return };
        *users = users.saturating_sub(1);
        if *users == 0
            && let Some(spans) = schedules.spans.get(number as usize)
        {
            self.by_spans.remove(spans);
            self.free.push(number);
        }
    }

    fn number_for(&mut self, spans: Spans, schedules: &mut Schedules) -> u32 {
        let number = match self.free.pop() {
            Some(number) => {
                schedules.replace(number, Arc::clone(&spans));
                number
            }
            None => schedules.push(Arc::clone(&spans)),
        };
        self.users.resize(self.users.len().max(number as usize + 1), 0);
        self.by_spans.insert(spans, number);
        number
    }
}

/// In order, and with what overlaps or touches made one.
fn joined(mut spans: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    spans.sort_unstable();
    let mut joined: Vec<(u32, u32)> = Vec::with_capacity(spans.len());
    for (start, end) in spans {
        match joined.last_mut() {
            Some((_, last_end)) if start <= *last_end => *last_end = end.max(*last_end),
            Some(_) | None => joined.push((start, end)),
        }
    }
    joined
}

/// Whole seconds since 1970, as far as 32 bits go (2106).
pub(super) fn seconds(instant: Timestamp) -> u32 {
    u32::try_from(instant.millis().div_euclid(1000).max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Interval;

    fn hours(spans: &[(i64, i64)]) -> Hours {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        Hours::Known(spans.iter().filter_map(|(start, end)| Interval::new(at(*start), at(*end))).collect())
    }

    #[test]
    fn dir_03_open_from_start_until_before_end() {
        let (mut numbers, mut schedules) = (ScheduleNumbers::default(), Schedules::default());
        let number = numbers.take(&hours(&[(100, 200), (300, 400), (200, 250)]), &mut schedules);
        for (at, open) in [(99, false), (100, true), (199, true), (249, true), (250, false), (300, true), (400, false)]
        {
            assert_eq!(schedules.is_open(number, at), open, "at {at}");
        }
        assert!(!schedules.is_open(UNKNOWN, 100));
    }

    #[test]
    fn schedules_are_shared_and_their_numbers_used_again() {
        let (mut numbers, mut schedules) = (ScheduleNumbers::default(), Schedules::default());
        let first = numbers.take(&hours(&[(1, 2)]), &mut schedules);
        assert_eq!(numbers.take(&hours(&[(1, 2)]), &mut schedules), first);
        let second = numbers.take(&hours(&[]), &mut schedules);
        assert!(second != first && second != UNKNOWN);
        numbers.give_back(first, &schedules);
        assert_eq!(numbers.take(&hours(&[(1, 2)]), &mut schedules), first, "one user was left");
        numbers.give_back(first, &schedules);
        numbers.give_back(first, &schedules);
        assert_eq!(numbers.take(&hours(&[(5, 6)]), &mut schedules), first);
        assert!(schedules.is_open(first, 5) && !schedules.is_open(first, 1));
    }
}
