//! What happens inside, at the height of commands, on a town in memory. What people see of it is asked of the real
//! binary, in the files beside this folder.

mod at_till;
mod crashes;
mod deals;
mod joining;
mod model;
mod orders;
mod payments;
mod reviews;
mod settings;
pub mod town;
mod upkeep;
mod vouchers;
