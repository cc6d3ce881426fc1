//! The commands of `admin`, each run twice.

use highstreet::admin;

use super::{does_the_same_twice, memory};

pub fn accept_clock() {
    does_the_same_twice(&memory(), |tx| admin::accept_clock(tx, None));
}
