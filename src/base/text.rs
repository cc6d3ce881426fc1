//! Text that people type: normalised, bounded in what people see, and free of characters that deceive.

use std::fmt;

use minicbor::{Decode, Encode};
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;
use unicode_segmentation::UnicodeSegmentation;

/// A grapheme of more bytes than this is a stack of combining marks, not a letter (a family emoji has 25).
const MAX_GRAPHEME_BYTES: usize = 48;

/// One line of 1 to `MAX` graphemes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Line<const MAX: usize>(#[n(0)] String);

/// Several lines of 1 to `MAX` graphemes in all; line breaks are `\n`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Prose<const MAX: usize>(#[n(0)] String);

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    #[error("Please write something here.")]
    Empty,
    #[error("Please keep it to {max} characters.")]
    TooLong { max: usize },
    #[error("It has characters that can't be shown. Please type it without them.")]
    Hidden,
    #[error("A letter carries too many marks. Please write it plainly.")]
    Marks,
}

impl<const MAX: usize> Line<MAX> {
    /// Trims, normalises (NFC) and checks; runs of white space become one space.
    pub fn parse(text: &str) -> Result<Line<MAX>, TextFault> {
        bounded_input(text, MAX)?;
        let spaced: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Line(checked(&spaced, MAX)?))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Prose<MAX> {
    /// Trims, normalises (NFC) and checks; line breaks of every kind become `\n`.
    pub fn parse(text: &str) -> Result<Prose<MAX>, TextFault> {
        bounded_input(text, MAX)?;
        let lines: String = text.replace("\r\n", "\n").replace('\r', "\n");
        Ok(Prose(checked(lines.trim(), MAX)?))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Line<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Display for Prose<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key that is equal for texts which look alike: case, accents' encoding and look-alike letters of other scripts
/// are gone (Unicode TS 39's skeleton). For comparing names, never for showing.
pub fn look_alike_key(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    skeleton(&folded).nfkc().collect()
}

/// Cheap refusal before any work is done on a megabyte of text.
fn bounded_input(text: &str, max: usize) -> Result<(), TextFault> {
    if text.len() > max.saturating_mul(MAX_GRAPHEME_BYTES).saturating_add(1024) {
        return Err(TextFault::TooLong { max });
    }
    Ok(())
}

fn checked(text: &str, max: usize) -> Result<String, TextFault> {
    if text.chars().any(is_hidden) {
        return Err(TextFault::Hidden);
    }
    let normal: String = text.nfc().collect();
    let mut count = 0;
    for grapheme in normal.graphemes(true) {
        if grapheme.len() > MAX_GRAPHEME_BYTES {
            return Err(TextFault::Marks);
        }
        count += 1;
        if count > max {
            return Err(TextFault::TooLong { max });
        }
    }
    if normal.chars().all(|c| c.is_whitespace() || is_joiner(c)) {
        return Err(TextFault::Empty);
    }
    Ok(normal)
}

/// Control characters, and those that turn the direction of what follows (RLO and its kin: "Trojan Source").
fn is_hidden(character: char) -> bool {
    let is_bidi_control = matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let is_invisible = matches!(character, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}');
    let is_tag = matches!(character, '\u{E0000}'..='\u{E007F}');
    (character.is_control() && character != '\n' && character != '\t') || is_bidi_control || is_invisible || is_tag
}

/// Joiners are needed inside emoji and Persian words, but are no text of their own.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200C}' | '\u{200D}' | '\u{FE0F}' | '\u{FE0E}')
}
