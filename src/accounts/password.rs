//! Passwords: typed, hashed and verified with argon2id on a small bounded pool, so that sign-ins never starve the rest.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Argon2, password_hash};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::accounts::model::{Email, PasswordHash, PersonId};
use crate::accounts::refusal::Refusal;
use crate::accounts::rules::{MAX_PASSWORD_CHARACTERS, PasswordFault, check_password};
use crate::base::{Chance, Fault};
use crate::store::{Outcome, Stop};

/// Hashes computed at a time: each takes 19 MiB and about 30 ms of a core.
const AT_ONCE: usize = 2;
/// Hashes that wait behind them; one more is told to try again.
const QUEUE: usize = 32;

/// What an unknown address is verified against, so that it takes as long as a known one. No password has this hash.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$aGlnaHN0cmVldG5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password as typed, in one normal form whatever the keyboard. Wiped from memory after use; `Debug` shows nothing.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// For signing in: anything, since only the hash decides. What no password can be becomes one that never fits.
    pub fn typed(text: String) -> Password {
        let text = Zeroizing::new(text);
        // NFC grows a text at most threefold; four bytes a character is UTF-8's most.
        let is_possible = text.len() <= MAX_PASSWORD_CHARACTERS * 12;
        Password(Zeroizing::new(if is_possible { text.nfc().collect() } else { String::new() }))
    }

    /// For choosing one: the policy holds.
    pub fn chosen(text: String, email: &Email) -> Result<Password, PasswordFault> {
        if text.len() > MAX_PASSWORD_CHARACTERS * 12 {
            return Err(PasswordFault::TooLong);
        }
        let password = Password::typed(text);
        check_password(&password.0, email)?;
        Ok(password)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Whose password is asked for, and its hash as of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub person: PersonId,
    pub hash: PasswordHash,
}

/// Proof: this password was right for this hash. Whether the hash still counts is decided in the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified(Credentials);

impl Verified {
    pub fn credentials(&self) -> &Credentials {
        &self.0
    }

    /// For tests of commands, which have no time to hash.
    #[cfg(test)]
    pub fn unhashed(credentials: Credentials) -> Verified {
        Verified(credentials)
    }
}

/// The pool that hashes. Clones share it.
#[derive(Clone, Debug)]
pub struct Passwords {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Passwords {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Passwords { admitted: semaphore(AT_ONCE + QUEUE), running: semaphore(AT_ONCE) }
    }
}

impl Passwords {
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Fault> {
        self.run(move || hash_now(&password)).await?
    }

    /// Whether the password is the person's. Nobody's takes as long and answers alike.
    pub async fn verify(&self, credentials: Option<Credentials>, password: Password) -> Outcome<Verified, Refusal> {
        let phc = credentials.as_ref().map_or(NOBODYS_HASH, |known| known.hash.as_phc()).to_owned();
        let is_right = self.run(move || verify_now(&phc, &password)).await??;
        match credentials {
            Some(credentials) if is_right => Ok(Verified(credentials)),
            _ => Err(Stop::Refuse(Refusal::WrongCredentials)),
        }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let full = |error| Fault::busy("hashing a password", error);
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|error| full(error.to_string()))?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|error| full(error.to_string()))?;
        // The permits go along: who hangs up does not make room before the work is done.
        let permits: [OwnedSemaphorePermit; 2] = [admitted, running];
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permits);
            result
        });
        done.await.map_err(|error| Fault::bug("hashing a password", error))
    }
}

/// Hashes on this thread, for subcommands.
pub fn hash_now(password: &Password) -> Result<PasswordHash, Fault> {
    let salt: [u8; 16] = Chance::from_system()?.bytes();
    let salt = SaltString::encode_b64(&salt).map_err(unhashable)?;
    let hash = Argon2::default().hash_password(password.0.as_bytes(), &salt).map_err(unhashable)?;
    Ok(PasswordHash::from_phc(hash.to_string()))
}

fn verify_now(phc: &str, password: &Password) -> Result<bool, Fault> {
    let hash = password_hash::PasswordHash::new(phc).map_err(|error| Fault::corrupt("a password's hash", error))?;
    match Argon2::default().verify_password(password.0.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::Password) => Ok(false),
        Err(error) => Err(Fault::corrupt("a password's hash", error)),
    }
}

fn unhashable(error: password_hash::Error) -> Fault {
    Fault::bug("hashing a password", error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Id;
    use crate::base::fault::FaultKind;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    fn typed(text: &str) -> Password {
        Password::typed(text.to_owned())
    }

    fn anna(password: &str) -> Credentials {
        Credentials { person: Id::from_bytes([1; 16]), hash: hash_now(&typed(password)).unwrap() }
    }

    #[test]
    fn only_the_right_password_verifies_however_its_letters_are_composed() {
        let (passwords, anna) = (Passwords::default(), anna("cafe\u{301} au lait"));
        let verify = |text: &str| runtime().block_on(passwords.verify(Some(anna.clone()), typed(text)));
        assert_eq!(verify("caf\u{e9} au lait").unwrap().credentials(), &anna);
        for wrong in ["", "cafe au lait", "caf\u{e9} au lait ", &"x".repeat(1_000_000)] {
            assert_eq!(verify(wrong), Err(Stop::Refuse(Refusal::WrongCredentials)));
        }
    }

    #[test]
    fn an_unknown_address_is_hashed_as_a_known_one_is_and_answers_alike() {
        let known = anna("demo-demo-demo");
        let cost = |phc: &str| {
            let hash = password_hash::PasswordHash::new(phc).unwrap();
            (hash.algorithm.to_string(), hash.version, hash.params.to_string(), hash.hash.unwrap().len())
        };
        assert_eq!(cost(NOBODYS_HASH), cost(known.hash.as_phc()));
        assert_eq!(cost(NOBODYS_HASH).2, "m=19456,t=2,p=1");
        let passwords = Passwords::default();
        let answer = |who| runtime().block_on(passwords.verify(who, typed("wrong"))).unwrap_err();
        assert_eq!(answer(None), answer(Some(known)));
    }

    #[test]
    fn the_thirty_fifth_at_once_is_told_to_try_again_and_the_others_are_served() {
        let passwords = Passwords::default();
        let faults: Vec<Option<FaultKind>> = runtime().block_on(async {
            let jobs: Vec<_> = (0..AT_ONCE + QUEUE + 1)
                .map(|_| {
                    let passwords = passwords.clone();
                    let work = || std::thread::sleep(std::time::Duration::from_millis(1));
                    tokio::spawn(async move { passwords.run(work).await.err().map(|fault| fault.kind) })
                })
                .collect();
            let mut faults = Vec::new();
            for job in jobs {
                faults.push(job.await.unwrap());
            }
            faults
        });
        assert_eq!(faults.iter().filter(|fault| fault.is_none()).count(), AT_ONCE + QUEUE);
        assert_eq!(faults.into_iter().flatten().collect::<Vec<_>>(), [FaultKind::Busy]);
        assert!(runtime().block_on(passwords.run(|| ())).is_ok(), "there is room again");
    }

    #[test]
    fn neither_a_password_nor_its_hash_is_ever_shown() {
        let anna = anna("correct horse");
        let shown = format!("{:?} {:?}", typed("correct horse"), anna);
        assert!(!shown.contains("horse") && !shown.contains("argon2"), "{shown}");
    }
}
