//! What happens to people and sessions: one function a use case, each in its caller's transaction. Hashes come in ready
//! made; nothing slow and nothing secret happens here.

use crate::accounts::access::{Actor, Grant, StaffRole, TokenScope, Viewer};
use crate::accounts::model::{
    DisplayName, Email, GuestJoined, MerchantId, PERSON_BY_EMAIL, PERSONS, PasswordHash, Person, PersonId, PlaceId,
    SESSIONS, SESSIONS_BY_END, SESSIONS_BY_PERSON, Session, SessionId, SessionKind, SignIn, TokenHash,
};
use crate::accounts::password::Verified;
use crate::accounts::queries::viewer_of;
use crate::accounts::refusal::Refusal;
use crate::accounts::rules::{FORGET_AT_ONCE, MAX_TOKENS, giving_way, holds_until};
use crate::base::{Fault, Line, Timestamp};
use crate::kernel::audit::{self, Deed, Verdict, Who};
use crate::store::{Outcome, Read, Row, Span, Stop, Tx};

/// What a person says to have an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    pub name: DisplayName,
    pub email: Email,
    pub password: PasswordHash,
}

/// The session that a sign-in begins: always under a new token, so that one which was planted before is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub token: TokenHash,
    pub kind: SessionKind,
    /// The session that the same browser or program had until now.
    pub replaces: Option<TokenHash>,
}

/// A stranger gets an account; a guest keeps what they have, as the same person.
pub fn sign_up(tx: &mut Tx<'_>, account: &NewAccount, entry: &Entry) -> Outcome<Viewer, Refusal> {
    let guest = guest_of(tx, entry)?;
    refuse_taken(tx, &account.email)?;
    // Nothing below can refuse.
    let (id, grants, since) = match guest {
        Some((id, person)) => (id, person.grants, person.since),
        None => (tx.new_id(), Vec::new(), tx.now()),
    };
    tx.put(&PERSONS, &id, &person_of(account, grants, since))?;
    note_entry(tx, "signed-up", id, &entry.token)?;
    Ok(enter(tx, id, entry)?)
}

/// Begins a session of a person whose password was right. A guest of the same browser joins them.
pub fn begin_session(tx: &mut Tx<'_>, verified: &Verified, entry: &Entry) -> Outcome<Viewer, Refusal> {
    let known = verified.credentials();
    let person = tx.get(&PERSONS, &known.person)?;
    let hash = person.as_ref().and_then(Person::password);
    if hash != Some(&known.hash) {
        // Changed between the verification and now.
        return Err(Refusal::WrongCredentials.into());
    }
    let guest = guest_of(tx, entry)?;
    // Nothing below can refuse.
    if let Some((guest, _)) = guest {
        tx.emit(&GuestJoined { guest, person: known.person })?;
    }
    note_entry(tx, "signed-in", known.person, &entry.token)?;
    Ok(enter(tx, known.person, entry)?)
}

/// Ends the session of this token; one that is over already is no trouble.
pub fn sign_out(tx: &mut Tx<'_>, token: &TokenHash) -> Outcome<(), Refusal> {
    if let Some(session) = tx.get(&SESSIONS, token)? {
        tx.delete(&SESSIONS, token)?;
        note_entry(tx, "signed-out", session.person, token)?;
    }
    Ok(())
}

/// Makes somebody known by one cookie. A retry with the same token is the same guest.
pub fn begin_guest(tx: &mut Tx<'_>, token: &TokenHash) -> Outcome<Actor, Refusal> {
    if let Some(actor) = viewer_of(&**tx, token, tx.now())?.actor() {
        return Ok(actor.clone());
    }
    let person = tx.new_id();
    let guest = Person { name: None, sign_in: SignIn::Guest, grants: Vec::new(), since: tx.now() };
    tx.put(&PERSONS, &person, &guest)?;
    put_session(tx, person, token, SessionKind::Guest)?;
    Ok(Actor { person, session: SessionId::of_token(token), scopes: None })
}

/// Ends what is over, some at a time: sessions past their end, and guests who have nothing, since nobody can be them
/// any more. `has_something` is asked what the rooms above keep for a person. Whether there may be more.
pub fn forget_old_sessions(
    tx: &mut Tx<'_>,
    has_something: fn(&dyn Read, PersonId) -> Result<bool, Fault>,
) -> Result<bool, Fault> {
    let end = Timestamp::from_millis(tx.now().millis().saturating_add(1));
    let old = tx.scan_by(&SESSIONS, &SESSIONS_BY_END, Span::between(&Timestamp::MIN, &end))?.take(FORGET_AT_ONCE);
    let old: Vec<(TokenHash, Session)> = old.collect::<Result<_, Fault>>()?;
    for (token, session) in &old {
        tx.delete(&SESSIONS, token)?;
        let is_guest = tx.get(&PERSONS, &session.person)?.is_some_and(|person| person.is_guest());
        let is_known = || Ok::<_, Fault>(!sessions_of(tx, session.person)?.is_empty());
        if is_guest && !is_known()? && !has_something(&**tx, session.person)? {
            tx.delete(&PERSONS, &session.person)?;
        }
    }
    Ok(old.len() == FORGET_AT_ONCE)
}

/// The operator adds a person, with roles.
pub fn add_user(tx: &mut Tx<'_>, account: &NewAccount, grants: &[Grant]) -> Outcome<PersonId, Refusal> {
    refuse_taken(tx, &account.email)?;
    let id = tx.new_id();
    let since = tx.now();
    tx.put(&PERSONS, &id, &person_of(account, grants.to_vec(), since))?;
    note_console(tx, "person-added", id, None)?;
    Ok(id)
}

/// The operator sets all roles of a person anew.
pub fn set_roles(tx: &mut Tx<'_>, email: &Email, grants: &[Grant]) -> Outcome<PersonId, Refusal> {
    let (id, mut person) = person_by_email(tx, email)?;
    let before = person.clone();
    person.grants = grants.to_vec();
    tx.put(&PERSONS, &id, &person)?;
    note_console(tx, "roles-changed", id, Some((&before, &person)))?;
    Ok(id)
}

/// Makes a person staff of a merchant, beside the roles they have elsewhere; at the same merchant the new role counts.
/// Without places it is for all of them.
pub fn grant_staff(
    tx: &mut Tx<'_>,
    by: Who,
    email: &Email,
    role: StaffRole,
    merchant: MerchantId,
    places: &[PlaceId],
) -> Outcome<PersonId, Refusal> {
    let (id, mut person) = person_by_email(tx, email)?;
    let before = person.clone();
    person.grants.retain(|grant| !matches!(grant, Grant::Staff { merchant: at, .. } if *at == merchant));
    person.grants.push(Grant::Staff { role, merchant, places: places.to_vec() });
    tx.put(&PERSONS, &id, &person)?;
    note_person(tx, by, "roles-changed", id, Some((&before, &person)))?;
    Ok(id)
}

/// The operator gives a person another password. Whoever was signed in with the old one is not any more.
pub fn reset_password(tx: &mut Tx<'_>, email: &Email, password: &PasswordHash) -> Outcome<PersonId, Refusal> {
    let (id, mut person) = person_by_email(tx, email)?;
    person.sign_in = SignIn::Password { email: email.clone(), hash: password.clone() };
    tx.put(&PERSONS, &id, &person)?;
    for (token, session) in sessions_of(tx, id)? {
        if !session.is_named() {
            tx.delete(&SESSIONS, &token)?;
        }
    }
    note_console(tx, "password-reset", id, None)?;
    Ok(id)
}

/// The operator makes a token for a script that acts for a person, within these scopes and never beyond the person's.
pub fn create_token(
    tx: &mut Tx<'_>,
    email: &Email,
    label: &Line<60>,
    scopes: &[TokenScope],
    token: &TokenHash,
) -> Outcome<SessionId, Refusal> {
    let (id, _) = person_by_email(tx, email)?;
    let named = sessions_of(tx, id)?.iter().filter(|(_, session)| session.is_named()).count();
    if named >= MAX_TOKENS {
        return Err(Refusal::TooManyTokens.into());
    }
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    put_session(tx, id, token, SessionKind::Token { label: label.clone(), scopes })?;
    note_token(tx, "token-created", SessionId::of_token(token))?;
    Ok(SessionId::of_token(token))
}

/// The operator ends a named token.
pub fn revoke_token(tx: &mut Tx<'_>, id: SessionId) -> Outcome<(), Refusal> {
    let found = tx.scan(&SESSIONS, Span::prefix(&id))?.next().transpose()?;
    let Some((token, _)) = found.filter(|(_, session)| session.is_named()) else {
        return Err(Refusal::UnknownToken.into());
    };
    tx.delete(&SESSIONS, &token)?;
    note_token(tx, "token-revoked", id)?;
    Ok(())
}

fn person_of(account: &NewAccount, grants: Vec<Grant>, since: Timestamp) -> Person {
    let sign_in = SignIn::Password { email: account.email.clone(), hash: account.password.clone() };
    Person { name: Some(account.name.clone()), sign_in, grants, since }
}

fn refuse_taken(tx: &Tx<'_>, email: &Email) -> Outcome<(), Refusal> {
    match tx.find(&PERSON_BY_EMAIL, &email.key())? {
        Some(_) => Err(Refusal::EmailTaken.into()),
        None => Ok(()),
    }
}

fn person_by_email(tx: &Tx<'_>, email: &Email) -> Outcome<(PersonId, Person), Refusal> {
    let id = tx.find(&PERSON_BY_EMAIL, &email.key())?.ok_or(Stop::Refuse(Refusal::UnknownPerson))?;
    Ok((id, tx.must_get(&PERSONS, &id)?))
}

/// The guest whom the browser's session until now belongs to.
fn guest_of(tx: &Tx<'_>, entry: &Entry) -> Result<Option<(PersonId, Person)>, Fault> {
    let Some(token) = &entry.replaces else { return Ok(None) };
    let viewer = viewer_of(&**tx, token, tx.now())?;
    Ok(viewer.known.filter(|(_, person)| person.is_guest()).map(|(actor, person)| (actor.person, person)))
}

/// Begins the session of an entry, and ends the one that it replaces and those that give way.
fn enter(tx: &mut Tx<'_>, person: PersonId, entry: &Entry) -> Result<Viewer, Fault> {
    if let Some(old) = &entry.replaces {
        tx.delete(&SESSIONS, old)?;
    }
    let sessions = sessions_of(tx, person)?.into_iter().filter(|(_, session)| !session.is_named());
    let listed: Vec<_> = sessions.map(|(token, session)| (token, session.since, session.until)).collect();
    for token in giving_way(&listed, tx.now()) {
        tx.delete(&SESSIONS, &token)?;
    }
    put_session(tx, person, &entry.token, entry.kind.clone())?;
    viewer_of(&**tx, &entry.token, tx.now())
}

fn put_session(tx: &mut Tx<'_>, person: PersonId, token: &TokenHash, kind: SessionKind) -> Result<(), Fault> {
    let (since, until) = (tx.now(), holds_until(&kind, tx.now()));
    tx.put(&SESSIONS, token, &Session { person, kind, since, until })
}

fn sessions_of(tx: &Tx<'_>, person: PersonId) -> Result<Vec<(TokenHash, Session)>, Fault> {
    tx.scan_by(&SESSIONS, &SESSIONS_BY_PERSON, Span::prefix(&person))?.collect()
}

/// What a person did at the door, with the session that it was done by.
fn note_entry(tx: &mut Tx<'_>, action: &str, person: PersonId, token: &TokenHash) -> Result<(), Fault> {
    let (subject, origin) = (("person", person.untyped()), Some(SessionId::of_token(token).untyped()));
    let (who, verdict) = (Who::Person(person.untyped()), Verdict::Done);
    audit::append(tx, Deed { who, action, subject, origin, verdict, before: None, after: None })?;
    Ok(())
}

/// What the operator did to a person by a subcommand.
fn note_console(
    tx: &mut Tx<'_>,
    action: &str,
    person: PersonId,
    change: Option<(&Person, &Person)>,
) -> Result<(), Fault> {
    note_person(tx, Who::Console, action, person, change)
}

/// What was done to a person; of the roles before and after only commitments are kept.
fn note_person(
    tx: &mut Tx<'_>,
    who: Who,
    action: &str,
    person: PersonId,
    change: Option<(&Person, &Person)>,
) -> Result<(), Fault> {
    let (before, after) = change.map(|(before, after)| (before.grants.to_row(), after.grants.to_row())).unzip();
    let (subject, verdict) = (("person", person.untyped()), Verdict::Done);
    let (before, after) = (before.as_deref(), after.as_deref());
    audit::append(tx, Deed { who, action, subject, origin: None, verdict, before, after })?;
    Ok(())
}

fn note_token(tx: &mut Tx<'_>, action: &str, token: SessionId) -> Result<(), Fault> {
    let (who, subject, verdict) = (Who::Console, ("token", token.untyped()), Verdict::Done);
    audit::append(tx, Deed { who, action, subject, origin: None, verdict, before: None, after: None })?;
    Ok(())
}

#[cfg(test)]
mod tests;
