//! Growth of the schema: wherever it is broken off, it ends as if it had not been. The machine that breaks it off is
//! shown a step that can't be resumed, and must catch it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::Fault;
use crate::store::migrate::{index_some_rows, migrate};

use super::*;

/// Words as schema 1 had them, and as schema 2 has them: with an index.
static OLD: Table<u32, String> = Table::new(950, "old_words", &[]);
static NEW: Table<u32, String> = Table::new(950, "new_words", &[&NEW_BY_WORD]);
static NEW_BY_WORD: Index<u32, String, String> = Index::unique(951, "new_words_by_word", |_, word| vec![word.clone()]);
/// New in schema 3, made from the words; with an index of its own.
static SIZES: Table<u32, u64> = Table::new(952, "sizes", &[&BY_SIZE]);
static BY_SIZE: Index<u32, u64, u64> = Index::new(953, "sizes_by_size", |_, size| vec![*size]);

/// Few rows in a step, so that there are many places to break off at.
const ROWS_A_STEP: usize = 7;
const WORDS_IN_ALL: u32 = 150;

fn index_words(tx: &mut Tx<'_>, from: Option<Cursor>) -> Result<Stepped, Fault> {
    index_some_rows(tx, &NEW, &NEW_BY_WORD, from, ROWS_A_STEP)
}

type Words = Vec<(u32, String)>;

/// The next words after the cursor, and the cursor after them.
fn next_words(tx: &Tx<'_>, from: Option<Cursor>) -> Result<(Words, Option<Cursor>), Fault> {
    let after = from.map(|bytes| u32::decode(&mut &bytes[..]).unwrap());
    let span = after.map_or_else(Span::all, |last| Span::all().beyond(&last));
    let words: Words = tx.scan(&NEW, span)?.take(ROWS_A_STEP).collect::<Result<_, Fault>>()?;
    let next = words.last().filter(|_| words.len() == ROWS_A_STEP).map(|(key, _)| key.to_bytes());
    Ok((words, next))
}

fn measure_words(tx: &mut Tx<'_>, from: Option<Cursor>) -> Result<Stepped, Fault> {
    let (words, next) = next_words(tx, from)?;
    for (key, word) in &words {
        tx.put(&SIZES, key, &(word.len() as u64))?;
    }
    Ok(Stepped { rows: words.len() as u64, next })
}

/// What a step must not do: remember something outside of its cursor. One test at a time looks at it.
static REMEMBERED_IN_MEMORY: AtomicU64 = AtomicU64::new(0);
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn number_words(tx: &mut Tx<'_>, from: Option<Cursor>) -> Result<Stepped, Fault> {
    let (words, next) = next_words(tx, from)?;
    for (key, _) in &words {
        tx.put(&SIZES, key, &REMEMBERED_IN_MEMORY.fetch_add(1, Ordering::SeqCst))?;
    }
    Ok(Stepped { rows: words.len() as u64, next })
}

fn fails_in_the_middle(tx: &mut Tx<'_>, from: Option<Cursor>) -> Result<Stepped, Fault> {
    let (words, _) = next_words(tx, from.clone())?;
    if words.first().is_some_and(|(key, _)| *key > WORDS_IN_ALL / 2) {
        return Err(Fault::io("migrating", "as planned"));
    }
    measure_words(tx, from)
}

const fn migration(number: u32, fills: &'static [u16], step: Step) -> Migration {
    Migration { number, name: "as planned", through: 950, fills, step }
}

static SOUND: [Migration; 2] = [migration(2, &[951], index_words), migration(3, &[952, 953], measure_words)];
static FORGETFUL: [Migration; 2] = [migration(2, &[951], index_words), migration(3, &[952, 953], number_words)];
static FAILING: [Migration; 2] = [migration(2, &[951], index_words), migration(3, &[952, 953], fails_in_the_middle)];

fn fill_old(store: &Store) {
    let write = |tx: &mut Tx<'_>| -> Outcome<(), String> {
        for key in 0..WORDS_IN_ALL {
            tx.put(&OLD, &key, &"x".repeat(key as usize))?;
        }
        Ok(())
    };
    store.write_blocking(write).outcome.unwrap();
}

/// A city of schema 1 in a folder.
fn old_city(path: &Path) {
    let folder = Folder::open(path, Expect::Real).unwrap();
    fill_old(&folder.store(1, 1 << 20, Hooks::default(), &Clock::anchored).unwrap());
    std::fs::write(folder.keys().join("key"), "a key").unwrap();
}

type Everything = (u32, Vec<Pair>);

/// The schema, and every row and index entry.
fn everything(store: &Store) -> Everything {
    let snapshot = store.snapshot().unwrap();
    (snapshot.head().schema, snapshot.all_rows().unwrap().map(Result::unwrap).collect())
}

fn hear_nothing(_: Growth) {}

/// A store that is never broken off.
fn unbroken(migrations: &[Migration]) -> Everything {
    REMEMBERED_IN_MEMORY.store(0, Ordering::SeqCst);
    let store = memory();
    fill_old(&store);
    migrate(&store, migrations, &mut hear_nothing).unwrap();
    everything(&store)
}

/// Commits so many batches, and then nothing more: of the next one nobody knows whether it is there.
struct BreaksOff {
    sound: InFile,
    left: u64,
    is_last_written: bool,
}

impl Committer for BreaksOff {
    fn commit(&mut self, batch: &Batch) -> Result<Committed, Fault> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                return self.sound.commit(batch);
            }
            None if std::mem::take(&mut self.is_last_written) => drop(self.sound.commit(batch)?),
            None => {}
        }
        Err(Fault::io("committing", "the power is gone"))
    }

    fn head(&self) -> Result<Head, Fault> {
        self.sound.head()
    }
}

/// Grows a city, breaking off after so many commits and once more while it is resumed; answers how it ended.
fn broken_off(migrations: &[Migration], commits: [u64; 2], is_last_written: bool) -> Everything {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city.redb");
    fill_old(&Store::open(options(Place::File(&path))).unwrap());
    for left in commits {
        // What a process knew dies with it.
        REMEMBERED_IN_MEMORY.store(0, Ordering::SeqCst);
        let options = Options { schema: 3, ..options(Place::File(&path)) };
        let committer = |disk| BreaksOff { sound: InFile::new(disk), left, is_last_written };
        let store = Store::open_with(options, |disk| Ok(Box::new(committer(disk)))).unwrap();
        let _ = migrate(&store, migrations, &mut hear_nothing);
    }
    REMEMBERED_IN_MEMORY.store(0, Ordering::SeqCst);
    let store = Store::open(Options { schema: 3, ..options(Place::File(&path)) }).unwrap();
    migrate(&store, migrations, &mut hear_nothing).unwrap();
    everything(&store)
}

/// Commits that the growth of one city takes.
const COMMITS: u64 = 2 * (WORDS_IN_ALL as u64 / ROWS_A_STEP as u64 + 1);

#[test]
fn broken_off_at_50_random_commits_it_ends_as_if_it_had_not_been() {
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let mut chance = seed();
    let wanted = unbroken(&SOUND);
    assert_eq!(wanted.0, 3);
    assert_eq!(wanted.1.len() as u32, 4 * WORDS_IN_ALL, "rows and entries, and no progress left");
    for round in 0..50 {
        let commits = [(); 2].map(|()| below(&mut chance, COMMITS));
        let ended = broken_off(&SOUND, commits, round % 2 == 0);
        assert!(ended == wanted, "round {round}, broken off after {commits:?} commits");
    }
}

#[test]
fn a_step_that_can_not_be_resumed_is_caught() {
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let wanted = unbroken(&FORGETFUL);
    assert!(broken_off(&FORGETFUL, [0, 0], false) == wanted, "it is not even sound when it is left alone");
    assert!(broken_off(&FORGETFUL, [COMMITS * 3 / 4, 0], false) != wanted);
}

#[test]
fn a_migration_that_faults_leaves_a_store_for_the_build_before_and_begins_anew_after_it_has_written() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city");
    old_city(&path);
    let folder = Folder::open(&path, Expect::Real).unwrap();
    let open = |schema| folder.store(schema, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let failed = grow(&folder, &open(3), &FAILING, &mut hear_nothing).unwrap_err();
    assert_eq!(failed.to_string(), "it has not grown to schema 3: migrating: as planned");
    // The first migration has ended, the second is half-way: the build of schema 2 reads and writes.
    let store = open(2);
    assert!(matches!(store.snapshot().unwrap().get(&MIGRATING, &()).unwrap(), Some(begun) if begun.to == 3));
    assert!(rows(&store, &SIZES).len() > 50);
    let change = |tx: &mut Tx<'_>| -> Outcome<(), String> {
        tx.delete(&NEW, &3)?;
        Ok(tx.put(&NEW, &5, &"five".to_owned())?)
    };
    store.write_blocking(change).outcome.unwrap();
    drop(store);
    let store = open(3);
    grow(&folder, &store, &SOUND, &mut hear_nothing).unwrap();
    let sizes = rows(&store, &SIZES);
    let wanted: Vec<(u32, u64)> = rows(&store, &NEW).iter().map(|(key, word)| (*key, word.len() as u64)).collect();
    assert_eq!((sizes.len() as u32, &sizes), (WORDS_IN_ALL - 1, &wanted));
    assert_eq!(check(&store.snapshot().unwrap(), &[NEW.described(), SIZES.described()]).unwrap(), Vec::<String>::new());
}

#[test]
fn a_new_index_is_filled_from_more_rows_than_one_command_holds() {
    let store = memory();
    for thousands in 0..3_u32 {
        let write = move |tx: &mut Tx<'_>| -> Outcome<(), String> {
            for key in thousands * 1000..thousands * 1000 + 1000 {
                tx.put(&OLD, &key, &format!("word {key}"))?;
            }
            Ok(())
        };
        store.write_blocking(write).outcome.unwrap();
    }
    static WHOLE: [Migration; 1] = [migration(2, &[951], |tx, from| index_rows(tx, &NEW, &NEW_BY_WORD, from))];
    let mut heard = Vec::new();
    migrate(&store, &WHOLE, &mut |growth| heard.push(growth)).unwrap();
    let at = |done| Growth::Migrating { to: 2, name: "as planned", done, total: 3000 };
    assert_eq!(heard, [at(0), at(1000), at(2000), at(3000), Growth::Grown(2)]);
    assert_eq!(check(&store.snapshot().unwrap(), &[NEW.described()]).unwrap(), Vec::<String>::new());
    assert_eq!(store.snapshot().unwrap().find(&NEW_BY_WORD, &"word 2999".to_owned()).unwrap(), Some(2999));
}

#[test]
fn two_rows_that_a_new_unique_index_can_not_tell_apart_are_a_fault_and_change_no_schema() {
    let store = memory();
    let write = |tx: &mut Tx<'_>| -> Outcome<(), String> {
        tx.put(&OLD, &1, &"salt".to_owned())?;
        Ok(tx.put(&OLD, &2, &"salt".to_owned())?)
    };
    store.write_blocking(write).outcome.unwrap();
    assert!(migrate(&store, &SOUND, &mut hear_nothing).is_err());
    assert_eq!(store.snapshot().unwrap().head().schema, 1);
}

#[test]
fn a_schema_that_nothing_leads_to_is_a_fault() {
    let store = memory();
    assert!(migrate(&store, &SOUND[1..], &mut hear_nothing).is_err());
    assert_eq!(store.snapshot().unwrap().head().schema, 1);
}

#[test]
fn a_store_that_has_grown_is_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city");
    old_city(&path);
    let folder = Folder::open(&path, Expect::Real).unwrap();
    let store = folder.store(3, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    grow(&folder, &store, &SOUND, &mut hear_nothing).unwrap();
    let before = (store.snapshot().unwrap().seq(), backups(&folder));
    grow(&folder, &store, &SOUND, &mut |growth| panic!("{growth:?}")).unwrap();
    assert_eq!((store.snapshot().unwrap().seq(), backups(&folder)), before);
    drop(store);
    let older = folder.store(2, 1 << 20, Hooks::default(), &Clock::anchored).err();
    assert!(matches!(older, Some(FolderFault::Store { cause: OpenFault::Newer { found: 3, known: 2 }, .. })));
}

fn backups(folder: &Folder) -> Vec<String> {
    let listed = std::fs::read_dir(folder.backups()).into_iter().flatten();
    let mut names: Vec<String> = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_is_made_before_and_is_the_city_as_it_was() {
    let parent = tempfile::tempdir().unwrap();
    let (path, restored) = (parent.path().join("city"), parent.path().join("restored"));
    old_city(&path);
    let folder = Folder::open(&path, Expect::Real).unwrap();
    let store = folder.store(3, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let (before, seq) = (everything(&store), store.snapshot().unwrap().seq());
    let mut heard = Vec::new();
    grow(&folder, &store, &SOUND, &mut |growth| heard.push(growth)).unwrap();
    let made = folder.backups().join(format!("before-schema-0003-at-commit-{seq:012}.backup"));
    assert_eq!(heard[..2], [Growth::BackingUp, Growth::BackedUp(made.clone())]);
    let head = restore(&made, &restored, 1).unwrap();
    assert_eq!((head.schema, head.seq), (1, seq));
    let again = Folder::open(&restored, Expect::Real).unwrap();
    assert_eq!(std::fs::read(again.keys().join("key")).unwrap(), b"a key");
    let old_build = again.store(1, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    assert!(everything(&old_build) == before);
    drop(old_build);
    // And it grows in its turn.
    let new_build = again.store(3, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    grow(&again, &new_build, &SOUND, &mut hear_nothing).unwrap();
    assert!(everything(&new_build) == everything(&store));
}

#[test]
fn the_last_three_backups_are_kept_and_nothing_else_is_touched() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city");
    old_city(&path);
    let folder = Folder::open(&path, Expect::Real).unwrap();
    std::fs::create_dir(folder.backups()).unwrap();
    let old = |schema: u32| format!("before-schema-000{schema}-at-commit-000000000001.backup");
    for name in [old(0), old(1), old(2), "mine.backup".to_owned(), format!("{}.partial", old(2))] {
        std::fs::write(folder.backups().join(name), "").unwrap();
    }
    let store = folder.store(3, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let new = format!("before-schema-0003-at-commit-{:012}.backup", store.snapshot().unwrap().seq());
    grow(&folder, &store, &SOUND, &mut hear_nothing).unwrap();
    assert_eq!(backups(&folder), [old(1), old(2), new, "mine.backup".to_owned()]);
}

#[test]
fn without_room_for_a_backup_nothing_is_changed() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city");
    old_city(&path);
    let folder = Folder::open(&path, Expect::Real).unwrap();
    // A file that takes no room and is larger than any disk of ours.
    let sparse = std::fs::File::create(folder.media().join("film")).unwrap();
    sparse.set_len(1 << 43).unwrap();
    let store = folder.store(3, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let before = everything(&store);
    let refused = grow(&folder, &store, &SOUND, &mut hear_nothing).unwrap_err();
    assert!(matches!(&refused, GrowthFault::Backup { to: 3, cause: BackupFault::NoRoom { .. } }), "{refused}");
    assert!(refused.to_string().contains("nothing was changed"), "{refused}");
    assert!(everything(&store) == before);
    assert_eq!(backups(&folder), Vec::<String>::new());
    std::fs::remove_file(folder.media().join("film")).unwrap();
    grow(&folder, &store, &SOUND, &mut hear_nothing).unwrap();
}

const CHILD: &str = "store::tests::growth::a_child_grows_until_it_is_killed";
const FOLDER: &str = "HIGHSTREET_GROWTH_FOLDER";

/// The child's side; without its parent it is no test.
#[test]
fn a_child_grows_until_it_is_killed() {
    let Some(path) = std::env::var_os(FOLDER) else { return };
    let folder = Folder::open(Path::new(&path), Expect::Real).unwrap();
    let store = folder.store(3, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let mut say = |growth: Growth| println!("heard {growth:?}");
    grow(&folder, &store, &SOUND, &mut say).unwrap();
}

/// Lets a child grow the city and kills it when it has been heard so often; whether it had not ended before.
fn grow_and_kill(path: &Path, after: u64) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture", "--test-threads", "1"])
        .env(FOLDER, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let heard = lines.filter(|line| line.contains("heard ")).take(after as usize).count();
    child.kill().unwrap();
    child.wait().unwrap();
    heard as u64 == after
}

#[test]
fn killed_at_50_random_points_it_ends_as_if_it_had_not_been() {
    let mut chance = seed();
    let parent = tempfile::tempdir().unwrap();
    let wanted = unbroken(&SOUND);
    let (mut kills, mut cities) = (0, 0);
    while kills < 50 {
        cities += 1;
        let path = parent.path().join(cities.to_string());
        old_city(&path);
        // The same city is killed again while it is resumed, until it gets through.
        while kills < 50 && grow_and_kill(&path, 1 + below(&mut chance, COMMITS / 2)) {
            kills += 1;
        }
        let folder = Folder::open(&path, Expect::Real).unwrap();
        let store = folder.store(3, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
        grow(&folder, &store, &SOUND, &mut hear_nothing).unwrap();
        assert!(everything(&store) == wanted, "city {cities}, after {kills} kills");
        let made = backups(&folder);
        assert!(made.iter().all(|name| verify(&folder.backups().join(name)).is_ok()) && made.len() == 1, "{made:?}");
    }
    println!("{kills} kills, {cities} cities");
}
