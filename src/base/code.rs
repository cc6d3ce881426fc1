//! The short code of a voucher: 12 Crockford characters (60 bits) and a check character of the same alphabet.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::base::Chance;

/// Crockford's base 32: no I, L, O, U, so that nothing is mistaken when read aloud or copied by hand.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PAYLOAD_CHARACTERS: u32 = 12;
const PAYLOAD_BITS: u32 = PAYLOAD_CHARACTERS * 5;
const PAYLOAD_MASK: u64 = (1 << PAYLOAD_BITS) - 1;
/// Longest input looked at: a code with a separator after every character, and some spaces around it.
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

    /// Reads what a person typed: any case, spaces and hyphens anywhere, O for 0, I and L for 1.
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

    /// The 60 bits, for keys and signatures.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The code of these bits; `None` if there are more than 60.
    pub const fn from_bits(bits: u64) -> Option<Code> {
        if bits > PAYLOAD_MASK { None } else { Some(Code(bits)) }
    }
}

/// Weighted sum modulo 31 (a prime, so that every single mistake and every swap of neighbours shows).
///
/// The weights 1..=12 are distinct and non-zero modulo 31, as are their neighbours' differences. Characters 0 and
/// Z (values 0 and 31) coincide modulo 31, so their confusion alone would pass; the count of Zs shifts the check
/// by one bit to catch it.
fn check_digit(value: u64) -> u8 {
    let digits = (0..PAYLOAD_CHARACTERS).map(|i| (value >> (i * 5)) & 31);
    let (sum, zs) =
        digits.zip(1..).fold((0, 0), |(sum, zs), (digit, weight)| (sum + digit * weight, zs + u64::from(digit == 31)));
    let residue = sum % 31;
    if zs % 2 == 1 && residue == 0 { 31 } else { residue as u8 }
}

fn is_separator(character: char) -> bool {
    character == '-' || character == ' '
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
