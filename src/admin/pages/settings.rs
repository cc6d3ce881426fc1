//! What the operator sets for the city as a whole.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::accounts::Actor;
use crate::admin::commands::change_settings;
use crate::admin::form::TypedSettings;
use crate::admin::refusal::Refusal;
use crate::base::Refusal as _;
use crate::directory;
use crate::store::{Outcome, Stop, Tx};
use crate::web::{FieldErrors, Flash, Form, Frame, PageResult, SeeOther, Site, page, page_with, status_of};

/// What the field of the time zone suggests.
static ZONES: LazyLock<Vec<String>> = LazyLock::new(directory::zone_names);

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct SettingsPage {
    frame: Frame,
    typed: TypedSettings,
    zones: &'static [String],
    problem: Option<String>,
    errors: FieldErrors,
}

impl SettingsPage {
    fn new(frame: Frame, typed: TypedSettings, problem: Option<String>, errors: FieldErrors) -> SettingsPage {
        SettingsPage { frame: frame.titled("Settings"), typed, zones: &ZONES, problem, errors }
    }
}

/// `GET /console/settings`
pub async fn settings(State(site): State<Site>, frame: Frame) -> PageResult {
    let city = directory::city(&site.store.snapshot()?)?;
    Ok(page(SettingsPage::new(frame, TypedSettings::of(&city), None, FieldErrors::default())))
}

/// `POST /console/settings`
pub async fn settings_by_form(
    State(site): State<Site>,
    actor: Actor,
    frame: Frame,
    form: Form<TypedSettings>,
) -> PageResult {
    let wish = match form.fields.city() {
        Ok(wish) => wish,
        Err(errors) => {
            let again = SettingsPage::new(frame, form.fields, None, errors);
            return Ok(page_with(StatusCode::UNPROCESSABLE_ENTITY, again));
        }
    };
    let change = move |tx: &mut Tx<'_>| -> Outcome<(), Refusal> { change_settings(tx, &actor, &wish) };
    match site.store.write(change).await.outcome {
        Ok(()) => {
            site.renew_settings()?;
            let done = Flash::done("Saved. Every page shows it from now on.");
            Ok(SeeOther::at("/console/settings").flash(done).into_response())
        }
        Err(Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal)) => {
            let errors = FieldErrors::of_refusal(&refusal);
            let problem = errors.is_none().then(|| refusal.message());
            let again = SettingsPage::new(frame, form.fields, problem, errors.unwrap_or_default());
            Ok(page_with(status_of(&refusal), again))
        }
        Err(Stop::Fault(fault)) => Err(fault.into()),
    }
}
