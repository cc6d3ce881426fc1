//! The commands of `accounts`, each run twice on a city with Anna, who has a password, a session and a token.

use highstreet::accounts::access::{Grant, StaffRole, TokenScope};
use highstreet::accounts::{
    self, DisplayName, Email, Entry, NewAccount, Password, PasswordHash, Passwords, SessionId, SessionKind, TokenHash,
    Verified, credentials_of,
};
use highstreet::base::{Id, Line};
use highstreet::kernel::audit::Who;
use highstreet::store::{Outcome, Read, Store, Tx};

use super::{does_the_same_twice, memory};

const ANNAS_SESSION: TokenHash = [1; 32];
const ANNAS_TOKEN: TokenHash = [2; 32];
const GUESTS_SESSION: TokenHash = [3; 32];
const NEW_SESSION: TokenHash = [4; 32];

fn anna() -> Email {
    Email::parse("anna@example.org").unwrap()
}

fn account(email: &str) -> NewAccount {
    let password = Password::chosen("correct horse".to_owned(), &anna()).unwrap();
    NewAccount {
        name: DisplayName::parse("Anna").unwrap(),
        email: Email::parse(email).unwrap(),
        password: accounts::hash_now(&password).unwrap(),
    }
}

fn entry(token: TokenHash, replaces: Option<TokenHash>) -> Entry {
    Entry { token, kind: SessionKind::Browser, replaces }
}

fn city() -> Store {
    let store = memory();
    let made: Outcome<(), accounts::Refusal> = store
        .write_blocking(|tx| {
            accounts::sign_up(tx, &account("anna@example.org"), &entry(ANNAS_SESSION, None))?;
            accounts::create_token(tx, &anna(), &Line::parse("a").unwrap(), &[TokenScope::Own], &ANNAS_TOKEN)?;
            accounts::begin_guest(tx, &GUESTS_SESSION)?;
            Ok(())
        })
        .outcome;
    made.unwrap();
    store
}

pub fn sign_up() {
    let new = account("new@example.org");
    does_the_same_twice(&city(), |tx| accounts::sign_up(tx, &new, &entry(NEW_SESSION, Some(GUESTS_SESSION))));
}

pub fn begin_session() {
    let store = city();
    let known = credentials_of(&store.snapshot().unwrap(), "anna@example.org").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let typed = Password::typed("correct horse".to_owned());
    let verified: Verified = runtime.block_on(Passwords::default().verify(known, typed)).unwrap();
    let entry = entry(NEW_SESSION, Some(GUESTS_SESSION));
    does_the_same_twice(&store, |tx| accounts::begin_session(tx, &verified, &entry));
}

pub fn sign_out() {
    does_the_same_twice(&city(), |tx| accounts::sign_out(tx, &ANNAS_SESSION));
}

pub fn begin_guest() {
    does_the_same_twice(&city(), |tx| accounts::begin_guest(tx, &NEW_SESSION));
}

pub fn forget_old_sessions() {
    let store = city();
    store.clock().move_to(store.clock().now().plus_seconds(401 * 24 * 3600));
    let later = |tx: &mut Tx<'_>| accounts::begin_guest(tx, &NEW_SESSION);
    store.write_blocking(later).outcome.unwrap();
    let nothing = |_: &dyn Read, _| Ok(false);
    does_the_same_twice(&store, |tx| Outcome::<bool, ()>::Ok(accounts::forget_old_sessions(tx, nothing)?));
}

pub fn add_user() {
    let new = account("new@example.org");
    does_the_same_twice(&city(), |tx| accounts::add_user(tx, &new, &[Grant::Operator]));
}

pub fn set_roles() {
    does_the_same_twice(&city(), |tx| accounts::set_roles(tx, &anna(), &[Grant::Moderator]));
}

pub fn grant_staff() {
    let (merchant, place) = (Id::from_bytes([5; 16]), Id::from_bytes([6; 16]));
    does_the_same_twice(&city(), |tx| {
        accounts::grant_staff(tx, Who::Console, &anna(), StaffRole::Till, merchant, &[place])
    });
}

pub fn reset_password() {
    let hash = PasswordHash::from_phc("another".to_owned());
    does_the_same_twice(&city(), |tx| accounts::reset_password(tx, &anna(), &hash));
}

pub fn create_token() {
    let label = Line::parse("b").unwrap();
    let scopes = [TokenScope::Till];
    does_the_same_twice(&city(), |tx| accounts::create_token(tx, &anna(), &label, &scopes, &NEW_SESSION));
}

pub fn revoke_token() {
    does_the_same_twice(&city(), |tx| accounts::revoke_token(tx, SessionId::of_token(&ANNAS_TOKEN)));
}
