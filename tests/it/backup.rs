//! Backup and restore through the binary, beside a running server and without one; and folders that are not ours.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::kit::{Finished, Launch, run, run_within};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn backup(data: &Path, file: &Path) -> Finished {
    run(&["backup", text(file), "--data", text(data)])
}

fn restore(file: &Path, data: &Path) -> Finished {
    run(&["restore", text(file), "--data", text(data)])
}

/// One line, that says this, with this exit code.
#[track_caller]
fn refused(finished: &Finished, code: i32, part: &str) {
    let said = finished.stderr.trim_end();
    assert_eq!(finished.code, Some(code), "{finished:?}");
    assert!(said.contains(part) && said.lines().count() == 1, "{said}");
}

#[test]
fn a_city_is_backed_up_while_it_is_served_and_while_it_is_not_and_is_served_again_from_the_backup() {
    let parent = tempfile::tempdir().unwrap();
    let (during, after, restored) =
        (parent.path().join("during"), parent.path().join("after"), parent.path().join("city"));
    let server = Launch::serve().start();
    std::fs::write(server.data().join("media/picture"), "a picture").unwrap();
    assert!(server.data().join("admin.sock").exists());
    backup(server.data(), &during).expect(0);
    assert_eq!(std::fs::metadata(&during).unwrap().permissions().mode() & 0o777, 0o600);
    let stopped = server.stop();
    assert!(!stopped.data().join("admin.sock").exists());
    backup(stopped.data(), &after).expect(0);
    assert_eq!(std::fs::read(&during).unwrap(), std::fs::read(&after).unwrap(), "nothing was written between them");
    restore(&during, &restored).expect(0);
    assert_eq!(std::fs::read(restored.join("media/picture")).unwrap(), b"a picture");
    let again = Launch::serve().start_on(&restored);
    again.guest().get("/healthz").expect(200);
}

#[test]
fn a_demo_is_backed_up_and_stays_a_demo() {
    let parent = tempfile::tempdir().unwrap();
    let (file, restored) = (parent.path().join("backup"), parent.path().join("city"));
    let demo = Launch::demo().start();
    backup(demo.data(), &file).expect(0);
    restore(&file, &restored).expect(0);
    refused(&run(&["serve", "--listen", "127.0.0.1:0", "--data", text(&restored)]), 2, "belongs to a demo");
}

#[test]
fn what_is_there_is_never_overwritten() {
    let parent = tempfile::tempdir().unwrap();
    let (file, city) = (parent.path().join("backup"), parent.path().join("city"));
    let server = Launch::serve().start();
    std::fs::write(&file, "dear diary").unwrap();
    refused(&backup(server.data(), &file), 2, "exists already");
    assert_eq!(std::fs::read(&file).unwrap(), b"dear diary");
    refused(&restore(&file, &city), 74, "no Highstreet backup");
    assert!(!city.exists());
    refused(&restore(&file, server.data()), 74, "no Highstreet backup");
    let good = parent.path().join("good");
    backup(server.data(), &good).expect(0);
    refused(&restore(&good, server.data()), 2, "is not empty");
    refused(&restore(&parent.path().join("missing"), &city), 74, "missing");
    refused(&backup(server.data(), &parent.path().join("no/such/folder")), 74, "no/such/folder");
}

#[test]
fn folders_that_hold_no_city_are_refused_and_stay_as_they_were() {
    let parent = tempfile::tempdir().unwrap();
    let (empty, foreign, file) =
        (parent.path().join("empty"), parent.path().join("foreign"), parent.path().join("file"));
    std::fs::create_dir(&empty).unwrap();
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("letter"), "dear").unwrap();
    std::fs::write(&file, "").unwrap();
    let target = parent.path().join("backup");
    refused(&backup(&empty, &target), 2, "no city");
    refused(&backup(&parent.path().join("missing"), &target), 2, "no city");
    refused(&backup(&foreign, &target), 2, "other things");
    refused(&backup(&file, &target), 74, "file");
    for command in ["serve", "demo"] {
        refused(&run(&[command, "--listen", "127.0.0.1:0", "--data", text(&foreign)]), 2, "other things");
    }
    assert_eq!(std::fs::read_dir(&foreign).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    assert!(!target.exists() && !parent.path().join("backup.partial").exists());
}

#[test]
fn a_folder_whose_owner_does_not_answer_is_tried_again_later() {
    let parent = tempfile::tempdir().unwrap();
    let server = Launch::serve().start();
    std::fs::remove_file(server.data().join("admin.sock")).unwrap();
    let finished = run_within(
        Duration::from_secs(20),
        &["backup", text(&parent.path().join("backup")), "--data", text(server.data())],
    );
    refused(&finished, 75, "in use by another Highstreet");
}
