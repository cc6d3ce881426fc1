//! The wire format of protocol buffers, as far as an extract needs it: read in place, nothing allocated, and every
//! length held against the bytes that are there.

/// Bytes that contradict themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    /// A text, a message, or a packed list.
    Bytes(&'a [u8]),
    /// Of a width that no field of ours has.
    Other,
}

impl<'a> Value<'a> {
    pub(super) fn number(self) -> Result<u64, Broken> {
        let Value::Number(number) = self else { return Err(Broken) };
        Ok(number)
    }

    pub(super) fn bytes(self) -> Result<&'a [u8], Broken> {
        let Value::Bytes(bytes) = self else { return Err(Broken) };
        Ok(bytes)
    }
}

/// The fields of a message, each with its number.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// The next field; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = varint(&mut self.0)?;
        if tag < 8 {
            return Err(Broken);
        }
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => self.skip(8)?,
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| Broken)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => self.skip(4)?,
            _ => return Err(Broken),
        };
        Ok(Some((tag >> 3, value)))
    }

    fn skip(&mut self, bytes: usize) -> Result<Value<'a>, Broken> {
        self.0 = self.0.get(bytes..).ok_or(Broken)?;
        Ok(Value::Other)
    }
}

/// A packed list of numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Packed<'a>(pub &'a [u8]);

impl<'a> Packed<'a> {
    pub(super) fn next(&mut self) -> Result<Option<u64>, Broken> {
        if self.0.is_empty() { Ok(None) } else { varint(&mut self.0).map(Some) }
    }

    /// What stands before the next zero, which is passed over; the rest if there is none.
    pub(super) fn until_zero(&mut self) -> Result<Packed<'a>, Broken> {
        let all = self.0;
        loop {
            let before = all.len() - self.0.len();
            match self.next()? {
                Some(0) => return Ok(Packed(&all[..before])),
                Some(_) => {}
                None => return Ok(Packed(all)),
            }
        }
    }
}

/// Numbers that are each kept as the distance from the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deltas<'a> {
    list: Packed<'a>,
    last: i64,
}

impl<'a> Deltas<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Deltas<'a> {
        Deltas { list: Packed(bytes), last: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Option<i64>, Broken> {
        let Some(distance) = self.list.next()? else { return Ok(None) };
        self.last = self.last.wrapping_add(zigzag(distance));
        Ok(Some(self.last))
    }
}

pub(super) fn zigzag(encoded: u64) -> i64 {
    (encoded >> 1).cast_signed() ^ -(encoded & 1).cast_signed()
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Broken> {
    // Nearly all of them are of one byte.
    if let [byte, rest @ ..] = *bytes
        && *byte < 0x80
    {
        *bytes = rest;
        return Ok(u64::from(*byte));
    }
    let mut value = 0;
    for at in 0..10 {
        let byte = *bytes.get(at).ok_or(Broken)?;
        value |= u64::from(byte & 0x7F) << (7 * at);
        if byte < 0x80 {
            *bytes = &bytes[at + 1..];
            return Ok(value);
        }
    }
    Err(Broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_their_full_width_and_no_further() {
        let read = |mut bytes: &[u8]| varint(&mut bytes).map(|value| (value, bytes.len()));
        assert_eq!(read(&[0x01]), Ok((1, 0)));
        assert_eq!(read(&[0xAC, 0x02, 9]), Ok((300, 1)));
        assert_eq!(read(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]), Ok((u64::MAX, 0)));
        assert_eq!(read(&[0xFF; 11]), Err(Broken));
        assert_eq!(read(&[0x80]), Err(Broken));
        assert_eq!(read(&[]), Err(Broken));
        assert_eq!((zigzag(0), zigzag(1), zigzag(2), zigzag(u64::MAX)), (0, -1, 1, i64::MIN));
    }

    #[test]
    fn a_length_beyond_the_end_is_broken() {
        assert_eq!(Fields(&[0x0A, 0x02, 0x01]).next(), Err(Broken));
        assert_eq!(Fields(&[0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]).next(), Err(Broken));
        assert_eq!(Fields(&[0x09, 0x00]).next(), Err(Broken));
        assert_eq!(Fields(&[0x0B]).next(), Err(Broken));
        assert_eq!(Fields(&[0x00, 0x00]).next(), Err(Broken), "there is no field 0");
        assert_eq!(Fields(&[0x0A, 0x01, 0x07]).next(), Ok(Some((1, Value::Bytes(&[7])))));
    }

    #[test]
    fn a_list_is_cut_at_its_zeros() {
        let mut list = Packed(&[1, 2, 0, 0, 3]);
        let next = |list: &mut Packed<'_>| list.until_zero().map(|part| part.0.len());
        assert_eq!([next(&mut list), next(&mut list), next(&mut list)], [Ok(2), Ok(0), Ok(1)]);
        assert_eq!(list.next(), Ok(None));
    }
}
