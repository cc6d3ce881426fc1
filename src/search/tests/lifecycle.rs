//! Opening, loading, losing and regaining the index; reading one's own writes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::search::without_words;

fn three() -> [Document; 3] {
    [place(1, "Eins"), place(2, "Zwei"), place(3, "Drei")]
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    for file in files(from) {
        let copy = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(file, copy).unwrap();
    }
}

const WAYS: usize = 6;

fn damage(file: &Path, way: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    match way {
        0 => bytes.truncate(bytes.len() / 2),
        1 => bytes.clear(),
        2 => bytes.iter_mut().for_each(|byte| *byte ^= 0x55),
        3 => bytes.iter_mut().step_by(7).for_each(|byte| *byte = byte.wrapping_add(1)),
        4 => bytes.extend(b"more"),
        _ => return std::fs::remove_file(file).unwrap(),
    }
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn the_words_survive_reopening_without_the_table() {
    let mut city = City::with(three());
    city.delete(2);
    let seq = city.seq;
    let (city, state) = city.reopen(STORE);
    assert!(matches!(state, OpenState::NeedsRebuild(_)));
    assert!(!city.search.is_stale() && !city.search.is_loaded());
    let before = city.search.view().text.segments();
    city.load([place(1, "Eins"), place(3, "Drei")]);
    assert_eq!(city.finds_words("drei"), [3]);
    assert_eq!(city.search.view().text.segments(), before, "what is on disk is not indexed again");
    assert_eq!(city.search.seq(), seq);
}

fn resumed(seq: u64) -> OpenState {
    OpenState::Resumed { seq, due: vec![(now(), id(1))] }
}

#[test]
fn a_kept_table_answers_at_once_after_reopening() {
    let mut city = City::with([
        Document { hours: open_now(), rating: Rating { mean: 450, score: 440, count: 9 }, ..place(1, "Eins") },
        Document { category: SUSHI, price_level: Some(2), flags: Flags::DIETS, ..place(2, "Zwei") },
        place(3, "Drei"),
    ]);
    city.delete(3);
    city.load([]);
    city.load(three());
    city.put([Document { hours: open_now(), ..place(4, "Vier") }]);
    city.rest();
    let questions = [Query::all(now()), query("zwei"), query("café"), Query { open_at: Some(now()), ..query("vier") }];
    let before: Vec<_> = questions.iter().map(|question| city.search.find(question)).collect();
    let seq = city.seq;
    let (mut city, state) = city.reopen(STORE);
    assert_eq!(state, resumed(seq));
    assert!(city.search.is_loaded() && !city.search.is_stale());
    assert_eq!(city.search.seq(), seq);
    let after: Vec<_> = questions.iter().map(|question| city.search.find(question)).collect();
    assert_eq!(after, before);
    city.delete(1);
    city.put([place(5, "Cinq"), Document { hours: open_now(), ..place(2, "Deux") }]);
    assert_eq!(city.finds(&Query { open_at: Some(now()), ..Query::all(now()) }), [2, 4]);
    assert_eq!((city.finds_words("cinq"), city.finds_words("eins")), (vec![5], vec![]));
}

#[test]
fn what_came_after_the_table_was_kept_is_replayed_in_whichever_order() {
    let later = [
        Change::Delete(id(2)),
        Change::Put(place(4, "Vier")),
        Change::Put(place(5, "Fünf")),
        Change::Put(place(3, "Trois")),
        Change::Put(place(2, "Zwei")),
    ];
    for backwards in [false, true] {
        let mut city = City::with(three());
        city.rest();
        for change in &later {
            city.apply(vec![change.clone()]);
        }
        let (mut city, state) = city.reopen(STORE);
        assert_eq!(state, resumed(1));
        let mut replayed = later.to_vec();
        if backwards {
            replayed[1..].reverse();
        }
        city.apply(replayed);
        assert_eq!(city.search.count(), 5);
        for (words, number) in [("eins", 1), ("zwei", 2), ("trois", 3), ("vier", 4), ("funf", 5)] {
            assert_eq!(city.finds_words(words), [number], "{words}, backwards: {backwards}");
        }
        assert!(city.finds_words("drei").is_empty());
        city.delete(4);
        city.put([place(6, "Sechs")]);
        assert_eq!((city.finds_words("sechs"), city.finds_words("vier")), (vec![6], vec![]));
    }
}

#[test]
fn a_table_of_another_time_store_or_layout_counts_as_none() {
    let city = City::with(three());
    city.rest();
    let City { folder, search, .. } = city;
    drop(search);
    let index = folder.path().join("index");
    let open = |whose: Whose| Search::open(&index, &whose).unwrap().1;
    assert_eq!(open(whose(STORE)), resumed(1));
    let none = |whose: Whose| matches!(open(whose), OpenState::NeedsRebuild(_));
    assert!(none(Whose { head: 0, ..whose(STORE) }), "ahead of the store");
    assert!(none(Whose { now: now().plus_seconds(7 * 86_400), ..whose(STORE) }), "its opening times have run out");
    assert!(none(Whose { now: now().plus_seconds(-1), ..whose(STORE) }), "of the future");
    assert!(none(whose([8; 16])), "of another store");
}

#[test]
fn a_load_takes_in_what_changed_and_takes_out_what_is_gone() {
    let (mut city, _) = City::with(three()).reopen(STORE);
    city.seq = 9;
    city.load([place(1, "Eins"), place(3, "Trois"), place(4, "Quatre")]);
    assert_eq!(city.search.count(), 3);
    assert_eq!(city.finds_words("eins"), [1]);
    assert_eq!(city.finds_words("trois"), [3]);
    assert_eq!(city.finds_words("quatre"), [4]);
    assert!(city.finds_words("zwei").is_empty() && city.finds_words("drei").is_empty());
    city.rest();
    let (_, state) = city.reopen(STORE);
    assert_eq!(state, resumed(9));
}

#[test]
fn a_load_that_was_broken_off_is_done_again() {
    let city = City::with(three());
    city.search.begin_load().unwrap();
    city.search.apply(&[Change::Put(place(4, "Vier"))], 0).unwrap();
    city.search.commit().unwrap();
    let (city, state) = city.reopen(STORE);
    assert!(matches!(state, OpenState::NeedsRebuild(_)) && city.search.is_stale());
    city.load(three());
    assert_eq!(city.search.count(), 3);
    assert!(city.finds_words("vier").is_empty());
}

#[test]
fn deleted_places_are_gone_and_their_ordinals_used_again() {
    let mut city = City::with(three());
    city.delete(2);
    assert!(city.finds_words("zwei").is_empty());
    assert_eq!(city.finds(&Query::all(now())), [1, 3]);
    city.delete(2);
    city.delete(99);
    city.put([place(4, "Vier")]);
    let hits = city.search.find(&query("vier")).items;
    assert_eq!((hits[0].id, hits[0].ordinal), (id(4), 1));
    city.put([place(2, "Zwei")]);
    city.load([place(2, "Zwei"), place(4, "Vier")]);
    assert_eq!(city.search.count(), 2, "an id that came back under another ordinal stays");
}

#[test]
fn an_ordinal_is_not_given_anew_before_its_words_are_gone() {
    let city = City::with(three());
    let changes = [Change::Delete(id(2)), Change::Put(place(4, "Vier"))];
    city.search.apply(&changes, 50).unwrap();
    assert!(city.finds_words("zwei").is_empty(), "before the commit");
    city.search.commit().unwrap();
    assert_eq!(city.finds_words("vier"), [4]);
}

#[test]
fn another_stores_index_is_made_anew() {
    let (city, state) = City::with(three()).reopen([8; 16]);
    assert!(matches!(state, OpenState::NeedsRebuild(_)));
    assert!(city.finds_words("eins").is_empty());
    city.load(three());
    assert_eq!(city.finds_words("eins"), [1]);
}

#[test]
fn a_lost_folder_is_made_anew() {
    let City { folder, search, .. } = City::with(three());
    drop(search);
    let index = folder.path().join("index");
    std::fs::remove_dir_all(&index).unwrap();
    std::fs::write(&index, "a file where a folder should be").unwrap();
    let (search, state) = Search::open(&index, &whose(STORE)).unwrap();
    assert!(matches!(state, OpenState::NeedsRebuild(_)));
    assert_eq!(search.count(), 0);
}

#[test]
fn a_damaged_index_is_made_anew_whichever_file_it_is() {
    let city = City::with(three());
    city.rest();
    let City { folder, search, .. } = city;
    drop(search);
    let (sound, damaged) = (folder.path().join("index"), folder.path().join("damaged"));
    let count = files(&sound).len();
    assert!(count > 6, "an index of several files");
    for victim in 0..count {
        for way in 0..WAYS {
            copy(&sound, &damaged);
            let file = files(&damaged)[victim].clone();
            damage(&file, way);
            let (search, state) = Search::open(&damaged, &whose(STORE)).unwrap();
            search.set_categories(tree());
            search.find(&query("zwei"));
            if state != resumed(1) || search.is_stale() {
                search.begin_load().unwrap();
                search.apply(&three().map(Change::Put), 3).unwrap();
                search.finish_load(3).unwrap();
            }
            for _ in 0..2 {
                let found = search.find(&query("zwei"));
                assert_eq!((found.total, found.is_partial), (1, false), "{file:?} way {way}: {state:?}");
            }
        }
    }
}

/// Whatever happens to the files of a running search, it answers, notices, and is whole again after one load.
#[test]
fn an_index_that_is_damaged_while_it_is_used_is_made_anew() {
    let mut city = City::with(three());
    city.rest();
    let index = city.folder.path().join("index");
    let count = files(&index).len();
    for victim in 0..=count {
        for way in 0..WAYS {
            let found = files(&index);
            match found.get(victim) {
                Some(file) => damage(file, way),
                None => std::fs::remove_dir_all(&index).unwrap(),
            }
            for words in ["zwei", "café", "nothing", "zw"] {
                city.search.find(&query(words));
                city.search.suggest(words, 5);
            }
            city.seq += 1;
            let changes = [Change::Put(place(4, &format!("Vier{victim}x{way}"))), Change::Delete(id(3))];
            let _ = city.search.apply(&changes, city.seq).and_then(|()| city.search.commit());
            city.rest();
            if city.search.is_stale() {
                city.load([place(1, "Eins"), place(2, "Zwei"), place(4, &format!("Vier{victim}x{way}"))]);
            }
            let found = city.search.find(&query("zwei"));
            assert_eq!((found.total, found.is_partial), (1, false), "{victim} way {way}");
            assert_eq!(city.finds_words(&format!("vier{victim}x{way}")), [4]);
            city.rest();
            assert!(!city.search.is_stale(), "{victim} way {way}");
        }
    }
    let (_, state) = city.reopen(STORE);
    assert!(matches!(state, OpenState::Resumed { .. }), "{state:?}");
}

#[test]
fn words_that_cannot_be_read_are_answered_by_what_they_mean() {
    let city = City::with([place(1, "Ekberg"), Document { category: HAIRDRESSER, ..place(2, "Salon") }]);
    city.search.lose_words("a test");
    let found = city.search.find(&query("ekberg"));
    assert_eq!((found.total, found.is_partial), (1, true));
    let view = city.search.view();
    let of = |words: &str| without_words(&query(words), &[words.to_owned()], &view).items.len();
    assert_eq!((of("friseur"), of("ekberg")), (1, 0));
}

#[tokio::test]
async fn one_sees_what_one_wrote() {
    let city = City::with(three());
    let wait = |seq, ms| city.search.wait_for(seq, Duration::from_millis(ms));
    assert!(wait(1, 0).await, "already there");
    assert!(!wait(2, 5).await, "not written yet");
    city.search.apply(&[Change::Put(Document { hours: open_now(), ..place(1, "Eins") })], 2).unwrap();
    assert!(wait(2, 0).await, "facts show at once");
    city.search.apply(&[Change::Put(place(1, "Uno"))], 3).unwrap();
    assert!(!wait(3, 5).await, "words need their commit");
    let (seen, ()) = tokio::join!(wait(3, 5000), async { city.search.commit().unwrap() });
    assert!(seen);
    assert_eq!(city.finds_words("uno"), [1]);
}

#[test]
fn a_renewal_puts_every_word_again_and_serves_all_who_asked_before_it() {
    let city = City::with(three());
    let before = city.search.view().text.segments();
    city.load(three());
    assert_eq!(city.search.view().text.segments(), before, "nobody asked");
    let renewed = std::pin::pin!(city.search.renew(Duration::from_secs(60)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let mut renewed = renewed;
    assert!(std::future::Future::poll(renewed.as_mut(), &mut context).is_pending());
    assert!(city.search.is_stale());
    city.load(three());
    assert!(!city.search.is_stale());
    assert_ne!(city.search.view().text.segments(), before);
    assert_eq!(city.finds_words("zwei"), [2]);
    assert_eq!(std::future::Future::poll(renewed.as_mut(), &mut context), std::task::Poll::Ready(true));
}
