//! People: who they are, how they sign in, and what each may do.
//!
//! A person without a way to sign in is a guest. What a role may do stands in [`access`], and nowhere else.

pub mod access;
mod model;

pub use access::{Action, Actor, Denied, Manager, Operator, Owner, Reach, Resident, Role, Till, Viewer};
pub use model::*;
