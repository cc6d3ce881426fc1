//! The site: what every handler can reach. A cheap clone; services of one capability come as extensions instead.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::TimeZone;

use crate::base::{Clock, Currency, Fault};
use crate::search::Search;
use crate::store::{Origin, Read, Store};
use crate::web::flash::FlashKey;
use crate::web::{Metrics, random_bytes};

/// The state of the router.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

/// What the site is made of, for whoever puts the house together.
pub struct Plan {
    pub store: Store,
    pub search: Arc<Search>,
    pub settings: ReadSettings,
    pub metrics: Metrics,
    pub readiness: Readiness,
    /// Sample people and the test provider; answers loopback names only.
    pub demo: bool,
    /// Browsers reach us over TLS: cookies are `Secure` and host-bound.
    pub tls: bool,
    /// Opens `/metrics` to whoever knows it.
    pub metrics_token: Option<String>,
}

/// Reached through `Deref`: `site.store`, `site.metrics`.
pub struct Inner {
    pub store: Store,
    pub search: Arc<Search>,
    pub metrics: Metrics,
    pub readiness: Readiness,
    pub demo: bool,
    pub tls: bool,
    pub metrics_token: Option<String>,
    read_settings: ReadSettings,
    settings: RwLock<Arc<Settings>>,
    flash_key: FlashKey,
}

/// How the settings are read from the store.
pub type ReadSettings = fn(&dyn Read) -> Result<Settings, Fault>;

/// What the operator sets for the city as a whole.
#[derive(Clone, Debug)]
pub struct Settings {
    pub city: String,
    pub currency: Currency,
    pub zone: TimeZone,
    /// The licence line of the place data, on every page that shows it; empty if there is none to name.
    pub attribution: String,
}

impl Site {
    pub fn new(plan: Plan) -> Result<Site, Fault> {
        let settings = (plan.settings)(&plan.store.snapshot()?)?;
        Ok(Site(Arc::new(Inner {
            store: plan.store,
            search: plan.search,
            metrics: plan.metrics,
            readiness: plan.readiness,
            demo: plan.demo,
            tls: plan.tls,
            metrics_token: plan.metrics_token,
            read_settings: plan.settings,
            settings: RwLock::new(Arc::new(settings)),
            flash_key: FlashKey::new(&random_bytes()?),
        })))
    }

    pub fn clock(&self) -> &Clock {
        self.0.store.clock()
    }

    /// What sort of city this is: play money is for demos only.
    pub fn origin(&self) -> Origin {
        if self.0.demo { Origin::Demo } else { Origin::Real }
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.0.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the settings as they now are in the store; whoever has changed them there asks for it, before answering.
    pub fn renew_settings(&self) -> Result<(), Fault> {
        // Read under the lock: of two who ask at once, the later one sees what both have written.
        let mut kept = self.0.settings.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Arc::new((self.0.read_settings)(&self.0.store.snapshot()?)?);
        Ok(())
    }

    pub(in crate::web) fn flash_key(&self) -> &FlashKey {
        &self.0.flash_key
    }
}

impl Deref for Site {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

type Check = Box<dyn Fn() -> bool + Send + Sync>;

/// What must be ready before the site is, each by name. Empty is ready.
#[derive(Default)]
pub struct Readiness(Vec<(&'static str, Check)>);

impl Readiness {
    pub fn needs(mut self, name: &'static str, check: impl Fn() -> bool + Send + Sync + 'static) -> Readiness {
        self.0.push((name, Box::new(check)));
        self
    }

    /// The names of what is not ready yet.
    pub fn lacking(&self) -> Vec<&'static str> {
        self.0.iter().filter(|(_, check)| !check()).map(|(name, _)| *name).collect()
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Site(..)")
    }
}

#[cfg(test)]
impl Site {
    /// A site of nothing, for tests of this toolkit.
    pub fn for_tests() -> Site {
        Site::new(Plan {
            store: store_for_tests(),
            search: Arc::new(Search::in_memory().unwrap()),
            settings: |_| {
                Ok(Settings {
                    city: "Testtown".to_owned(),
                    currency: Currency::EUR,
                    zone: TimeZone::UTC,
                    attribution: String::new(),
                })
            },
            metrics: Metrics::new(|_| {}),
            readiness: Readiness::default(),
            demo: false,
            tls: false,
            metrics_token: Some("let-me-count".to_owned()),
        })
        .unwrap()
    }
}

#[cfg(test)]
fn store_for_tests() -> Store {
    Store::open(crate::store::Options {
        place: crate::store::Place::Memory,
        cache_bytes: 1 << 20,
        schema: 1,
        origin: crate::store::Origin::Real,
        hooks: crate::store::Hooks::default(),
        clock: &Clock::starting_at,
    })
    .unwrap()
}
