//! What makes a request repeatable without being done twice: its key, and the hash of what it asks for.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::store;
use crate::web::random_bytes;

/// The name of the hidden field.
pub const KEY_FIELD: &str = "key";

const MAX_KEY_BYTES: usize = 200;

/// A key chosen by the caller: 1 to 200 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnceKey(String);

/// The text can't be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key has 1 to 200 visible ASCII characters")]
pub struct NotAKey;

impl OnceKey {
    pub fn parse(text: &str) -> Result<OnceKey, NotAKey> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > MAX_KEY_BYTES || !is_visible {
            return Err(NotAKey);
        }
        Ok(OnceKey(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request's key with the hash of its method, path and content, for the store's `write_once`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    pub key: OnceKey,
    pub request_hash: [u8; 32],
}

impl Once {
    /// Each part counts with its length, so that no two different requests run together into the same bytes.
    pub fn new<'a>(key: OnceKey, parts: impl IntoIterator<Item = &'a [u8]>) -> Once {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Once { key, request_hash: hash.finalize().into() }
    }

    /// The same as the store asks for it: keys of different people never meet.
    pub fn by(&self, actor: [u8; 16]) -> store::Once {
        store::Once { actor, key: self.key.0.clone(), request: self.request_hash }
    }
}

/// Prints a new key each time: one for every form that is shown.
#[derive(Clone, Copy, Debug)]
pub struct FreshKey;

impl fmt::Display for FreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: [u8; 16] = random_bytes().map_err(|_| fmt::Error)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_1_to_200_visible_characters() {
        assert!(OnceKey::parse("a").is_ok());
        assert!(OnceKey::parse(&"k".repeat(200)).is_ok());
        assert!(OnceKey::parse(&FreshKey.to_string()).is_ok());
        for bad in ["", " ", "a b", "\u{e9}", "a\0"] {
            assert_eq!(OnceKey::parse(bad), Err(NotAKey), "{bad:?}");
        }
        assert_eq!(OnceKey::parse(&"k".repeat(201)), Err(NotAKey));
    }

    #[test]
    fn another_request_has_another_hash() {
        let hash = |parts: &[&str]| {
            Once::new(OnceKey::parse("k").unwrap(), parts.iter().map(|part| part.as_bytes())).request_hash
        };
        assert_eq!(hash(&["POST", "/a"]), hash(&["POST", "/a"]));
        assert_ne!(hash(&["POST", "/a"]), hash(&["POST", "/b"]));
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
