//! Session tokens: 256 bits that nobody can guess, shown once and kept as a hash.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::accounts::model::TokenHash;
use crate::base::{Chance, Fault};

/// In front of a token that was made on purpose, so that people and secret scanners know it for one of ours.
const NAMED_PREFIX: &str = "hs_";

/// A token as its holder has it. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// For a session of a browser or of the API.
    pub fn new() -> Result<Token, Fault> {
        Ok(Token::of(&Chance::from_system()?.bytes()))
    }

    /// For a script: `hs_` in front.
    pub fn named() -> Result<Token, Fault> {
        Ok(Token(Zeroizing::new(format!("{NAMED_PREFIX}{}", Token::new()?.as_str()))))
    }

    /// The token of these bytes, which nobody else must be able to know.
    pub fn of(secret: &[u8; 32]) -> Token {
        Token(Zeroizing::new(secret.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> TokenHash {
        hash_token(self.as_str())
    }
}

/// What the store knows a sent token by. A plain hash does: 256 random bits can't be guessed from it.
pub fn hash_token(sent: &str) -> TokenHash {
    Sha256::digest(sent.as_bytes()).into()
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_new_each_time_and_tell_what_they_are() {
        let (one, other, named) = (Token::new().unwrap(), Token::new().unwrap(), Token::named().unwrap());
        assert_ne!(one, other);
        assert_eq!((one.as_str().len(), named.as_str().len()), (64, 67));
        assert!(named.as_str().starts_with("hs_"));
        assert_eq!(hash_token(one.as_str()), one.hash());
        assert_ne!(one.hash(), other.hash());
        assert_eq!(format!("{one:?}"), "Token(..)");
    }

    #[test]
    fn a_token_is_hashed_as_sha_256_of_its_text() {
        let hex: String = hash_token("abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
