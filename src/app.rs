//! Puts the house together: the router with its layers, around the routes of every room.

mod openapi;
mod proof;
pub mod upkeep;
pub mod wiring;

use std::any::Any;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

use crate::accounts::{Passwords, Workplaces, recognise};
use crate::api::{Problem, is_api_path, problems};
use crate::base::{Clock, Fault, Timestamp};
use crate::directory::{self, Places};
use crate::offers::OffersOfPlaces;
use crate::reviews::Ratings;
use crate::search::{Contributor, OpenState, Projection, Search, Whose};
use crate::store::{Condition, Folder, FolderFault, Growth, Read, Store, grow};
use crate::vouchers::Signer;
use crate::web::{
    MAX_FORM_BYTES, Metrics, PageError, Plan, Readiness, Settings, Site, assets, compression, health, visit, watch,
};
use crate::{routes, schema};

pub use proof::check;
pub use wiring::Engines;

/// Services of single capabilities, which their handlers are given as extensions.
#[derive(Clone)]
pub struct Services {
    signer: Arc<Signer>,
}

impl Services {
    /// Opens what lies beside the store in the data folder.
    pub fn open(folder: &Folder) -> Result<Services, Fault> {
        Ok(Services { signer: Arc::new(Signer::load(&folder.keys())?) })
    }
}

/// Everything that the server answers.
pub fn router(site: Site, services: Services) -> Router {
    let (pages, api) = routes::routers();
    let pages = pages
        .fallback(nothing_here)
        .method_not_allowed_fallback(async || PageError::plain(StatusCode::METHOD_NOT_ALLOWED))
        .merge(machines())
        .layer(catch_panics(&site))
        .layer(from_fn_with_state(site.clone(), visit));
    let api = api
        .method_not_allowed_fallback(async || Problem::plain(StatusCode::METHOD_NOT_ALLOWED))
        .layer(catch_panics(&site))
        .layer(from_fn(problems));
    pages
        .merge(probes())
        .merge(api.route("/api/v1/openapi.json", get(openapi::openapi)))
        .layer(Extension(services.signer))
        .layer(Extension(Passwords::default()))
        .layer(Extension(workplaces()))
        .layer(from_fn_with_state(site.clone(), recognise))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(compression())
        .layer(from_fn_with_state(site.clone(), watch))
        .with_state(site)
}

/// What the directory knows of the merchants that people work for.
fn workplaces() -> Workplaces {
    Workplaces {
        name: |read, id| Ok(directory::merchant(read, id)?.map(|merchant| merchant.name.to_string())),
        places: |read, id| Ok(directory::places_of(read, id)?.into_iter().map(|(place, _)| place).collect()),
    }
}

/// Health, in the plain words that probes read: no page is drawn over them.
fn probes() -> Router<Site> {
    Router::new().route("/healthz", get(health::healthz)).route("/readyz", get(health::readyz))
}

/// What machines ask for besides: figures, files.
fn machines() -> Router<Site> {
    Router::new()
        .route("/metrics", get(health::metrics))
        .route("/robots.txt", get(assets::robots))
        .route("/favicon.ico", get(assets::favicon))
        .route("/assets/{*name}", get(assets::serve))
}

async fn nothing_here(request: Request) -> Response {
    if is_api_path(request.uri().path()) {
        return Problem::not_found().into_response();
    }
    PageError::not_found().into_response()
}

/// A panic is the answer 500 to one request, and harms no other. The hook of `server/log.rs` logs it.
#[derive(Clone)]
struct CountPanics(Site);

impl ResponseForPanic for CountPanics {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, _: Box<dyn Any + Send>) -> Response {
        self.0.metrics.panicked();
        PageError::plain(StatusCode::INTERNAL_SERVER_ERROR).into_response()
    }
}

fn catch_panics(site: &Site) -> CatchPanicLayer<CountPanics> {
    CatchPanicLayer::custom(CountPanics(site.clone()))
}

/// Opens the city of a data folder, or founds one.
pub fn open_store(
    folder: &Folder,
    cache_bytes: usize,
    clock: &dyn Fn(Timestamp) -> Clock,
) -> Result<Store, FolderFault> {
    open_store_hearing(folder, cache_bytes, clock, &mut |_| {})
}

/// The same, for whoever wants to hear how the city grows if it is of an older schema.
pub fn open_store_hearing(
    folder: &Folder,
    cache_bytes: usize,
    clock: &dyn Fn(Timestamp) -> Clock,
    hear: &mut dyn FnMut(Growth),
) -> Result<Store, FolderFault> {
    let store = folder.store(schema::NUMBER, cache_bytes, wiring::hooks(), clock)?;
    let grown = grow(folder, &store, &schema::MIGRATIONS, hear);
    grown.map_err(|cause| FolderFault::Growth { path: folder.store_file(), cause })?;
    Ok(store)
}

/// The site on an open store, and whatever search knows of it: until that is all, the site is up, but not ready.
pub fn site(store: Store, search: Arc<Search>, demo: bool, metrics_token: Option<String>) -> Result<Site, Fault> {
    let (found, at_start) = (search.clone(), store.snapshot()?.seq());
    let mut readiness = Readiness::default().needs("search", move || found.is_loaded() && found.seq() >= at_start);
    for name in Condition::LACKING {
        let probe = store.clone();
        readiness = readiness.needs(name, move || probe.condition().lacking() != Some(name));
    }
    Site::new(Plan {
        readiness,
        settings,
        store,
        search,
        metrics: Metrics::new(|_| {}),
        demo,
        tls: false,
        metrics_token,
    })
}

/// Search that follows the store from now on; it fills in the background.
pub fn following_search(store: &Store, folder: &Folder) -> Result<Arc<Search>, Fault> {
    let (search, projection) = search(store, folder)?;
    store.follow(Box::new(projection))?;
    Ok(search)
}

/// Search in its folder, and the projection that fills it with what the capabilities contribute.
pub fn search(store: &Store, folder: &Folder) -> Result<(Arc<Search>, Projection), Fault> {
    let snapshot = store.snapshot()?;
    let whose = Whose { store_id: snapshot.head().store_id, head: snapshot.seq(), now: store.clock().now() };
    let (search, state) = Search::open(&folder.index(), &whose)?;
    search.set_categories(directory::search_categories());
    let search = Arc::new(search);
    let contributors: Vec<Box<dyn Contributor>> =
        vec![Box::new(Places), Box::new(OffersOfPlaces::default()), Box::new(Ratings)];
    let mut projection = Projection::new(search.clone(), store.clock().clone(), Box::new(Places), contributors);
    match state {
        OpenState::Resumed { seq, due } => projection.resume(&snapshot, seq, due)?,
        OpenState::NeedsRebuild(why) => tracing::info!(why, "the search index is made anew"),
    }
    Ok((search, projection))
}

/// What pages say of the city, as the store has it.
fn settings(read: &dyn Read) -> Result<Settings, Fault> {
    let attribution = directory::ATTRIBUTION.to_owned();
    let city = directory::city(read)?;
    Ok(Settings { zone: city.time_zone()?, city: city.name.to_string(), currency: city.currency, attribution })
}
