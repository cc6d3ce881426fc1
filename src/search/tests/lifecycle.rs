//! Opening, loading, losing and regaining the index; reading one's own writes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

fn three() -> [Document; 3] {
    [place(1, "Eins"), place(2, "Zwei"), place(3, "Drei")]
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_index_survives_reopening_with_its_seq() {
    let mut city = City::with(three());
    city.delete(2);
    let seq = city.seq;
    let (city, state) = city.reopen(STORE);
    assert_eq!(state, OpenState::UpTo(seq));
    let before = city.search.view().text.segments();
    city.load([place(1, "Eins"), place(3, "Drei")]);
    assert_eq!(city.finds_words("drei"), [3]);
    assert_eq!(city.search.view().text.segments(), before, "what is on disk is not indexed again");
    assert_eq!(city.search.seq(), seq);
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
    let (_, state) = city.reopen(STORE);
    assert_eq!(state, OpenState::UpTo(9));
}

#[test]
fn a_load_that_was_broken_off_is_done_again() {
    let city = City::with(three());
    city.search.begin_load();
    city.search.apply(&[Change::Put(place(4, "Vier"))], 0).unwrap();
    city.search.commit().unwrap();
    let (city, state) = city.reopen(STORE);
    assert!(matches!(state, OpenState::NeedsRebuild(_)));
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
    let hits = city.search.find(&query("vier")).unwrap().items;
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
    let (search, state) = Search::open(&index, STORE).unwrap();
    assert!(matches!(state, OpenState::NeedsRebuild(_)));
    assert_eq!(search.count(), 0);
}

#[test]
fn a_damaged_index_is_made_anew_whichever_file_it_is() {
    let City { folder, search, .. } = City::with(three());
    drop(search);
    let sound = folder.path().join("index");
    let damaged = folder.path().join("damaged");
    let count = files(&sound).len();
    assert!(count > 6, "an index of several files");
    for victim in 0..count {
        for way in 0..5 {
            let _ = std::fs::remove_dir_all(&damaged);
            std::fs::create_dir(&damaged).unwrap();
            for file in files(&sound) {
                std::fs::copy(&file, damaged.join(file.file_name().unwrap())).unwrap();
            }
            let file = &files(&damaged)[victim];
            let mut bytes = std::fs::read(file).unwrap();
            match way {
                0 => bytes.truncate(bytes.len() / 2),
                1 => bytes.clear(),
                2 => bytes.iter_mut().for_each(|byte| *byte ^= 0x55),
                3 => bytes.iter_mut().step_by(7).for_each(|byte| *byte = byte.wrapping_add(1)),
                _ => {}
            }
            if way == 4 {
                std::fs::remove_file(file).unwrap()
            } else {
                std::fs::write(file, bytes).unwrap()
            }
            let (search, state) = Search::open(&damaged, STORE).unwrap();
            search.begin_load();
            search.apply(&three().map(Change::Put), 3).unwrap();
            search.finish_load(3).unwrap();
            let found = search.find(&query("zwei")).unwrap().total;
            assert_eq!(found, 1, "{file:?} way {way}: {state:?}");
        }
    }
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
