//! The log: structured lines on standard error, text for people and JSON for machines.

use std::io::IsTerminal;
use std::panic::{PanicHookInfo, set_hook};

use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::LevelFilter;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    Text,
    Json,
}

/// Begins the log of this process. A second call changes nothing.
pub fn start_log(format: LogFormat, is_quiet: bool) {
    let is_terminal = std::io::stderr().is_terminal();
    let level = if is_quiet { LevelFilter::WARN } else { LevelFilter::INFO };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Auto if !is_terminal => log.json().flatten_event(true).try_init(),
        LogFormat::Auto | LogFormat::Text => log.with_ansi(is_terminal).try_init(),
    };
    if started.is_ok() {
        set_hook(Box::new(log_panic));
    }
}

/// Where it happened, and nothing of what it was about: a panic's message may quote a person's text.
fn log_panic(info: &PanicHookInfo<'_>) {
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(at, "panic");
}
