//! The binary run as a command: `check`, `import`, `backup` and what else ends by itself.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest that a command may take before the test ends it.
const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(10);

/// How a command ended and what it said.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The most memory that it held at once (VmHWM), as far as it was seen: it is looked at every few milliseconds.
    pub peak_kib: u64,
}

impl Finished {
    /// The standard output as JSON (`--json`).
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Demands this exit code, and shows what was said if it is another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Finished {
        assert_eq!(self.code, Some(code), "standard error:\n{}\nstandard output:\n{}", self.stderr, self.stdout);
        self
    }
}

/// Runs `highstreet ARGS` to its end, nothing on its standard input.
pub fn run<S: AsRef<str>>(args: &[S]) -> Finished {
    run_within(LIMIT, args)
}

/// The same with a time limit of one's own.
#[track_caller]
pub fn run_within<S: AsRef<str>>(limit: Duration, args: &[S]) -> Finished {
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    let mut child = Command::new(env!("CARGO_BIN_EXE_highstreet"))
        .args(&args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let mut peak_kib = 0;
    let status = watched_within(&mut child, limit, |id| peak_kib = peak_kib.max(high_water_kib(id)));
    if status.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    let status = status.unwrap_or_else(|| panic!("{args:?} did not end within {limit:?}:\n{stderr}"));
    Finished { code: status.code(), stdout, stderr, peak_kib }
}

/// Waits for a child to end; `None` when the limit is reached first.
pub(super) fn ended_within(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    watched_within(child, limit, |_| ())
}

fn watched_within(child: &mut Child, limit: Duration, mut look: impl FnMut(u32)) -> Option<ExitStatus> {
    let rounds = limit.as_millis() / POLL.as_millis();
    for _ in 0..=rounds {
        look(child.id());
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return Some(status);
        }
        std::thread::sleep(POLL);
    }
    None
}

/// Nothing of a process that has just ended.
fn high_water_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
