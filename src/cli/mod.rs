//! The command line: one file a subcommand, each an argument struct and one function.

mod admin;
mod backup;
mod check;
mod clock;
mod config;
mod demo;
mod exit;
mod import;
mod incoming;
mod piped;
mod reindex;
mod restore;
mod sample;
mod serve;
mod token;
mod user;

use std::ffi::OsString;
use std::io::Write;

use clap::{Parser, Subcommand};

use crate::cli::config::{Common, Config};
pub use crate::cli::exit::{Exit, Failure};

#[derive(Debug, Parser)]
#[command(name = "highstreet", version, about = "A town's own online high street")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the bundled city with sample merchants, offers and people, on this machine only
    Demo(demo::Demo),
    /// Serve the city in the data folder
    Serve(serve::Serve),
    /// Take in places from OpenStreetMap, GeoJSON or CSV
    Import(import::Import),
    /// Add and list people, and change their roles
    User(user::User),
    /// Make, list and revoke API tokens
    Token(token::Token),
    /// Write the whole city into one file, while serving or not
    Backup(backup::Backup),
    /// Make a data folder from a backup
    Restore(restore::Restore),
    /// Verify every invariant of the data
    Check(check::Check),
    /// Show the city's clock beside the machine's, or accept a machine's clock that is in doubt
    Clock(clock::Clock),
    /// Rebuild the search index and all else that is derived
    Reindex(reindex::Reindex),
}

/// Parses the arguments and runs the subcommand. Failures are one line on standard error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let outcome = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => dispatch(arguments),
        Err(error) if error.use_stderr() => Err(Failure::usage(one_line(&error.to_string()))),
        Err(help) => return print(&help.to_string()),
    };
    outcome.unwrap_or_else(|failure| {
        say(&format!("highstreet: {failure}"));
        failure.exit
    })
}

fn dispatch(Arguments { common, command }: Arguments) -> Result<Exit, Failure> {
    let config = Config::load(common)?;
    match command {
        Command::Demo(demo) => demo.run(config),
        Command::Serve(serve) => serve.run(config),
        Command::Import(import) => import.run(config),
        Command::User(user) => user.run(config),
        Command::Token(token) => token.run(config),
        Command::Backup(backup) => backup.run(config),
        Command::Restore(restore) => restore.run(config),
        Command::Check(check) => check.run(config),
        Command::Clock(clock) => clock.run(config),
        Command::Reindex(reindex) => reindex.run(config),
    }
}

/// The first paragraph of clap's report, without its label.
fn one_line(report: &str) -> String {
    let paragraph = report.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    let line = words.join(" ");
    format!("{} (see --help)", line.strip_prefix("error: ").unwrap_or(&line))
}

/// Writes to standard output. Who closed it does not want to read on, which is no error.
pub(in crate::cli) fn print(text: &str) -> Exit {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Exit::Done
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_usage_error_is_one_line() {
        let error = Arguments::try_parse_from(["highstreet", "serve", "--lissten", "x"]).unwrap_err();
        let line = one_line(&error.to_string());
        assert!(line.starts_with("unexpected argument '--lissten' found"), "{line}");
        assert!(!line.contains('\n'));
        let error = Arguments::try_parse_from(["highstreet", "backup"]).unwrap_err();
        assert!(one_line(&error.to_string()).contains("<FILE>"));
    }
}
