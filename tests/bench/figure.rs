//! One figure, printed as the contract has it.

use std::fmt;

/// What was measured, what it may be, and what another program needs for the same.
#[derive(Debug)]
pub struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    budget: Option<Budget>,
    peer: Option<(&'static str, f64)>,
}

#[derive(Clone, Copy, Debug)]
enum Budget {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    pub const fn new(name: &'static str, value: f64, unit: &'static str) -> Figure {
        Figure { name, value, unit, budget: None, peer: None }
    }

    pub const fn at_most(mut self, budget: f64) -> Figure {
        self.budget = Some(Budget::AtMost(budget));
        self
    }

    pub const fn at_least(mut self, budget: f64) -> Figure {
        self.budget = Some(Budget::AtLeast(budget));
        self
    }

    pub const fn beside(mut self, peer: &'static str, value: f64) -> Figure {
        self.peer = Some((peer, value));
        self
    }

    pub fn print(self) {
        println!("{self}");
    }

    fn is_over(&self) -> bool {
        match self.budget {
            Some(Budget::AtMost(budget)) => self.value > budget,
            Some(Budget::AtLeast(budget)) => self.value < budget,
            None => false,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure { name, value, unit, budget, peer } = self;
        write!(f, "bench {name} {} {unit}", short(*value))?;
        match budget {
            Some(Budget::AtMost(budget) | Budget::AtLeast(budget)) => write!(f, " | budget {}", short(*budget))?,
            None => write!(f, " | budget -")?,
        }
        match peer {
            Some((peer, theirs)) => {
                write!(f, " | peer {peer} {} | ratio {}", short(*theirs), short(value / theirs))?;
            }
            None => write!(f, " | peer - - | ratio -")?,
        }
        if self.is_over() { write!(f, " | OVER") } else { Ok(()) }
    }
}

/// Three digits that count, whole numbers whole.
fn short(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
