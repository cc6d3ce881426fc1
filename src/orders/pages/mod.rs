//! Orders for people: taking an offer, paying, and one's own orders. The twin for programs is `api.rs`.

mod checkout;
mod mine;

pub use checkout::{checkout, pay_by_form, take};
pub use mine::{cancel_by_form, list, order_of_voucher, refund_by_form, show};

use serde::Deserialize;

use crate::base::Fault;
use crate::offers;
use crate::orders::model::{Order, PublicOrderId};
use crate::store::Read;
use crate::web::PageError;

/// A form that is one button.
#[derive(Deserialize)]
pub struct NoFields {}

/// A label and an amount.
#[derive(Clone, Debug)]
pub struct Sum {
    pub label: String,
    pub amount: String,
}

/// What the order comes to, line by line, under the terms as sold.
fn sums(read: &dyn Read, order: &Order) -> Result<Vec<Sum>, Fault> {
    let sum = |line: &crate::orders::OrderLine| {
        let title = offers::terms(read, line.offer, line.version)?.title;
        let count = u32::try_from(line.units.len()).unwrap_or(u32::MAX);
        let amount = line.unit_price.checked_times(count).map_err(|error| Fault::bug("the sum of a line", error))?;
        Ok(Sum { label: format!("{count} × {title}"), amount: amount.to_string() })
    };
    order.lines.iter().map(sum).collect()
}

/// What an order is called: its first line, and how many more there are.
fn title(read: &dyn Read, order: &Order) -> Result<String, Fault> {
    let Some(first) = order.lines.first() else { return Err(Fault::corrupt("an order", "it has no line")) };
    let title = offers::terms(read, first.offer, first.version)?.title;
    Ok(match order.lines.len() {
        1 => title.to_string(),
        lines => format!("{title} and {} more", lines - 1),
    })
}

fn parse_id(text: &str) -> Result<PublicOrderId, PageError> {
    text.parse().map_err(|_| PageError::not_found())
}
