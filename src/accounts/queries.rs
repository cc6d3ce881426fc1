//! What faces and subcommands read about people and sessions.

use crate::accounts::access::{Actor, Viewer};
use crate::accounts::model::{
    Email, PERSON_BY_EMAIL, PERSONS, Person, PersonId, SESSIONS, SESSIONS_BY_PERSON, Session, SessionId, SessionKind,
    TokenHash,
};
use crate::accounts::password::Credentials;
use crate::base::{Fault, Timestamp};
use crate::store::{Read, Span};

/// Who holds this token now. An unknown token and one that is over are nobody's.
pub fn viewer_of(read: &dyn Read, token: &TokenHash, now: Timestamp) -> Result<Viewer, Fault> {
    let Some(session) = read.get(&SESSIONS, token)?.filter(|session| session.until > now) else {
        return Ok(Viewer::nobody());
    };
    let person = read.must_get(&PERSONS, &session.person)?;
    let scopes = match session.kind {
        SessionKind::Token { scopes, .. } => Some(scopes),
        SessionKind::Browser | SessionKind::Api | SessionKind::Guest => None,
    };
    Ok(Viewer { known: Some((Actor { person: session.person, session: SessionId::of_token(token), scopes }, person)) })
}

/// What a password for this address is verified against; `None` if there is no such account, which nobody may learn.
pub fn credentials_of(read: &dyn Read, email: &str) -> Result<Option<Credentials>, Fault> {
    let Ok(email) = Email::parse(email) else { return Ok(None) };
    let Some(person) = read.find(&PERSON_BY_EMAIL, &email.key())? else { return Ok(None) };
    let hash = read.must_get(&PERSONS, &person)?.password().cloned();
    Ok(hash.map(|hash| Credentials { person, hash }))
}

/// One's sessions that hold, the newest first.
pub fn sessions_of(read: &dyn Read, person: PersonId, now: Timestamp) -> Result<Vec<(SessionId, Session)>, Fault> {
    let rows = read.scan_by(&SESSIONS, &SESSIONS_BY_PERSON, Span::prefix(&person))?;
    let listed = rows.map(|row| row.map(|(token, session)| (SessionId::of_token(&token), session)));
    let mut sessions: Vec<(SessionId, Session)> = listed.collect::<Result<_, Fault>>()?;
    sessions.retain(|(_, session)| session.until > now);
    sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.since));
    Ok(sessions)
}

/// The person with this address, for the operator.
pub fn person_by_email(read: &dyn Read, email: &Email) -> Result<Option<(PersonId, Person)>, Fault> {
    let Some(id) = read.find(&PERSON_BY_EMAIL, &email.key())? else { return Ok(None) };
    Ok(Some((id, read.must_get(&PERSONS, &id)?)))
}

/// People with an account, the oldest first, after one of them; for the operator.
pub fn users(read: &dyn Read, after: Option<PersonId>, limit: usize) -> Result<Vec<(PersonId, Person)>, Fault> {
    let span = after.map_or_else(Span::all, |person| Span::all().beyond(&person));
    let rows = read.scan(&PERSONS, span)?;
    rows.filter(|row| !row.as_ref().is_ok_and(|(_, person)| person.is_guest())).take(limit).collect()
}

/// Every named token with its person, for the operator.
pub fn tokens(read: &dyn Read) -> Result<Vec<(SessionId, Session, Person)>, Fault> {
    let mut tokens = Vec::new();
    for row in read.scan(&SESSIONS, Span::all())? {
        let (token, session) = row?;
        if session.is_named() {
            let person = read.must_get(&PERSONS, &session.person)?;
            tokens.push((SessionId::of_token(&token), session, person));
        }
    }
    Ok(tokens)
}

/// What others see of a person: the name, or that there is none.
pub fn display_name(read: &dyn Read, id: PersonId) -> Result<String, Fault> {
    let name = read.get(&PERSONS, &id)?.and_then(|person| person.name);
    Ok(name.map_or_else(|| "Somebody".into(), |name| name.to_string()))
}
