//! `highstreet serve`: the real thing. What it shares with `demo` is here as well.

use clap::Args;
use sd_notify::NotifyState;
use tokio::runtime;

use crate::app;
use crate::base::{Clock, Fault};
use crate::cli::admin::{Desk, operations};
use crate::cli::config::Config;
use crate::cli::{Exit, Failure, print};
use crate::server::{AdminDoor, FrontDoor, Limits, Listening, Stop, serve, start_log};
use crate::store::{Expect, Folder};
use crate::web::Site;

/// What a handler of a request that was cut off may still take.
const LAST_WORK: std::time::Duration = std::time::Duration::from_secs(1);

#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on; port 0 takes a free one. May be given several times [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,
}

impl Serve {
    pub fn run(self, config: Config) -> Result<Exit, Failure> {
        start_log(config.log_format, config.quiet);
        let folder = Folder::open(&config.data(), Expect::Real)?;
        let store = app::open_store(&folder, config.cache_bytes, &Clock::careful)?;
        let listening = listening(&self.listen, &config)?;
        let search = app::following_search(&store, &folder)?;
        serve_until_stopped(&folder, listening, app::site(store, search, false, config.metrics_token)?)
    }
}

/// The sockets of systemd, else the addresses of the flags, else those of the configuration.
fn listening(flags: &[String], config: &Config) -> Result<Vec<Listening>, Failure> {
    let handed = Listening::from_systemd()?;
    if !handed.is_empty() {
        return Ok(handed);
    }
    let addresses = if flags.is_empty() { &config.listen } else { flags };
    Ok(addresses.iter().map(|address| Listening::bind(address)).collect::<Result<_, _>>()?)
}

/// Serves the site; says so when it answers; comes back after SIGTERM or SIGINT.
pub(in crate::cli) fn serve_until_stopped(
    folder: &Folder,
    listening: Vec<Listening>,
    site: Site,
) -> Result<Exit, Failure> {
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io(format!("can't start threads: {error}")))?;
    let services = app::Services::open(folder)?;
    let engines = app::Engines::start(&site.store)?;
    let served = runtime.block_on(async {
        let stop = Stop::on_signal().map_err(|error| Fault::io("catching signals", error))?;
        open_admin_door(folder, site.clone());
        let door = FrontDoor::new(app::router(site.clone(), services), site, Limits::default());
        announce(&listening);
        serve(listening, door, async {
            stop.wait().await;
            tracing::info!("stopping");
            notify(NotifyState::Stopping);
        })
        .await
    });
    runtime.shutdown_timeout(LAST_WORK);
    drop(engines);
    served?;
    Ok(Exit::Done)
}

/// For subcommands beside the server; it closes with the runtime. The city is served without it as well.
fn open_admin_door(folder: &Folder, site: Site) {
    match AdminDoor::open(&Folder::admin_socket(folder.path())) {
        Ok(door) => drop(tokio::spawn(door.serve(operations(Desk { site, folder: folder.path().into() })))),
        Err(fault) => tracing::warn!(%fault, "subcommands can't reach this server"),
    }
}

fn announce(listening: &[Listening]) {
    for open in listening {
        print(&format!("ready http://{}\n", open.address));
    }
    notify(NotifyState::Ready);
}

/// Without systemd there is nobody to tell.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(false, &[state]) {
        tracing::warn!(%error, "can't tell systemd");
    }
}
