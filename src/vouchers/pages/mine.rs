//! One's own vouchers: the list, each with its QR and code, and a new code for a lost phone.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, QRBuilder};
use serde::Deserialize;

use crate::accounts::{Actor, Person, Viewer};
use crate::base::Fault;
use crate::directory;
use crate::offers;
use crate::store::Read;
use crate::vouchers::commands::reissue;
use crate::vouchers::model::{Origin, Voucher, VoucherId, VoucherState, VoucherTender};
use crate::vouchers::queries::{of_holder, voucher};
use crate::vouchers::rules::returnable;
use crate::vouchers::signer::Signer;
use crate::vouchers::words::{Moment, Stub, is_usable, state_note, state_text, stub};
use crate::web::view::{Pager, PlaceLine, State as StateText};
use crate::web::{Flash, Form, Frame, PageError, PageResult, SeeOther, Site, own_refusal, page, secret_page};

/// Used ones and those that are over, on one page of the list.
const ON_A_PAGE: usize = 20;
/// Newest vouchers that are looked through for one page.
const LOOKED_THROUGH: usize = 500;

#[derive(Template)]
#[template(path = "vouchers/list.html")]
struct ListPage {
    frame: Frame,
    ready: Vec<Stub>,
    past: Vec<Stub>,
    pager: Pager,
    guest: bool,
}

/// Which page of the list: the id of the last row before it.
#[derive(Deserialize)]
pub struct After {
    #[serde(default)]
    after: String,
}

/// `GET /me/vouchers`
pub async fn list(
    State(site): State<Site>,
    viewer: Viewer,
    actor: Actor,
    Query(asked): Query<After>,
    frame: Frame,
) -> PageResult {
    let snapshot = site.store.snapshot()?;
    let zone = &site.settings().zone;
    let at = Moment { now: site.clock().now(), zone };
    let after = asked.after.parse::<VoucherId>().ok();
    let mut ready = of_holder(&snapshot, actor.person, None, LOOKED_THROUGH)?;
    ready.retain(|(_, voucher)| is_usable(voucher, at.now));
    ready.sort_by_key(|(_, voucher)| voucher.use_until);
    let rows = of_holder(&snapshot, actor.person, after, LOOKED_THROUGH)?;
    let is_past =
        |(_, voucher): &&(VoucherId, Voucher)| !is_usable(voucher, at.now) && voucher.state != VoucherState::Issued;
    let past: Vec<&(VoucherId, Voucher)> = rows.iter().filter(is_past).take(ON_A_PAGE).collect();
    let last = past.last().filter(|_| past.len() == ON_A_PAGE).copied();
    let last = last.or_else(|| rows.last().filter(|_| rows.len() == LOOKED_THROUGH));
    let pager = Pager {
        previous: after.map(|_| "/me/vouchers".to_owned()),
        next: last.map(|(id, _)| format!("/me/vouchers?after={id}")),
        text: String::new(),
    };
    Ok(page(ListPage {
        frame: frame.titled("My vouchers").tab("vouchers"),
        ready: stubs(&snapshot, ready.iter(), &at)?,
        past: stubs(&snapshot, past.into_iter(), &at)?,
        pager,
        guest: viewer.person().is_some_and(Person::is_guest),
    }))
}

fn stubs<'a>(
    read: &dyn Read,
    rows: impl Iterator<Item = &'a (VoucherId, Voucher)>,
    at: &Moment<'_>,
) -> Result<Vec<Stub>, Fault> {
    rows.map(|(id, voucher)| stub(read, *id, voucher, at)).collect()
}

#[derive(Template)]
#[template(path = "vouchers/voucher.html")]
struct VoucherPage {
    frame: Frame,
    id: String,
    title: String,
    place: PlaceLine,
    usable: bool,
    /// SVG, or empty.
    qr: String,
    /// In groups, or empty.
    code: String,
    state: StateText,
    state_note: String,
    worth: String,
    due: Option<String>,
    conditions: Vec<String>,
    order_url: String,
    can_reissue: bool,
    /// What giving it back means, if it can be given back.
    give_back: Option<String>,
    review_url: Option<String>,
}

/// `GET /me/vouchers/{id}`
pub async fn show(
    State(site): State<Site>,
    Extension(signer): Extension<Arc<Signer>>,
    actor: Actor,
    Path(id): Path<String>,
    frame: Frame,
) -> PageResult {
    let id: VoucherId = id.parse().map_err(|_| PageError::not_found())?;
    let snapshot = site.store.snapshot()?;
    let found = voucher(&snapshot, actor.person, id)?.ok_or_else(PageError::not_found)?;
    let zone = &site.settings().zone;
    let at = Moment { now: site.clock().now(), zone };
    Ok(secret_page(voucher_page(&snapshot, &signer, frame, id, &found, &at)?))
}

fn voucher_page(
    read: &dyn Read,
    signer: &Signer,
    frame: Frame,
    id: VoucherId,
    voucher: &Voucher,
    at: &Moment<'_>,
) -> Result<VoucherPage, Fault> {
    let terms = offers::terms(read, voucher.offer, voucher.version)?;
    let usable = is_usable(voucher, at.now);
    let is_till = voucher.tender == VoucherTender::Till;
    let mut conditions = offers::conditions(&terms, at.zone);
    conditions.extend(terms.text.iter().flat_map(|text| text.as_str().lines()).map(str::to_owned));
    Ok(VoucherPage {
        frame: frame.titled(terms.title.to_string()).tab("vouchers"),
        id: id.to_string(),
        title: terms.title.to_string(),
        place: directory::place_line(&directory::require_place(read, voucher.place)?),
        usable,
        qr: if usable { qr_svg(&signer.qr_text(voucher))? } else { String::new() },
        code: if usable { voucher.code.to_string() } else { String::new() },
        state: state_text(voucher, at.now),
        state_note: state_note(read, voucher, at)?,
        worth: if is_till { format!("{}, not paid yet", voucher.value) } else { format!("Paid {}", voucher.value) },
        due: (usable && is_till && voucher.value.amount > 0).then(|| voucher.value.to_string()),
        conditions,
        order_url: format!("/me/vouchers/{id}/order"),
        can_reissue: usable,
        give_back: returnable(voucher).is_ok().then(|| match is_till {
            true => {
                "As long as it is not used, you can give it back. You have paid nothing, and nothing is owed.".into()
            }
            false => {
                format!("As long as it is not used, you can give it back and get {} the way you paid.", voucher.value)
            }
        }),
        review_url: matches!(voucher.state, VoucherState::Redeemed { .. }).then(|| format!("/me/vouchers/{id}/order")),
    })
}

/// Black on white in both schemes: a scanner reads nothing else. A fifth of it may be scratched or in the sun.
fn qr_svg(text: &str) -> Result<String, Fault> {
    let qr = QRBuilder::new(text).ecl(ECL::M).build().map_err(|error| Fault::bug("drawing a QR", error))?;
    Ok(SvgBuilder::default().to_str(&qr))
}

/// A form that is one button.
#[derive(Deserialize)]
pub struct NoFields {}

/// `POST /me/vouchers/{id}/reissue`
pub async fn reissue_by_form(
    State(site): State<Site>,
    actor: Actor,
    Path(id): Path<String>,
    form: Form<NoFields>,
) -> PageResult {
    let id: VoucherId = id.parse().map_err(|_| PageError::not_found())?;
    let once = form.required_once()?;
    let origin = Origin::of(&actor, once.key.as_str());
    let key = once.by(*actor.person.as_bytes());
    match site.store.write_once(key, move |tx| reissue(tx, &actor, id, &origin)).await.outcome {
        Ok(_) => {
            let done = Flash::done("This is the new code. The old one works no more.");
            Ok(SeeOther::at(format!("/me/vouchers/{id}")).flash(done).into_response())
        }
        Err(stop) => Err(PageError::from(own_refusal(stop)?).next("To the voucher", format!("/me/vouchers/{id}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_is_one_svg_that_the_pages_policy_lets_through() {
        let svg = qr_svg(&format!("HS1:{}", "A".repeat(138))).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert!(!svg.contains("style") && !svg.contains("<script") && svg.len() < 40_000, "{}", svg.len());
    }
}
