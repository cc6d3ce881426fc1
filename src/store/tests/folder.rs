//! The data folder: one owner, the right kind of city, and nothing of anybody else's touched.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

fn open(path: &Path, expect: Expect) -> Result<(Folder, Store), FolderFault> {
    let folder = Folder::open(path, expect)?;
    let store = folder.store(3, 1 << 20, Hooks::default(), &|_| Clock::starting_at(START))?;
    Ok((folder, store))
}

fn refused(path: &Path, expect: Expect) -> FolderFault {
    open(path, expect).map(|_| ()).unwrap_err()
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_folder_is_made_for_its_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("a/b");
    let (folder, store) = open(&path, Expect::Real).unwrap();
    put(&store, 1, "salt").unwrap();
    assert_eq!(names(&path), ["city.redb", "index", "keys", "lock", "media"]);
    for made in [path.clone(), folder.keys(), folder.media(), folder.index()] {
        assert_eq!(std::fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_folder_has_one_owner_at_a_time() {
    let parent = tempfile::tempdir().unwrap();
    let first = open(parent.path(), Expect::Real).unwrap();
    let second = refused(parent.path(), Expect::Real);
    assert!(matches!(second, FolderFault::Locked { owner: Some(owner), .. } if owner == std::process::id()));
    assert!(second.to_string().contains("in use by another Highstreet (process "), "{second}");
    drop(first);
    open(parent.path(), Expect::Real).unwrap();
}

#[test]
fn a_demo_and_a_real_city_are_never_taken_for_each_other() {
    let parent = tempfile::tempdir().unwrap();
    let (demo, real) = (parent.path().join("demo"), parent.path().join("real"));
    open(&demo, Expect::Demo).unwrap();
    open(&real, Expect::Real).unwrap();
    assert!(matches!(refused(&demo, Expect::Real), FolderFault::Demo { .. }));
    assert!(matches!(refused(&real, Expect::Demo), FolderFault::Real { .. }));
    for (path, origin) in [(&demo, Origin::Demo), (&real, Origin::Real)] {
        let (folder, store) = open(path, Expect::Any).unwrap();
        assert_eq!(store.snapshot().unwrap().head().origin, origin);
        drop(store);
        assert_eq!(folder.head(1 << 20).unwrap().unwrap().origin, origin);
    }
}

#[test]
fn a_folder_of_other_things_is_refused_and_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    std::fs::write(parent.path().join("letter.txt"), "dear").unwrap();
    for expect in [Expect::Real, Expect::Demo, Expect::Any] {
        assert!(matches!(refused(parent.path(), expect), FolderFault::Foreign { .. }));
    }
    assert_eq!(names(parent.path()), ["letter.txt"]);
}

#[test]
fn who_wants_a_city_that_is_there_makes_none() {
    let parent = tempfile::tempdir().unwrap();
    assert!(matches!(refused(parent.path(), Expect::Any), FolderFault::NoCity { .. }));
    assert!(matches!(refused(&parent.path().join("missing"), Expect::Any), FolderFault::NoCity { .. }));
    assert_eq!(names(parent.path()), Vec::<String>::new());
}

#[test]
fn a_path_that_can_be_no_folder_is_said_to_be() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below"), Path::new("/proc/highstreet").to_owned()] {
        let fault = refused(&path, Expect::Real);
        assert!(matches!(fault, FolderFault::Io { .. }), "{fault:?}");
        assert!(!fault.to_string().contains('\n'));
    }
}

#[test]
fn a_newer_store_and_a_file_that_is_none_are_said_to_be() {
    let parent = tempfile::tempdir().unwrap();
    drop(
        Folder::open(parent.path(), Expect::Real)
            .unwrap()
            .store(4, 1 << 20, Hooks::default(), &|_| Clock::starting_at(START)),
    );
    let newer = refused(parent.path(), Expect::Real);
    assert!(matches!(newer, FolderFault::Store { cause: OpenFault::Newer { found: 4, known: 3 }, .. }), "{newer}");
    std::fs::write(parent.path().join("city.redb"), "dear diary").unwrap();
    assert!(matches!(refused(parent.path(), Expect::Real), FolderFault::Store { cause: OpenFault::Fault(_), .. }));
}

#[test]
fn clearing_takes_the_city_and_leaves_what_is_not_ours() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, store) = open(parent.path(), Expect::Demo).unwrap();
    drop(store);
    std::fs::write(parent.path().join("letter.txt"), "dear").unwrap();
    std::fs::write(folder.keys().join("key"), "secret").unwrap();
    folder.clear().unwrap();
    assert_eq!(names(parent.path()), ["index", "keys", "letter.txt", "lock", "media"]);
    assert_eq!(names(&folder.keys()), Vec::<String>::new());
}
