//! People: who they are, how they sign in, and what each may do.
//!
//! A person without a way to sign in is a guest, known by one cookie; signing up keeps the person and what they bought.
//! What a role may do stands in [`access`], and nowhere else.

pub mod access;
pub mod api;
mod commands;
mod gate;
#[cfg(test)]
mod golden;
mod model;
pub mod pages;
mod password;
mod queries;
mod refusal;
mod rules;
mod token;
mod workplaces;

pub use access::{
    Action, Actor, Denied, Grant, Manager, Operator, Owner, Reach, Resident, Role, StaffRole, Till, TokenScope, Viewer,
};
pub use commands::{
    Entry, NewAccount, add_user, begin_guest, begin_session, create_token, forget_old_sessions, grant_staff,
    reset_password, revoke_token, set_roles, sign_out, sign_up,
};
pub use gate::{Buyer, Caller, SESSION_COOKIE, admit, no_session_cookie, recognise, session_cookie};
pub use model::*;
pub use password::{Credentials, Password, Passwords, Verified, hash_now};
pub use queries::{credentials_of, display_name, person_by_email, sessions_of, tokens, users, viewer_of};
pub use refusal::Refusal;
pub use token::{Token, hash_token};
pub use workplaces::Workplaces;
