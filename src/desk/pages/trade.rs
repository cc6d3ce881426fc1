//! What was sold and what was used: orders and redemptions, each with the way to its ledger rows.

use askama::Template;
use axum::extract::{Path, Query, State as Shared};
use jiff::tz::TimeZone;

use crate::accounts::{self, Action, Viewer};
use crate::base::{Fault, Timestamp};
use crate::desk::pages::{Asked, DeskNav, PAGE, open, pager};
use crate::desk::queries::{self, Desk, Shown};
use crate::desk::rules::{midnight, position, position_text};
use crate::offers;
use crate::orders::{self, Fulfilment, Order, OrderId};
use crate::payments::PaymentState;
use crate::store::Read;
use crate::vouchers::{self, Redemption};
use crate::web::view::{Facet, Pager, State};
use crate::web::{Frame, PageResult, Site, page};

#[derive(Template)]
#[template(path = "desk/orders.html")]
struct OrdersPage {
    frame: Frame,
    nav: DeskNav,
    filters: Vec<Facet>,
    orders: Vec<DeskOrder>,
    pager: Pager,
}

struct DeskOrder {
    number: String,
    what: String,
    at: String,
    who: String,
    total: String,
    payment: State,
    fulfilment: State,
    ledger_url: String,
}

/// `GET /desk/{merchant}/orders`
pub async fn orders(
    Shared(site): Shared<Site>,
    Path(merchant): Path<String>,
    Query(asked): Query<Asked>,
    viewer: Viewer,
    frame: Frame,
) -> PageResult {
    let settings = site.settings();
    let snapshot = site.store.snapshot()?;
    let (desk, nav) = open(&snapshot, &viewer, &merchant, Action::SeeTrade, "orders")?;
    let shown = Shown::parse(&asked.show);
    let after: Option<OrderId> = asked.after.parse().ok();
    let today = midnight(site.clock().now(), &settings.zone);
    let found = queries::orders(&snapshot, &desk, shown, today, after, PAGE)?;
    let mut rows = Vec::with_capacity(found.rows.len());
    for (id, order) in &found.rows {
        rows.push(order_row(&snapshot, &desk, &nav.base, *id, order, &settings.zone)?);
    }
    let address = |shown: Shown| format!("{}/orders?show={}", nav.base, shown.name());
    let facet = |each: Shown| Facet {
        label: each.label().into(),
        count: None,
        url: address(if each == shown { Shown::All } else { each }),
        active: each == shown,
    };
    Ok(page(OrdersPage {
        frame: frame.titled("Orders"),
        filters: Shown::EACH.into_iter().map(facet).collect(),
        orders: rows,
        pager: pager(&address(shown), &asked.after, found.next.map(|next| next.to_string())),
        nav,
    }))
}

fn order_row(
    read: &dyn Read,
    desk: &Desk,
    base: &str,
    id: OrderId,
    order: &Order,
    zone: &TimeZone,
) -> Result<DeskOrder, Fault> {
    let mut what = Vec::new();
    let own = order.lines.iter().filter(|line| line.merchant == desk.merchant && desk.sees(line.place));
    let mut total = crate::base::Money::zero(order.total.currency);
    for line in own {
        let title = offers::terms(read, line.offer, line.version)?.title;
        what.push(format!("{} × {title}", line.units.len()));
        let count = u32::try_from(line.units.len()).unwrap_or(u32::MAX);
        let sum = line.unit_price.checked_times(count).and_then(|price| total.checked_add(price));
        total = sum.map_err(|error| Fault::corrupt("an order", error))?;
    }
    Ok(DeskOrder {
        number: order.public.to_string().chars().take(8).collect(),
        what: what.join(", "),
        at: order.at.wall_text(zone),
        who: accounts::display_name(read, order.buyer)?,
        total: total.to_string(),
        payment: payment_text(orders::payment_of(read, id)?),
        fulfilment: fulfilment_text(order.fulfilment),
        ledger_url: format!("{base}/ledger?order={}", order.public),
    })
}

fn payment_text(payment: Option<PaymentState>) -> State {
    let (tone, text) = match payment {
        None | Some(PaymentState::Awaiting) => ("soon", "Awaited"),
        Some(PaymentState::Paid { .. }) => ("good", "Paid"),
        Some(PaymentState::AtTill) => ("soon", "At the till"),
        Some(PaymentState::Failed { .. }) => ("bad", "Failed"),
        Some(PaymentState::Refunded { .. }) => ("over", "Refunded"),
    };
    State { tone, text: text.into() }
}

fn fulfilment_text(fulfilment: Fulfilment) -> State {
    let (tone, text) = match fulfilment {
        Fulfilment::Open => ("good", "Open"),
        Fulfilment::Fulfilled => ("over", "Used"),
        Fulfilment::Cancelled => ("over", "Cancelled"),
        Fulfilment::Expired => ("over", "Expired"),
    };
    State { tone, text: text.into() }
}

#[derive(Template)]
#[template(path = "desk/redemptions.html")]
struct RedemptionsPage {
    frame: Frame,
    nav: DeskNav,
    redemptions: Vec<DeskRedemption>,
    pager: Pager,
}

struct DeskRedemption {
    at: String,
    title: String,
    code_end: String,
    place: String,
    by: String,
    amount: String,
    undone: bool,
    ledger_url: String,
}

/// `GET /desk/{merchant}/redemptions`
pub async fn redemptions(
    Shared(site): Shared<Site>,
    Path(merchant): Path<String>,
    Query(asked): Query<Asked>,
    viewer: Viewer,
    frame: Frame,
) -> PageResult {
    let settings = site.settings();
    let snapshot = site.store.snapshot()?;
    let (desk, nav) = open(&snapshot, &viewer, &merchant, Action::SeeTrade, "redemptions")?;
    let is_today = asked.show == Shown::Today.name();
    let since = if is_today { midnight(site.clock().now(), &settings.zone) } else { Timestamp::MIN };
    let found = queries::redemptions(&snapshot, &desk, since, position(&asked.after), PAGE)?;
    let mut rows = Vec::with_capacity(found.rows.len());
    for (_, redemption) in &found.rows {
        rows.push(redemption_row(&snapshot, &desk, &nav.base, redemption, &settings.zone)?);
    }
    let address = format!("{}/redemptions{}", nav.base, if is_today { "?show=today" } else { "" });
    Ok(page(RedemptionsPage {
        frame: frame.titled("Redeemed"),
        redemptions: rows,
        pager: pager(&address, &asked.after, found.next.map(position_text)),
        nav,
    }))
}

fn redemption_row(
    read: &dyn Read,
    desk: &Desk,
    base: &str,
    redemption: &Redemption,
    zone: &TimeZone,
) -> Result<DeskRedemption, Fault> {
    let voucher = vouchers::require(read, redemption.voucher)?;
    let order = orders::require(read, OrderId::from_bytes(*redemption.order.as_bytes()))?;
    Ok(DeskRedemption {
        at: redemption.at.wall_text(zone),
        title: offers::terms(read, voucher.offer, voucher.version)?.title.to_string(),
        code_end: voucher.code.end(),
        place: desk.place(redemption.place).map(|place| place.name.to_string()).unwrap_or_default(),
        by: accounts::display_name(read, redemption.till)?,
        amount: redemption.amount.to_string(),
        undone: redemption.undone.is_some(),
        ledger_url: format!("{base}/ledger?order={}", order.public),
    })
}
