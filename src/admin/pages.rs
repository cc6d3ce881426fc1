//! The console's page; the other pages of the room are files of their own.

mod merchants;
mod settings;

pub use merchants::{found_by_form, merchants};
pub use settings::{settings, settings_by_form};

use askama::Template;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::accounts::{self, Actor, Grant, PersonId, Role};
use crate::admin::believe_clock;
use crate::admin::queries::Progress;
use crate::base::Fault;
use crate::directory;
use crate::kernel::audit::{self, Record, Verdict, Who};
use crate::kernel::ledger;
use crate::offers;
use crate::store::{Head, Read, Room};
use crate::web::view::{Figure, Pager};
use crate::web::{Flash, Form, Frame, PageResult, SeeOther, Site, page};

/// Rows that a figure counts; more is "and more".
const MAX_COUNTED: usize = 1000;
const AUDIT_PAGE: usize = 30;

#[derive(Template)]
#[template(path = "admin/console.html")]
struct ConsolePage {
    frame: Frame,
    /// What a new city still needs; nothing once it has all.
    steps: Vec<Step>,
    figures: Vec<Figure>,
    /// Why the machine's clock is not believed; empty if it is.
    doubt: String,
    checks: Vec<Check>,
    people: Vec<PersonRow>,
    audit: Vec<AuditRow>,
    audit_pager: Pager,
}

struct Step {
    is_done: bool,
    label: &'static str,
    detail: &'static str,
    /// Where it is done; empty for the command line.
    url: &'static str,
}

struct Check {
    ok: bool,
    label: String,
    detail: String,
}

struct PersonRow {
    name: String,
    email: String,
    roles: String,
}

struct AuditRow {
    at: String,
    who: String,
    what: String,
    detail: String,
}

/// Where the audit goes on.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    after: String,
}

/// `GET /console`
pub async fn console(State(site): State<Site>, Query(asked): Query<Asked>, frame: Frame) -> PageResult {
    let (now, settings) = (site.clock().now(), site.settings());
    let snapshot = site.store.snapshot()?;
    let people = accounts::users(&snapshot, None, MAX_COUNTED)?;
    let selling = offers::on_sale(&snapshot, now, MAX_COUNTED)?.len();
    let staff = people.iter().filter(|(_, person)| !person.grants.is_empty());
    let mut rows = Vec::new();
    for (_, person) in staff {
        rows.push(PersonRow {
            name: person.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            email: person.email().map(|email| email.as_str().to_owned()).unwrap_or_default(),
            roles: roles(&snapshot, &person.grants)?,
        });
    }
    let mut records = audit::newest(&snapshot, asked.after.parse().ok(), AUDIT_PAGE + 1)?;
    let next = records.get(AUDIT_PAGE).and(records.get(AUDIT_PAGE - 1)).map(|(seq, _)| *seq);
    records.truncate(AUDIT_PAGE);
    let audit: Result<Vec<AuditRow>, Fault> =
        records.iter().map(|(_, record)| audit_row(&snapshot, record, &settings.zone)).collect();
    Ok(page(ConsolePage {
        frame: frame.titled("Console"),
        steps: steps(Progress::of(&snapshot)?),
        figures: vec![
            figure("People", people.len(), "with an account"),
            figure("Staff", rows.len(), "with a role"),
            figure("Offers", selling, "on sale now"),
        ],
        doubt: site.clock().doubt().map(|doubt| doubt.to_string()).unwrap_or_default(),
        checks: checks(&site, &snapshot, snapshot.head())?,
        people: rows,
        audit: audit?,
        audit_pager: Pager {
            previous: (!asked.after.is_empty()).then(|| "/console".to_owned()),
            next: next.map(|seq| format!("/console?after={seq}")),
            text: String::new(),
        },
    }))
}

/// From an empty city to the first merchant, who then writes the first offer.
fn steps(progress: Progress) -> Vec<Step> {
    let Progress { is_set_up, has_places, has_merchants } = progress;
    if progress.is_done() {
        return Vec::new();
    }
    let step = |is_done, label, detail, url| Step { is_done, label, detail, url };
    vec![
        step(is_set_up, "Say what the city is", "Its name, its time zone and its currency.", "/console/settings"),
        step(
            has_places,
            "Bring in its places",
            "On the machine of this server: highstreet import osm FILE.osm.pbf",
            "",
        ),
        step(has_merchants, "Take in the first merchant", "Who runs which places.", "/console/merchants"),
    ]
}

fn figure(label: &str, count: usize, note: &str) -> Figure {
    let value = if count >= MAX_COUNTED { format!("{MAX_COUNTED}+") } else { count.to_string() };
    Figure { label: label.into(), value, note: note.into(), url: String::new() }
}

/// What can be told at a glance; `highstreet check` proves the rest.
fn checks(site: &Site, read: &dyn Read, head: &Head) -> Result<Vec<Check>, Fault> {
    let (lacking, condition, turned) = (site.readiness.lacking(), site.store.condition(), site.clock().turned());
    let last = format!("last commit number {}, {}", head.seq, head.at.wall_text(&site.settings().zone));
    let unbalanced = ledger::unbalanced(read)?;
    let check = |ok, label: &str, detail: String| Check { ok, label: label.into(), detail };
    let codes: Vec<&str> = unbalanced.iter().map(|currency| currency.code()).collect();
    Ok(vec![
        check(lacking.is_empty(), "Everything is up", lacking.join(", ")),
        check(unbalanced.is_empty(), "The ledger sums to zero in every currency", codes.join(", ")),
        check(
            condition.refusal.is_none(),
            "The store takes writes",
            condition.refusal.map_or(last, |fault| fault.to_string()),
        ),
        check(
            !condition.room.is_some_and(|room| room.is_short()),
            "There is room on the disk",
            condition.room.map(|room| in_words(&room)).unwrap_or_default(),
        ),
        check(
            turned.is_none(),
            "The machine's clock is where it should be",
            turned.map(|turned| turned.to_string()).unwrap_or_default(),
        ),
    ])
}

/// `1234 MiB free, 256 MiB of them in reserve`
fn in_words(room: &Room) -> String {
    let Room { free_bytes, reserved_bytes } = room;
    format!("{} MiB free, {} MiB of them in reserve", free_bytes >> 20, reserved_bytes >> 20)
}

/// `POST /console/clock`: the operator's word that the machine's clock is right.
pub async fn accept_clock_by_form(State(site): State<Site>, actor: Actor, _: Form<NoFields>) -> PageResult {
    let told = match believe_clock(&site, Some(actor)).await? {
        true => "The machine's clock is believed, and changes are written again.",
        false => "There was no doubt about the machine's clock.",
    };
    Ok(SeeOther::at("/console").flash(Flash::done(told)).into_response())
}

/// A form of a button alone.
#[derive(Debug, Deserialize)]
pub struct NoFields {}

/// `owner of Ravintola Kuu, operator`
fn roles(read: &dyn Read, grants: &[Grant]) -> Result<String, Fault> {
    let in_words = |grant: &Grant| {
        Ok(match grant {
            Grant::Staff { role, merchant, .. } => {
                let name = directory::merchant(read, *merchant)?.map(|row| row.name.to_string()).unwrap_or_default();
                format!("{} of {name}", Role::from(*role).name())
            }
            Grant::Moderator => Role::Moderator.name().to_owned(),
            Grant::Operator => Role::Operator.name().to_owned(),
        })
    };
    let words: Result<Vec<String>, Fault> = grants.iter().map(in_words).collect();
    Ok(words?.join(", "))
}

fn audit_row(read: &dyn Read, record: &Record, zone: &TimeZone) -> Result<AuditRow, Fault> {
    let content = &record.content;
    let who = match content.who {
        Who::System => "The program".to_owned(),
        Who::Console => "The command line".to_owned(),
        Who::Person(id) | Who::Token(id) => accounts::display_name(read, PersonId::from_bytes(*id.as_bytes()))?,
        Who::Guest(_) => "A guest".to_owned(),
        Who::Stranger => "Somebody unknown".to_owned(),
    };
    let denied = if content.verdict == Verdict::Denied { ", denied" } else { "" };
    // The beginning of an id is its time; the end tells two of them apart.
    let subject = content.subject.to_string();
    Ok(AuditRow {
        at: content.at.wall_text(zone),
        who,
        what: format!("{}{denied}", content.action.replace('-', " ")),
        detail: format!("{} {}", content.subject_kind, subject.rsplit('-').next().unwrap_or_default()),
    })
}
