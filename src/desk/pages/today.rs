//! The desk's first page: the day in figures, each with the way to the rows behind it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::accounts::{self, Action, Viewer};
use crate::base::{Fault, Timestamp};
use crate::desk::ledger::{account_name, account_words, balances};
use crate::desk::pages::reviews::rating;
use crate::desk::pages::{DeskNav, base, first_merchant, may_sell, open};
use crate::desk::queries::{Desk, Shown, orders, redemptions};
use crate::desk::rules::midnight;
use crate::offers;
use crate::reviews;
use crate::store::Read;
use crate::vouchers::{self, Redemption};
use crate::web::view::Figure;
use crate::web::{Frame, PageError, PageResult, Site, page};

/// Rows that a figure counts; a busier day says "and more".
const MAX_COUNTED: usize = 1000;
const REDEEMED_SHOWN: usize = 10;

#[derive(Template)]
#[template(path = "desk/today.html")]
struct TodayPage {
    frame: Frame,
    nav: DeskNav,
    figures: Vec<Figure>,
    has_offers: bool,
    may_sell: bool,
    redeemed: Vec<Redeemed>,
    reviews_waiting: u32,
}

struct Redeemed {
    at: String,
    title: String,
    detail: String,
    place: String,
    by: String,
    undone: bool,
}

/// `GET /desk`: the desk of the person's first merchant.
pub async fn front(State(site): State<Site>, viewer: Viewer, frame: Frame) -> PageResult {
    let merchant = first_merchant(&viewer)?;
    shown(&site, &viewer, frame.canonical(base(merchant)), &merchant.to_string())
}

/// `GET /desk/{merchant}`
pub async fn today(State(site): State<Site>, Path(merchant): Path<String>, viewer: Viewer, frame: Frame) -> PageResult {
    shown(&site, &viewer, frame, &merchant)
}

fn shown(site: &Site, viewer: &Viewer, frame: Frame, merchant: &str) -> Result<Response, PageError> {
    let (now, settings) = (site.clock().now(), site.settings());
    let midnight = midnight(now, &settings.zone);
    let snapshot = site.store.snapshot()?;
    let (desk, nav) = open(&snapshot, viewer, merchant, Action::SeeTrade, "today")?;
    let mut redeemed = Vec::new();
    for (_, redemption) in redemptions(&snapshot, &desk, midnight, None, REDEEMED_SHOWN)?.rows {
        let time = redemption.at.in_zone(&settings.zone).strftime("%H:%M").to_string();
        redeemed.push(row(&snapshot, &desk, &redemption, time)?);
    }
    Ok(page(TodayPage {
        figures: figures(&snapshot, viewer, &desk, &nav.base, midnight)?,
        has_offers: !offers::of_merchant(&snapshot, desk.merchant, now, None, 1)?.is_empty(),
        may_sell: may_sell(viewer, &desk),
        frame: frame.titled(desk.name),
        nav,
        redeemed,
        reviews_waiting: u32::try_from(reviews::unanswered(&snapshot, desk.merchant)?).unwrap_or(u32::MAX),
    }))
}

fn row(read: &dyn Read, desk: &Desk, redemption: &Redemption, at: String) -> Result<Redeemed, Fault> {
    let voucher = vouchers::require(read, redemption.voucher)?;
    Ok(Redeemed {
        at,
        title: offers::terms(read, voucher.offer, voucher.version)?.title.to_string(),
        detail: redemption.amount.to_string(),
        place: desk.place(redemption.place).map(|place| place.name.to_string()).unwrap_or_default(),
        by: accounts::display_name(read, redemption.till)?,
        undone: redemption.undone.is_some(),
    })
}

fn figures(
    read: &dyn Read,
    viewer: &Viewer,
    desk: &Desk,
    base: &str,
    midnight: Timestamp,
) -> Result<Vec<Figure>, Fault> {
    let figure = |label: &str, value: String, note: &str, path: String| Figure {
        label: label.into(),
        value,
        note: note.into(),
        url: format!("{base}{path}"),
    };
    let of_shown = |shown: Shown| orders(read, desk, shown, midnight, None, MAX_COUNTED);
    let ordered = of_shown(Shown::Today)?;
    let open = of_shown(Shown::Open)?;
    let used = redemptions(read, desk, midnight, None, MAX_COUNTED)?;
    let kept = used.rows.iter().filter(|(_, redemption)| redemption.undone.is_none()).count();
    let mut figures = vec![
        figure(
            "Ordered today",
            counted(ordered.rows.len(), ordered.next.is_some()),
            "orders",
            "/orders?show=today".into(),
        ),
        figure(
            "Redeemed today",
            counted(kept, used.next.is_some()),
            "vouchers, undone ones left out",
            "/redemptions?show=today".into(),
        ),
        figure("Still to be used", counted(open.rows.len(), open.next.is_some()), "orders", "/orders?show=open".into()),
    ];
    if let Some(rating) = rating(read, desk)?.view() {
        let note = format!("from {} reviews", rating.count);
        figures.push(figure("Stars", rating.average, &note, "/reviews".into()));
    }
    if viewer.may_at(Action::SeeLedger, desk.merchant, None).is_ok() {
        for (account, amount) in balances(read, desk.merchant)? {
            let path = format!("/ledger?account={}", account_name(account));
            figures.push(figure(account_words(account, desk.merchant), amount.to_string(), "the rows behind it", path));
        }
    }
    Ok(figures)
}

fn counted(number: usize, has_more: bool) -> String {
    if has_more { format!("{number}+") } else { number.to_string() }
}
