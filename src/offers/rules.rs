//! The decisions of offers: what terms may say, how an offer stands, what may become of it.

use jiff::civil::Date;

use crate::accounts::Denied;
use crate::base::{Money, Point, Timestamp};
use crate::directory::{Hours, Locality};
use crate::kernel::stock::Pool;
use crate::offers::model::{OfferText, OfferTitle, Standing, Terms};
use crate::offers::refusal::Refusal;

/// Most units of one offer, so that counters and pages stay sane.
pub const MAX_CAPACITY: u32 = 1_000_000;
/// Most units for one person.
pub const MAX_PER_PERSON: u32 = 1000;
/// Most days on which a deal can't be used.
pub const MAX_BLACKOUT_DAYS: usize = 366;
/// Highest price, in minor units: ten million of a currency with two places.
pub const MAX_PRICE: i64 = 1_000_000_000;
/// Longest time from now until the end of use: ten years.
const MAX_USE_SECONDS: i64 = 10 * 366 * 24 * 3600;

/// What a merchant writes into the form, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub title: OfferTitle,
    pub price: Money,
    pub list_price: Money,
    pub capacity: u32,
    pub per_person: Option<u32>,
    pub sale_from: Timestamp,
    pub sale_until: Timestamp,
    pub use_from: Timestamp,
    pub use_until: Timestamp,
    pub use_hours: Option<String>,
    pub blackout: Vec<String>,
    pub needs_booking: bool,
    pub text: Option<OfferText>,
}

/// How an offer stands for a buyer at an instant. Names as in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Draft,
    Scheduled,
    OnSale,
    Paused,
    SoldOut,
    Ended,
    Withdrawn,
}

impl Phase {
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Draft => "draft",
            Phase::Scheduled => "scheduled",
            Phase::OnSale => "on-sale",
            Phase::Paused => "paused",
            Phase::SoldOut => "sold-out",
            Phase::Ended => "ended",
            Phase::Withdrawn => "withdrawn",
        }
    }
}

/// How the offer stands now; `pool` counts live holds only.
pub fn phase(standing: Standing, terms: &Terms, pool: &Pool, now: Timestamp) -> Phase {
    match standing {
        Standing::Draft => Phase::Draft,
        Standing::Withdrawn => Phase::Withdrawn,
        Standing::Published | Standing::Paused if now >= terms.sale_until => Phase::Ended,
        Standing::Paused => Phase::Paused,
        Standing::Published if now < terms.sale_from => Phase::Scheduled,
        Standing::Published if pool.free() == 0 => Phase::SoldOut,
        Standing::Published => Phase::OnSale,
    }
}

/// Whether a buyer may claim: a sold-out offer is the stock engine's to refuse, with what is left.
pub fn open_for_sale(phase: Phase) -> Result<(), Refusal> {
    match phase {
        Phase::OnSale | Phase::SoldOut => Ok(()),
        Phase::Draft => Err(Refusal::Denied(Denied::NotFound)),
        Phase::Scheduled | Phase::Paused | Phase::Ended | Phase::Withdrawn => Err(Refusal::SaleClosed(phase)),
    }
}

/// A step that a merchant takes with an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Publish,
    Pause,
    Resume,
    Withdraw,
}

/// How the offer stands after a step; a step that changes nothing is a success, so that a retry is one.
pub fn stepped(standing: Standing, step: Step, now: Phase) -> Result<Standing, Refusal> {
    match (standing, step) {
        (Standing::Draft | Standing::Published, Step::Publish) => Ok(Standing::Published),
        (Standing::Published | Standing::Paused, Step::Pause) => Ok(Standing::Paused),
        (Standing::Published | Standing::Paused, Step::Resume) => Ok(Standing::Published),
        (_, Step::Withdraw) => Ok(Standing::Withdrawn),
        (Standing::Draft, Step::Pause | Step::Resume)
        | (Standing::Paused, Step::Publish)
        | (Standing::Withdrawn, Step::Publish | Step::Pause | Step::Resume) => Err(Refusal::WrongStanding { now }),
    }
}

/// Checks what types can't say; refusals in the order of the form.
pub fn check_draft(draft: &Draft, now: Timestamp) -> Result<(), Refusal> {
    let refuse = |name, advice| Err(Refusal::Field { name, advice });
    if !(0..=MAX_PRICE).contains(&draft.price.amount) {
        return refuse("price", "Please give a price between 0 and ten million.");
    }
    if draft.list_price.currency != draft.price.currency {
        return refuse("list_price", "Please give both prices in one currency.");
    }
    if draft.list_price.amount < draft.price.amount || draft.list_price.amount > MAX_PRICE {
        return refuse("list_price", "The list price is what it costs otherwise: at least the deal's price.");
    }
    if !(1..=MAX_CAPACITY).contains(&draft.capacity) {
        return refuse("capacity", "Please offer between 1 and 1,000,000.");
    }
    if draft.per_person.is_some_and(|limit| !(1..=MAX_PER_PERSON).contains(&limit)) {
        return refuse("per_person", "Please allow between 1 and 1,000 for each person, or leave it empty.");
    }
    if draft.sale_until <= draft.sale_from {
        return refuse("sale_until", "The sale must end after it begins.");
    }
    if draft.use_until <= draft.use_from {
        return refuse("use_until", "The time of use must end after it begins.");
    }
    if draft.use_until < draft.sale_until {
        return refuse(
            "use_until",
            "Who buys on the last day must still be able to use it: end the use after the sale.",
        );
    }
    if draft.use_until > now.plus_seconds(MAX_USE_SECONDS) {
        return refuse("use_until", "Please end the use within ten years.");
    }
    if draft.blackout.len() > MAX_BLACKOUT_DAYS {
        return refuse("blackout", "Please name at most 366 days.");
    }
    Ok(())
}

/// Hours of use as they were typed, if they can be reckoned with; none if nothing was typed.
pub fn readable_hours(typed: &str, locality: &Locality, at: Point) -> Result<Option<String>, Refusal> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let advice = "These hours can't be read. Please write them like Mo-Fr 11:00-18:00.";
    Hours::parse(typed, locality, at).map_err(|_| Refusal::Field { name: "use_hours", advice })?;
    Ok(Some(typed.to_owned()))
}

/// Days in the way they are kept: each once and in order.
pub fn blackout_days<'a>(typed: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, Refusal> {
    let advice = "Please write days like 2026-12-24, with commas between them.";
    let mut days = Vec::new();
    for day in typed.into_iter().map(str::trim).filter(|day| !day.is_empty()).take(MAX_BLACKOUT_DAYS + 1) {
        let date: Date = day.parse().map_err(|_| Refusal::Field { name: "blackout", advice })?;
        days.push(date.to_string());
    }
    days.sort_unstable();
    days.dedup();
    Ok(days)
}

/// Checks that the times of use are as they are kept: what is written otherwise would exclude nothing.
pub fn check_use(draft: &Draft, locality: &Locality, at: Point) -> Result<(), Refusal> {
    if let Some(text) = &draft.use_hours {
        readable_hours(text, locality, at)?;
    }
    let days = blackout_days(draft.blackout.iter().map(String::as_str))?;
    if !draft.blackout.iter().all(|day| days.contains(day)) {
        return Err(Refusal::Field { name: "blackout", advice: "Please write days like 2026-12-24." });
    }
    Ok(())
}

/// Why the terms exclude this instant, as a sentence; `None` if they don't.
pub fn not_usable_at(terms: &Terms, now: Timestamp, locality: &Locality, at: Point) -> Option<String> {
    let today = now.in_zone(locality.zone()).date().to_string();
    if terms.blackout.contains(&today) {
        return Some("It does not count on this day.".into());
    }
    let text = terms.use_hours.as_ref()?;
    // Only readable hours get into terms; what a later release can't read any more excludes nothing.
    let hours = Hours::parse(text, locality, at).ok()?;
    let is_within = hours.open_intervals(now, 1).iter().any(|open| open.contains(now));
    (!is_within).then(|| format!("Its hours are {text}."))
}

impl Draft {
    /// The terms that this draft comes to, in force from now.
    pub fn into_terms(self, at: Timestamp) -> Terms {
        Terms {
            title: self.title,
            price: self.price,
            list_price: self.list_price,
            sale_from: self.sale_from,
            sale_until: self.sale_until,
            use_from: self.use_from,
            use_until: self.use_until,
            use_hours: self.use_hours,
            blackout: self.blackout,
            per_person: self.per_person,
            needs_booking: self.needs_booking,
            text: self.text,
            at,
        }
    }
}

#[cfg(test)]
mod tests;
