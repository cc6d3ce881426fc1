//! Load on a page: Debian's `wrk`, over connections that are kept alive.

use std::process::Command;

use crate::process::{cpu_seconds, output_of};

const CONNECTIONS: u32 = 32;

/// What one round of load came to.
#[derive(Debug)]
pub struct Load {
    pub requests_per_second: f64,
    /// Of the server, user and system.
    pub cpu_us_per_request: f64,
}

/// Asks a server for one URL as often as it answers. `server` is its process.
pub fn load(url: &str, server: u32, seconds: u32, headers: &[&str]) -> Load {
    let before = cpu_seconds(server);
    let mut command = Command::new("wrk");
    command.args(["--threads", "1", "--connections", &CONNECTIONS.to_string(), "--duration", &format!("{seconds}s")]);
    headers.iter().for_each(|header| {
        command.args(["--header", header]);
    });
    let report = output_of(command.arg(url));
    let cpu = cpu_seconds(server) - before;
    for bad in ["Non-2xx", "Socket errors"] {
        assert!(!report.contains(bad), "{url}:\n{report}");
    }
    let number = |before: &str, after: &str| {
        let line = report.lines().find(|line| line.contains(before) && line.contains(after));
        let number = line.and_then(|line| line.split_whitespace().find_map(|word| word.parse::<f64>().ok()));
        number.unwrap_or_else(|| panic!("wrk says no {before}:\n{report}"))
    };
    let requests = number(" requests in ", "read");
    Load { requests_per_second: number("Requests/sec:", ""), cpu_us_per_request: cpu * 1e6 / requests }
}
