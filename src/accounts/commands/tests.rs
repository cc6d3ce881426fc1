//! Use cases of people and sessions on a city in memory, and every command run twice on the same state.

use super::*;
use crate::accounts::access::{Action, Role};
use crate::accounts::password::Credentials;
use crate::accounts::queries::{credentials_of, sessions_of as listed, tokens, users};
use crate::accounts::rules::MAX_SESSIONS;
use crate::base::{Clock, Id, Timestamp};
use crate::store::{Hooks, Options, Origin, Place, Store};

fn open(hooks: Hooks) -> Store {
    let clock = |_| Clock::starting_at(Timestamp::from_millis(1_800_000_000_000));
    Store::open(Options {
        place: Place::Memory,
        cache_bytes: 1 << 20,
        schema: 1,
        origin: Origin::Demo,
        hooks,
        clock: &clock,
    })
    .unwrap()
}

fn memory() -> Store {
    open(Hooks::default())
}

/// Runs a command, after a rehearsal that did the same twice: the writer may run it again.
fn run<T, R>(store: &Store, command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static) -> Result<T, R>
where
    T: std::fmt::Debug + PartialEq + Send + 'static,
    R: std::fmt::Debug + PartialEq + Send + 'static,
{
    let rehearse = || store.rehearse(store.snapshot().unwrap().head().at, [7; 32], &command).unwrap();
    assert_eq!(rehearse(), rehearse());
    store.write_blocking(command).outcome.map_err(|stop| match stop {
        Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => refusal,
        Stop::Fault(fault) => panic!("{fault}"),
    })
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_phc(text.to_owned())
}

fn account(address: &str) -> NewAccount {
    NewAccount { name: DisplayName::parse("Anna").unwrap(), email: email(address), password: hash("old") }
}

fn entry(token: u8, replaces: Option<u8>) -> Entry {
    Entry { token: [token; 32], kind: SessionKind::Browser, replaces: replaces.map(|old| [old; 32]) }
}

fn sign_up_as(store: &Store, address: &str, token: u8, replaces: Option<u8>) -> Result<Viewer, Refusal> {
    let (account, entry) = (account(address), entry(token, replaces));
    run(store, move |tx| sign_up(tx, &account, &entry))
}

fn sign_in_as(store: &Store, address: &str, token: u8, replaces: Option<u8>) -> Result<Viewer, Refusal> {
    let known = credentials_of(&store.snapshot().unwrap(), address).unwrap().unwrap();
    let (verified, entry) = (Verified::unhashed(known), entry(token, replaces));
    run(store, move |tx| begin_session(tx, &verified, &entry))
}

fn guest(store: &Store, token: u8) -> Actor {
    run(store, move |tx| begin_guest(tx, &[token; 32])).unwrap()
}

fn viewer(store: &Store, token: u8) -> Viewer {
    viewer_of(&store.snapshot().unwrap(), &[token; 32], store.clock().now()).unwrap()
}

fn pass(store: &Store, seconds: i64) {
    assert!(store.clock().move_to(store.clock().now().plus_seconds(seconds)));
}

#[test]
fn whoever_signs_up_is_signed_in_and_can_sign_in_again_and_out() {
    let store = memory();
    let anna = sign_up_as(&store, "Anna@example.org", 1, None).unwrap();
    assert_eq!(viewer(&store, 1), anna);
    assert_eq!(anna.person().unwrap().roles(), [Role::Resident]);
    let again = sign_in_as(&store, "anna@EXAMPLE.org", 2, None).unwrap();
    assert_eq!(again.person(), anna.person(), "case does not count");
    run(&store, |tx| sign_out(tx, &[1; 32])).unwrap();
    run(&store, |tx| sign_out(tx, &[1; 32])).unwrap();
    assert_eq!((viewer(&store, 1), viewer(&store, 2)), (Viewer::nobody(), again));
}

#[test]
fn an_address_has_one_account_whatever_its_case() {
    let store = memory();
    sign_up_as(&store, "anna@example.org", 1, None).unwrap();
    let before = store.snapshot().unwrap().seq();
    assert_eq!(sign_up_as(&store, "ANNA@example.org", 2, None), Err(Refusal::EmailTaken));
    let added = run(&store, |tx| add_user(tx, &account("Anna@Example.Org"), &[]));
    assert_eq!(added, Err(Refusal::EmailTaken));
    assert_eq!(store.snapshot().unwrap().seq(), before, "a refusal leaves nothing");
}

#[test]
fn a_guest_who_signs_up_stays_the_same_person_under_a_new_token() {
    let store = memory();
    let actor = guest(&store, 1);
    assert_eq!(guest(&store, 1), actor, "a retry is the same guest");
    let anna = sign_up_as(&store, "anna@example.org", 2, Some(1)).unwrap();
    assert_eq!(anna.actor().unwrap().person, actor.person);
    assert_eq!(anna.person().unwrap().roles(), [Role::Resident]);
    assert_eq!(viewer(&store, 1), Viewer::nobody(), "the guest's token, which others may have seen, is worth nothing");
}

#[test]
fn a_guest_who_signs_in_joins_the_account_and_the_rooms_above_hear_it() {
    static JOINED: std::sync::Mutex<Vec<GuestJoined>> = std::sync::Mutex::new(Vec::new());
    let mut hooks = Hooks::default();
    hooks.on::<GuestJoined>(|_, joined| {
        JOINED.lock().unwrap().push(*joined);
        Ok(())
    });
    let store = open(hooks);
    let anna = sign_up_as(&store, "anna@example.org", 1, None).unwrap().actor().unwrap().person;
    let actor = guest(&store, 2);
    sign_in_as(&store, "anna@example.org", 3, Some(2)).unwrap();
    assert_eq!(viewer(&store, 2), Viewer::nobody());
    let heard = JOINED.lock().unwrap().clone();
    assert!(
        !heard.is_empty() && heard.iter().all(|joined| *joined == GuestJoined { guest: actor.person, person: anna })
    );
    // Another person's session is ended by a sign-in, and joins nobody.
    sign_in_as(&store, "anna@example.org", 4, Some(3)).unwrap();
    assert_eq!((JOINED.lock().unwrap().len(), viewer(&store, 3)), (heard.len(), Viewer::nobody()));
}

#[test]
fn a_session_holds_for_its_lifetime_and_not_a_second_longer() {
    let store = memory();
    sign_up_as(&store, "anna@example.org", 1, None).unwrap();
    guest(&store, 2);
    pass(&store, 30 * 86_400 - 60);
    assert!(viewer(&store, 1).actor().is_some());
    pass(&store, 60);
    assert_eq!(viewer(&store, 1), Viewer::nobody());
    assert!(viewer(&store, 2).actor().is_some(), "a guest has no other way back");
}

#[test]
fn a_password_that_was_changed_meanwhile_opens_nothing_and_ends_all_sessions_but_named_tokens() {
    let store = memory();
    sign_up_as(&store, "anna@example.org", 1, None).unwrap();
    let stale: Credentials = credentials_of(&store.snapshot().unwrap(), "anna@example.org").unwrap().unwrap();
    let label = Line::parse("script").unwrap();
    let all = [TokenScope::Own, TokenScope::Own];
    run(&store, move |tx| create_token(tx, &email("anna@example.org"), &label, &all, &[9; 32])).unwrap();
    run(&store, |tx| reset_password(tx, &email("anna@example.org"), &hash("new"))).unwrap();
    assert_eq!(viewer(&store, 1), Viewer::nobody());
    assert!(viewer(&store, 9).actor().is_some());
    let late = run(&store, move |tx| begin_session(tx, &Verified::unhashed(stale.clone()), &entry(2, None)));
    assert_eq!(late, Err(Refusal::WrongCredentials));
    assert!(sign_in_as(&store, "anna@example.org", 3, None).is_ok());
}

#[test]
fn a_person_has_a_bounded_number_of_sessions_and_the_newest_always_holds() {
    let store = memory();
    let anna = sign_up_as(&store, "anna@example.org", 0, None).unwrap();
    for token in 1..=60 {
        pass(&store, 1);
        sign_in_as(&store, "anna@example.org", token, None).unwrap();
    }
    let snapshot = store.snapshot().unwrap();
    let person = anna.actor().unwrap().person;
    assert_eq!(listed(&snapshot, person, store.clock().now()).unwrap().len(), MAX_SESSIONS);
    assert_eq!(viewer(&store, 60).person(), anna.person());
    assert_eq!(viewer(&store, 10), Viewer::nobody());
}

#[test]
fn roles_are_given_set_and_taken() {
    let store = memory();
    let (merchant, place): (MerchantId, PlaceId) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
    let grants = [Grant::Moderator];
    let id = run(&store, move |tx| add_user(tx, &account("olga@example.org"), &grants)).unwrap();
    let grant = move |role| {
        move |tx: &mut Tx<'_>| grant_staff(tx, Who::Console, &email("olga@example.org"), role, merchant, &[place])
    };
    assert_eq!(run(&store, grant(StaffRole::Till)), Ok(id));
    assert_eq!(run(&store, grant(StaffRole::Manager)), Ok(id));
    let olga = || store.snapshot().unwrap().must_get(&PERSONS, &id).unwrap();
    assert_eq!(olga().roles(), [Role::Resident, Role::Moderator, Role::Manager], "one role at one merchant");
    assert_eq!(run(&store, |tx| set_roles(tx, &email("olga@example.org"), &[])), Ok(id));
    assert_eq!(olga().roles(), [Role::Resident]);
    let unknown = email("nobody@example.org");
    assert_eq!(run(&store, move |tx| set_roles(tx, &unknown, &[])), Err(Refusal::UnknownPerson));
    assert_eq!(users(&store.snapshot().unwrap(), None, 10).unwrap(), [(id, olga())]);
    assert_eq!(users(&store.snapshot().unwrap(), Some(id), 10).unwrap(), []);
}

#[test]
fn a_named_token_holds_within_its_scopes_until_it_is_revoked() {
    let store = memory();
    sign_up_as(&store, "anna@example.org", 1, None).unwrap();
    let label = Line::parse("till app").unwrap();
    let scopes = [TokenScope::Till, TokenScope::Own, TokenScope::Till];
    let create = move |tx: &mut Tx<'_>| create_token(tx, &email("anna@example.org"), &label, &scopes, &[9; 32]);
    let id = run(&store, create).unwrap();
    pass(&store, 3650 * 86_400);
    let holder = viewer(&store, 9);
    assert_eq!(holder.actor().unwrap().scopes, Some(vec![TokenScope::Own, TokenScope::Till]));
    assert_eq!(holder.may(Action::Buy), Ok(()));
    assert!(holder.may(Action::Redeem).is_err(), "a scope gives no more than the person has");
    assert_eq!(tokens(&store.snapshot().unwrap()).unwrap().len(), 1);
    let browser = SessionId::of_token(&[1; 32]);
    assert_eq!(run(&store, move |tx| revoke_token(tx, browser)), Err(Refusal::UnknownToken));
    assert_eq!(run(&store, move |tx| revoke_token(tx, id)), Ok(()));
    assert_eq!(run(&store, move |tx| revoke_token(tx, id)), Err(Refusal::UnknownToken));
    assert_eq!(viewer(&store, 9), Viewer::nobody());
}

#[test]
fn a_person_has_a_bounded_number_of_tokens() {
    let store = memory();
    sign_up_as(&store, "anna@example.org", 200, None).unwrap();
    let create = |token: u8| {
        let label = Line::parse("script").unwrap();
        run(&store, move |tx| create_token(tx, &email("anna@example.org"), &label, &[TokenScope::Own], &[token; 32]))
    };
    assert!((0..50).all(|token| create(token).is_ok()));
    assert_eq!(create(50), Err(Refusal::TooManyTokens));
}

#[test]
fn adm_03_sign_ins_roles_and_tokens_are_in_the_audit_without_personal_text() {
    let store = memory();
    let anna = sign_up_as(&store, "anna@example.org", 1, None).unwrap().actor().unwrap().person;
    sign_in_as(&store, "anna@example.org", 2, Some(1)).unwrap();
    run(&store, |tx| sign_out(tx, &[2; 32])).unwrap();
    run(&store, |tx| set_roles(tx, &email("anna@example.org"), &[Grant::Moderator])).unwrap();
    run(&store, |tx| reset_password(tx, &email("anna@example.org"), &hash("new"))).unwrap();
    let label = Line::parse("Anna's script").unwrap();
    let create =
        move |tx: &mut Tx<'_>| create_token(tx, &email("anna@example.org"), &label, &[TokenScope::Own], &[9; 32]);
    let token = run(&store, create).unwrap();
    run(&store, move |tx| revoke_token(tx, token)).unwrap();
    let mut records = audit::newest(&store.snapshot().unwrap(), None, 100).unwrap();
    records.reverse();
    let said: Vec<_> =
        records.iter().map(|(_, record)| (record.content.action.as_str(), record.content.subject)).collect();
    let (person, token) = (anna.untyped(), token.untyped());
    assert_eq!(
        said,
        [
            ("signed-up", person),
            ("signed-in", person),
            ("signed-out", person),
            ("roles-changed", person),
            ("password-reset", person),
            ("token-created", token),
            ("token-revoked", token),
        ]
    );
    let rows: Vec<u8> = records.iter().flat_map(|(_, record)| record.to_row()).collect();
    assert!(!String::from_utf8_lossy(&rows).to_lowercase().contains("anna"));
    assert_eq!(audit::verify(&store.snapshot().unwrap()), Ok(None));
}

#[test]
fn sessions_go_when_they_end_and_named_tokens_never() {
    let store = memory();
    sign_up_as(&store, "anna@example.org", 1, None).unwrap();
    run(&store, |tx| {
        let label = Line::parse("script").unwrap();
        create_token(tx, &email("anna@example.org"), &label, &[TokenScope::Own], &[2; 32])
    })
    .unwrap();
    let has_nothing = |_: &dyn Read, _| Ok(false);
    let sweep = || run(&store, move |tx| -> Outcome<bool, Refusal> { Ok(forget_old_sessions(tx, has_nothing)?) });
    let kept = || [1, 2].map(|token| store.snapshot().unwrap().contains(&SESSIONS, &[token; 32]).unwrap());
    pass(&store, 30 * 24 * 3600 - 60);
    assert_eq!((sweep(), kept()), (Ok(false), [true, true]));
    pass(&store, 60);
    assert_eq!((sweep(), kept()), (Ok(false), [false, true]));
    pass(&store, 100 * 366 * 24 * 3600);
    assert_eq!((sweep(), kept()), (Ok(false), [false, true]));
    assert_eq!(users(&store.snapshot().unwrap(), None, 10).unwrap().len(), 1, "who has an account stays");
}
