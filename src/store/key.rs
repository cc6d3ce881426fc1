//! Keys: bytes that sort as the values do, so that a range of keys is a range of values.

use crate::base::{Code, Currency, Id, Timestamp};

/// A value that can stand in a key. Encodings are for ever: rows of every past release must be found again.
pub trait Key: Sized {
    /// Appends the bytes; they compare as the values do, also inside a tuple.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes the value off the front; `None` if the bytes are not what `encode` writes.
    fn decode(bytes: &mut &[u8]) -> Option<Self>;

    /// The bytes alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

impl Key for () {
    fn encode(&self, _: &mut Vec<u8>) {}

    fn decode(_: &mut &[u8]) -> Option<()> {
        Some(())
    }
}

macro_rules! unsigned_keys {
    ($($unsigned:ty),*) => {$(
        impl Key for $unsigned {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn decode(bytes: &mut &[u8]) -> Option<$unsigned> {
                take(bytes).map(<$unsigned>::from_be_bytes)
            }
        }
    )*};
}
unsigned_keys!(u8, u16, u32, u64);

impl Key for i64 {
    /// Big endian with the sign bit turned, so that negatives come first.
    fn encode(&self, out: &mut Vec<u8>) {
        ((*self as u64) ^ (1 << 63)).encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<i64> {
        u64::decode(bytes).map(|turned| (turned ^ (1 << 63)) as i64)
    }
}

impl Key for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        u8::from(*self).encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<bool> {
        match u8::decode(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Key for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(bytes: &mut &[u8]) -> Option<[u8; N]> {
        take(bytes)
    }
}

impl Key for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.millis().encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Timestamp> {
        i64::decode(bytes).map(Timestamp::from_millis)
    }
}

impl<T> Key for Id<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn decode(bytes: &mut &[u8]) -> Option<Id<T>> {
        take(bytes).map(Id::from_bytes)
    }
}

impl Key for Code {
    fn encode(&self, out: &mut Vec<u8>) {
        self.bits().encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Code> {
        u64::decode(bytes).and_then(Code::from_bits)
    }
}

impl Key for Currency {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.code().as_bytes());
    }

    fn decode(bytes: &mut &[u8]) -> Option<Currency> {
        let code: [u8; 3] = take(bytes)?;
        Currency::parse(std::str::from_utf8(&code).ok()?)
    }
}

/// Ends a string inside a key; a NUL within the string is written as `00 FF`, so that order is kept.
const END: [u8; 2] = [0, 0];
const ESCAPED_NUL: [u8; 2] = [0, 0xFF];

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        for byte in self.bytes() {
            match byte {
                0 => out.extend_from_slice(&ESCAPED_NUL),
                other => out.push(other),
            }
        }
        out.extend_from_slice(&END);
    }

    fn decode(bytes: &mut &[u8]) -> Option<String> {
        let mut text = Vec::new();
        loop {
            let (byte, rest) = bytes.split_first()?;
            *bytes = rest;
            if *byte != 0 {
                text.push(*byte);
                continue;
            }
            let (mark, rest) = bytes.split_first()?;
            *bytes = rest;
            match mark {
                0 => return String::from_utf8(text).ok(),
                0xFF => text.push(0),
                _ => return None,
            }
        }
    }
}

macro_rules! tuple_keys {
    ($($name:ident),+) => {
        impl<$($name: Key),+> Key for ($($name,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                #[expect(non_snake_case, reason = "the macro names each value after its type")]
                let ($($name,)+) = self;
                $($name.encode(out);)+
            }

            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($name::decode(bytes)?,)+))
            }
        }
    };
}
tuple_keys!(A);
tuple_keys!(A, B);
tuple_keys!(A, B, C);
tuple_keys!(A, B, C, D);
tuple_keys!(A, B, C, D, E);

/// The first bytes that sort after everything that begins with `prefix`; `None` if nothing does (all `FF`).
pub(crate) fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xFF)?;
    let mut next = prefix[..=last].to_vec();
    next[last] += 1;
    Some(next)
}
