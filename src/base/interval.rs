//! Half-open intervals of time: `[start, end)`, so that neighbours touch and never overlap.

use minicbor::{Decode, Encode};

use crate::base::Timestamp;

/// From `start` (included) to `end` (excluded); `start` is before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Interval {
    #[n(0)]
    start: Timestamp,
    #[n(1)]
    end: Timestamp,
}

impl Interval {
    /// `None` if the interval would be empty or run backwards.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Interval> {
        (start < end).then_some(Interval { start, end })
    }

    pub const fn start(self) -> Timestamp {
        self.start
    }

    pub const fn end(self) -> Timestamp {
        self.end
    }

    pub fn contains(self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }

    pub fn overlaps(self, other: Interval) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The part that both have.
    pub fn intersection(self, other: Interval) -> Option<Interval> {
        Interval::new(self.start.max(other.start), self.end.min(other.end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Small numbers, so that neighbours often touch.
    fn interval() -> impl Strategy<Value = Interval> {
        (0..20_i64, 1..10_i64).prop_map(|(start, length)| Interval::new(at(start), at(start + length)).unwrap())
    }

    proptest! {
        #[test]
        fn two_overlap_exactly_if_some_instant_is_in_both(a in interval(), b in interval()) {
            let shared = (0..40).any(|millis| a.contains(at(millis)) && b.contains(at(millis)));
            prop_assert_eq!(a.overlaps(b), shared);
            prop_assert_eq!(b.overlaps(a), shared);
            prop_assert_eq!(a.intersection(b).is_some(), shared);
        }

        #[test]
        fn the_intersection_holds_the_instants_that_both_hold(a in interval(), b in interval(), millis in 0..40_i64) {
            let in_both = a.contains(at(millis)) && b.contains(at(millis));
            prop_assert_eq!(a.intersection(b).is_some_and(|both| both.contains(at(millis))), in_both);
        }

        #[test]
        fn neighbours_touch_and_do_not_overlap(a in interval(), length in 1..10_i64) {
            let next = Interval::new(a.end(), at(a.end().millis() + length)).unwrap();
            prop_assert!(!a.overlaps(next));
            prop_assert!(!a.contains(a.end()) && next.contains(a.end()));
        }
    }

    #[test]
    fn an_empty_or_backward_interval_is_none() {
        assert_eq!(Interval::new(at(5), at(5)), None);
        assert_eq!(Interval::new(at(6), at(5)), None);
    }
}
