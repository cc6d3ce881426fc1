//! When a letter is tried again, and when it is given up. No store, no clock.

use crate::base::Timestamp;
use crate::kernel::outbox::model::LetterState;

/// Most bytes that a letter carries; more belongs into a row that it names.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 10;
pub const MAX_DEDUPE_BYTES: usize = 200;
/// A letter that has failed for so long is dead.
pub const GIVE_UP_SECONDS: i64 = 3 * 24 * 3600;
/// How long a letter that is done is kept. Its dedupe key holds as long: whoever writes letters must not come with the
/// same one later than this, and retries end with the 30 days of idempotency.
pub const DONE_KEPT_SECONDS: i64 = 90 * 24 * 3600;
/// Letters that one sweep forgets.
pub(super) const FORGET_AT_ONCE: usize = 1000;
/// A deliverer gives up on the other side by then.
pub const DELIVER_WITHIN_SECONDS: u32 = 30;
/// Letters that one round takes; they are delivered one after the other while their leases run.
pub(super) const LETTERS_A_ROUND: usize = 8;
/// How long a round may take before somebody else attempts its letters.
pub(super) const LEASE_SECONDS: i64 = 300;
const _: () = assert!(LETTERS_A_ROUND as i64 * (DELIVER_WITHIN_SECONDS as i64) < LEASE_SECONDS);
/// Reasons come from outside and are cut.
pub(super) const MAX_REASON_CHARACTERS: usize = 300;
const FIRST_DELAY_SECONDS: i64 = 30;
const LONGEST_DELAY_SECONDS: i64 = 6 * 3600;

/// Why an attempt did not succeed. The reason is for the operator and names no person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The other side is away or busy: try again.
    Later(String),
    /// It will never be taken: an unknown address, a body that is refused.
    Never(String),
}

/// What becomes of a letter after an attempt that failed: twice as long a wait each time, until it is given up.
pub(super) fn after_failure(written: Timestamp, attempts: u32, now: Timestamp, failure: Failure) -> LetterState {
    match failure {
        Failure::Never(reason) => LetterState::Dead { at: now, reason },
        Failure::Later(reason) if now.seconds_since(written) >= GIVE_UP_SECONDS => {
            LetterState::Dead { at: now, reason }
        }
        Failure::Later(_) => LetterState::Waiting { due: now.plus_seconds(delay_seconds(attempts)) },
    }
}

fn delay_seconds(attempts: u32) -> i64 {
    let doublings = attempts.saturating_sub(1).min(30);
    FIRST_DELAY_SECONDS.saturating_mul(1 << doublings).min(LONGEST_DELAY_SECONDS)
}

impl LetterState {
    /// The same state with a reason of at most so many characters.
    pub(super) fn shortened(self, most: usize) -> LetterState {
        match self {
            LetterState::Dead { at, reason } => LetterState::Dead { at, reason: reason.chars().take(most).collect() },
            LetterState::Waiting { .. } | LetterState::Done { .. } => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_six_hours_and_end_after_three_days() {
        let written = Timestamp::from_millis(0);
        let later = || Failure::Later("busy".into());
        let wait = |attempts| match after_failure(written, attempts, written, later()) {
            LetterState::Waiting { due } => due.seconds_since(written),
            other @ (LetterState::Done { .. } | LetterState::Dead { .. }) => panic!("{other:?}"),
        };
        assert_eq!([1, 2, 3, 10, 11, u32::MAX].map(wait), [30, 60, 120, 15_360, 21_600, 21_600]);
        let third_day = written.plus_seconds(GIVE_UP_SECONDS);
        let before = third_day.plus_seconds(-1);
        assert!(matches!(after_failure(written, 9, before, later()), LetterState::Waiting { .. }));
        assert!(matches!(after_failure(written, 9, third_day, later()), LetterState::Dead { .. }));
    }

    #[test]
    fn what_will_never_be_taken_is_dead_at_once() {
        let now = Timestamp::from_millis(0);
        let state = after_failure(now, 1, now, Failure::Never("no such address".into()));
        assert_eq!(state, LetterState::Dead { at: now, reason: "no such address".into() });
    }
}
