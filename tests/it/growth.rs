//! A city that schema 1 has written: it is backed up and grows by itself, killed at whatever moment; and what a newer
//! Highstreet has written is not touched. Compaction of the file is here as well.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use highstreet::accounts::{
    Email, PERSON_BY_EMAIL, PERSONS, PasswordHash, Person, SESSIONS, SESSIONS_BY_END, SESSIONS_BY_PERSON, Session,
    SessionKind, SignIn, TokenHash,
};
use highstreet::base::{Chance, Clock, Id, Timestamp};
use highstreet::kernel::outbox::{BY_DONE, LETTERS, Letter, LetterId, LetterState};
use highstreet::schema;
use highstreet::store::{Expect, Folder, Head, Hooks, Index, Outcome, Pair, Span, Table, Tx};

use super::kit::{Finished, Launch, run};

/// Tables and indexes as schema 1 had them.
static OLD_SESSIONS: Table<TokenHash, Session> = Table::new(102, "sessions", &[&SESSIONS_BY_PERSON]);
static OLD_LETTERS: Table<LetterId, Letter> = Table::new(30, "letters", &[&OLD_BY_DEDUPE, &OLD_BY_DUE, &OLD_DEAD]);
static OLD_BY_DEDUPE: Index<LetterId, Letter, (String, String)> =
    Index::unique(31, "letters_by_dedupe", |_, letter| vec![(letter.kind.clone(), letter.dedupe.clone())]);
static OLD_BY_DUE: Index<LetterId, Letter, Timestamp> =
    Index::new(32, "letters_by_due", |_, letter| match letter.state {
        LetterState::Waiting { due } => vec![due],
        LetterState::Done { .. } | LetterState::Dead { .. } => Vec::new(),
    });
static OLD_DEAD: Index<LetterId, Letter, Timestamp> = Index::new(33, "letters_dead", |_, letter| match letter.state {
    LetterState::Dead { at, .. } => vec![at],
    LetterState::Waiting { .. } | LetterState::Done { .. } => Vec::new(),
});

const SESSIONS_IN_ALL: usize = 4500;
const LETTERS_IN_ALL: usize = 2100;
const ROWS_AT_ONCE: usize = 1500;
const KILLS: usize = 50;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[track_caller]
fn refused(finished: &Finished, code: i32, part: &str) {
    let said = finished.stderr.trim_end();
    assert_eq!(finished.code, Some(code), "{finished:?}");
    assert!(said.contains(part) && said.lines().count() == 1, "{said}");
}

type Work = Box<dyn Fn(&mut Tx<'_>) -> Outcome<(), ()> + Send>;

/// A city as the first release left it.
fn old_city(path: &Path) {
    let folder = Folder::open(path, Expect::Real).unwrap();
    let store = folder.store(1, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let write = |work: Work| store.write_blocking(work).outcome.unwrap();
    let (person, now) = (Id::from_bytes([1; 16]), store.clock().now());
    write(Box::new(move |tx| {
        let email = Email::parse("anna@example.org").unwrap();
        let sign_in = SignIn::Password { email, hash: PasswordHash::from_phc("none".to_owned()) };
        Ok(tx.put(&PERSONS, &person, &Person { name: None, sign_in, grants: vec![], since: now })?)
    }));
    for from in (0..SESSIONS_IN_ALL).step_by(ROWS_AT_ONCE) {
        write(Box::new(move |tx| {
            for number in from..from + ROWS_AT_ONCE {
                let mut token = [number as u8; 32];
                token[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
                let until = now.plus_seconds(number as i64);
                let session = Session { person, kind: SessionKind::Browser, since: now, until };
                tx.put(&OLD_SESSIONS, &token, &session)?;
            }
            Ok(())
        }));
    }
    for from in (0..LETTERS_IN_ALL).step_by(ROWS_AT_ONCE) {
        write(Box::new(move |tx| {
            for number in from..LETTERS_IN_ALL.min(from + ROWS_AT_ONCE) {
                let state = match number % 3 {
                    0 => LetterState::Waiting { due: now.plus_seconds(86_400) },
                    1 => LetterState::Done { at: now.plus_seconds(-(number as i64)) },
                    _ => LetterState::Dead { at: now, reason: "away".to_owned() },
                };
                let (kind, dedupe) = ("refund".to_owned(), number.to_string());
                let letter = Letter { kind, dedupe, payload: vec![], written: now, attempts: 1, state };
                tx.put(&OLD_LETTERS, &Id::from_bytes((number as u128).to_be_bytes()), &letter)?;
            }
            Ok(())
        }));
    }
}

/// Who the city is, and every row and index entry of it.
fn everything(path: &Path) -> (Head, Vec<Pair>) {
    let folder = Folder::open(path, Expect::Real).unwrap();
    let store = folder.store(schema::NUMBER, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let snapshot = store.snapshot().unwrap();
    (snapshot.head().clone(), snapshot.all_rows().unwrap().map(Result::unwrap).collect())
}

fn schema_of(path: &Path) -> u32 {
    Folder::open(path, Expect::Real).unwrap().head(1 << 20).unwrap().unwrap().schema
}

fn copy_city(from: &Path, to: &Path) {
    drop(Folder::open(to, Expect::Real).unwrap());
    std::fs::copy(from.join("city.redb"), to.join("city.redb")).unwrap();
}

fn backups(path: &Path) -> Vec<std::path::PathBuf> {
    let listed = std::fs::read_dir(path.join("backups")).into_iter().flatten();
    listed.map(|entry| entry.unwrap().path()).filter(|path| path.extension().unwrap() == "backup").collect()
}

/// Lets the real binary grow the city, and kills it a moment after it has begun.
fn grow_and_kill(path: &Path, moment: Duration) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_highstreet"))
        .args(["check", "--data", text(path)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while child.try_wait().unwrap().is_none() && backups(path).is_empty() {
        std::thread::sleep(Duration::from_micros(200));
    }
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn adm_11_a_city_of_schema_1_killed_at_50_random_moments_grows_to_what_it_is_if_nobody_kills_it() {
    let mut chance = Chance::from_system().unwrap();
    let parent = tempfile::tempdir().unwrap();
    let (old, grown) = (parent.path().join("old"), parent.path().join("grown"));
    old_city(&old);
    copy_city(&old, &grown);
    run(&["check", "--data", text(&grown)]).expect(0);
    let (head, wanted) = everything(&grown);
    assert_eq!((schema_of(&old), head.schema), (1, schema::NUMBER));
    let new_entries = SESSIONS_IN_ALL + LETTERS_IN_ALL / 3;
    assert_eq!(wanted.len(), everything(&old).1.len() + new_entries);
    let mut in_the_middle = 0;
    for round in 0..KILLS {
        let path = parent.path().join(round.to_string());
        copy_city(&old, &path);
        let moment = Duration::from_micros(chance.u64() % 60_000);
        grow_and_kill(&path, moment);
        in_the_middle += usize::from(schema_of(&path) < schema::NUMBER);
        run(&["check", "--data", text(&path)]).expect(0);
        assert!(everything(&path).1 == wanted, "round {round}, killed after {moment:?}");
        assert_eq!(backups(&path).len(), 1, "round {round}");
        std::fs::remove_dir_all(&path).unwrap();
    }
    println!("{in_the_middle} of {KILLS} were killed before they had grown");
    assert!(in_the_middle > 0);
}

#[test]
fn adm_11_a_city_of_schema_1_is_backed_up_and_served() {
    let parent = tempfile::tempdir().unwrap();
    let (path, restored) = (parent.path().join("city"), parent.path().join("restored"));
    old_city(&path);
    let was = everything(&path);
    let server = Launch::serve().start_on(&path);
    server.guest().get("/healthz").expect(200);
    let log = server.log();
    assert!(log.contains("backed up before the data grows") && log.contains("sessions by when they end"), "{log}");
    drop(server);
    let made = backups(&path);
    assert_eq!(made.len(), 1);
    run(&["restore", text(&made[0]), "--data", text(&restored)]).expect(0);
    let back = everything(&restored);
    assert_eq!((back.0.schema, back.0.seq), (1, was.0.seq));
    assert!(back.1 == was.1, "the backup is the city as it was");
    // What a subcommand meets grows as well, and says so.
    let finished = run(&["check", "--data", text(&restored)]).expect(0);
    assert!(finished.stderr.contains("has grown to schema"), "{finished:?}");
    let folder = Folder::open(&restored, Expect::Real).unwrap();
    let store = folder.store(schema::NUMBER, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    let read = store.snapshot().unwrap();
    assert_eq!(read.scan_by(&SESSIONS, &SESSIONS_BY_END, Span::all()).unwrap().count(), SESSIONS_IN_ALL);
    assert_eq!(read.scan_by(&LETTERS, &BY_DONE, Span::all()).unwrap().count(), LETTERS_IN_ALL / 3);
    assert!(read.find(&PERSON_BY_EMAIL, &"anna@example.org".to_owned()).unwrap().is_some());
}

#[test]
fn adm_11_what_a_newer_highstreet_wrote_is_refused_and_not_a_byte_of_it_changed() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city");
    let folder = Folder::open(&path, Expect::Real).unwrap();
    drop(folder.store(schema::NUMBER + 1, 1 << 20, Hooks::default(), &Clock::anchored).unwrap());
    drop(folder);
    let bytes = || std::fs::read(path.join("city.redb")).unwrap();
    let before = bytes();
    let backup = parent.path().join("backup");
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"], &["compact"], &["backup", text(&backup)]] {
        refused(&run(&[args, &["--data", text(&path)]].concat()), 74, "newer Highstreet");
        assert!(bytes() == before, "{args:?}");
    }
    assert!(!path.join("backups").exists() && !backup.exists());
}

#[test]
fn a_city_is_compacted_when_nobody_serves_it() {
    let server = Launch::serve().start();
    refused(&run(&["compact", "--data", text(server.data())]), 75, "in use by another Highstreet");
    server.guest().get("/healthz").expect(200);
    let stopped = server.stop();
    let told = run(&["compact", "--json", "--data", text(stopped.data())]).expect(0).json();
    let size = std::fs::metadata(stopped.data().join("city.redb")).unwrap().len();
    assert_eq!(told["after"], size);
    assert!(told["before"].as_u64().unwrap() >= size, "{told}");
    let said = run(&["compact", "--data", text(stopped.data())]).expect(0).stdout;
    assert!(said.contains("city.redb: ") && said.contains(" bytes before, "), "{said}");
    assert_eq!(run(&["compact", "-q", "--data", text(stopped.data())]).expect(0).stdout, "");
    run(&["check", "--data", text(stopped.data())]).expect(0);
    refused(&run(&["compact", "--data", text(&stopped.data().join("nothing"))]), 2, "no city");
}
