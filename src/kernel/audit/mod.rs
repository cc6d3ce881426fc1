//! The audit: who did what to what, from where and when; appended for ever and chained by hashes. No personal
//! text: ids, stable names, and salted commitments to the values before and after, which say nothing once the salt
//! is erased.

#[cfg(test)]
mod tests;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::base::{Fault, Timestamp};
use crate::kernel::AnyId;
use crate::store::{Described, Read, Row, Span, Table, Tx};

/// The tables of this engine, for `schema.rs`.
pub fn tables() -> Vec<Described> {
    vec![RECORDS.described(), HEAD.described(), SALTS.described()]
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Who {
    /// A timer, a migration, the program itself.
    #[n(0)]
    System,
    /// Whoever runs subcommands on the machine.
    #[n(1)]
    Console,
    #[n(2)]
    Person(#[n(0)] AnyId),
    #[n(3)]
    Guest(#[n(0)] AnyId),
    /// A script with an access token.
    #[n(4)]
    Token(#[n(0)] AnyId),
    /// Nobody whom we know.
    #[n(5)]
    Stranger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Verdict {
    #[n(0)]
    Done,
    #[n(1)]
    Denied,
}

/// What is to be written down. `action` and the subject's kind are stable kebab-case names: `offer-paused`, `offer`.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    pub who: Who,
    pub action: &'a str,
    pub subject: (&'a str, AnyId),
    /// The device or session that it came from.
    pub origin: Option<AnyId>,
    pub verdict: Verdict,
    /// The row before and after, as bytes; only commitments to them are kept.
    pub before: Option<&'a [u8]>,
    pub after: Option<&'a [u8]>,
}

/// SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Hash(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

/// In front of the first record.
const GENESIS: Hash = Hash([0; 32]);

/// What a record says; its hash covers these bytes and the hash before.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Content {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub who: Who,
    #[n(2)]
    pub action: String,
    #[n(3)]
    pub subject_kind: String,
    #[n(4)]
    pub subject: AnyId,
    #[n(5)]
    pub origin: Option<AnyId>,
    #[n(6)]
    pub verdict: Verdict,
    #[n(7)]
    pub before: Option<Hash>,
    #[n(8)]
    pub after: Option<Hash>,
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    #[n(0)]
    pub content: Content,
    #[n(1)]
    pub previous: Hash,
    #[n(2)]
    pub hash: Hash,
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    #[n(0)]
    pub seq: u64,
    #[n(1)]
    pub hash: Hash,
}

/// What makes commitments say nothing to who does not know it; erased with the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Salt(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

/// Which of a deed's two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// The chain.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | seq, gap-free from 1 | content, hash before, hash | `append`, once; nobody deletes | console, `check` |
pub static RECORDS: Table<u64, Record> = Table::new(50, "audit", &[]);

/// The chain's end, so that cutting it is seen.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | - | seq and hash of the last record | `append` | `append`, `check` |
pub static HEAD: Table<(), Head> = Table::new(51, "audit_head", &[]);

/// Salts of the commitments.
///
/// | key | value | who writes | who reads |
/// |---|---|---|---|
/// | seq | 32 random bytes | `append`; erasure deletes | `proves` |
pub static SALTS: Table<u64, Salt> = Table::new(52, "audit_salts", &[]);

/// Writes a deed down behind all others; answers its number.
pub fn append(tx: &mut Tx<'_>, deed: Deed<'_>) -> Result<u64, Fault> {
    let last = head(&**tx)?;
    let seq = last.seq + 1;
    let salt = Salt(tx.chance().bytes());
    let content = Content {
        at: tx.now(),
        who: deed.who,
        action: deed.action.to_owned(),
        subject_kind: deed.subject.0.to_owned(),
        subject: deed.subject.1,
        origin: deed.origin,
        verdict: deed.verdict,
        before: deed.before.map(|bytes| commitment(salt, Side::Before, bytes)),
        after: deed.after.map(|bytes| commitment(salt, Side::After, bytes)),
    };
    if content.before.is_some() || content.after.is_some() {
        tx.put(&SALTS, &seq, &salt)?;
    }
    let hash = link(last.hash, &content);
    tx.put(&RECORDS, &seq, &Record { content, previous: last.hash, hash })?;
    tx.put(&HEAD, &(), &Head { seq, hash })?;
    Ok(seq)
}

/// Makes the commitments of a record say nothing any more; the chain holds without the salt.
pub fn erase_salt(tx: &mut Tx<'_>, seq: u64) -> Result<(), Fault> {
    tx.delete(&SALTS, &seq)
}

/// Whether these bytes are what a record committed to; `None` once its salt is erased, or if it committed to nothing.
pub fn proves(read: &dyn Read, seq: u64, side: Side, bytes: &[u8]) -> Result<Option<bool>, Fault> {
    let record = read.must_get(&RECORDS, &seq)?;
    let committed = match side {
        Side::Before => record.content.before,
        Side::After => record.content.after,
    };
    let salt = read.get(&SALTS, &seq)?;
    Ok(committed.zip(salt).map(|(committed, salt)| committed == commitment(salt, side, bytes)))
}

/// Records newest first; `after` is the number of the last one of the page before.
pub fn newest(read: &dyn Read, after: Option<u64>, limit: usize) -> Result<Vec<(u64, Record)>, Fault> {
    let span = match after {
        Some(seq) => Span::all().reversed().beyond(&seq),
        None => Span::all().reversed(),
    };
    read.scan(&RECORDS, span)?.take(limit).collect()
}

/// Follows the chain from its start; answers the number of the first record that is not as it was written, or missing.
pub fn verify(read: &dyn Read) -> Result<Option<u64>, Fault> {
    let mut reached = Head { seq: 0, hash: GENESIS };
    for row in read.scan(&RECORDS, Span::all())? {
        let (seq, record) = row?;
        let next = reached.seq + 1;
        let is_whole = record.previous == reached.hash && record.hash == link(reached.hash, &record.content);
        if seq != next || !is_whole {
            return Ok(Some(next));
        }
        reached = Head { seq, hash: record.hash };
    }
    let last = head(read)?;
    Ok((last != reached).then_some(reached.seq.min(last.seq) + 1))
}

/// What is wrong with the chain, in one line.
pub fn check(read: &dyn Read) -> Result<Vec<String>, Fault> {
    Ok(verify(read)?.map(|seq| format!("audit: the chain breaks at record {seq}")).into_iter().collect())
}

fn head(read: &dyn Read) -> Result<Head, Fault> {
    Ok(read.get(&HEAD, &())?.unwrap_or(Head { seq: 0, hash: GENESIS }))
}

/// The canonical bytes of a content are its row; a new field is optional and last, so that old ones keep their bytes.
fn link(previous: Hash, content: &Content) -> Hash {
    Hash(Sha256::new().chain_update(previous.0).chain_update(content.to_row()).finalize().into())
}

fn commitment(salt: Salt, side: Side, bytes: &[u8]) -> Hash {
    let label: &[u8] = match side {
        Side::Before => b"before",
        Side::After => b"after",
    };
    Hash(Sha256::new().chain_update(salt.0).chain_update(label).chain_update(bytes).finalize().into())
}
