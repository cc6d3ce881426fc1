//! Ids: UUIDv7, typed by what they name, so that a place's id can't be handed in where an offer's belongs.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::base::{Chance, Timestamp};

/// The id of a `T`: 16 bytes, ordered by the time at which it was made (RFC 9562, version 7).
pub struct Id<T>([u8; 16], PhantomData<fn() -> T>);

/// The most milliseconds that the 48 bits of a version 7 id hold (year 10889).
const MAX_MILLIS: u64 = (1 << 48) - 1;
/// An id has one spelling, with hyphens; braces, URNs and bare digits are not ours.
const TEXT_BYTES: usize = 36;

/// The text is no UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl<T> Id<T> {
    /// A new id: 48 bits of time, then random.
    pub fn new(now: Timestamp, chance: &mut Chance) -> Id<T> {
        let millis = u64::try_from(now.millis()).unwrap_or(0).min(MAX_MILLIS);
        let random: [u8; 10] = chance.bytes();
        Id(*uuid::Builder::from_unix_timestamp_millis(millis, &random).as_uuid().as_bytes(), PhantomData)
    }

    /// A wholly random id (version 4), for what strangers see: it does not tell when it was made.
    pub fn random(chance: &mut Chance) -> Id<T> {
        Id(*uuid::Builder::from_random_bytes(chance.bytes()).as_uuid().as_bytes(), PhantomData)
    }

    pub const fn from_bytes(bytes: [u8; 16]) -> Id<T> {
        Id(bytes, PhantomData)
    }

    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The same id for a room that keeps it without knowing what it names.
    pub const fn untyped(self) -> Id<()> {
        Id(self.0, PhantomData)
    }
}

impl<T> FromStr for Id<T> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Id<T>, NotAnId> {
        if text.len() != TEXT_BYTES {
            return Err(NotAnId);
        }
        let uuid = uuid::Uuid::try_parse(text).map_err(|_| NotAnId)?;
        Ok(Id(*uuid.as_bytes(), PhantomData))
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&uuid::Uuid::from_bytes(self.0), f)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// Written out because derives would ask the same of `T`, which is only a label.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Id<T> {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Id<T>) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Id<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Id<T>) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T, C> Encode<C> for Id<T> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?;
        Ok(())
    }
}

impl<'b, T, C> Decode<'b, C> for Id<T> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Id<T>, minicbor::decode::Error> {
        let bytes = d.bytes()?.try_into().map_err(|_| minicbor::decode::Error::message("an id has 16 bytes"))?;
        Ok(Id(bytes, PhantomData))
    }
}

impl<T> serde::Serialize for Id<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T> serde::Deserialize<'de> for Id<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Id<T>, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Place;

    proptest! {
        #[test]
        fn text_json_and_rows_are_read_back(bytes in any::<[u8; 16]>()) {
            let id = Id::<Place>::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(serde_json::from_str::<Id<Place>>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
            prop_assert_eq!(minicbor::decode::<Id<Place>>(&minicbor::to_vec(id).unwrap()).unwrap(), id);
        }

        #[test]
        fn later_ids_sort_later(early in 0..1_i64 << 47, gap in 1..1_i64 << 40, seed in any::<[u8; 32]>()) {
            let mut chance = Chance::from_seed(seed);
            let first = Id::<Place>::new(Timestamp::from_millis(early), &mut chance);
            let second = Id::<Place>::new(Timestamp::from_millis(early + gap), &mut chance);
            prop_assert!(first < second);
            prop_assert!(first.to_string() < second.to_string());
        }

        #[test]
        fn an_id_says_its_version(millis in any::<i64>(), seed in any::<[u8; 32]>()) {
            let mut chance = Chance::from_seed(seed);
            let timed = Id::<Place>::new(Timestamp::from_millis(millis), &mut chance);
            prop_assert_eq!(uuid::Uuid::from_bytes(*timed.as_bytes()).get_version_num(), 7);
            let random = Id::<Place>::random(&mut chance);
            prop_assert_eq!(uuid::Uuid::from_bytes(*random.as_bytes()).get_version_num(), 4);
        }

        #[test]
        fn ids_of_one_millisecond_differ(millis in 0..1_i64 << 47, seed in any::<[u8; 32]>()) {
            let mut chance = Chance::from_seed(seed);
            let now = Timestamp::from_millis(millis);
            prop_assert_ne!(Id::<Place>::new(now, &mut chance), Id::<Place>::new(now, &mut chance));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = text.parse::<Id<Place>>();
        }
    }

    #[test]
    fn an_id_beyond_the_years_of_version_7_sorts_last() {
        let mut chance = Chance::from_seed([7; 32]);
        let today = Id::<Place>::new(Timestamp::from_millis(1_800_000_000_000), &mut chance);
        assert!(Id::<Place>::new(Timestamp::MAX, &mut chance) > today);
        assert!(Id::<Place>::new(Timestamp::MIN, &mut chance) < today);
    }

    #[test]
    fn an_id_has_one_spelling_but_for_case() {
        let spelled = "0190a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b";
        let id: Id<Place> = spelled.parse().unwrap();
        assert_eq!(spelled.to_uppercase().parse(), Ok(id));
        for other in [
            spelled.replace('-', ""),
            format!("{{{spelled}}}"),
            format!("urn:uuid:{spelled}"),
            format!(" {spelled}"),
            String::new(),
        ] {
            assert_eq!(other.parse::<Id<Place>>(), Err(NotAnId), "{other}");
        }
    }
}
