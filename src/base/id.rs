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

/// The text is no UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl<T> Id<T> {
    /// A new id: 48 bits of time, then random.
    pub fn new(now: Timestamp, chance: &mut Chance) -> Id<T> {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
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
}

impl<T> FromStr for Id<T> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Id<T>, NotAnId> {
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
