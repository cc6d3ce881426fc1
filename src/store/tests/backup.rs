//! Backup and restore: everything comes back, nothing but a whole backup is taken, and what fails leaves nothing.

use std::path::{Path, PathBuf};

use super::*;

static TWINS: Table<u8, u64> = Table::new(930, "twins", &[]);

/// A city in a folder, its backup beside it, and where to restore it.
struct City {
    parent: tempfile::TempDir,
    folder: Folder,
    store: Store,
}

impl City {
    fn new() -> City {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::open(&parent.path().join("city"), Expect::Real).unwrap();
        let store = folder.store(1, 1 << 20, Hooks::default(), &|_| Clock::starting_at(START)).unwrap();
        City { parent, folder, store }
    }

    /// A few rows, a key, and pictures in folders.
    fn furnished() -> City {
        let city = City::new();
        for (key, word) in [(1, "salt"), (2, "bread"), (3, "")] {
            put(&city.store, key, word).unwrap();
        }
        std::fs::write(city.folder.keys().join("voucher-signing"), [7; 32]).unwrap();
        std::fs::create_dir_all(city.folder.media().join("ab/cd")).unwrap();
        std::fs::write(city.folder.media().join("ab/cd/picture 1.webp"), vec![9; 3000]).unwrap();
        std::fs::write(city.folder.media().join("empty"), "").unwrap();
        std::fs::write(city.folder.index().join("derived"), "not in a backup").unwrap();
        city
    }

    fn path(&self, name: &str) -> PathBuf {
        self.parent.path().join(name)
    }

    fn backup(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        backup(&self.store.snapshot().unwrap(), self.folder.path(), &mut bytes).unwrap();
        bytes
    }

    /// Writes these bytes to a file and restores from it.
    fn restore(&self, bytes: &[u8]) -> Result<Head, BackupFault> {
        std::fs::write(self.path("backup"), bytes).unwrap();
        restore(&self.path("backup"), &self.path("new"), 1)
    }

    fn assert_refused(&self, bytes: &[u8], why: &str) {
        let refused = self.restore(bytes).expect_err(why);
        assert!(matches!(refused, BackupFault::Damaged(_) | BackupFault::Fault(_)), "{why}: {refused}");
        assert!(!refused.to_string().contains(char::is_control), "{why}: {refused}");
        assert!(!self.path("new").exists(), "{why}: something is left");
    }
}

fn everything(store: &Store) -> Vec<Pair> {
    store.snapshot().unwrap().all_rows().unwrap().map(Result::unwrap).collect()
}

fn files_below(path: &Path) -> Vec<(String, Vec<u8>)> {
    let files = walkdir::WalkDir::new(path).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    let relative = |entry: &walkdir::DirEntry| entry.path().strip_prefix(path).unwrap().to_str().unwrap().to_owned();
    files.map(|entry| (relative(&entry), std::fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn a_restored_city_has_every_row_and_file_and_is_another_store_in_a_later_epoch() {
    let city = City::furnished();
    let head = city.restore(&city.backup()).unwrap();
    let folder = Folder::open(&city.path("new"), Expect::Real).unwrap();
    let store = folder.store(1, 1 << 20, Hooks::default(), &|last| Clock::starting_at(last)).unwrap();
    let before = city.store.snapshot().unwrap().head().clone();
    assert_eq!(store.snapshot().unwrap().head(), &head);
    assert_eq!(head, Head { store_id: head.store_id, epoch: before.epoch + 1, ..before.clone() });
    assert_ne!(head.store_id, before.store_id);
    assert_eq!(everything(&store), everything(&city.store));
    assert_eq!(files_below(&folder.keys()), files_below(&city.folder.keys()));
    assert_eq!(files_below(&folder.media()), files_below(&city.folder.media()));
    assert_eq!(files_below(&folder.index()), []);
    put(&store, 9, "butter").unwrap();
    assert_eq!(store.batches_after(0, 10).unwrap().iter().map(|batch| batch.seq).collect::<Vec<_>>(), [4]);
}

#[test]
fn an_empty_city_and_one_of_many_blocks_come_back() {
    for rows in [0_u32, 60] {
        let city = City::new();
        for row in 0..rows {
            put(&city.store, row, &format!("{row}").repeat(30_000)).unwrap();
        }
        city.restore(&city.backup()).unwrap();
        let folder = Folder::open(&city.path("new"), Expect::Any).unwrap();
        let store = folder.store(1, 1 << 20, Hooks::default(), &|last| Clock::starting_at(last)).unwrap();
        assert_eq!(everything(&store), everything(&city.store));
    }
}

#[test]
fn a_backup_of_any_other_length_is_refused() {
    let city = City::furnished();
    let whole = city.backup();
    let mut chance = seed();
    let random = (0..60).map(|_| below(&mut chance, whole.len() as u64) as usize);
    for end in (0..whole.len()).step_by(512).chain(random).chain([whole.len() - 1]) {
        city.assert_refused(&whole[..end], &format!("cut off at {end} of {}", whole.len()));
    }
    for more in [&[0_u8; 512][..], &[1], &whole] {
        city.assert_refused(&[&whole, more].concat(), "longer than it was");
    }
    city.restore(&whole).unwrap();
}

#[test]
fn a_backup_with_a_flipped_bit_is_refused_wherever_it_is() {
    let city = City::furnished();
    let whole = city.backup();
    let mut chance = seed();
    for _ in 0..300 {
        let (at, bit) = (below(&mut chance, whole.len() as u64) as usize, below(&mut chance, 8));
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << bit;
        city.assert_refused(&flipped, &format!("bit {bit} of byte {at} flipped"));
    }
}

#[test]
fn files_that_are_no_backup_are_refused() {
    let city = City::new();
    let mut chance = seed();
    let noise: Vec<u8> = (0..2000).flat_map(|_| chance.bytes::<16>()).collect();
    for (bytes, why) in [(&b""[..], "empty"), (b"dear diary", "a letter"), (&noise, "noise"), (&[0; 4096], "zeros")] {
        city.assert_refused(bytes, why);
    }
    let strange = restore(&city.path("nowhere"), &city.path("new"), 1).unwrap_err();
    assert!(matches!(strange, BackupFault::Io { .. }));
    assert!(restore(city.parent.path(), &city.path("new"), 1).is_err(), "a folder is no backup");
}

/// A well-formed archive with a manifest that fits it: what a liar can make.
fn forged(entries: &[(&str, &[u8])], change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
    use crate::store::backup::tests::*;
    let head = Head { store_id: [1; 16], schema: 1, epoch: 1, seq: 1, at: START, origin: Origin::Real };
    forge(entries, &head, change)
}

fn block(rows: &[(&[u8], &[u8])]) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    rows.iter().flat_map(|(key, value)| [sized(key), sized(value)].concat()).collect()
}

#[test]
fn a_lying_backup_reaches_nothing_outside_and_makes_no_city() {
    let city = City::new();
    let good = block(&[(&[0, 5, 1], b"x"), (&[0, 5, 2], b"y")]);
    let rows = "rows/00000001";
    city.restore(&forged(&[(rows, &good), ("media/a", b"")], |manifest| manifest.rows = 2)).unwrap();
    std::fs::remove_dir_all(city.path("new")).unwrap();
    for name in [
        "keys/../../stolen",
        "/etc/stolen",
        "media//x",
        "media/./x",
        "keys",
        "media/",
        "other/x",
        "city.redb",
        "keys/a\nb",
        "rows/00000002",
        "rows/../x",
    ] {
        city.assert_refused(&forged(&[(name, b"x")], |_| {}), name);
    }
    let deep = format!("media/{}x", "a/".repeat(20));
    city.assert_refused(&forged(&[(&deep, b"x")], |_| {}), "too deep");
    city.assert_refused(&forged(&[("keys/a", b"x"), ("keys/a", b"y")], |_| {}), "the same name twice");
    city.assert_refused(&forged(&[("keys/a", b"x"), ("keys/a/b", b"y")], |_| {}), "a file as a folder");
    city.assert_refused(&forged(&[("keys/a", b"x"), (rows, &good)], |manifest| manifest.rows = 2), "rows after files");
    city.assert_refused(&forged(&[(rows, &good)], |manifest| manifest.rows = 3), "fewer rows than it says");
    city.assert_refused(&forged(&[(rows, &good)], |manifest| manifest.parts[0].sha256 = "0".repeat(64)), "another sum");
    city.assert_refused(&forged(&[(rows, &good)], |manifest| manifest.parts.clear()), "parts it does not name");
    city.assert_refused(&forged(&[], |manifest| manifest.epoch = u64::MAX), "no epoch after it");
    city.assert_refused(&forged(&[], |manifest| manifest.form = 2), "another form");
    for (wrong, why) in [
        (block(&[(&[0, 5, 2], b"x"), (&[0, 5, 1], b"y")]), "rows out of order"),
        (block(&[(&[0, 5, 2], b"x"), (&[0, 5, 2], b"y")]), "a row twice"),
        (block(&[(&[0, 0], b"a head of its own"), (&[0, 5, 2], b"y")]), "a head among the rows"),
        (vec![0xFF; 100], "a length beyond the block"),
        (good[..good.len() - 1].to_vec(), "half a row"),
    ] {
        city.assert_refused(&forged(&[(rows, &wrong)], |manifest| manifest.rows = 2), why);
    }
    assert!(!city.path("stolen").exists());
}

#[test]
fn links_and_extensions_of_the_format_are_refused() {
    let city = City::new();
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::GNULongName,
        tar::EntryType::GNUSparse,
        tar::EntryType::XHeader,
        tar::EntryType::Directory,
        tar::EntryType::Char,
    ] {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_path("media/a").unwrap();
        header.set_size(0);
        header.set_entry_type(kind);
        header.set_cksum();
        archive.append(&header, &[][..]).unwrap();
        city.assert_refused(&archive.into_inner().unwrap(), &format!("{kind:?}"));
    }
}

#[test]
fn sizes_beyond_the_file_cost_nothing() {
    let city = City::new();
    for size in [u64::from(u32::MAX), 1 << 40, (1 << 63) - 1] {
        let mut header = tar::Header::new_ustar();
        header.set_path("MANIFEST").unwrap();
        header.set_size(size);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend_from_slice(&[0; 2048]);
        city.assert_refused(&bytes, &format!("{size} bytes"));
    }
}

#[test]
fn a_backup_of_a_newer_schema_is_refused() {
    let city = City::furnished();
    std::fs::write(city.path("backup"), city.backup()).unwrap();
    let refused = restore(&city.path("backup"), &city.path("new"), 0).unwrap_err();
    assert!(matches!(refused, BackupFault::Newer { found: 1, known: 0 }));
    assert!(!city.path("new").exists());
}

#[test]
fn a_city_is_restored_into_an_empty_folder_only_and_a_failed_restore_leaves_it_empty() {
    let city = City::furnished();
    let whole = city.backup();
    std::fs::create_dir(city.path("new")).unwrap();
    assert!(city.restore(&whole[..whole.len() - 1]).is_err());
    assert!(city.restore(&forged(&[("keys/a", b"x"), ("keys/a/b", b"y")], |_| {})).is_err());
    assert_eq!(std::fs::read_dir(city.path("new")).unwrap().count(), 0);
    city.restore(&whole).unwrap();
    let before = files_below(&city.path("new"));
    assert!(matches!(city.restore(&whole), Err(BackupFault::NotEmpty(_))));
    assert_eq!(files_below(&city.path("new")), before);
}

#[test]
fn a_backup_file_has_its_name_when_it_is_whole_and_overwrites_nothing() {
    let city = City::furnished();
    let path = city.path("my.backup");
    let write = || {
        to_new_file(&path, |out, partial| {
            assert!(!path.exists() && partial.exists());
            let second = to_new_file(&path, |_, _| Ok(())).unwrap_err();
            assert!(matches!(second, BackupFault::Busy(_)), "{second}");
            backup(&city.store.snapshot()?, city.folder.path(), out)
        })
    };
    std::fs::write(city.path("my.backup.partial"), "left by a crash").unwrap();
    let manifest = write().unwrap();
    assert_eq!(verify(&path).unwrap(), manifest);
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap()) & 0o777, 0o600);
    assert!(!city.path("my.backup.partial").exists());
    assert!(matches!(write(), Err(BackupFault::Exists(_))));
    let failed = to_new_file(&city.path("other"), |out, _| {
        out.write_all(b"half").unwrap();
        Err::<(), _>(BackupFault::Damaged("as planned".to_owned()))
    });
    assert!(failed.is_err());
    assert!(!city.path("other").exists() && !city.path("other.partial").exists());
}

#[test]
fn a_file_that_can_not_be_kept_is_a_fault_and_not_left_out() {
    let city = City::furnished();
    std::os::unix::fs::symlink("/etc/passwd", city.folder.media().join("link")).unwrap();
    let refused = backup(&city.store.snapshot().unwrap(), city.folder.path(), std::io::sink()).unwrap_err();
    assert!(refused.to_string().contains("media/link is no plain file"), "{refused}");
}

/// Two rows are always written together; a backup in the midst of writing has both or neither.
#[test]
fn a_backup_while_the_city_goes_on_is_of_one_moment() {
    let city = City::new();
    let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writing = {
        let (store, is_over) = (city.store.clone(), is_over.clone());
        std::thread::spawn(move || {
            for round in 0_u64.. {
                let both = move |tx: &mut Tx<'_>| -> Outcome<(), String> {
                    tx.put(&TWINS, &1, &round)?;
                    tx.put(&COUNTS, &1, &round)?;
                    Ok(tx.put(&TWINS, &2, &round)?)
                };
                store.write_blocking(both).outcome.unwrap();
                if is_over.load(std::sync::atomic::Ordering::SeqCst) {
                    return round;
                }
            }
            0
        })
    };
    let mut seqs = Vec::new();
    for round in 0..10 {
        std::fs::write(city.path("backup"), city.backup()).unwrap();
        let restored = city.path(&format!("new{round}"));
        seqs.push(restore(&city.path("backup"), &restored, 1).unwrap().seq);
        let folder = Folder::open(&restored, Expect::Any).unwrap();
        let store = folder.store(1, 1 << 20, Hooks::default(), &|last| Clock::starting_at(last)).unwrap();
        let twins: Vec<u64> = rows(&store, &TWINS).into_iter().map(|(_, round)| round).collect();
        let expected = seqs[round].checked_sub(1).map_or(vec![], |last| vec![last, last]);
        assert_eq!(twins, expected);
    }
    is_over.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(writing.join().unwrap() > 0 && seqs.first() < seqs.last(), "nothing was written meanwhile: {seqs:?}");
}
