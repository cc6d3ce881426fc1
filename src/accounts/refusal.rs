//! Every answer of this capability that is not what was asked for.

use crate::accounts::access::Denied;
use crate::accounts::model::NotAnEmail;
use crate::accounts::rules::{MAX_TOKENS, PasswordFault};
use crate::base::Kind;
use crate::base::text::TextFault;
use crate::store::Stop;

/// Why accounts refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Unknown address or wrong password: the two answer alike.
    WrongCredentials,
    EmailTaken,
    InvalidEmail,
    InvalidPassword(PasswordFault),
    InvalidName(TextFault),
    /// For the operator's own commands only; nobody else learns who has an account.
    UnknownPerson,
    UnknownToken,
    TooManyTokens,
    Denied(Denied),
}

impl crate::base::Refusal for Refusal {
    fn name(&self) -> &'static str {
        match self {
            Refusal::WrongCredentials => "wrong-credentials",
            Refusal::EmailTaken => "email-taken",
            Refusal::InvalidEmail => "invalid-email",
            Refusal::InvalidPassword(_) => "invalid-password",
            Refusal::InvalidName(_) => "invalid-name",
            Refusal::UnknownPerson => "unknown-person",
            Refusal::UnknownToken => "unknown-token",
            Refusal::TooManyTokens => "too-many-tokens",
            Refusal::Denied(denied) => denied.name(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Refusal::WrongCredentials => Kind::Unauthorized,
            Refusal::EmailTaken | Refusal::TooManyTokens => Kind::Conflict,
            Refusal::InvalidEmail | Refusal::InvalidPassword(_) | Refusal::InvalidName(_) => Kind::Invalid,
            Refusal::UnknownPerson | Refusal::UnknownToken => Kind::NotFound,
            Refusal::Denied(denied) => denied.kind(),
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::WrongCredentials => "E-mail and password do not fit together. Please look at both again.".into(),
            Refusal::EmailTaken => "There is an account with this address. Please sign in.".into(),
            Refusal::InvalidEmail => NotAnEmail.to_string(),
            Refusal::InvalidPassword(fault) => fault.to_string(),
            Refusal::InvalidName(fault) => fault.to_string(),
            Refusal::UnknownPerson => "Nobody has an account with this address.".into(),
            Refusal::UnknownToken => "There is no such token.".into(),
            Refusal::TooManyTokens => {
                format!("This account has {MAX_TOKENS} tokens, which is the most. Revoke one first.")
            }
            Refusal::Denied(denied) => denied.message(),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Refusal::EmailTaken | Refusal::InvalidEmail => Some("email"),
            Refusal::InvalidPassword(_) => Some("password"),
            Refusal::InvalidName(_) => Some("name"),
            Refusal::WrongCredentials
            | Refusal::UnknownPerson
            | Refusal::UnknownToken
            | Refusal::TooManyTokens
            | Refusal::Denied(_) => None,
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        Refusal::Denied(denied)
    }
}

impl From<NotAnEmail> for Refusal {
    fn from(_: NotAnEmail) -> Refusal {
        Refusal::InvalidEmail
    }
}

impl From<PasswordFault> for Refusal {
    fn from(fault: PasswordFault) -> Refusal {
        Refusal::InvalidPassword(fault)
    }
}

impl From<Refusal> for Stop<Refusal> {
    fn from(refusal: Refusal) -> Stop<Refusal> {
        Stop::Refuse(refusal)
    }
}
