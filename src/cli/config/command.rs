//! `highstreet config`: what holds for this run and who said so, and whether a city could be served with it.

use std::fmt::Write;
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::cli::config::{Common, Config, MIB, Source, Sources, VARIABLES};
use crate::cli::{Exit, Failure, print};
use crate::server::resolved;

/// The names of our environment variables.
const KNOWN_VARIABLES: [&str; 6] = ["CONFIG", "DATA", "LISTEN", "CACHE_MIB", "LOG_FORMAT", "METRICS_TOKEN"];
/// What is shown instead of a secret.
const HIDDEN: &str = "(hidden)";

#[derive(Debug, Args)]
pub struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print every setting and where it comes from
    Show,
    /// Say what is wrong, one line each
    Check,
}

impl ConfigCommand {
    pub fn run(self, common: Common) -> Result<Exit, Failure> {
        match self.what {
            What::Show => {
                let config = Config::load(common)?;
                Ok(print(&if config.json { as_json(&config) } else { as_toml(&config) }))
            }
            What::Check => Ok(check(common)),
        }
    }
}

fn check(common: Common) -> Exit {
    let (is_json, is_quiet) = (common.json, common.quiet);
    let faults = match Config::load(common) {
        Ok(config) => faults_of(&config),
        Err(failure) => vec![failure.message],
    };
    let is_right = faults.is_empty();
    print(&if is_json {
        format!("{}\n", json!({ "ok": is_right, "faults": faults }))
    } else if is_right && !is_quiet {
        "The configuration is right.\n".to_owned()
    } else {
        faults.iter().map(|fault| format!("{fault}\n")).collect()
    });
    if is_right { Exit::Done } else { Exit::No }
}

/// What a configuration that could be read still says wrong, one line each.
pub(in crate::cli) fn faults_of(config: &Config) -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut faults: Vec<String> = unknown_variables(names).collect();
    if config.listen.is_empty() {
        faults.push("listen: names no address".to_owned());
    }
    for address in &config.listen {
        match resolved(address) {
            Ok(found) if !found.is_empty() => {}
            Ok(_) => faults.push(format!("listen: {address} is the name of no machine")),
            Err(error) => faults.push(format!("listen: {address}: {error}")),
        }
    }
    let data = config.data();
    if data.exists() && !data.is_dir() {
        faults.push(format!("data: {} is no folder", data.display()));
    }
    faults
}

/// A mistyped variable would say nothing, to nobody's notice.
fn unknown_variables(names: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let ours = names.filter(|name| name.strip_prefix(VARIABLES).is_some_and(|rest| !KNOWN_VARIABLES.contains(&rest)));
    ours.map(|name| format!("{name}: there is no such setting"))
}

/// Every setting as it holds, and who said so. What is secret is said to be there.
fn settings(config: &Config) -> [(&'static str, Value, Source); 5] {
    let Sources { data, listen, cache_mib, log_format, metrics_token } = config.sources;
    [
        ("data", json!(config.data()), data),
        ("listen", json!(config.listen), listen),
        ("cache_mib", json!(config.cache_bytes / MIB), cache_mib),
        ("log.format", json!(config.log_format), log_format),
        ("metrics_token", json!(config.metrics_token.as_ref().map(|_| HIDDEN)), metrics_token),
    ]
}

/// As `highstreet.toml` could say it, with who said it behind each setting.
fn as_toml(config: &Config) -> String {
    let mut text = String::new();
    for (name, value, source) in settings(config) {
        // A secret and what is not there are remarks.
        let is_said = !value.is_null() && value != HIDDEN;
        // JSON and TOML spell numbers, texts and lists of them alike.
        let line = if is_said { format!("{name} = {value}") } else { format!("# {name} is {}", absent(&value)) };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{line:<48}  # {}", said_by(config, name, source));
    }
    text
}

fn absent(value: &Value) -> &'static str {
    if value.is_null() { "not set" } else { "set, and not shown" }
}

fn said_by(config: &Config, name: &str, source: Source) -> String {
    match source {
        Source::Flag => format!("--{name}"),
        Source::Variable => format!("{VARIABLES}{}", name.to_uppercase().replace('.', "_")),
        Source::File => config.file.as_deref().unwrap_or(Path::new("the file")).display().to_string(),
        Source::Default => "default".to_owned(),
    }
}

fn as_json(config: &Config) -> String {
    let settings = settings(config).into_iter().map(|(name, value, source)| {
        let from = said_by(config, name, source);
        (name.to_owned(), json!({ "value": value, "source": source, "from": from }))
    });
    format!("{}\n", json!({ "file": config.file, "settings": settings.collect::<Map<_, _>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::{File, merged, parse};

    fn config() -> Config {
        let file = parse("listen = [\"[::1]:1\", \"localhost:2\"]\n[log]\nformat = \"json\"\n").unwrap();
        let variable = |name: &str| match name {
            "CACHE_MIB" => Some("32".to_owned()),
            "METRICS_TOKEN" => Some("a secret".to_owned()),
            _ => None,
        };
        let common = Common { data: Some("/a \"town\"".into()), ..Common::default() };
        Config { file: Some("/etc/town.toml".into()), ..merged(common, variable, file).unwrap() }
    }

    #[test]
    fn what_is_shown_is_a_configuration_that_says_the_same_and_no_secret() {
        let shown = as_toml(&config());
        let again = merged(Common::default(), |_| None, parse(&shown).unwrap()).unwrap();
        let of = |config: &Config| settings(config).into_iter().map(|(_, value, _)| value).take(4).collect::<Vec<_>>();
        assert_eq!(of(&again), of(&config()));
        for said in ["# --data\n", "# /etc/town.toml\n", "# HIGHSTREET_CACHE_MIB\n", "set, and not shown"] {
            assert!(shown.contains(said), "{shown}");
        }
        assert!(!shown.contains("a secret") && !as_json(&config()).contains("a secret"));
        let bare = merged(Common::default(), |_| None, File::default()).unwrap();
        assert!(as_toml(&bare).contains("# metrics_token is not set"));
    }

    #[test]
    fn a_mistyped_variable_is_found() {
        let names = ["HIGHSTREET_LISTEN", "HIGHSTREET_LISSTEN", "PATH"].map(str::to_owned);
        let found: Vec<_> = unknown_variables(names.into_iter()).collect();
        assert_eq!(found, ["HIGHSTREET_LISSTEN: there is no such setting"]);
    }
}
