//! What makes a password acceptable, how long a session lasts, and how many one person has. Pure.

use crate::accounts::model::{Email, SessionKind};
use crate::base::Timestamp;

/// Fewest characters of a password (NIST SP 800-63B, 5.1.1.1).
pub const MIN_PASSWORD_CHARACTERS: usize = 8;
/// Most; a passphrase fits, and hashing stays bounded.
pub const MAX_PASSWORD_CHARACTERS: usize = 128;

const DAY_SECONDS: i64 = 24 * 3600;
const BROWSER_SECONDS: i64 = 30 * DAY_SECONDS;
const API_SECONDS: i64 = 12 * 3600;
/// A guest's cookie is the only key to what they bought; browsers keep none longer.
const GUEST_SECONDS: i64 = 400 * DAY_SECONDS;

/// Sessions of one person at a time, named tokens aside; the oldest gives way.
pub const MAX_SESSIONS: usize = 50;
/// Sessions that one sweep ends.
pub(super) const FORGET_AT_ONCE: usize = 500;
/// Named tokens of one person at a time.
pub const MAX_TOKENS: usize = 50;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    #[error("Please take at least 8 characters. A few words in a row are good.")]
    TooShort,
    #[error("Please keep it to 128 characters.")]
    TooLong,
    #[error("Your e-mail address is the first thing that others would try. Please take something else.")]
    IsEmail,
}

/// Length alone counts, not which kinds of characters (NIST SP 800-63B, 5.1.1.2).
pub fn check_password(password: &str, email: &Email) -> Result<(), PasswordFault> {
    let characters = password.chars().take(MAX_PASSWORD_CHARACTERS + 1).count();
    if characters < MIN_PASSWORD_CHARACTERS {
        return Err(PasswordFault::TooShort);
    }
    if characters > MAX_PASSWORD_CHARACTERS {
        return Err(PasswordFault::TooLong);
    }
    if password.eq_ignore_ascii_case(email.as_str()) {
        return Err(PasswordFault::IsEmail);
    }
    Ok(())
}

/// How long a session of this kind lasts; `None`: until it is revoked.
pub fn lifetime_seconds(kind: &SessionKind) -> Option<i64> {
    match kind {
        SessionKind::Browser => Some(BROWSER_SECONDS),
        SessionKind::Guest => Some(GUEST_SECONDS),
        SessionKind::Api => Some(API_SECONDS),
        SessionKind::Token { .. } => None,
    }
}

/// The first instant at which a session that begins now holds no more.
pub fn holds_until(kind: &SessionKind, now: Timestamp) -> Timestamp {
    lifetime_seconds(kind).map_or(Timestamp::MAX, |seconds| now.plus_seconds(seconds))
}

/// Which of a person's sessions (key, begin, end) give way to one that begins now: those that are over, and the oldest
/// of those above the bound.
pub fn giving_way<K: Copy>(sessions: &[(K, Timestamp, Timestamp)], now: Timestamp) -> Vec<K> {
    let (mut alive, over): (Vec<_>, Vec<_>) = sessions.iter().copied().partition(|(_, _, until)| *until > now);
    alive.sort_by_key(|(_, since, _)| *since);
    let too_many = (alive.len() + 1).saturating_sub(MAX_SESSIONS);
    alive.into_iter().take(too_many).chain(over).map(|(key, _, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(password: &str) -> Result<(), PasswordFault> {
        check_password(password, &Email::parse("Anna@example.org").unwrap())
    }

    #[test]
    fn a_password_has_8_to_128_characters_of_any_kind() {
        assert_eq!(check("1234567"), Err(PasswordFault::TooShort));
        assert_eq!(check("ääääääää"), Ok(()), "characters count, not bytes");
        assert_eq!(check(&"x".repeat(128)), Ok(()));
        assert_eq!(check(&"ä".repeat(129)), Err(PasswordFault::TooLong));
        assert_eq!(check(&"x".repeat(1_000_000)), Err(PasswordFault::TooLong));
    }

    #[test]
    fn the_address_is_no_password_in_any_case() {
        assert_eq!(check("ANNA@example.org"), Err(PasswordFault::IsEmail));
        assert_eq!(check("anna@example.org!"), Ok(()));
    }

    #[test]
    fn each_kind_of_session_has_its_lifetime() {
        let now = Timestamp::from_millis(0);
        let hours = |kind: &SessionKind| holds_until(kind, now).seconds_since(now) / 3600;
        assert_eq!(hours(&SessionKind::Browser), 30 * 24);
        assert_eq!(hours(&SessionKind::Api), 12);
        assert_eq!(hours(&SessionKind::Guest), 400 * 24);
        let token = SessionKind::Token { label: crate::base::Line::parse("till app").unwrap(), scopes: Vec::new() };
        assert_eq!(holds_until(&token, now), Timestamp::MAX);
    }

    proptest! {
        #[test]
        fn what_is_over_always_gives_way_and_what_is_new_only_above_the_bound(
            sessions in proptest::collection::vec((0_i64..1000, 0_i64..2000), 0..120),
        ) {
            let at = Timestamp::from_millis;
            let listed: Vec<_> =
                sessions.iter().enumerate().map(|(key, (since, until))| (key, at(*since), at(*until))).collect();
            let gone = giving_way(&listed, at(1000));
            let stays = |key: &usize| !gone.contains(key);
            let left: Vec<_> = listed.iter().filter(|(key, _, _)| stays(key)).collect();
            prop_assert!(left.len() < MAX_SESSIONS);
            prop_assert!(left.iter().all(|(_, _, until)| *until > at(1000)));
            let alive_gone = listed.iter().filter(|(key, _, until)| !stays(key) && *until > at(1000));
            let newest_gone = alive_gone.map(|(_, since, _)| *since).max();
            if let Some(newest_gone) = newest_gone {
                prop_assert_eq!(left.len(), MAX_SESSIONS - 1, "no more than needed");
                prop_assert!(left.iter().all(|(_, since, _)| *since >= newest_gone), "the oldest first");
            }
        }
    }
}
