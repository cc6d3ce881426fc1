//! The businesses that take part, and the form that takes one in.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::accounts::Actor;
use crate::admin::commands::found_merchant;
use crate::admin::form::TypedMerchant;
use crate::admin::pages::Asked;
use crate::base::{Fault, Refusal as _};
use crate::directory::{self, Merchant, MerchantId};
use crate::store::Read;
use crate::web::view::{Link, Pager};
use crate::web::{
    FieldErrors, Flash, Form, Frame, PageError, PageResult, SeeOther, Site, own_refusal, page, page_with, status_of,
};

const ON_A_PAGE: usize = 50;
/// Places that a row names; the rest are counted.
const NAMED: usize = 3;

#[derive(Template)]
#[template(path = "admin/merchants.html")]
struct MerchantsPage {
    frame: Frame,
    merchants: Vec<MerchantRow>,
    pager: Pager,
    has_places: bool,
    typed: TypedMerchant,
    problem: Option<String>,
    errors: FieldErrors,
}

struct MerchantRow {
    name: String,
    id: String,
    places: Vec<Link>,
    more: usize,
    since: String,
}

impl MerchantsPage {
    fn new(
        site: &Site,
        frame: Frame,
        after: &str,
        typed: TypedMerchant,
        errors: FieldErrors,
    ) -> Result<MerchantsPage, PageError> {
        let snapshot = site.store.snapshot()?;
        let mut rows = directory::merchants(&snapshot, after.parse().ok(), ON_A_PAGE + 1)?;
        let next = rows.get(ON_A_PAGE).and(rows.get(ON_A_PAGE - 1)).map(|(id, _)| *id);
        rows.truncate(ON_A_PAGE);
        let merchants: Result<Vec<_>, Fault> = rows.iter().map(|(id, row)| shown(&snapshot, site, *id, row)).collect();
        Ok(MerchantsPage {
            frame: frame.titled("Merchants"),
            merchants: merchants?,
            pager: Pager {
                previous: (!after.is_empty()).then(|| "/console/merchants".to_owned()),
                next: next.map(|id| format!("/console/merchants?after={id}")),
                text: String::new(),
            },
            has_places: directory::has_places(&snapshot)?,
            typed,
            problem: None,
            errors,
        })
    }
}

fn shown(read: &dyn Read, site: &Site, id: MerchantId, merchant: &Merchant) -> Result<MerchantRow, Fault> {
    let places = directory::places_of(read, id)?;
    Ok(MerchantRow {
        name: merchant.name.to_string(),
        id: id.to_string(),
        more: places.len().saturating_sub(NAMED),
        places: places
            .iter()
            .take(NAMED)
            .map(|(_, place)| Link { url: place.path(), label: place.name.to_string() })
            .collect(),
        since: merchant.since.in_zone(&site.settings().zone).strftime("%-d %B %Y").to_string(),
    })
}

/// `GET /console/merchants`
pub async fn merchants(State(site): State<Site>, Query(asked): Query<Asked>, frame: Frame) -> PageResult {
    Ok(page(MerchantsPage::new(&site, frame, &asked.after, TypedMerchant::default(), FieldErrors::default())?))
}

/// `POST /console/merchants`
pub async fn found_by_form(
    State(site): State<Site>,
    actor: Actor,
    frame: Frame,
    form: Form<TypedMerchant>,
) -> PageResult {
    let once = form.required_once()?.by(*actor.person.as_bytes());
    let read = form.fields.merchant(&site.store.snapshot()?)?;
    let new = match read {
        Ok(new) => new,
        Err(errors) => {
            let again = MerchantsPage::new(&site, frame, "", form.fields, errors)?;
            return Ok(page_with(StatusCode::UNPROCESSABLE_ENTITY, again));
        }
    };
    let name = new.name.clone();
    match site.store.write_once(once, move |tx| found_merchant(tx, &actor, &new)).await.outcome {
        Ok(_) => {
            let done = Flash::done(format!("{name} takes part. Its owner has a desk now, and can put offers there."));
            Ok(SeeOther::at("/console/merchants").flash(done).into_response())
        }
        Err(stop) => {
            let refusal = own_refusal(stop)?;
            let errors = FieldErrors::of_refusal(&refusal);
            let problem = errors.is_none().then(|| refusal.message());
            let again = MerchantsPage::new(&site, frame, "", form.fields, errors.unwrap_or_default())?;
            Ok(page_with(status_of(&refusal), MerchantsPage { problem, ..again }))
        }
    }
}
