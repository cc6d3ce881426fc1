//! The money of a merchant: what each account comes to, and the postings that make it. For its owner.

use askama::Template;
use axum::extract::{Path, Query, State};
use jiff::tz::TimeZone;

use crate::accounts::{Action, Viewer};
use crate::base::Fault;
use crate::desk::ledger::{self as books, Position, account_name, account_words, amount_text, event_words};
use crate::desk::pages::{Asked, DeskNav, PAGE, open, pager};
use crate::desk::queries::{Desk, Rows};
use crate::desk::rules::{position, position_text};
use crate::kernel::ledger::{Account, Posting};
use crate::store::Read;
use crate::web::view::{Figure, Link, Pager};
use crate::web::{Frame, PageError, PageResult, Site, page};

#[derive(Template)]
#[template(path = "desk/ledger.html")]
struct LedgerPage {
    frame: Frame,
    nav: DeskNav,
    balances: Vec<Figure>,
    filter: Option<Link>,
    postings: Vec<PostingRow>,
    pager: Pager,
}

struct PostingRow {
    at: String,
    cause: String,
    cause_url: Option<String>,
    entries: Vec<EntryRow>,
}

struct EntryRow {
    account: &'static str,
    amount: String,
    out: bool,
}

/// `GET /desk/{merchant}/ledger`
pub async fn ledger(
    State(site): State<Site>,
    Path(merchant): Path<String>,
    Query(asked): Query<Asked>,
    viewer: Viewer,
    frame: Frame,
) -> PageResult {
    let settings = site.settings();
    let snapshot = site.store.snapshot()?;
    let (desk, nav) = open(&snapshot, &viewer, &merchant, Action::SeeLedger, "ledger")?;
    // Money is the whole merchant's, never one place's.
    viewer.may_at(Action::SeeLedger, desk.merchant, None)?;
    let balances = books::balances(&snapshot, desk.merchant)?;
    let address = format!("{}/ledger", nav.base);
    let chosen = chosen(&snapshot, &desk, &balances.iter().map(|(account, _)| *account).collect::<Vec<_>>(), &asked)?;
    let mut rows = Vec::with_capacity(chosen.found.rows.len());
    for (_, posting) in &chosen.found.rows {
        rows.push(posting_row(&snapshot, &desk, &address, posting, &settings.zone)?);
    }
    let figure = |(account, amount): &(Account, crate::base::Money)| Figure {
        label: account_words(*account, desk.merchant).into(),
        value: amount.to_string(),
        note: "the rows behind it".into(),
        url: format!("{address}?account={}", account_name(*account)),
    };
    let own_address = chosen.query.map_or_else(|| address.clone(), |query| format!("{address}?{query}"));
    Ok(page(LedgerPage {
        frame: frame.titled("Money"),
        balances: balances.iter().map(figure).collect(),
        filter: chosen.label.map(|label| Link { url: address.clone(), label }),
        postings: rows,
        pager: pager(&own_address, &asked.after, chosen.found.next.map(position_text)),
        nav,
    }))
}

/// The rows that were asked for, and how the page says which they are.
struct Chosen {
    found: Rows<Position, Posting>,
    label: Option<String>,
    query: Option<String>,
}

fn chosen(read: &dyn Read, desk: &Desk, accounts: &[Account], asked: &Asked) -> Result<Chosen, PageError> {
    if !asked.order.is_empty() {
        let public = asked.order.parse().map_err(|_| PageError::not_found())?;
        let (id, order) = books::order_of(read, desk.merchant, public)?.ok_or_else(PageError::not_found)?;
        let rows = books::postings_of_order(read, desk.merchant, id, &order)?;
        let number: String = public.to_string().chars().take(8).collect();
        let (found, label) = (Rows { rows, next: None }, Some(format!("Order {number}")));
        return Ok(Chosen { found, label, query: Some(format!("order={public}")) });
    }
    let after = position(&asked.after);
    if asked.account.is_empty() {
        return Ok(Chosen { found: books::postings(read, accounts, after, PAGE)?, label: None, query: None });
    }
    let account = accounts.iter().find(|account| account_name(**account) == asked.account);
    let account = *account.ok_or_else(PageError::not_found)?;
    Ok(Chosen {
        found: books::postings(read, &[account], after, PAGE)?,
        label: Some(account_words(account, desk.merchant).into()),
        query: Some(format!("account={}", account_name(account))),
    })
}

fn posting_row(
    read: &dyn Read,
    desk: &Desk,
    address: &str,
    posting: &Posting,
    zone: &TimeZone,
) -> Result<PostingRow, Fault> {
    let origin = books::origin(read, posting.cause)?;
    let event = event_words(posting.event);
    let entries = posting.entries.iter().map(|entry| EntryRow {
        account: account_words(entry.account, desk.merchant),
        amount: amount_text(*entry),
        out: entry.amount < 0,
    });
    Ok(PostingRow {
        at: posting.at.wall_text(zone),
        cause: origin.as_ref().map_or_else(|| event.to_owned(), |origin| format!("{event}: {}", origin.title)),
        cause_url: origin.map(|origin| format!("{address}?order={}", origin.order)),
        entries: entries.collect(),
    })
}
