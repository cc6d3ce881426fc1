//! What brings faults about: `strace` for calls that fail, a mount of the server's own, `faketime` for the clock.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use highstreet::base::clock::monotonic;
use rustix::process::{Pid, Signal, kill_process};

use crate::kit::{Launch, Server};

/// How soon after the end of a fault the store must take writes again.
pub const WELL_AGAIN: Duration = Duration::from_secs(5);
/// How long strace may take to let go.
const LAST_WORDS: Duration = Duration::from_secs(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Starts what follows with room for so many descriptors only.
pub const DESCRIPTORS: &[&str] = &["sh", "-c", "ulimit -n 64 && exec \"$@\"", "sh"];

/// Demands that something holds before the time is over.
#[track_caller]
pub fn until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let started = monotonic();
    while !holds() {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// System calls of a running server that fail, until this is ended or dropped.
pub struct Injection(Child);

impl Injection {
    /// `calls` as in `fsync,fdatasync`, `how` as in `error=EIO`.
    #[track_caller]
    pub fn begin(server: &Server, calls: &str, how: &str) -> Injection {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null", "-p", &server.process_id().to_string()]);
        strace.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:{how}")]);
        let spawned = strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.expect("strace is installed; tests/run sees to it");
        let (sender, lines) = channel();
        let stderr = child.stderr.take().expect("a pipe");
        // Reads on after the first line, so that it never blocks on a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let injection = Injection(child);
        match lines.recv_timeout(Duration::from_secs(20)) {
            Ok(line) if line.contains("attached") => injection,
            Ok(line) => panic!("strace can't attach (it needs ptrace): {line}"),
            Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => panic!("strace does not attach"),
        }
    }

    /// Lets go, and comes back when the server runs alone.
    pub fn end(self) {}
}

impl Drop for Injection {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::INT);
        let started = monotonic();
        while matches!(self.0.try_wait(), Ok(None)) && started.elapsed() < LAST_WORDS {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        // It waits for ever for a server that was killed meanwhile; killed itself, it lets go as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server whose data folder is prepared by a shell in a mount namespace of its own, in which `$DATA` names it. The
/// mounts go when it ends. Who is not root is root in a user namespace of its own.
pub fn mounted(launch: Launch, prepare: &str) -> Launch {
    let shell = format!("for DATA; do :; done; {prepare} && exec \"$@\"");
    launch.within(&[&namespace()[..], &["sh", "-c", &shell, "sh"]].concat())
}

fn namespace() -> Vec<&'static str> {
    let wrapper = match rustix::process::geteuid().is_root() {
        true => vec!["unshare", "--mount"],
        false => vec!["unshare", "--user", "--map-root-user", "--mount"],
    };
    let tried = Command::new(wrapper[0]).args(&wrapper[1..]).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    let tried = tried.expect("unshare is installed; tests/run sees to it");
    let complaint = String::from_utf8_lossy(&tried.stderr);
    assert!(tried.status.success(), "this test mounts: run it as root, or allow user namespaces ({complaint})");
    wrapper
}

/// The data folder as the server sees it.
pub fn inside(server: &Server) -> PathBuf {
    let path = server.data().strip_prefix("/").expect("an absolute path");
    PathBuf::from(format!("/proc/{}/root", server.process_id())).join(path)
}

/// `libfaketime`, which Debian keeps beside the libraries of the machine's kind.
pub fn faketime_library() -> String {
    let folders = std::fs::read_dir("/usr/lib").expect("/usr/lib").flatten();
    let found = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
    found.expect("faketime is installed; tests/run sees to it").to_string_lossy().into_owned()
}
