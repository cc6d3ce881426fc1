//! What is raced: rules in plain words, each with a round that tries hard to break it.

mod money;
mod stock;
mod vouchers;

use std::time::Duration;

use crate::base::Fault;
use crate::cli::selftest::door::Door;
use crate::cli::selftest::shop::{Answer, Shop};

pub(super) struct Race<D> {
    pub name: &'static str,
    pub rule: &'static str,
    pub round: fn(&Shop<D>, &mut Found) -> Result<(), Fault>,
}

/// Every race of this build. Whatever engine sells, books or lends something adds its own here, a line each.
pub(super) fn races<D: Door>() -> Vec<Race<D>> {
    let race = |name, rule, round| Race { name, rule, round };
    vec![
        race("stock", "no more of a deal is sold than there is, and nothing free is refused", stock::hot_deal),
        race("caps", "nobody gets more of a deal than one person may have", stock::one_person_in_many_windows),
        race("retries", "a request that is sent many times orders once", stock::retries),
        race("holds", "what a hold had is sold to somebody else when it runs out, once", stock::holds_that_run_out),
        race("payments", "an order is paid one way, and costs nothing when it is cancelled", money::payments),
        race("late-money", "money that comes late counts or goes back, once", money::late_money),
        race("tills", "of many tills at once, one redeems a voucher", vouchers::tills),
        race("undo", "a use is taken back once, and the voucher is used again once", vouchers::undo),
        race("reissue", "an old code and a new one are never both good", vouchers::reissue),
        race("refunds", "a voucher is used or goes back, never both", vouchers::refunds),
        race("cancels", "a cancelled order gives back what was not used, and nothing else", vouchers::cancels),
    ]
}

/// What a round has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub faults: Vec<String>,
    /// Claims that were granted, and how long they took: of the race that does nothing else.
    pub claims: u64,
    pub took: Duration,
}

impl Found {
    /// Notes what does not hold.
    fn demand(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(otherwise());
        }
    }

    /// Of all who wanted one thing, this many got it, and the others were refused by one of these names.
    fn winners<T>(&mut self, of: &str, answers: &[Answer<T>], expected: usize, refusals: &[&str]) {
        let won = answers.iter().filter(|answer| answer.is_ok()).count();
        self.demand(won == expected, || format!("{of}: {won} were let through, not {expected}"));
        self.refused(of, answers, refusals);
    }

    fn refused<T>(&mut self, of: &str, answers: &[Answer<T>], refusals: &[&str]) {
        for name in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            self.demand(refusals.contains(name), || format!("{of}: somebody was told {name}"));
        }
    }
}

/// What a crowd came to, gathered by the thing that each wanted: the members of one group stand together.
fn by_group<T>(answers: Vec<T>, size: usize) -> Vec<Vec<T>> {
    let mut groups = Vec::new();
    let mut answers = answers.into_iter();
    loop {
        let group: Vec<T> = answers.by_ref().take(size).collect();
        if group.is_empty() {
            return groups;
        }
        groups.push(group);
    }
}
