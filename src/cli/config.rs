//! The bootstrap configuration: flags over `HIGHSTREET_*` over `highstreet.toml` over defaults. All else is set in
//! the console and lies in the store. `highstreet config` is in `config/command.rs`.

mod command;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::cli::Failure;
pub(in crate::cli) use crate::cli::config::command::{ConfigCommand, faults_of};
use crate::server::LogFormat;

const USUAL_FILE: &str = "/etc/highstreet/highstreet.toml";
const DATA_OF_ROOT: &str = "/var/lib/highstreet";
const DATA_OF_OTHERS: &str = "data";
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_CACHE_MIB: usize = 64;
const MIB: usize = 1024 * 1024;
/// A configuration longer than this is another file by mistake.
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// What the names of our environment variables begin with.
const VARIABLES: &str = "HIGHSTREET_";

/// The flags that all subcommands take.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// The data folder [default: /var/lib/highstreet, or ./data when not root]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The configuration [default: /etc/highstreet/highstreet.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print what programs can read
    #[arg(long, global = true)]
    pub json: bool,
    /// Print and log less
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// What holds for this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// As it was asked for; the demo has its own default.
    pub asked_data: Option<PathBuf>,
    pub listen: Vec<String>,
    pub cache_bytes: usize,
    pub log_format: LogFormat,
    pub metrics_token: Option<String>,
    pub json: bool,
    pub quiet: bool,
    /// The file that was read, and who said what.
    pub file: Option<PathBuf>,
    pub(in crate::cli) sources: Sources,
}

/// Who said how it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum Source {
    Flag,
    Variable,
    File,
    Default,
}

/// The source of every setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Sources {
    data: Source,
    listen: Source,
    cache_mib: Source,
    log_format: Source,
    metrics_token: Source,
}

/// A setting that somebody may have made, and who.
struct Said<T>(Option<T>, Source);

impl<T> Said<T> {
    fn first(flag: Option<T>, variable: Option<T>, file: Option<T>) -> Said<T> {
        let said = [(flag, Source::Flag), (variable, Source::Variable), (file, Source::File)];
        let first = said.into_iter().find(|(value, _)| value.is_some());
        first.map_or(Said(None, Source::Default), |(value, source)| Said(value, source))
    }
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    listen: Option<Vec<String>>,
    cache_mib: Option<usize>,
    metrics_token: Option<String>,
    log: Log,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Log {
    format: Option<LogFormat>,
}

impl Config {
    pub fn load(common: Common) -> Result<Config, Failure> {
        let variable = |name: &str| std::env::var(format!("{VARIABLES}{name}")).ok().filter(|value| !value.is_empty());
        let usual = || Path::new(USUAL_FILE).exists().then(|| PathBuf::from(USUAL_FILE));
        let path = common.config.clone().or_else(|| variable("CONFIG").map(PathBuf::from)).or_else(usual);
        let file = path.as_deref().map(read).transpose()?.unwrap_or_default();
        Ok(Config { file: path, ..merged(common, variable, file)? })
    }

    /// The data folder of everything but the demo.
    pub fn data(&self) -> PathBuf {
        let is_root = rustix::process::geteuid().is_root();
        let default = if is_root { DATA_OF_ROOT } else { DATA_OF_OTHERS };
        self.asked_data.clone().unwrap_or_else(|| PathBuf::from(default))
    }
}

fn merged(common: Common, variable: impl Fn(&str) -> Option<String>, file: File) -> Result<Config, Failure> {
    let listen = variable("LISTEN").map(|list| list.split(',').map(|address| address.trim().to_owned()).collect());
    let cache_mib = variable("CACHE_MIB").map(|text| {
        text.parse().map_err(|_| Failure::usage(format!("HIGHSTREET_CACHE_MIB: {text:?} is not a number")))
    });
    let log_format = variable("LOG_FORMAT").map(|text| match text.as_str() {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(Failure::usage(format!("HIGHSTREET_LOG_FORMAT: {text:?} is none of auto, text, json"))),
    });
    let data = Said::first(common.data, variable("DATA").map(PathBuf::from), file.data);
    let listen = Said::first(None, listen, file.listen);
    let cache_mib = Said::first(None, cache_mib.transpose()?, file.cache_mib);
    let log_format = Said::first(None, log_format.transpose()?, file.log.format);
    let metrics_token = Said::first(None, variable("METRICS_TOKEN"), file.metrics_token);
    let sources = Sources {
        data: data.1,
        listen: listen.1,
        cache_mib: cache_mib.1,
        log_format: log_format.1,
        metrics_token: metrics_token.1,
    };
    Ok(Config {
        asked_data: data.0,
        listen: listen.0.unwrap_or_else(|| vec![DEFAULT_LISTEN.to_owned()]),
        cache_bytes: cache_mib.0.unwrap_or(DEFAULT_CACHE_MIB).saturating_mul(MIB),
        log_format: log_format.0.unwrap_or_default(),
        metrics_token: metrics_token.0,
        json: common.json,
        quiet: common.quiet,
        file: None,
        sources,
    })
}

fn read(path: &Path) -> Result<File, Failure> {
    let fault = |cause: &dyn std::fmt::Display| Failure::io(format!("{}: {cause}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| fault(&error))?.len();
    if size > MAX_FILE_BYTES {
        return Err(fault(&"too long for a configuration"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fault(&error))?;
    parse(&text).map_err(|reason| Failure::usage(format!("{}: {reason}", path.display())))
}

fn parse(text: &str) -> Result<File, String> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let message: Vec<&str> = error.message().split_whitespace().collect();
        format!("line {line}: {}", message.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn flags_come_before_variables_before_the_file_before_defaults() {
        let file = || parse("data = \"/file\"\nlisten = [\"[::1]:1\"]\n[log]\nformat = \"json\"\n").unwrap();
        let from_file = merged(Common::default(), none, file()).unwrap();
        assert_eq!((from_file.asked_data, from_file.log_format), (Some("/file".into()), LogFormat::Json));
        let variable = |name: &str| (name == "DATA").then(|| "/variable".to_owned());
        assert_eq!(merged(Common::default(), variable, file()).unwrap().asked_data, Some("/variable".into()));
        let flags = Common { data: Some("/flag".into()), ..Common::default() };
        assert_eq!(merged(flags, variable, file()).unwrap().asked_data, Some("/flag".into()));
        let bare = merged(Common::default(), none, File::default()).unwrap();
        assert_eq!((bare.listen, bare.cache_bytes), (vec!["127.0.0.1:8080".to_owned()], 64 << 20));
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        assert!(
            parse("data = \"/x\"\n\ncolour = \"red\"\n").unwrap_err().starts_with("line 3: unknown field `colour`")
        );
        assert!(parse("[log]\nformat = \"xml\"\n").unwrap_err().starts_with("line 2: "));
        assert!(parse("data = \n").unwrap_err().starts_with("line 1: "));
        assert!(!parse("data = [\n1,\n").unwrap_err().contains('\n'));
    }

    #[test]
    fn a_variable_that_makes_no_sense_is_refused() {
        for (name, value) in [("CACHE_MIB", "much"), ("LOG_FORMAT", "xml")] {
            let variable = |asked: &str| (asked == name).then(|| value.to_owned());
            let failure = merged(Common::default(), variable, File::default()).unwrap_err();
            assert!(failure.message.contains(name), "{failure}");
        }
    }
}
