//! People, their roles and their sessions, and the tables that keep them.

use minicbor::{Decode, Encode};

use crate::accounts::access::{Grant, TokenScope};
use crate::base::{Id, Line, Timestamp};
use crate::store::{Index, Table};

/// Never leaves the server: what others see of an order or a review has a random id of its own.
pub type PersonId = Id<Person>;

/// The business that runs one or more places; its record is the directory's.
pub enum MerchantLabel {}
pub type MerchantId = Id<MerchantLabel>;

/// One location that people can go to; its record is the directory's.
pub enum PlaceLabel {}
pub type PlaceId = Id<PlaceLabel>;

/// The name that others see.
pub type DisplayName = Line<60>;

/// A person with an account, or a guest who has not chosen a way to sign in yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Person {
    #[n(0)]
    pub name: Option<DisplayName>,
    #[n(1)]
    pub sign_in: SignIn,
    #[n(2)]
    pub grants: Vec<Grant>,
    #[n(3)]
    pub since: Timestamp,
}

/// How a person proves who they are.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SignIn {
    /// Not at all: known by one cookie on one device.
    #[n(0)]
    Guest,
    #[n(1)]
    Password {
        #[n(0)]
        email: Email,
        #[n(1)]
        hash: PasswordHash,
    },
}

/// PHC string of argon2id; never shown, never logged.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct PasswordHash(#[n(0)] String);

impl PasswordHash {
    pub fn from_phc(phc: String) -> PasswordHash {
        PasswordHash(phc)
    }

    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

impl Person {
    pub fn email(&self) -> Option<&Email> {
        match &self.sign_in {
            SignIn::Guest => None,
            SignIn::Password { email, .. } => Some(email),
        }
    }

    pub fn password(&self) -> Option<&PasswordHash> {
        match &self.sign_in {
            SignIn::Guest => None,
            SignIn::Password { hash, .. } => Some(hash),
        }
    }

    /// Without a way to sign in: whoever loses the cookie loses what was bought with it.
    pub fn is_guest(&self) -> bool {
        self.sign_in == SignIn::Guest
    }
}

/// A guest signed in to an account that was there before: what the guest bought is the person's from now on. Emitted in
/// the transaction of the sign-in; whoever keeps purchases hears it by a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestJoined {
    pub guest: PersonId,
    pub person: PersonId,
}

/// An address as the person wrote it; compared by [`Email::key`].
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Email(#[n(0)] String);

/// The text is no address that mail could reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Please write an e-mail address, such as anna@example.org.")]
pub struct NotAnEmail;

impl Email {
    /// Longest address that SMTP carries (RFC 5321, 4.5.3.1.3 less the angle brackets).
    const MAX_BYTES: usize = 254;

    /// Reads `local@domain`; ASCII without white space or quotes, which covers what people have.
    pub fn parse(text: &str) -> Result<Email, NotAnEmail> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmail)?;
        let is_plain = |c: char| {
            c.is_ascii_graphic() && !matches!(c, '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '@' | '[' | '\\' | ']')
        };
        let domain_ok = domain.split('.').all(|label| {
            !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        });
        let is_fine = text.len() <= Email::MAX_BYTES
            && !local.is_empty()
            && local.len() <= 64
            && local.chars().all(is_plain)
            && domain.contains('.')
            && domain_ok;
        if is_fine { Ok(Email(text.to_owned())) } else { Err(NotAnEmail) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Equal for addresses that reach the same person: case does not count.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl std::fmt::Debug for Email {
    /// Personal: shown to nobody who only reads a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(..)")
    }
}

/// Key: person. Value: who they are. Written by accounts; read by every face through queries.
pub static PERSONS: Table<PersonId, Person> = Table::new(100, "persons", &[&PERSON_BY_EMAIL]);
pub static PERSON_BY_EMAIL: Index<PersonId, Person, String> =
    Index::unique(101, "person_by_email", |_, person| person.email().map(Email::key).into_iter().collect());

/// SHA-256 of a 256-bit token: who steals the store can't sign in with it.
pub type TokenHash = [u8; 32];

/// One sign-in on one device, or one API token.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Session {
    #[n(0)]
    pub person: PersonId,
    #[n(1)]
    pub kind: SessionKind,
    #[n(2)]
    pub since: Timestamp,
    #[n(3)]
    pub until: Timestamp,
}

/// What others may see of a session: the first half of its token's hash, which signs nobody in.
pub type SessionId = Id<Session>;

impl SessionId {
    /// The id under which the session of this token is listed, revoked and written into the audit.
    pub fn of_token(token: &TokenHash) -> SessionId {
        let mut half = [0; 16];
        half.copy_from_slice(&token[..16]);
        SessionId::from_bytes(half)
    }
}

impl Session {
    /// Made on purpose by the operator, and ended by nobody else.
    pub fn is_named(&self) -> bool {
        matches!(self.kind, SessionKind::Token { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SessionKind {
    /// A cookie of a person who signed in.
    #[n(0)]
    Browser,
    /// A bearer token that `POST /sessions` answered with.
    #[n(1)]
    Api,
    /// A bearer token made on purpose, for these scopes only.
    #[n(2)]
    Token {
        #[n(0)]
        label: Line<60>,
        #[n(1)]
        scopes: Vec<TokenScope>,
    },
    /// A cookie of a person who has no other way to be known.
    #[n(3)]
    Guest,
}

/// Key: hash of the token. Value: whose it is and until when. Written by accounts; read at every request.
pub static SESSIONS: Table<TokenHash, Session> = Table::new(102, "sessions", &[&SESSIONS_BY_PERSON, &SESSIONS_BY_END]);
pub static SESSIONS_BY_PERSON: Index<TokenHash, Session, PersonId> =
    Index::new(103, "sessions_by_person", |_, session| vec![session.person]);
/// Since schema 2.
pub static SESSIONS_BY_END: Index<TokenHash, Session, Timestamp> =
    Index::new(104, "sessions_by_end", |_, session| vec![session.until]);
