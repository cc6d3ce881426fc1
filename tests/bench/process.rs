//! What the kernel says of a process: processor time, memory, children. And processes that end with their owner.

use std::fs;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// Ticks of `/proc/PID/stat` a second: `USER_HZ`, a constant of Linux's interface.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time, user and system, that a process and its children have used so far.
pub fn cpu_seconds(process: u32) -> f64 {
    family(process).into_iter().map(own_cpu_seconds).sum()
}

fn own_cpu_seconds(process: u32) -> f64 {
    let fields = stat(process).unwrap_or_default();
    // utime and stime are fields 14 and 15 of the line; the first two are cut off.
    let ticks = |field: usize| fields.get(field - 3).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(14) + ticks(15)) / TICKS_PER_SECOND
}

fn family(process: u32) -> Vec<u32> {
    let running = fs::read_dir("/proc").expect("/proc").flatten();
    let ids = running.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    let is_child = |id: &u32| stat(*id).is_some_and(|fields| fields.get(1) == Some(&process.to_string()));
    ids.filter(is_child).chain([process]).collect()
}

/// The fields of `/proc/PID/stat` after the name, which may hold anything.
fn stat(process: u32) -> Option<Vec<String>> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = line.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}

/// Memory of its own, without mapped files, in MiB.
pub fn anonymous_mib(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux 4.5 or later");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kib / 1024.0
}

/// A peer's server. Dropped, it is told to stop, by its process id, and waited for.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    stop: Signal,
}

impl Peer {
    pub fn start(command: &mut Command, stop: Signal) -> Peer {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Peer { child, stop }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), self.stop);
        let _ = self.child.wait();
    }
}

/// Runs a command to its end and gives back what it printed.
pub fn output_of(command: &mut Command) -> String {
    let run = command.stdin(Stdio::null()).output();
    let run = run.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(run.status.success(), "{command:?}: {}\n{}", said(&run.stderr), said(&run.stdout));
    said(&run.stdout)
}
