//! People and sessions as past releases wrote them.

use crate::accounts::{
    Email, Grant, PERSONS, PasswordHash, Person, SESSIONS, Session, SessionKind, SignIn, StaffRole, TokenScope,
};
use crate::base::{Id, Line, Timestamp};
use crate::store::golden;

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

#[test]
fn persons_are_read_as_they_were_written() {
    let (id, merchant, place) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]), Id::from_bytes([3; 16]));
    let guest = Person { name: None, sign_in: SignIn::Guest, grants: vec![], since: AT };
    golden::row(&PERSONS, "guest", &id, &guest);
    let staff = |role| Grant::Staff { role, merchant, places: vec![place] };
    let grants = vec![
        staff(StaffRole::Till),
        staff(StaffRole::Manager),
        Grant::Staff { role: StaffRole::Owner, merchant, places: vec![] },
        Grant::Moderator,
        Grant::Operator,
    ];
    let hash = PasswordHash::from_phc("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned());
    let sign_in = SignIn::Password { email: Email::parse("Anna@example.org").unwrap(), hash };
    let person = Person { name: Some(Line::parse("Änna").unwrap()), sign_in, grants, since: AT };
    golden::row(&PERSONS, "with a password and every role", &id, &person);
}

#[test]
fn sessions_are_read_as_they_were_written() {
    let label = Line::parse("backup script").unwrap();
    let kinds = [
        ("browser", SessionKind::Browser),
        ("api", SessionKind::Api),
        ("token", SessionKind::Token { label, scopes: TokenScope::ALL.to_vec() }),
        ("guest", SessionKind::Guest),
    ];
    for (name, kind) in kinds {
        let session = Session { person: Id::from_bytes([1; 16]), kind, since: AT, until: AT.plus_seconds(3600) };
        golden::row(&SESSIONS, name, &[9; 32], &session);
    }
}
