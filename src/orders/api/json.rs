//! An order as JSON, and what is remembered of it for a retry.

use jiff::tz::TimeZone;
use minicbor::{Decode, Encode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::MoneyJson;
use crate::base::{Code, Fault, Timestamp};
use crate::offers;
use crate::orders::model::{Fulfilment, Order, OrderId, OrderLine};
use crate::orders::queries::{payment_of, require, vouchers_of};
use crate::orders::rules::fulfilment_at;
use crate::payments::PaymentState;
use crate::store::Read;
use crate::vouchers::{self, Signer, Voucher, VoucherState};

/// One commitment of one resident.
#[derive(Serialize, ToSchema)]
pub struct OrderJson {
    id: String,
    /// `awaiting`, `paid`, `at-till`, `failed` or `refunded`
    payment: &'static str,
    /// `open`, `fulfilled`, `cancelled` or `expired`
    fulfilment: &'static str,
    at: String,
    /// Until when the units are kept while the order waits for its payment.
    hold_until: Option<String>,
    lines: Vec<LineJson>,
    total: MoneyJson,
    vouchers: Vec<OrderVoucherJson>,
}

#[derive(Serialize, ToSchema)]
pub struct LineJson {
    offer: String,
    title: String,
    place: String,
    quantity: usize,
    unit_price: MoneyJson,
}

/// A voucher, as far as its order tells; the rest is at `GET /vouchers/{id}`.
#[derive(Serialize, ToSchema)]
pub struct OrderVoucherJson {
    id: String,
    code: String,
    qr: String,
    state: &'static str,
}

/// All of an order that may change, as it stood at an instant. With the rows that never change it is the whole answer:
/// whatever becomes of the order, a retry is told what was told first. Its codes get into no log: `Code` prints none.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Told {
    #[n(0)]
    pub order: OrderId,
    #[n(1)]
    pub at: Timestamp,
    #[n(2)]
    pub payment: Option<PaymentState>,
    #[n(3)]
    pub fulfilment: Fulfilment,
    #[n(4)]
    pub hold_until: Option<Timestamp>,
    /// In the order of the units.
    #[n(5)]
    pub vouchers: Vec<ToldVoucher>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ToldVoucher {
    #[n(0)]
    pub code: Code,
    #[n(1)]
    pub state: VoucherState,
}

impl Told {
    pub fn of(read: &dyn Read, id: OrderId, order: &Order, at: Timestamp) -> Result<Told, Fault> {
        let vouchers = vouchers_of(read, order)?.into_iter();
        Ok(Told {
            order: id,
            at,
            payment: payment_of(read, id)?,
            fulfilment: order.fulfilment,
            hold_until: order.hold_until,
            vouchers: vouchers.map(|(_, Voucher { code, state, .. })| ToldVoucher { code, state }).collect(),
        })
    }

    pub fn json(&self, read: &dyn Read, zone: &TimeZone, signer: &Signer) -> Result<OrderJson, Fault> {
        let order = require(read, self.order)?;
        let time = |at: Timestamp| at.rfc3339_in(zone);
        let lines: Result<Vec<_>, Fault> = order.lines.iter().map(|line| line_json(read, line)).collect();
        let as_told = vouchers_of(read, &order)?.into_iter().zip(&self.vouchers);
        let as_told = as_told.map(|((id, row), then)| (id, Voucher { code: then.code, state: then.state, ..row }));
        Ok(OrderJson {
            id: order.public.to_string(),
            payment: self.payment.unwrap_or(PaymentState::Awaiting).name(),
            fulfilment: fulfilment_at(self.fulfilment, self.payment, self.hold_until, self.at).name(),
            at: time(order.at),
            hold_until: self.hold_until.map(time),
            lines: lines?,
            total: order.total.into(),
            vouchers: as_told
                .map(|(id, voucher)| OrderVoucherJson {
                    id: id.to_string(),
                    code: voucher.code.to_string(),
                    qr: signer.qr_text(&voucher),
                    state: vouchers::state_name(&voucher, self.at),
                })
                .collect(),
        })
    }
}

fn line_json(read: &dyn Read, line: &OrderLine) -> Result<LineJson, Fault> {
    Ok(LineJson {
        offer: line.offer.to_string(),
        title: offers::terms(read, line.offer, line.version)?.title.to_string(),
        place: line.place.to_string(),
        quantity: line.units.len(),
        unit_price: line.unit_price.into(),
    })
}
