//! Kill -9: a child process writes and says what was acknowledged; it is killed at random, and nothing that it said
//! may be missing, and nothing half-done or refused be there. `HIGHSTREET_ROUNDS` says how often.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;

const CHILD: &str = "store::tests::kill::a_child_writes_until_it_is_killed";
const FOLDER: &str = "HIGHSTREET_KILL_FOLDER";
const ROUND: &str = "HIGHSTREET_KILL_ROUND";
/// The child answers before it commits: what the check must catch.
const EARLY: &str = "HIGHSTREET_KILL_EARLY";
const THREADS: u64 = 4;

/// Every number that was written, and how many there are.
static NUMBERS: Table<u64, String> = Table::new(940, "numbers", &[&NUMBERS_BY_TEXT]);
static NUMBERS_BY_TEXT: Index<u64, String, String> =
    Index::unique(941, "numbers_by_text", |_, text| vec![text.clone()]);

fn open(path: &Path) -> (Folder, Store) {
    let folder = Folder::open(path, Expect::Real).unwrap();
    let store = folder.store(1, 1 << 20, Hooks::default(), &Clock::anchored).unwrap();
    (folder, store)
}

fn say(word: &str, number: u64) {
    let line = format!("{word} {number}\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Writes a number; every fifth is refused after it was written.
fn write(store: &Store, number: u64) {
    let answer = store.write_blocking(move |tx| {
        tx.put(&NUMBERS, &number, &format!("number {number}"))?;
        count(tx, 1)?;
        if number.is_multiple_of(5) { Err(Stop::Refuse("not this one".to_owned())) } else { Ok(()) }
    });
    match answer.outcome {
        Ok(()) => say("kept", number),
        Err(Stop::Refuse(_)) => say("refused", number),
        Err(other) => panic!("{other:?}"),
    }
}

/// The child's side; without its parent it is no test.
#[test]
fn a_child_writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(FOLDER) else { return };
    let round: u64 = std::env::var(ROUND).unwrap().parse().unwrap();
    let is_early = std::env::var_os(EARLY).is_some();
    let (_folder, store) = open(Path::new(&path));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                for turn in 0..1 << 20 {
                    let number = (round << 32) | (thread << 24) | turn;
                    if is_early && !number.is_multiple_of(5) {
                        say("kept", number);
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    write(store, number);
                }
            });
        }
    });
}

/// What a child said before it was killed.
#[derive(Debug, Default)]
struct Record {
    kept: Vec<u64>,
    refused: Vec<u64>,
}

impl Record {
    fn note(&mut self, line: &str) {
        // A line that was cut off by the kill was not said.
        let Some((word, number)) = line.strip_suffix('\n').and_then(|line| line.split_once(' ')) else { return };
        match (word, number.parse()) {
            ("kept", Ok(number)) => self.kept.push(number),
            ("refused", Ok(number)) => self.refused.push(number),
            _ => {}
        }
    }
}

/// Lets a child write for a moment after its first word, kills it, and takes down what it said.
fn run_and_kill(path: &Path, round: u64, is_early: bool, moment: Duration, record: &mut Record) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", CHILD, "--nocapture", "--test-threads=1"]).env(FOLDER, path).env(ROUND, round.to_string());
    if is_early {
        command.env(EARLY, "1");
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let before = record.kept.len();
    let mut line = String::new();
    while record.kept.len() == before && said.read_line(&mut line).unwrap() > 0 {
        record.note(&line);
        line.clear();
    }
    // What is said meanwhile waits in the pipe, which a thread empties so that the child is not held up.
    let reading = std::thread::spawn(move || {
        let mut lines = Vec::new();
        while said.read_line(&mut line).unwrap_or(0) > 0 {
            lines.push(std::mem::take(&mut line));
        }
        lines
    });
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    for line in reading.join().unwrap() {
        record.note(&line);
    }
    assert!(record.kept.len() > before, "the child said nothing");
}

/// What does not hold of the store, by the outside record.
fn faults(path: &Path, record: &Record) -> Vec<String> {
    let (_folder, store) = open(path);
    let snapshot = store.snapshot().unwrap();
    let mut faults = Vec::new();
    for number in &record.kept {
        let text = format!("number {number}");
        if snapshot.get(&NUMBERS, number).unwrap().as_ref() != Some(&text) {
            faults.push(format!("{number} was acknowledged and is lost"));
        } else if snapshot.find(&NUMBERS_BY_TEXT, &text).unwrap() != Some(*number) {
            faults.push(format!("{number} is not in its index"));
        }
    }
    for number in &record.refused {
        if snapshot.contains(&NUMBERS, number).unwrap() {
            faults.push(format!("{number} was refused and is there"));
        }
    }
    let written = snapshot.scan(&NUMBERS, Span::all()).unwrap().count() as u64;
    if counted(&store, 1) != written {
        faults.push(format!("{written} rows, and {} counted", counted(&store, 1)));
    }
    let last = snapshot.seq().saturating_sub(1);
    if store.batches_after(last, 2).unwrap().len() as u64 != snapshot.seq() - last {
        faults.push("the log does not end where the rows do".to_owned());
    }
    faults
}

fn rounds() -> u64 {
    std::env::var("HIGHSTREET_ROUNDS").map_or(30, |rounds| rounds.parse().unwrap())
}

#[test]
fn what_was_acknowledged_outlives_kill_9() {
    let mut chance = seed();
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city");
    let mut record = Record::default();
    for round in 0..rounds() {
        let moment = Duration::from_millis(below(&mut chance, 60));
        run_and_kill(&path, round, false, moment, &mut record);
        assert_eq!(faults(&path, &record), Vec::<String>::new(), "round {round}");
    }
    println!("{} acknowledged, {} refused", record.kept.len(), record.refused.len());
    assert!(!record.refused.is_empty());
}

#[test]
fn an_answer_before_the_commit_is_caught_by_the_same_check() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("city");
    let mut record = Record::default();
    let is_caught = (0..30).any(|round| {
        run_and_kill(&path, round, true, Duration::from_millis(7 * (round + 1)), &mut record);
        faults(&path, &record).iter().any(|fault| fault.ends_with("is lost"))
    });
    assert!(is_caught);
}
