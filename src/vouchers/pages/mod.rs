//! Vouchers for people: the holder's own, and the till. The twin for programs is `api.rs`.

mod mine;
mod till;

pub use mine::{list, reissue_by_form, show};
pub use till::{redeem_by_form, till, undo_by_form};
