//! One message from the answer to a form to the page that follows, in a signed cookie of a minute.
//!
//! The signature is by a key of this process, so that nobody else puts words into our pages; a restart in that minute
//! loses the message and nothing more.

use std::time::Duration;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::web::cookies;

pub const FLASH_COOKIE: &str = "flash";
pub const FLASH_AGE: Duration = Duration::from_secs(60);

const TAG_BYTES: usize = 32;
/// Longer texts are cut: a cookie has 4 KiB in all.
const MAX_TEXT_CHARACTERS: usize = 300;

/// A message shown once. Put into a response's extensions, or handed to [`crate::web::SeeOther`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// `done`, `note` or `trouble`: a class of the stylesheet.
    pub kind: &'static str,
    pub text: String,
}

impl Flash {
    /// What was asked for has happened.
    pub fn done(text: impl Into<String>) -> Flash {
        Flash { kind: "done", text: text.into() }
    }

    /// Something to know.
    pub fn note(text: impl Into<String>) -> Flash {
        Flash { kind: "note", text: text.into() }
    }

    /// It did not work.
    pub fn trouble(text: impl Into<String>) -> Flash {
        Flash { kind: "trouble", text: text.into() }
    }

    pub fn sealed(&self, key: &FlashKey) -> String {
        let text: String = self.text.chars().take(MAX_TEXT_CHARACTERS).collect();
        let payload = format!("{}:{text}", self.kind);
        let mut bytes = key.tag(payload.as_bytes()).to_vec();
        bytes.extend_from_slice(payload.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cookie of ours; anything else is no message.
    pub fn opened(value: &str, key: &FlashKey) -> Option<Flash> {
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (tag, payload) = bytes.split_at_checked(TAG_BYTES)?;
        key.verify(payload, tag).then_some(())?;
        let (kind, text) = std::str::from_utf8(payload).ok()?.split_once(':')?;
        let kind = ["done", "note", "trouble"].into_iter().find(|known| *known == kind)?;
        Some(Flash { kind, text: text.to_owned() })
    }

    pub fn brought(headers: &HeaderMap, is_tls: bool, key: &FlashKey) -> Option<Flash> {
        Flash::opened(&cookies::read(headers, FLASH_COOKIE, is_tls)?, key)
    }
}

/// The key of this process.
#[derive(Clone)]
pub struct FlashKey(Hmac<Sha256>);

impl FlashKey {
    pub fn new(bytes: &[u8; 32]) -> FlashKey {
        // One block of key, so that the general constructor's length check has nothing to refuse.
        let mut block = [0; 64];
        block[..32].copy_from_slice(bytes);
        FlashKey(<Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into()))
    }

    fn tag(&self, payload: &[u8]) -> [u8; TAG_BYTES] {
        self.0.clone().chain_update(payload).finalize().into_bytes().into()
    }

    fn verify(&self, payload: &[u8], tag: &[u8]) -> bool {
        self.0.clone().chain_update(payload).verify_slice(tag).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_way_and_no_other_is_taken() {
        let key = FlashKey::new(&[7; 32]);
        let flash = Flash::done("Saved: \u{20ac}5 <b>");
        let sealed = flash.sealed(&key);
        assert_eq!(Flash::opened(&sealed, &key), Some(flash));
        assert_eq!(Flash::opened(&sealed, &FlashKey::new(&[8; 32])), None);
        let mut forged = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(Flash::opened(&URL_SAFE_NO_PAD.encode(forged), &key), None);
        assert_eq!(Flash::opened("", &key), None);
        assert_eq!(Flash::opened("%%%", &key), None);
    }

    #[test]
    fn a_long_message_is_cut_to_fit_a_cookie() {
        let key = FlashKey::new(&[7; 32]);
        assert!(Flash::note("\u{1f600}".repeat(5000)).sealed(&key).len() < 2000);
    }
}
