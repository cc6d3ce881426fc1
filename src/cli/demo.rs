//! `highstreet demo`: the bundled city with sample merchants, offers and people, for this machine only.

use std::path::PathBuf;

use clap::Args;

use crate::app;
use crate::base::{Clock, Timestamp};
use crate::cli::config::Config;
use crate::cli::growth::{Told, open_store};
use crate::cli::serve::serve_until_stopped;
use crate::cli::{Exit, Failure, print, sample};
use crate::server::{Listening, resolved, start_log};
use crate::store::{Expect, Folder, Store};

#[derive(Debug, Args)]
pub struct Demo {
    /// Loopback address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Start the clock at this instant, such as 2026-11-23T12:00:00+02:00, and let it run
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    now: Option<Timestamp>,
    /// Start anew, without what was there
    #[arg(long)]
    fresh: bool,
}

impl Demo {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        start_log(config.log_format, true);
        let listening = Listening::bind(&loopback(&self.listen)?)?;
        let folder = Folder::open(&config.asked_data.clone().map_or_else(own_folder, Ok)?, Expect::Demo)?;
        let store = self.open(&folder, config.cache_bytes, Told::unless(config.quiet))?;
        print(&sample::accounts_table()?);
        // The city is small: whoever reads `ready` finds all of it.
        let (search, mut projection) = app::search(&store, &folder)?;
        store.catch_up(&mut projection)?;
        store.follow(Box::new(projection))?;
        serve_until_stopped(&folder, vec![listening], app::site(store, search, true, config.metrics_token)?)
    }

    /// The demo's store: the one that is there, or a new one.
    fn open(&self, folder: &Folder, cache_bytes: usize, told: Told) -> Result<Store, Failure> {
        let clock = |last: Timestamp| self.now.map_or_else(|| Clock::anchored(last), Clock::starting_at);
        if let Some(head) = folder.head(cache_bytes)? {
            if self.fresh {
                folder.clear()?;
            } else if self.now.is_some_and(|now| now < head.at) {
                let message = format!("--now is before the demo's last commit ({}); try --fresh", head.at);
                return Err(Failure::usage(message));
            }
        }
        // A demo that was interrupted while it was filled starts anew.
        let filling = folder.media().join(".filling");
        if filling.exists() {
            folder.clear()?;
        }
        let store = open_store(folder, cache_bytes, &clock, told)?;
        if store.snapshot()?.seq() == 0 {
            let unmarked = |error| Failure::io(format!("{}: {error}", filling.display()));
            std::fs::write(&filling, "").map_err(unmarked)?;
            sample::fill(&store)?;
            std::fs::remove_file(&filling).map_err(unmarked)?;
        }
        Ok(store)
    }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "not an instant with an offset, such as 2026-11-23T12:00:00Z".to_owned())
}

/// The address, if nobody else's machine reaches it.
fn loopback(address: &str) -> Result<String, Failure> {
    let found = resolved(address).map_err(|error| Failure::usage(format!("--listen {address}: {error}")))?;
    if found.is_empty() || !found.iter().all(|address| address.ip().is_loopback()) {
        return Err(Failure::usage(format!(
            "--listen {address}: a demo listens on loopback only, such as 127.0.0.1:0"
        )));
    }
    Ok(address.to_owned())
}

/// The folder that demos without `--data` share, in the user's cache.
fn own_folder() -> Result<PathBuf, Failure> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    let cache =
        cache.ok_or_else(|| Failure::usage("there is no home folder to keep the demo in: give it --data DIR"))?;
    Ok(cache.join("highstreet/demo"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Outcome, REMEMBERED, Remembered};

    #[test]
    fn a_demo_listens_on_loopback_only() {
        for good in ["127.0.0.1:0", "[::1]:8080", "localhost:8080"] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:8080", "192.0.2.1:80", "8080", ""] {
            assert_eq!(loopback(bad).unwrap_err().exit, Exit::BadUsage, "{bad}");
        }
    }

    #[test]
    fn a_demo_never_takes_a_real_city_and_never_goes_back_in_time() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::open(parent.path(), Expect::Demo).unwrap();
        let demo = |now: Option<&str>, fresh| {
            let now = now.map(|text| Timestamp::parse(text).unwrap());
            Demo { listen: String::new(), now, fresh }.open(&folder, 1 << 20, Told::Nowhere).map(|store| {
                let key = ([0; 16], "k".to_owned());
                let row = |at| Remembered { request: [0; 32], answer: Vec::new(), at };
                let written =
                    store.write_blocking(move |tx| Outcome::<(), ()>::Ok(tx.put(&REMEMBERED, &key, &row(tx.now()))?));
                written.outcome.unwrap();
                store.clock().now()
            })
        };
        assert!(
            demo(Some("2026-11-23T12:00:00Z"), false).unwrap() >= Timestamp::parse("2026-11-23T12:00:00Z").unwrap()
        );
        assert_eq!(demo(Some("2020-01-01T00:00:00Z"), false).unwrap_err().exit, Exit::BadUsage);
        assert!(demo(Some("2020-01-01T00:00:00Z"), true).is_ok());
        drop(folder);
        let real = tempfile::tempdir().unwrap();
        let city = Folder::open(real.path(), Expect::Real).unwrap();
        drop((app::open_store(&city, 1 << 20, &Clock::anchored).unwrap(), city));
        let folder = Folder::open(real.path(), Expect::Demo).unwrap();
        let fresh = Demo { listen: String::new(), now: None, fresh: true };
        assert_eq!(fresh.open(&folder, 1 << 20, Told::Nowhere).err().map(|failure| failure.exit), Some(Exit::BadUsage));
        assert!(folder.has_city());
    }
}
