//! What offers and their terms say, in words for buyers, holders and the desk. What they mean is decided in `rules.rs`.

use jiff::tz::TimeZone;

use crate::base::Timestamp;
use crate::offers::model::Terms;
use crate::offers::queries::Listing;
use crate::offers::rules::Phase;
use crate::web::view::State;

/// When and how it can be used, a line each.
pub fn conditions(terms: &Terms, zone: &TimeZone) -> Vec<String> {
    let mut lines =
        vec![format!("To be used from {} until {}", terms.use_from.wall_text(zone), terms.use_until.wall_text(zone))];
    lines.extend(terms.use_hours.as_ref().map(|hours| format!("At these times: {hours}")));
    if !terms.blackout.is_empty() {
        lines.push(format!("Not on {}", terms.blackout.join(", ")));
    }
    if terms.needs_booking {
        lines.push("Please book a table or a time before you come".into());
    }
    lines
}

/// How the offer stands, as a badge.
pub fn state_text(listing: &Listing, zone: &TimeZone) -> State {
    let (tone, text) = match listing.phase {
        Phase::Draft => ("", "Draft".into()),
        Phase::Scheduled => ("soon", format!("Starts {}", listing.terms.sale_from.wall_text(zone))),
        Phase::OnSale => ("good", "On sale".into()),
        Phase::Paused => ("soon", "Paused".into()),
        Phase::SoldOut => ("over", "Sold out".into()),
        Phase::Ended => ("over", "The sale is over".into()),
        Phase::Withdrawn => ("over", "Withdrawn".into()),
    };
    State { tone, text }
}

/// `9 of 40 left`; where more were sold than there are now, that says so.
pub fn left_text(listing: &Listing) -> Option<String> {
    let capacity = listing.pool.capacity?;
    let over = listing.pool.over_by();
    Some(if over > 0 { format!("Over by {over}") } else { format!("{} of {capacity} left", listing.left()) })
}

/// `Ends today 18:00`, `Ends Fri 20:00`.
pub fn ends_text(until: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    format!("Ends {}", until.wall_text_from(now, zone))
}
