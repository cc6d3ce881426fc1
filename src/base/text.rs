//! Text that people type: normalised, bounded in what people see, and free of characters that deceive.

use std::fmt;

use minicbor::{Decode, Encode};
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_security::confusable_detection::skeleton;
use unicode_segmentation::UnicodeSegmentation;

/// A grapheme of more bytes than this is a stack of combining marks, not a letter (a family emoji has 25).
const MAX_GRAPHEME_BYTES: usize = 48;
/// Marks in a row on one letter. Burmese stacks five; more is a flood (Unicode TS 39, 5.4, advises four for names).
const MAX_MARKS: usize = 6;

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
        let trimmed = text.trim();
        if is_plain(trimmed) && trimmed.len() <= MAX {
            return Ok(Line(trimmed.to_owned()));
        }
        Line::parse_any(text)
    }

    fn parse_any(text: &str) -> Result<Line<MAX>, TextFault> {
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
        let lines =
            text.replace("\r\n", "\n").replace(['\r', '\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
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

/// A key that is equal for texts which look alike: case, the encoding of accents, unseen characters and look-alike
/// letters of other scripts are gone (Unicode TS 39's skeleton). For comparing names, never for showing.
pub fn look_alike_key(text: &str) -> String {
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let alike: String = skeleton(&lower).flat_map(char::to_lowercase).collect();
    alike.split_whitespace().collect::<Vec<_>>().join(" ").chars().flat_map(plain_shape).nfc().collect()
}

/// The letters that the skeleton tells apart, since it knows one case at a time: I looks like l in capitals, and
/// Cyrillic small letters have the shape of Latin capitals.
fn plain_shape(letter: char) -> impl Iterator<Item = char> {
    let shape = match letter {
        'i' | '\u{131}' => "l",
        '\u{299}' => "b",
        '\u{29C}' => "h",
        '\u{138}' | '\u{1D0B}' => "k",
        '\u{1D0D}' => "rn",
        '\u{1D1B}' => "t",
        _ => "",
    };
    shape.chars().chain(shape.is_empty().then_some(letter))
}

/// Most lines are of shown ASCII letters with single spaces, and are what they would be made: an import has millions.
fn is_plain(trimmed: &str) -> bool {
    let is_shown = trimmed.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_shown && !trimmed.is_empty() && !trimmed.as_bytes().windows(2).any(|pair| pair == b"  ")
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
    // Most texts are ASCII: nothing to compose, a letter a byte.
    if text.is_ascii() {
        return match text {
            _ if text.len() > max => Err(TextFault::TooLong { max }),
            _ if text.chars().all(is_blank) => Err(TextFault::Empty),
            _ => Ok(text.to_owned()),
        };
    }
    let normal: String = if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
    if has_mark_flood(&normal) {
        return Err(TextFault::Marks);
    }
    // A grapheme has a letter at least. Counting stops one past the limit.
    if normal.chars().count() > max && normal.graphemes(true).take(max + 1).count() > max {
        return Err(TextFault::TooLong { max });
    }
    if normal.chars().all(is_blank) {
        return Err(TextFault::Empty);
    }
    Ok(normal)
}

/// Marks piled on a letter, or at the start, where they would cling to whatever the page shows before the text.
fn has_mark_flood(text: &str) -> bool {
    let mut in_a_row = if text.starts_with(is_combining_mark) { MAX_MARKS } else { 0 };
    let is_pile = text.chars().any(|character| {
        in_a_row = if is_combining_mark(character) { in_a_row + 1 } else { 0 };
        in_a_row > MAX_MARKS
    });
    // A text that is no longer has none that is.
    let may_be_long = text.len() > MAX_GRAPHEME_BYTES;
    is_pile || (may_be_long && text.graphemes(true).any(|grapheme| grapheme.len() > MAX_GRAPHEME_BYTES))
}

/// Control characters, those that turn the direction of what follows (RLO and its kin: "Trojan Source"), and those
/// that show nothing at all and so could make two names of one look.
fn is_hidden(character: char) -> bool {
    let is_bidi_control = matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let is_invisible = matches!(character,
        '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{200B}' | '\u{2060}'..='\u{2065}'
        | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E00FF}' | '\u{E01F0}'..='\u{E0FFF}');
    (character.is_control() && character != '\n' && character != '\t') || is_bidi_control || is_invisible
}

/// What makes no text by itself: white space, the joiners and direction marks that emoji, Persian and Hebrew need,
/// soft hyphens, variation selectors, and the Braille pattern without dots.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '\u{AD}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200C}'..='\u{200F}' | '\u{2800}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> Result<String, TextFault> {
        Line::<40>::parse(text).map(|line| line.to_string())
    }

    fn prose(text: &str) -> Result<String, TextFault> {
        Prose::<40>::parse(text).map(|prose| prose.to_string())
    }

    /// Any text, and often one made of what makes trouble.
    fn any_text() -> impl Strategy<Value = String> {
        let troubles = vec![
            "a",
            "é",
            "e\u{301}",
            " ",
            "\t",
            "\n",
            "\r",
            "\r\n",
            "\u{85}",
            "\u{2028}",
            "\0",
            "\u{202E}",
            "\u{200B}",
            "\u{200D}",
            "\u{200E}",
            "\u{300}",
            "\u{20DD}",
            "👩‍👩‍👧",
            "🇫🇮",
            "한",
            "\u{1112}\u{1161}",
            "\u{FE0F}",
            "ﷺ",
            "\u{2000}",
        ];
        let made = proptest::collection::vec(proptest::sample::select(troubles), 0..60);
        prop_oneof![any::<String>(), made.prop_map(|parts| parts.concat())]
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_accepted_unchanged_again(text in any_text()) {
            if let Ok(accepted) = line(&text) {
                prop_assert_eq!(line(&accepted), Ok(accepted));
            }
            if let Ok(accepted) = prose(&text) {
                prop_assert_eq!(prose(&accepted), Ok(accepted));
            }
        }

        #[test]
        fn the_short_way_is_right(text in prop_oneof![any_text(), "[ -~\t]{0,50}"]) {
            prop_assert_eq!(Line::<40>::parse(&text), Line::parse_any(&text));
        }

        #[test]
        fn what_is_accepted_is_composed_bounded_trimmed_and_seen(text in any_text()) {
            for accepted in [line(&text), prose(&text)].into_iter().flatten() {
                prop_assert!(unicode_normalization::is_nfc(&accepted));
                prop_assert!((1..=40).contains(&accepted.graphemes(true).count()));
                prop_assert_eq!(accepted.trim(), &accepted);
                prop_assert!(!accepted.chars().any(is_hidden));
                prop_assert!(accepted.chars().any(|c| !is_blank(c)));
            }
        }

        #[test]
        fn a_line_has_one_line_and_single_spaces(text in any_text()) {
            if let Ok(accepted) = line(&text) {
                prop_assert!(!accepted.contains(|c: char| c.is_whitespace() && c != ' '));
                prop_assert!(!accepted.contains("  "));
            }
        }

        #[test]
        fn prose_breaks_lines_in_one_way(text in any_text()) {
            if let Ok(accepted) = prose(&text) {
                let is_break = |c: char| c.is_control() && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}');
                prop_assert!(!accepted.contains(|c| is_break(c) && c != '\n'));
            }
        }

        #[test]
        fn equal_texts_look_alike_in_any_case_and_encoding(text in "[a-zåäöéA-ZÅÄÖÉа-яА-Я0-9 ]{1,20}") {
            let key = look_alike_key(&text);
            prop_assert_eq!(look_alike_key(&text.to_lowercase()), key.clone());
            prop_assert_eq!(look_alike_key(&text.to_uppercase()), key.clone());
            prop_assert_eq!(look_alike_key(&text.nfd().collect::<String>()), key);
        }

        #[test]
        fn no_text_panics_a_key(text in any_text()) {
            let _ = look_alike_key(&text);
        }
    }

    #[test]
    fn length_is_counted_in_what_people_see() {
        assert!(Line::<3>::parse("🇫🇮👩‍👩‍👧‍👦e\u{301}").is_ok());
        assert_eq!(Line::<3>::parse("abcd"), Err(TextFault::TooLong { max: 3 }));
        assert!(Line::<3>::parse("  abc  ").is_ok());
    }

    #[test]
    fn controls_and_direction_overrides_are_refused() {
        for hidden in
            ["\0", "\u{7}", "\u{1B}", "\u{7F}", "\u{202A}", "\u{202E}", "\u{2066}", "\u{2069}", "\u{200B}", "\u{FEFF}"]
        {
            assert_eq!(line(&format!("Cafe{hidden}nimda")), Err(TextFault::Hidden), "{hidden:?}");
            assert_eq!(prose(&format!("Cafe{hidden}nimda")), Err(TextFault::Hidden), "{hidden:?}");
        }
    }

    #[test]
    fn floods_of_marks_are_refused() {
        assert_eq!(line(&format!("Z{}", "\u{300}".repeat(5_000))), Err(TextFault::TooLong { max: 40 }));
        assert_eq!(Line::<400>::parse(&format!("Z{}", "\u{300}".repeat(5_000))), Err(TextFault::Marks));
        assert_eq!(line(&format!("Z{}algo", "\u{316}\u{300}".repeat(4))), Err(TextFault::Marks));
        assert_eq!(line(&format!("Z{}", "\u{20DD}".repeat(7))), Err(TextFault::Marks));
        assert_eq!(line(&format!("a{}", "\u{200D}👩".repeat(30))), Err(TextFault::Marks));
    }

    #[test]
    fn a_mark_does_not_cling_to_what_stands_before_the_text() {
        assert_eq!(line("\u{338}Cafe"), Err(TextFault::Marks));
        assert_eq!(prose("\u{338}Cafe"), Err(TextFault::Marks));
    }

    #[test]
    fn the_writing_of_real_languages_is_accepted() {
        for text in [
            "Café Größe Åland",
            "Phở Thìn Lò Đúc",
            "餐馆 レストラン 식당",
            "בְּרֵאשִׁ֖ית",
            "مَطْعَم",
            "می\u{200C}خواهم",
            "लक्ष्मी रेस्तरां",
            "ပျှော့ မြို့",
            "ร้านน้ำพริก",
            "👩🏽‍🍳 👨‍👩‍👧‍👦 ❤️",
        ] {
            assert_eq!(line(text).as_deref(), Ok(&*text.nfc().collect::<String>()), "{text}");
        }
    }

    #[test]
    fn nothing_to_see_is_empty() {
        for text in ["", "   ", "\n\t", "\u{200D}", "\u{AD}\u{200E}", "\u{2800}", "\u{a0}"] {
            assert_eq!(line(text), Err(TextFault::Empty), "{text:?}");
            assert_eq!(prose(text), Err(TextFault::Empty), "{text:?}");
        }
    }

    #[test]
    fn a_megabyte_is_refused_before_it_is_read() {
        assert_eq!(line(&"a".repeat(1_000_000)), Err(TextFault::TooLong { max: 40 }));
        assert_eq!(prose(&"\n".repeat(1_000_000)), Err(TextFault::TooLong { max: 40 }));
    }

    #[test]
    fn prose_keeps_its_lines() {
        assert_eq!(prose("\r\none\r\ntwo\rthree\u{2028}four \n").as_deref(), Ok("one\ntwo\nthree\nfour"));
        assert_eq!(line("one\r\n two").as_deref(), Ok("one two"));
    }

    #[test]
    fn names_that_look_alike_have_one_key() {
        for (one, other) in [
            ("Paypal", "Раураl"),
            ("BANK", "ВАNК"),
            ("Lidl", "Iidl"),
            ("google", "g00gle"),
            ("modern", "rnodern"),
            ("Cafe\u{301}", "CAFÉ"),
            ("Kahvila", "Ka\u{200D}hvila"),
            ("Kahvila", "Ｋａｈｖｉｌａ"),
            ("Bar  9", " bar\u{a0}9"),
            ("Новая", "НОВАЯ"),
        ] {
            assert_eq!(look_alike_key(one), look_alike_key(other), "{one} {other}");
        }
        assert_ne!(look_alike_key("Kahvila"), look_alike_key("Kahvala"));
        assert_ne!(look_alike_key("餐馆"), look_alike_key("餐厅"));
    }
}
