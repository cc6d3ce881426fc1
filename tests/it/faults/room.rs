//! A disk without room, and one that is read-only.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::kit::{WELL_AGAIN, inside, mounted, until};
use crate::crash::{Deed, come_and_go, lost};
use crate::kit::{Launch, Reply, Server, run};

const MIB: usize = 1 << 20;

/// 64 MiB, so that the reserve is 3.2.
const SMALL_DISK: &str = "mount -t tmpfs -o size=64m tmpfs \"$DATA\"";

/// Fills the disk until so much is left, and answers the file that does.
fn fill(server: &Server, leave_bytes: usize) -> std::path::PathBuf {
    let path = inside(server).join("filler");
    let mut file = File::create(&path).unwrap();
    let piece = vec![1; MIB / 4];
    while file.write_all(&piece).is_ok() {}
    let written = file.metadata().unwrap().len();
    file.set_len(written - leave_bytes as u64).unwrap();
    path
}

fn sign_up(server: &Server, name: &str) -> Reply {
    let fields = [("name", "Anna"), ("email", &*format!("{name}@example.org")), ("password", "correct horse")];
    server.guest().fill("/sign-up", "main form", &fields)
}

fn may_sign_in(server: &Server, name: &str) -> bool {
    let fields = [("email", &*format!("{name}@example.org")), ("password", "correct horse")];
    server.guest().fill("/sign-in", "form[action^='/sign-in']", &fields).status == 303
}

fn metric(server: &Server, name: &str) -> u64 {
    let text = server.guest().get("/metrics").expect(200).text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}: {text}"));
    line.trim().parse().unwrap()
}

#[test]
fn on_a_full_disk_writes_are_told_so_reading_goes_on_and_room_makes_it_well() {
    let server = mounted(Launch::serve(), SMALL_DISK).start();
    let mut deeds: Vec<Deed> = (0..4).filter_map(|n| come_and_go(&server.guest(), &format!("a{n}"), n == 3)).collect();
    assert_eq!(deeds.len(), 4);
    // First as full as can be, then with some room, but less than the reserve.
    for (name, leave_bytes) in [("full", 0), ("nearly", 2 * MIB)] {
        let filler = fill(&server, leave_bytes);
        // Those who came before anybody looked are let in.
        let mut turns = 0..;
        let early = |turn: Option<u32>| sign_up(&server, &format!("early-{name}-{}", turn.unwrap_or_default()));
        until("writes are refused", WELL_AGAIN, || early(turns.next()).status == 507);
        let page = sign_up(&server, name).expect(507);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.header("retry-after").is_some() && page.text().contains("disk is full"), "{}", page.text());
        server.guest().get("/").expect(200);
        assert_eq!(server.guest().get("/readyz").expect(503).text(), "waiting for space\n");
        // Writes may have failed before the caretaker has looked.
        let seen = || metric(&server, "highstreet_disk_free_bytes") < metric(&server, "highstreet_disk_reserved_bytes");
        until("the metrics tell", WELL_AGAIN, seen);
        let (free, reserved) =
            (metric(&server, "highstreet_disk_free_bytes"), metric(&server, "highstreet_disk_reserved_bytes"));
        assert!(free < reserved && reserved == (64 * MIB / 20) as u64, "{free} of {reserved}");
        assert_eq!(free > 0, leave_bytes > 0, "{free} bytes are free");
        assert_eq!(lost(&server, &deeds), Vec::<String>::new());
        std::fs::remove_file(filler).unwrap();
        until("it is ready", WELL_AGAIN, || server.guest().get("/readyz").status == 200);
        assert!(!may_sign_in(&server, name), "what was refused has happened");
        deeds.extend(come_and_go(&server.guest(), name, false));
    }
    assert_eq!((deeds.len(), lost(&server, &deeds)), (6, Vec::new()));
    run(&["check", "--data", &inside(&server).to_string_lossy()]).expect(0);
}

/// Serves on a folder that nothing can be written to, and answers how it ended.
fn serve_read_only(data: &Path) -> (Option<i32>, String) {
    let prepare = "mount --bind \"$DATA\" \"$DATA\" && mount -o remount,bind,ro \"$DATA\"";
    let launch = mounted(Launch::serve(), prepare);
    let (program, args) = launch.command();
    let ended = Command::new(program).args(args).arg("--data").arg(data).stdin(Stdio::null()).output().unwrap();
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

#[test]
fn on_a_read_only_disk_it_does_not_start_and_says_why_in_one_line() {
    let stopped = Launch::serve().start().stop();
    let empty = tempfile::tempdir().unwrap();
    for data in [stopped.data(), empty.path()] {
        let (code, told) = serve_read_only(data);
        assert_eq!(code, Some(74), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.starts_with("highstreet: can't use data folder") && told.contains("Read-only"), "{told}");
    }
    // The folder is as good as it was.
    let server = stopped.restart();
    assert_eq!(sign_up(&server, "afterwards").status, 303);
    until("it is ready", Duration::from_secs(5), || server.guest().get("/readyz").status == 200);
}
