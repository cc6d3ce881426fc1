//! The peer of the store: Debian's PostgreSQL with its own defaults (`fsync` on, every commit waited for), on the same
//! disk, asked by `pgbench` over a Unix socket.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use crate::process::{Peer, output_of};
use crate::size::folder_on_disk;

const START_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
const USER: &str = "bench";

/// A running PostgreSQL with one deal.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    _peer: Peer,
}

impl Postgres {
    pub fn start() -> Postgres {
        let (programs, folder) = (programs(), folder_on_disk());
        let owner = owner();
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).expect("root may");
        }
        let data = folder.path().join("data");
        let as_owner = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path()).arg("-D").arg(&data);
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        output_of(as_owner("initdb").args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]));
        let mut server = as_owner("postgres");
        server.arg("-k").arg(folder.path()).args(["-c", "listen_addresses="]);
        // A fast shutdown: it waits for nobody.
        let peer = Peer::start(&mut server, Signal::INT);
        let postgres = Postgres { programs, folder, _peer: peer };
        postgres.wait();
        postgres
    }

    /// Claims a second of 64 buyers, each claim a transaction of its own.
    pub fn one_by_one(&self, seconds: u32) -> f64 {
        self.bench(64, seconds, &format!("{CLAIM}\n"))
    }

    /// Claims a second when 64 of them share a transaction.
    pub fn grouped(&self, seconds: u32) -> f64 {
        let claims = format!("{CLAIM}\n").repeat(64);
        self.bench(1, seconds, &format!("BEGIN;\n{claims}COMMIT;\n")) * 64.0
    }

    /// Transactions a second.
    fn bench(&self, clients: u32, seconds: u32, script: &str) -> f64 {
        let file = self.folder.path().join("claim.sql");
        fs::write(&file, script).expect("a folder to write into");
        self.sql("DROP TABLE IF EXISTS deals");
        self.sql("CREATE TABLE deals (id int PRIMARY KEY, remaining int NOT NULL)");
        self.sql("INSERT INTO deals VALUES (1, 1000000000)");
        let mut command = self.client("pgbench");
        command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", &format!("--client={clients}")]);
        let report = output_of(command.arg(format!("--time={seconds}")).arg("--file").arg(file).arg("postgres"));
        let rate = report.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| panic!("pgbench says no rate:\n{report}"))
    }

    fn sql(&self, statement: &str) {
        output_of(self.client("psql").args(["--quiet", "--no-psqlrc", "-c", statement, "postgres"]));
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir("/").arg("-h").arg(self.folder.path()).args(["-U", USER]);
        command
    }

    fn wait(&self) {
        for _ in 0..START_LIMIT.as_millis() / POLL.as_millis() {
            let answer = self.client("psql").args(["-c", "SELECT 1", "postgres"]).output().expect("psql starts");
            if answer.status.success() {
                return;
            }
            std::thread::sleep(POLL);
        }
        panic!("PostgreSQL does not answer");
    }
}

const CLAIM: &str = "UPDATE deals SET remaining = remaining - 1 WHERE id = 1 AND remaining > 0;";

/// Debian keeps the server's programs out of the path, a folder for each version: the newest.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.retain(|folder| folder.join("postgres").exists());
    folders.sort_by_key(|folder| version_of(folder));
    folders.pop().expect("PostgreSQL of Debian in /usr/lib/postgresql")
}

fn version_of(folder: &Path) -> Option<u32> {
    folder.parent()?.file_name()?.to_str()?.parse().ok()
}

/// PostgreSQL refuses to run as root; as anybody else it runs as that.
fn owner() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let user = users.lines().find(|line| line.starts_with("postgres:")).expect("the user postgres of Debian's package");
    let mut ids = user.split(':').skip(2).map_while(|id| id.parse().ok());
    Some((ids.next().expect("a user id"), ids.next().expect("a group id")))
}
