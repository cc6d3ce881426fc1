//! The short code of a voucher: 12 Crockford characters (60 bits) and a check character of the same alphabet.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::base::Chance;

/// Crockford's base 32: no I, L, O, U, so that nothing is mistaken when read aloud or copied by hand.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PAYLOAD_CHARACTERS: u32 = 12;
const PAYLOAD_BITS: u32 = PAYLOAD_CHARACTERS * 5;
const PAYLOAD_MASK: u64 = (1 << PAYLOAD_BITS) - 1;
/// Longest input looked at: a code with a (three-byte) separator after every character, and some around it.
const MAX_INPUT_BYTES: usize = 64;

/// A bearer's code. It never stands in a URL or a log; `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Code(#[n(0)] u64);

/// Why a typed code can't be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeFault {
    #[error("a code has 13 letters and digits")]
    Length,
    #[error("a code has only letters and digits")]
    Character,
    #[error("the last character does not fit the others: one of them is mistyped")]
    Check,
}

impl Code {
    pub fn random(chance: &mut Chance) -> Code {
        Code(chance.u64() & PAYLOAD_MASK)
    }

    /// Reads what a person typed: any case, white space and hyphens anywhere, O for 0, I and L for 1.
    pub fn parse(text: &str) -> Result<Code, CodeFault> {
        if text.len() > MAX_INPUT_BYTES {
            return Err(CodeFault::Length);
        }
        let mut value: u64 = 0;
        let mut check = 0;
        let mut count = 0;
        for character in text.chars().filter(|c| !is_separator(*c)) {
            let digit = digit_of(character).ok_or(CodeFault::Character)?;
            if count < PAYLOAD_CHARACTERS {
                value = (value << 5) | u64::from(digit);
            } else {
                check = digit;
            }
            count += 1;
        }
        if count != PAYLOAD_CHARACTERS + 1 {
            return Err(CodeFault::Length);
        }
        if check != check_digit(value) {
            return Err(CodeFault::Check);
        }
        Ok(Code(value))
    }

    /// The code without separators, for the QR payload.
    pub fn compact(self) -> String {
        let mut text: String = (0..PAYLOAD_CHARACTERS).rev().map(|i| letter((self.0 >> (i * 5)) as u8 & 31)).collect();
        text.push(letter(check_digit(self.0)));
        text
    }

    /// What two people compare by eye, as it is printed: `HVT-C`. Too little to be used.
    pub fn end(self) -> String {
        self.to_string().split_off(11)
    }

    /// The 60 bits, for keys and signatures.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The code of these bits; `None` if there are more than 60.
    pub const fn from_bits(bits: u64) -> Option<Code> {
        if bits > PAYLOAD_MASK { None } else { Some(Code(bits)) }
    }
}

/// The check character: the 13 characters, as digits of GF(32) weighted by falling powers of x, sum to zero.
///
/// x generates the field, so the 13 weights are distinct and not zero. A single mistake changes the sum by
/// weight * (old + new), a swap of any two characters by (one weight + other weight) * (one + other): products of
/// two non-zero elements of a field, so never zero. Both always show.
fn check_digit(value: u64) -> u8 {
    (0..PAYLOAD_CHARACTERS).rev().fold(0, |sum, i| times_x(sum ^ ((value >> (i * 5)) as u8 & 31)))
}

/// Multiplies by x in GF(32) with the primitive polynomial x^5 + x^2 + 1.
const fn times_x(element: u8) -> u8 {
    let shifted = element << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

/// White space, and the hyphens and dashes that text programs put in a hyphen's place.
fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn letter(digit: u8) -> char {
    char::from(ALPHABET[usize::from(digit & 31)])
}

fn digit_of(character: char) -> Option<u8> {
    let forgiven = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let byte = u8::try_from(forgiven).ok()?;
    ALPHABET.iter().position(|letter| *letter == byte).map(|at| at as u8)
}

impl fmt::Display for Code {
    /// In groups, as it is read aloud: `7KQ4-M2XD-9HVT-C`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compact = self.compact();
        write!(f, "{}-{}-{}-{}", &compact[0..4], &compact[4..8], &compact[8..12], &compact[12..])
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every code; the cases that follow try all mistakes of one kind on each.
    fn any_code() -> impl Strategy<Value = Code> {
        (0..=PAYLOAD_MASK).prop_map(Code)
    }

    fn typed(characters: &[u8]) -> Result<Code, CodeFault> {
        Code::parse(std::str::from_utf8(characters).unwrap())
    }

    #[test]
    fn the_check_weights_are_distinct_and_not_zero() {
        let mut weights = vec![1];
        for _ in 0..PAYLOAD_CHARACTERS {
            weights.push(times_x(weights[weights.len() - 1]));
        }
        weights.sort_unstable();
        weights.dedup();
        assert_eq!(weights.len(), 13);
        assert_ne!(weights[0], 0);
    }

    #[test]
    fn multiplication_by_x_reaches_the_whole_field() {
        let reached: std::collections::BTreeSet<u8> =
            std::iter::successors(Some(1), |e| Some(times_x(*e))).take(31).collect();
        assert_eq!(reached, (1..32).collect());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(code in any_code()) {
            prop_assert_eq!(Code::parse(&code.to_string()), Ok(code));
            prop_assert_eq!(Code::parse(&code.compact()), Ok(code));
            prop_assert_eq!(Code::parse(&code.to_string().to_lowercase()), Ok(code));
        }

        #[test]
        fn every_single_mistyped_character_shows(code in any_code()) {
            let right = code.compact().into_bytes();
            for at in 0..right.len() {
                for letter in ALPHABET.iter().filter(|letter| **letter != right[at]) {
                    let mut wrong = right.clone();
                    wrong[at] = *letter;
                    prop_assert_eq!(typed(&wrong), Err(CodeFault::Check));
                }
            }
        }

        #[test]
        fn every_swap_of_two_characters_shows(code in any_code()) {
            let right = code.compact().into_bytes();
            for one in 0..right.len() {
                for other in (one + 1..right.len()).filter(|other| right[*other] != right[one]) {
                    let mut wrong = right.clone();
                    wrong.swap(one, other);
                    prop_assert_eq!(typed(&wrong), Err(CodeFault::Check));
                }
            }
        }

        #[test]
        fn separators_and_look_alike_letters_are_forgiven(code in any_code(), dash in "[ \\-\u{2010}-\u{2015}\u{a0}]") {
            let typed: Vec<String> = code
                .compact()
                .chars()
                .map(|c| match c {
                    '0' => "o".to_owned(),
                    '1' => "l".to_owned(),
                    other => other.to_string(),
                })
                .collect();
            prop_assert_eq!(Code::parse(&typed.join(&dash)), Ok(code));
        }

        #[test]
        fn no_input_panics(text in any::<String>()) {
            let _ = Code::parse(&text);
        }

        #[test]
        fn a_random_code_is_a_readable_one(seed in any::<[u8; 32]>()) {
            let code = Code::random(&mut Chance::from_seed(seed));
            prop_assert_eq!(Code::parse(&code.compact()), Ok(code));
        }
    }

    #[test]
    fn what_is_no_code_is_refused_by_its_reason() {
        assert_eq!(Code::parse(""), Err(CodeFault::Length));
        assert_eq!(Code::parse("7KQ4"), Err(CodeFault::Length));
        assert_eq!(Code::parse(&"7".repeat(14)), Err(CodeFault::Length));
        assert_eq!(Code::parse(&"7".repeat(1_000_000)), Err(CodeFault::Length));
        assert_eq!(Code::parse("7KQ4M2XD9HVTU"), Err(CodeFault::Character));
        assert_eq!(Code::parse("７KQ4M2XD9HVT0"), Err(CodeFault::Character));
    }

    #[test]
    fn debug_shows_nothing_of_the_code() {
        assert_eq!(format!("{:?}", Code(77)), "Code(..)");
    }

    /// Codes are printed on paper: the letters of a code never change.
    #[test]
    fn a_code_keeps_its_letters_for_ever() {
        assert_eq!(Code(0).to_string(), "0000-0000-0000-0");
        assert_eq!(Code(1).to_string(), "0000-0000-0001-2");
        assert_eq!(Code(0x0123_4567_89AB_CDEF).to_string(), "28T5-CY4T-QKFF-4");
        assert_eq!(Code(0x0123_4567_89AB_CDEF).end(), "KFF-4");
    }
}
