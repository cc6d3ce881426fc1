//! Opening times, kept once for all places that share them. A schedule's number 0 is "hours unknown".

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::Timestamp;
use crate::search::cow::CowList;
use crate::search::document::Hours;

/// The number of the schedule of those whose hours nobody told.
pub(super) const UNKNOWN: u32 = 0;

/// Seconds since 1970, start included and end not, in order and without overlap.
type Spans = Arc<[(u32, u32)]>;

/// What readers see: schedules by number.
#[derive(Clone, Debug)]
pub(super) struct Schedules(CowList<Spans>);

impl Default for Schedules {
    fn default() -> Schedules {
        let mut list = CowList::default();
        list.push(Arc::from([]));
        Schedules(list)
    }
}

impl Schedules {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_open(&self, schedule: u32, at: u32) -> bool {
        let Some(spans) = self.0.get(schedule as usize) else { return false };
        let later = spans.partition_point(|(start, _)| *start <= at);
        later.checked_sub(1).and_then(|last| spans.get(last)).is_some_and(|(_, end)| at < *end)
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
            && let Some(spans) = schedules.0.get(number as usize)
        {
            self.by_spans.remove(spans);
            self.free.push(number);
        }
    }

    fn number_for(&mut self, spans: Spans, schedules: &mut Schedules) -> u32 {
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(freed) = schedules.0.get_mut(number as usize) {
                    *freed = Arc::clone(&spans);
                }
                number
            }
            None => schedules.0.push(Arc::clone(&spans)) as u32,
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
