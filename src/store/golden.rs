//! Golden files: what past releases wrote must be read for ever. Tests only; every room adds a line a table.
//!
//! `tests/golden/<name>` holds lines of a label and bytes in hex. A line is never changed, only added: run the test
//! with `HIGHSTREET_GOLDEN=add` to write the lines that it misses.

use std::fmt::{Debug, Write};
use std::path::PathBuf;

use crate::store::{Key, Row, Table};

/// A row of a table as a release wrote it: `golden::row(&OFFERS, "0.1 draft", &key, &offer)`.
pub(crate) fn row<K, V>(table: &Table<K, V>, label: &str, key: &K, row: &V)
where
    K: Key + PartialEq + Debug,
    V: Row + PartialEq + Debug,
{
    self::key(table.name(), &format!("{label}, key"), key);
    value(table.name(), &format!("{label}, row"), row);
}

/// A value that is kept as minicbor but lies in no table.
pub(crate) fn value<V: Row + PartialEq + Debug>(file: &str, label: &str, value: &V) {
    let written = line(file, label, &value.to_row());
    assert_eq!(&V::from_row(&written).unwrap(), value, "{file}: {label} is read as something else");
    assert_eq!(hex(&value.to_row()), hex(&written), "{file}: {label} is written in another way");
}

/// A key alone, or an indexed value.
pub(crate) fn key<K: Key + PartialEq + Debug>(file: &str, label: &str, key: &K) {
    let written = line(file, label, &key.to_bytes());
    let mut rest = &written[..];
    assert_eq!(K::decode(&mut rest).as_ref(), Some(key), "{file}: {label} is read as something else");
    assert!(rest.is_empty(), "{file}: {label} is longer than what is read of it");
    assert_eq!(hex(&key.to_bytes()), hex(&written), "{file}: {label} is written in another way");
}

/// The bytes of the golden line; new ones are added only on request.
fn line(file: &str, label: &str, now: &[u8]) -> Vec<u8> {
    static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut lines = std::fs::read_to_string(path(file)).unwrap_or_default();
    let found = lines.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(": "));
    if let Some(bytes) = found {
        return unhex(bytes);
    }
    let may_add = std::env::var("HIGHSTREET_GOLDEN").is_ok_and(|mode| mode == "add");
    assert!(may_add, "tests/golden/{file} has no line {label:?}: run with HIGHSTREET_GOLDEN=add");
    writeln!(lines, "{label}: {}", hex(now)).unwrap();
    std::fs::create_dir_all(path("")).unwrap();
    std::fs::write(path(file), lines).unwrap();
    now.to_vec()
}

fn path(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", file].iter().collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
