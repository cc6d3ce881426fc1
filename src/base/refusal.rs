//! What a refusal is, to pages and API alike: an answer for a person, with what to do next.

/// How a refusal is answered over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request makes no sense as it stands (400).
    BadRequest,
    /// Nobody is signed in, or the password is wrong (401).
    Unauthorized,
    /// The person may know about it but not do it (403).
    Forbidden,
    /// Unknown, or somebody else's: the two answer alike (404).
    NotFound,
    /// It makes sense, but not in the state that things are in (409).
    Conflict,
    /// A field is wrong (422).
    Invalid,
    /// Too often (429).
    TooMany,
}

impl Kind {
    pub const fn status(self) -> u16 {
        match self {
            Kind::BadRequest => 400,
            Kind::Unauthorized => 401,
            Kind::Forbidden => 403,
            Kind::NotFound => 404,
            Kind::Conflict => 409,
            Kind::Invalid => 422,
            Kind::TooMany => 429,
        }
    }
}

/// One enum a capability implements this; pages and API render the same value.
pub trait Refusal {
    /// Stable, kebab-case, unique in the product: `sold-out`.
    fn name(&self) -> &'static str;

    fn kind(&self) -> Kind;

    /// What happened, and what to do next, in one or two plain sentences.
    fn message(&self) -> String;

    /// The form field at fault, where there is one.
    fn field(&self) -> Option<&'static str> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn no_refusal_is_answered_as_a_fault_of_ours() {
        let kinds = [
            Kind::BadRequest,
            Kind::Unauthorized,
            Kind::Forbidden,
            Kind::NotFound,
            Kind::Conflict,
            Kind::Invalid,
            Kind::TooMany,
        ];
        for kind in kinds {
            assert!((400..500).contains(&kind.status()), "{kind:?}");
        }
    }
}
