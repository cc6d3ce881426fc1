//! The store against a map: what every command saw and left, in the order that the answers say.

use std::collections::BTreeMap;

use super::*;

type Visit = (u8, u16);

static VISITS: Table<Visit, String> =
    Table::new(920, "visits", &[&VISITS_BY_LENGTH, &VISITS_BY_LETTER, &VISITS_BY_WORD]);
static VISITS_BY_LENGTH: Index<Visit, String, u64> =
    Index::new(921, "visits_by_length", |_, word| vec![word.len() as u64]);
/// One entry a letter: a row may have none, one or many.
static VISITS_BY_LETTER: Index<Visit, String, u8> =
    Index::new(922, "visits_by_letter", |_, word| word.bytes().collect());
static VISITS_BY_WORD: Index<Visit, String, String> =
    Index::unique(923, "visits_by_word", |_, word| if word.is_empty() { vec![] } else { vec![word.clone()] });

#[derive(Clone, Debug)]
enum Step {
    Put(Visit, String),
    Delete(Visit),
    Get(Visit),
    Find(String),
    Scan(Look<u8, Visit>),
    ByLength(Look<u64, (u64, Visit)>),
}

/// A span: of everything, of a prefix, or between two keys; beyond a key perhaps; in one direction or the other.
#[derive(Clone, Debug)]
struct Look<P, F> {
    shape: Shape<P, F>,
    beyond: Option<F>,
    reversed: bool,
}

#[derive(Clone, Debug)]
enum Shape<P, F> {
    All,
    Prefix(P),
    Between(F, F),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Commit,
    Refuse,
    Keep,
    Fault,
    Panic,
}

/// What a command saw, step by step.
type Seen = Vec<String>;

#[derive(Clone, Debug)]
struct Script {
    steps: Vec<Step>,
    end: End,
}

impl<P: Key, F: Key> Look<P, F> {
    fn span(&self) -> Span {
        let span = match &self.shape {
            Shape::All => Span::all(),
            Shape::Prefix(prefix) => Span::prefix(prefix),
            Shape::Between(from, to) => Span::between(from, to),
        };
        let span = if self.reversed { span.reversed() } else { span };
        self.beyond.iter().fold(span, Span::beyond)
    }
}

impl<P: PartialEq, F: Ord + Clone> Look<P, F> {
    /// What of `all`, which is in order, is to be seen.
    fn of(&self, all: impl Iterator<Item = F>, prefix_of: impl Fn(&F) -> P) -> Vec<F> {
        let is_within = |key: &F| match &self.shape {
            Shape::All => true,
            Shape::Prefix(prefix) => prefix_of(key) == *prefix,
            Shape::Between(from, to) => key >= from && key < to,
        };
        let is_beyond = |key: &F| match &self.beyond {
            Some(seen) if self.reversed => key < seen,
            Some(seen) => key > seen,
            None => true,
        };
        let mut found: Vec<F> = all.filter(|key| is_within(key) && is_beyond(key)).collect();
        if self.reversed {
            found.reverse();
        }
        found
    }
}

fn perform(tx: &mut Tx<'_>, script: &Script) -> Outcome<Seen, Seen> {
    let mut seen = Seen::new();
    for step in &script.steps {
        seen.push(match step {
            Step::Put(key, word) => format!("{:?}", tx.put(&VISITS, key, word)?),
            Step::Delete(key) => format!("{:?}", tx.delete(&VISITS, key)?),
            Step::Get(key) => format!("{:?}", tx.get(&VISITS, key)?),
            Step::Find(word) => format!("{:?}", tx.find(&VISITS_BY_WORD, word)?),
            Step::Scan(look) => {
                let rows = tx.scan(&VISITS, look.span())?.collect::<Result<Vec<_>, _>>()?;
                format!("{rows:?}")
            }
            Step::ByLength(look) => {
                let entries = tx.scan_index(&VISITS_BY_LENGTH, look.span())?.collect::<Result<Vec<_>, _>>()?;
                format!("{entries:?}")
            }
        });
    }
    match script.end {
        End::Commit => Ok(seen),
        End::Refuse => Err(Stop::Refuse(seen)),
        End::Keep => Err(Stop::RefuseKeeping(seen)),
        End::Fault => Err(Stop::Fault(crate::base::Fault::io("a test", "as planned"))),
        End::Panic => panic!("as planned"),
    }
}

#[derive(Clone, Default)]
struct Model(BTreeMap<Visit, String>);

impl Model {
    /// What the command must have come to, and what must be left of it.
    fn perform(&mut self, script: &Script) -> Result<Seen, (End, Seen)> {
        let mut after = self.clone();
        let mut seen = Seen::new();
        for step in &script.steps {
            match after.step(step) {
                Some(saw) => seen.push(saw),
                None => return Err((End::Fault, vec![])),
            }
        }
        if matches!(script.end, End::Commit | End::Keep) {
            *self = after;
        }
        match script.end {
            End::Commit => Ok(seen),
            End::Fault | End::Panic => Err((End::Fault, vec![])),
            End::Refuse | End::Keep => Err((script.end, seen)),
        }
    }

    /// What the step sees; `None` if it must be a fault.
    fn step(&mut self, step: &Step) -> Option<String> {
        Some(match step {
            Step::Put(key, word) => {
                let is_taken = !word.is_empty() && self.0.iter().any(|(other, has)| other != key && has == word);
                if is_taken {
                    return None;
                }
                self.0.insert(*key, word.clone());
                "()".to_owned()
            }
            Step::Delete(key) => {
                self.0.remove(key);
                "()".to_owned()
            }
            Step::Get(key) => format!("{:?}", self.0.get(key)),
            Step::Find(word) => {
                let found = self.0.iter().find(|(_, has)| *has == word && !word.is_empty()).map(|(key, _)| key);
                format!("{found:?}")
            }
            Step::Scan(look) => {
                let keys = look.of(self.0.keys().copied(), |key| key.0);
                format!("{:?}", keys.iter().map(|key| (key, &self.0[key])).collect::<Vec<_>>())
            }
            Step::ByLength(look) => {
                let mut entries: Vec<_> = self.0.iter().map(|(key, word)| (word.len() as u64, *key)).collect();
                entries.sort_unstable();
                format!("{:?}", look.of(entries.into_iter(), |entry| entry.0))
            }
        })
    }
}

fn visit(chance: &mut Chance) -> Visit {
    let rooms = [0, 1, 2, 255];
    (rooms[below(chance, 4) as usize], [0, 1, 255, 256, u16::MAX][below(chance, 5) as usize])
}

fn word(chance: &mut Chance) -> String {
    (0..below(chance, 4)).map(|_| ['a', 'b', '\0'][below(chance, 3) as usize]).collect()
}

fn look<P, F>(chance: &mut Chance, prefix: impl Fn(&mut Chance) -> P, full: impl Fn(&mut Chance) -> F) -> Look<P, F> {
    let shape = match below(chance, 3) {
        0 => Shape::All,
        1 => Shape::Prefix(prefix(chance)),
        _ => Shape::Between(full(chance), full(chance)),
    };
    let beyond = (below(chance, 3) == 0).then(|| full(chance));
    Look { shape, beyond, reversed: below(chance, 2) == 0 }
}

fn script(chance: &mut Chance) -> Script {
    let step = |chance: &mut Chance| match below(chance, 10) {
        0..=3 => Step::Put(visit(chance), word(chance)),
        4 => Step::Delete(visit(chance)),
        5 => Step::Get(visit(chance)),
        6 => Step::Find(word(chance)),
        7 | 8 => Step::Scan(look(chance, |chance| visit(chance).0, visit)),
        _ => Step::ByLength(look(chance, |chance| below(chance, 4), |chance| (below(chance, 4), visit(chance)))),
    };
    let steps = (0..=below(chance, 6)).map(|_| step(chance)).collect();
    let end = match below(chance, 10) {
        0 | 1 => End::Refuse,
        2 => End::Keep,
        3 => End::Fault,
        4 => End::Panic,
        _ => End::Commit,
    };
    Script { steps, end }
}

fn come_to(outcome: Outcome<Seen, Seen>) -> Result<Seen, (End, Seen)> {
    outcome.map_err(|stop| match stop {
        Stop::Refuse(seen) => (End::Refuse, seen),
        Stop::RefuseKeeping(seen) => (End::Keep, seen),
        Stop::Fault(_) => (End::Fault, vec![]),
    })
}

/// Replays the decisions in the order of their positions; every one must be what the model says.
fn replay(model: &mut Model, mut decisions: Vec<(Script, Answer<Seen, Seen>)>) {
    decisions.sort_by_key(|(_, answer)| answer.position);
    for pair in decisions.windows(2) {
        assert_ne!(pair[0].1.position, pair[1].1.position, "two decisions in one place");
    }
    for (script, answer) in decisions {
        assert_eq!(come_to(answer.outcome), model.perform(&script), "{:?} {script:?}", answer.position);
    }
}

/// The rows are the model's, the indexes are the rows', and the log leads to the same bytes.
fn check(store: &Store, model: &Model) {
    let snapshot = store.snapshot().unwrap();
    let all: BTreeMap<Vec<u8>, Vec<u8>> = snapshot.all_rows().unwrap().map(Result::unwrap).collect();
    let mut expected = BTreeMap::new();
    for (key, word) in &model.0 {
        let full = [&VISITS.number().to_bytes()[..], &key.to_bytes()].concat();
        expected.insert(full, word.to_row());
        expected.extend((VISITS.described().expected)(&key.to_bytes(), &word.to_row()).unwrap());
    }
    assert_eq!(all, expected);
    let mut replayed = BTreeMap::new();
    let mut seq = 0;
    for batch in store.batches_after(0, usize::MAX).unwrap() {
        seq += 1;
        assert_eq!(batch.seq, seq);
        for effect in batch.effects {
            match effect.value {
                Some(value) => replayed.insert(effect.key, value),
                None => replayed.remove(&effect.key),
            };
        }
    }
    assert_eq!((seq, replayed), (snapshot.seq(), all));
}

#[test]
fn commands_in_one_batch_decide_as_if_each_were_alone() {
    let mut chance = seed();
    let (store, mut model) = (memory(), Model::default());
    for _ in 0..30 {
        let scripts: Vec<_> = (0..=below(&mut chance, 60)).map(|_| script(&mut chance)).collect();
        let commands = scripts.iter().cloned().map(|script| move |tx: &mut Tx<'_>| perform(tx, &script)).collect();
        let answers = in_one_batch(&store, commands);
        assert!(answers.windows(2).all(|pair| pair[0].position < pair[1].position), "answers stand in turn");
        assert_eq!(answers[0].position.seq, answers.last().unwrap().position.seq, "they are one batch");
        replay(&mut model, scripts.into_iter().zip(answers).collect());
        check(&store, &model);
    }
}

#[test]
fn commands_of_many_threads_decide_in_the_order_that_their_answers_say() {
    let mut chance = seed();
    let store = memory();
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let (store, mut chance) = (store.clone(), Chance::from_seed(chance.bytes()));
            std::thread::spawn(move || {
                let act = |_| {
                    let script = script(&mut chance);
                    let played = script.clone();
                    (script, store.write_blocking(move |tx| perform(tx, &played)))
                };
                (0..150).map(act).collect::<Vec<_>>()
            })
        })
        .collect();
    let decisions: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let mut model = Model::default();
    replay(&mut model, decisions);
    check(&store, &model);
}
