//! Every URL on one page, a row a route: method, path, handler, who may. The gate of a row stands before its handler;
//! what is whose is decided behind it. No route of a capability exists elsewhere.

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use axum::routing::{self, MethodRouter};
use utoipa::openapi::path::Paths;
use utoipa::openapi::{Components, RefOr, Schema};

use crate::accounts::Action::{
    self, Browse, Buy, Enter, ManageOffers, Operate, OwnAccount, OwnPurchases, Redeem, Reply, Review, SeeLedger,
    SeeTrade,
};
use crate::api::is_api_path;
use crate::web::Site;
use crate::{accounts, admin, desk, discover, help, offers, orders, reviews, vouchers};

/// The table.
pub fn routes() -> Vec<Route> {
    [town(), trade(), desks()].into_iter().flatten().collect()
}

/// Looking around, help, and the door.
fn town() -> Vec<Route> {
    vec![
        get("/", discover::pages::home, Browse),
        get("/search", discover::pages::search, Browse),
        get("/p/{slug}", discover::pages::place, Browse),
        get("/sitemap.xml", discover::pages::sitemap, Browse),
        get("/api/v1/places", discover::api::places, Browse).described::<discover::api::__path_places>(),
        get("/api/v1/places/{id}", discover::api::place, Browse).described::<discover::api::__path_place>(),
        get("/api/v1/suggest", discover::api::suggest, Browse).described::<discover::api::__path_suggest>(),
        get("/api/v1/categories", discover::api::categories, Browse).described::<discover::api::__path_categories>(),
        get("/sign-in", accounts::pages::sign_in_form, Enter),
        post("/sign-in", accounts::pages::sign_in_by_form, Enter),
        get("/sign-up", accounts::pages::sign_up_form, Enter),
        post("/sign-up", accounts::pages::sign_up_by_form, Enter),
        post("/sign-out", accounts::pages::sign_out_by_form, Enter),
        get("/me", accounts::pages::me, OwnAccount),
        post("/api/v1/sessions", accounts::api::sign_in, Enter).described::<accounts::api::__path_sign_in>(),
        get("/api/v1/me", accounts::api::me, OwnAccount).described::<accounts::api::__path_me>(),
        get("/help", help::pages::help, Browse),
        get("/help/licences", help::pages::licences, Browse),
    ]
}

/// Ordering, showing, redeeming, reviewing.
fn trade() -> Vec<Route> {
    vec![
        post("/o/{id}/take", orders::pages::take, Buy),
        get("/orders/{id}/checkout", orders::pages::checkout, OwnPurchases),
        post("/orders/{id}/pay", orders::pages::pay_by_form, OwnPurchases),
        post("/orders/{id}/cancel", orders::pages::cancel_by_form, OwnPurchases),
        get("/me/orders", orders::pages::list, OwnPurchases),
        get("/me/orders/{id}", orders::pages::show, OwnPurchases),
        get("/me/vouchers", vouchers::pages::list, OwnPurchases),
        get("/me/vouchers/{id}", vouchers::pages::show, OwnPurchases),
        get("/me/vouchers/{id}/order", orders::pages::order_of_voucher, OwnPurchases),
        post("/me/vouchers/{id}/reissue", vouchers::pages::reissue_by_form, OwnPurchases),
        post("/me/vouchers/{id}/refund", orders::pages::refund_by_form, OwnPurchases),
        get("/till", vouchers::pages::till, Redeem),
        post("/till", vouchers::pages::redeem_by_form, Redeem),
        post("/till/undo/{redemption}", vouchers::pages::undo_by_form, Redeem),
        get("/me/orders/{order}/review", reviews::pages::review_form, Review),
        post("/me/orders/{order}/review", reviews::pages::publish_by_form, Review),
        post("/me/orders/{order}/review/change", reviews::pages::change_by_form, Review),
        post("/desk/{merchant}/reviews/{id}/reply", reviews::pages::reply_by_form, Reply),
        get("/help/score", reviews::pages::score, Browse),
        get("/api/v1/places/{id}/reviews", reviews::api::list, Browse).described::<reviews::api::__path_list>(),
        post("/api/v1/places/{id}/reviews", reviews::api::create, Review).described::<reviews::api::__path_create>(),
        post("/api/v1/reviews/{id}/change", reviews::api::update, Review).described::<reviews::api::__path_update>(),
        post("/api/v1/reviews/{id}/reply", reviews::api::answer_review, Reply)
            .described::<reviews::api::__path_answer_review>(),
        post("/api/v1/orders", orders::api::create, OwnPurchases).described::<orders::api::__path_create>(),
        get("/api/v1/orders", orders::api::list, OwnPurchases).described::<orders::api::__path_list>(),
        get("/api/v1/orders/{id}", orders::api::show, OwnPurchases).described::<orders::api::__path_show>(),
        post("/api/v1/orders/{id}/cancel", orders::api::cancel_order, OwnPurchases)
            .described::<orders::api::__path_cancel_order>(),
        post("/api/v1/demo/payments/{order}", orders::api::report_payment, Browse)
            .described::<orders::api::__path_report_payment>(),
        get("/api/v1/vouchers", vouchers::api::list, OwnPurchases).described::<vouchers::api::__path_list>(),
        get("/api/v1/vouchers/{id}", vouchers::api::show, OwnPurchases).described::<vouchers::api::__path_show>(),
        post("/api/v1/redemptions", vouchers::api::create, Redeem).described::<vouchers::api::__path_create>(),
        post("/api/v1/redemptions/{id}/undo", vouchers::api::undo_use, Redeem)
            .described::<vouchers::api::__path_undo_use>(),
    ]
}

/// Offers, the desk, and the operator's room.
fn desks() -> Vec<Route> {
    vec![
        get("/o/{id}", offers::pages::offer, Browse),
        get("/api/v1/offers", offers::api::list, Browse).described::<offers::api::__path_list>(),
        post("/api/v1/offers", offers::api::create, ManageOffers).described::<offers::api::__path_create>(),
        get("/api/v1/offers/{id}", offers::api::one, Browse).described::<offers::api::__path_one>(),
        post("/api/v1/offers/{id}/publish", offers::api::publish, ManageOffers)
            .described::<offers::api::__path_publish>(),
        post("/api/v1/offers/{id}/pause", offers::api::pause, ManageOffers).described::<offers::api::__path_pause>(),
        post("/api/v1/offers/{id}/resume", offers::api::resume, ManageOffers).described::<offers::api::__path_resume>(),
        post("/api/v1/offers/{id}/withdraw", offers::api::withdraw, ManageOffers)
            .described::<offers::api::__path_withdraw>(),
        get("/desk", desk::pages::front, SeeTrade),
        get("/desk/{merchant}", desk::pages::today, SeeTrade),
        get("/desk/{merchant}/offers", desk::pages::offers, SeeTrade),
        post("/desk/{merchant}/offers", desk::pages::created, ManageOffers),
        get("/desk/{merchant}/offers/new", desk::pages::new_form, ManageOffers),
        get("/desk/{merchant}/offers/{id}", desk::pages::edit_form, ManageOffers),
        post("/desk/{merchant}/offers/{id}", desk::pages::changed, ManageOffers),
        post("/desk/{merchant}/offers/{id}/{step}", desk::pages::stepped, ManageOffers),
        get("/desk/{merchant}/orders", desk::pages::orders, SeeTrade),
        get("/desk/{merchant}/redemptions", desk::pages::redemptions, SeeTrade),
        get("/desk/{merchant}/reviews", desk::pages::reviews, SeeTrade),
        get("/desk/{merchant}/ledger", desk::pages::ledger, SeeLedger),
        get("/api/v1/merchants/{id}/orders", desk::api::orders, SeeTrade).described::<desk::api::__path_orders>(),
        get("/api/v1/merchants/{id}/ledger", desk::api::ledger, SeeLedger).described::<desk::api::__path_ledger>(),
        get("/console", admin::pages::console, Operate),
        post("/console/clock", admin::pages::accept_clock_by_form, Operate),
        get("/console/settings", admin::pages::settings, Operate),
        post("/console/settings", admin::pages::settings_by_form, Operate),
        get("/console/merchants", admin::pages::merchants, Operate),
        post("/console/merchants", admin::pages::found_by_form, Operate),
        get("/api/v1/settings", admin::api::settings, Operate).described::<admin::api::__path_settings>(),
        post("/api/v1/settings", admin::api::set_settings, Operate).described::<admin::api::__path_set_settings>(),
        get("/api/v1/merchants", admin::api::merchants, Operate).described::<admin::api::__path_merchants>(),
        post("/api/v1/merchants", admin::api::create_merchant, Operate)
            .described::<admin::api::__path_create_merchant>(),
        post("/api/v1/demo/clock", admin::api::move_clock, Operate).described::<admin::api::__path_move_clock>(),
    ]
}

/// One row.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    /// Who may: whom the matrix gives any reach with this action.
    pub who: Action,
    serve: MethodRouter<Site>,
    describe: Option<fn(&mut Paths, &mut Components)>,
}

impl Route {
    pub fn is_api(&self) -> bool {
        is_api_path(self.path)
    }

    /// Whether the OpenAPI document has it.
    pub fn is_described(&self) -> bool {
        self.describe.is_some()
    }

    /// The schemas that the row brings into the OpenAPI document, by name.
    #[cfg(test)]
    pub fn schemas(&self) -> Vec<(String, RefOr<Schema>)> {
        let (mut paths, mut components) = (Paths::new(), Components::new());
        if let Some(describe) = self.describe {
            describe(&mut paths, &mut components);
        }
        components.schemas.into_iter().collect()
    }

    /// Puts the row into the OpenAPI document, as its handler's `#[utoipa::path]` says.
    fn described<P: utoipa::Path + utoipa::__dev::SchemaReferences>(mut self) -> Route {
        self.describe = Some(|paths, components| {
            paths.add_path_operation(P::path(), P::methods(), P::operation());
            let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
            P::schemas(&mut schemas);
            components.schemas.extend(schemas);
        });
        self
    }
}

fn get<T: 'static>(path: &'static str, handler: impl Handler<T, Site>, who: Action) -> Route {
    row(Method::GET, path, routing::get(handler), who)
}

fn post<T: 'static>(path: &'static str, handler: impl Handler<T, Site>, who: Action) -> Route {
    row(Method::POST, path, routing::post(handler), who)
}

fn row(method: Method, path: &'static str, serve: MethodRouter<Site>, who: Action) -> Route {
    let gate = from_fn(move |request: Request, next: Next| accounts::admit(who, request, next));
    Route { method, path, who, serve: serve.route_layer(gate), describe: None }
}

/// A router of the pages, and one of the API.
pub fn routers() -> (Router<Site>, Router<Site>) {
    let (api, pages): (Vec<Route>, Vec<Route>) = routes().into_iter().partition(Route::is_api);
    let joined =
        |rows: Vec<Route>| rows.into_iter().fold(Router::new(), |router, route| router.route(route.path, route.serve));
    (joined(pages), joined(api))
}

/// What the OpenAPI document says of the routes.
pub fn described() -> (Paths, Components) {
    let (mut paths, mut components) = (Paths::new(), Components::new());
    for describe in routes().iter().filter_map(|route| route.describe) {
        describe(&mut paths, &mut components);
    }
    (paths, components)
}
