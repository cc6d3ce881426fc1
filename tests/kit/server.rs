//! A server as people run it: the real binary on a free port, over a data folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use super::program::ended_within;
use super::{PASSWORD, Person};

/// Longest wait for the `ready` line: a debug build imports the demo city first, beside other tests.
const READY_LIMIT: Duration = Duration::from_secs(180);
/// SIGTERM drains and stops within 10 s; the rest is for a busy machine.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Launch {
    program: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    ready_limit: Duration,
}

impl Launch {
    /// `highstreet demo`: the city with its sample people.
    pub fn demo() -> Launch {
        Launch::program(env!("CARGO_BIN_EXE_highstreet")).arg("demo").arg("--listen").arg("127.0.0.1:0")
    }

    /// `highstreet serve`: an empty city.
    pub fn serve() -> Launch {
        Launch::program(env!("CARGO_BIN_EXE_highstreet")).arg("serve").arg("--listen").arg("127.0.0.1:0")
    }

    /// Another program that says `ready http://ADDR`.
    pub fn program(program: &str) -> Launch {
        Launch { program: program.to_owned(), args: Vec::new(), env: Vec::new(), ready_limit: READY_LIMIT }
    }

    pub fn arg(mut self, arg: &str) -> Launch {
        self.args.push(arg.to_owned());
        self
    }

    /// The demo's clock starts at this instant (RFC 3339).
    pub fn now(self, instant: &str) -> Launch {
        self.arg("--now").arg(instant)
    }

    pub fn env(mut self, name: &str, value: &str) -> Launch {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it by another program, which is given these arguments, the program itself, and what that is given.
    pub fn within(mut self, wrapper: &[&str]) -> Launch {
        let [program, args @ ..] = wrapper else { return self };
        let inner = std::mem::replace(&mut self.program, (*program).to_owned());
        let args = args.iter().map(|arg| (*arg).to_owned()).chain([inner]);
        self.args.splice(0..0, args);
        self
    }

    /// The program and its arguments, but for the data folder: for a start that is to fail.
    pub fn command(&self) -> (&str, &[String]) {
        (&self.program, &self.args)
    }

    pub fn ready_within(mut self, limit: Duration) -> Launch {
        self.ready_limit = limit;
        self
    }

    /// Starts over a new folder that goes when the server is dropped.
    #[track_caller]
    pub fn start(self) -> Server {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        Server::start(self, Folder::Own(folder))
    }

    /// Starts over this folder and leaves it there.
    #[track_caller]
    pub fn start_on(self, data: &Path) -> Server {
        Server::start(self, Folder::Lent(data.to_owned()))
    }
}

#[derive(Clone, Debug)]
enum Folder {
    Own(Arc<TempDir>),
    Lent(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Folder::Own(folder) => folder.path(),
            Folder::Lent(path) => path,
        }
    }
}

/// A running server. Dropped, it is killed, by its process id.
#[derive(Debug)]
pub struct Server {
    child: Child,
    launch: Launch,
    folder: Folder,
    url: String,
    /// What it printed before `ready`: the demo's table of accounts.
    greeting: Vec<String>,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// A demo city in a folder of its own, copied from one that is made once a test run.
    #[track_caller]
    pub fn demo() -> Server {
        let folder = TempDir::new().expect("a temporary folder");
        copy_files(&prepared_demo(), folder.path()).expect("the prepared demo can be copied");
        Server::start(Launch::demo(), Folder::Own(Arc::new(folder)))
    }

    #[track_caller]
    fn start(launch: Launch, folder: Folder) -> Server {
        let mut command = Command::new(&launch.program);
        command.args(&launch.args).arg("--data").arg(folder.path()).envs(launch.env.iter().cloned());
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("{} does not start: {error}", launch.program));
        let log = Arc::new(Mutex::new(String::new()));
        if let Some(stderr) = child.stderr.take() {
            keep_log(stderr, Arc::clone(&log));
        }
        let lines = child.stdout.take().map(lines_of);
        let mut server = Server { child, launch, folder, url: String::new(), greeting: Vec::new(), log };
        if let Some(lines) = lines {
            server.wait_until_ready(&lines);
        }
        server
    }

    #[track_caller]
    fn wait_until_ready(&mut self, lines: &Receiver<String>) {
        loop {
            let Ok(line) = lines.recv_timeout(self.launch.ready_limit) else {
                let ended = self.child.try_wait().ok().flatten();
                let _ = self.child.kill();
                let _ = self.child.wait();
                panic!("not ready (ended: {ended:?}); standard error:\n{}", self.whole_log());
            };
            if let Some(url) = line.strip_prefix("ready ") {
                self.url = url.trim().trim_end_matches('/').to_owned();
                return;
            }
            self.greeting.push(line);
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `127.0.0.1:PORT`, for a bare socket.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Lines that it printed before `ready`.
    pub fn greeting(&self) -> &[String] {
        &self.greeting
    }

    /// What it wrote to standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().map(|log| log.clone()).unwrap_or_default()
    }

    // People.

    pub fn guest(&self) -> Person {
        Person::guest(&self.url)
    }

    /// Somebody by e-mail and the demo's password.
    pub fn person(&self, email: &str) -> Person {
        Person::with_account(&self.url, email, PASSWORD)
    }

    pub fn resident(&self) -> Person {
        self.person("resident@demo.example")
    }

    pub fn second_resident(&self) -> Person {
        self.person("resident2@demo.example")
    }

    pub fn owner(&self) -> Person {
        self.person("owner@demo.example")
    }

    pub fn other_owner(&self) -> Person {
        self.person("owner2@demo.example")
    }

    pub fn till(&self) -> Person {
        self.person("till@demo.example")
    }

    pub fn moderator(&self) -> Person {
        self.person("moderator@demo.example")
    }

    pub fn operator(&self) -> Person {
        self.person("operator@demo.example")
    }

    // Time and ends.

    /// Moves the demo's clock forward to an instant (RFC 3339), as its operator.
    #[track_caller]
    pub fn move_clock(&self, to: &str) {
        let reply = self.operator().api_post("/demo/clock", &json!({ "now": to }));
        assert!((200..300).contains(&reply.status), "the clock does not move: {}", reply.text());
    }

    /// The log of a program that has ended, read to its end: the thread that reads it lets go of it then.
    fn whole_log(&self) -> String {
        for _ in 0..100 {
            if Arc::strong_count(&self.log) == 1 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        self.log()
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    #[track_caller]
    pub fn stop(mut self) -> Stopped {
        self.signal(Signal::TERM);
        let Some(status) = ended_within(&mut self.child, STOP_LIMIT) else {
            panic!("still running {STOP_LIMIT:?} after SIGTERM:\n{}", self.log());
        };
        Stopped { status, log: self.whole_log(), launch: self.launch.clone(), folder: self.folder.clone() }
    }

    /// Ends it as a power cut would (SIGKILL).
    #[track_caller]
    pub fn kill(mut self) -> Stopped {
        self.child.kill().expect("a child can be killed");
        let status = self.child.wait().expect("a killed child ends");
        Stopped { status, log: self.whole_log(), launch: self.launch.clone(), folder: self.folder.clone() }
    }

    /// Sends a signal and goes on.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a child can be signalled");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that has ended, with its folder.
#[derive(Debug)]
pub struct Stopped {
    pub status: ExitStatus,
    pub log: String,
    launch: Launch,
    folder: Folder,
}

impl Stopped {
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it again over the same folder, with the same arguments but for `--fresh` and `--now`: it goes on.
    #[track_caller]
    pub fn restart(&self) -> Server {
        let mut launch = self.launch.clone();
        launch.args.retain(|arg| arg != "--fresh");
        if let Some(now) = launch.args.iter().position(|arg| arg == "--now") {
            launch.args.drain(now..now + 2);
        }
        Server::start(launch, self.folder.clone())
    }
}

/// A demo folder that was made and stopped once, to be copied. It stands under `target/tmp`.
#[track_caller]
fn prepared_demo() -> PathBuf {
    static PREPARED: OnceLock<PathBuf> = OnceLock::new();
    let prepare = || {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        remove_what_ended_runs_left(parent);
        let path = parent.join(format!("demo-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("target/tmp can be written");
        Launch::demo().start_on(&path).stop();
        path
    };
    PREPARED.get_or_init(prepare).clone()
}

fn remove_what_ended_runs_left(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(process) = name.strip_prefix("demo-") else { continue };
        if !Path::new("/proc").join(process).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Files and folders; a socket is not a file.
fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy_files(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    // Reads on after `ready`, so that a talkative server never blocks on a full pipe.
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn keep_log(mut stderr: impl Read + Send + 'static, log: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = stderr.read(&mut chunk) {
            if let Ok(mut log) = log.lock() {
                log.push_str(&String::from_utf8_lossy(&chunk[..length]));
            }
        }
    });
}
