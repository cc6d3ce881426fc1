//! Pages of the desk. The twin for programs is `api.rs`.

mod ledger;
mod offers;
mod reviews;
mod today;
mod trade;

pub use ledger::ledger;
pub use offers::{changed, created, edit_form, new_form, offers, stepped};
pub use reviews::reviews;
pub use today::{front, today};
pub use trade::{orders, redemptions};

use serde::Deserialize;

use crate::accounts::{Action, Denied, MerchantId, Viewer};
use crate::base::Fault;
use crate::desk::queries::Desk;
use crate::directory;
use crate::store::{Read, Stop};
use crate::web::PageError;
use crate::web::view::{Link, Pager};

/// Rows of one page.
const PAGE: usize = 20;

/// The head of every page of the desk (`desk/nav.html`).
struct DeskNav {
    base: String,
    merchant: String,
    tab: &'static str,
    others: Vec<Link>,
}

/// What an address says beside the merchant.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    after: String,
    show: String,
    account: String,
    order: String,
}

/// The desk that a page shows, with its head.
fn open(
    read: &dyn Read,
    viewer: &Viewer,
    merchant: &str,
    action: Action,
    tab: &'static str,
) -> Result<(Desk, DeskNav), PageError> {
    let merchant: MerchantId = merchant.parse().map_err(|_| PageError::not_found())?;
    let desk = Desk::open(read, viewer, merchant, action)?;
    let nav = nav(read, viewer, &desk, tab)?;
    Ok((desk, nav))
}

fn nav(read: &dyn Read, viewer: &Viewer, desk: &Desk, tab: &'static str) -> Result<DeskNav, Fault> {
    let mut others = Vec::new();
    for merchant in merchants(viewer).into_iter().filter(|merchant| *merchant != desk.merchant) {
        let label = directory::merchant(read, merchant)?.map(|row| row.name.to_string()).unwrap_or_default();
        others.push(Link { url: base(merchant), label });
    }
    Ok(DeskNav { base: base(desk.merchant), merchant: desk.name.clone(), tab, others })
}

/// The merchants whose desk the viewer has.
fn merchants(viewer: &Viewer) -> Vec<MerchantId> {
    viewer.person().map(|person| person.merchants_for(Action::SeeTrade)).unwrap_or_default()
}

/// The first of them, for addresses that name none.
fn first_merchant(viewer: &Viewer) -> Result<MerchantId, Stop<Denied>> {
    merchants(viewer).first().copied().ok_or_else(|| Denied::NotAllowed.into())
}

fn base(merchant: MerchantId) -> String {
    format!("/desk/{merchant}")
}

/// Whether the viewer may write offers at this desk, anywhere.
fn may_sell(viewer: &Viewer, desk: &Desk) -> bool {
    let at = |place| viewer.may_at(Action::ManageOffers, desk.merchant, place).is_ok();
    at(None) || desk.places.iter().any(|(place, _)| at(Some(*place)))
}

/// Back to the newest rows, on to older ones; `path` has its query already, if it has one.
fn pager(path: &str, after: &str, next: Option<String>) -> Pager {
    let joined = |after: &str| format!("{path}{}after={after}", if path.contains('?') { '&' } else { '?' });
    Pager {
        previous: (!after.is_empty()).then(|| path.to_owned()),
        next: next.map(|next| joined(&next)),
        text: if after.is_empty() { "The newest first".into() } else { "Older ones".into() },
    }
}
