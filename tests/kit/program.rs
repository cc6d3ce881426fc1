//! The binary run as a command: `check`, `import`, `backup` and what else ends by itself.

use std::io::Read;
use std::process::{Child, Command, Stdio};
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
    let status = ended_within(&mut child, limit);
    if status.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    let status = status.unwrap_or_else(|| panic!("{args:?} did not end within {limit:?}:\n{stderr}"));
    Finished { code: status.code(), stdout, stderr }
}

/// Waits for a child to end; `None` when the limit is reached first.
pub(super) fn ended_within(child: &mut Child, limit: Duration) -> Option<std::process::ExitStatus> {
    let rounds = limit.as_millis() / POLL.as_millis();
    for _ in 0..=rounds {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return Some(status);
        }
        std::thread::sleep(POLL);
    }
    None
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
