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
