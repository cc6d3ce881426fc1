//! Who takes the money: one provider a method, behind one trait.

use crate::base::{Fault, Timestamp};
use crate::kernel::ledger::Tender;
use crate::kernel::outbox::{Deliver, Failure, Letter};
use crate::payments::model::{Method, PaymentState, REFUNDS, Refund, RefundId, RefundState};
use crate::store::{Outcome, Row, Store, Tx};

/// Who holds the money between payment and use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collects {
    /// The city's platform, in a clearing account of this tender.
    Platform(Tender),
    /// Nobody before the till does.
    Till,
}

/// A way to pay.
pub trait Provider: Send + Sync {
    fn collects(&self) -> Collects;

    /// How a new payment stands at once.
    fn begin(&self, now: Timestamp) -> PaymentState;

    /// Sends money back, outside any transaction. May be called again for the same refund: hand on its id.
    fn send_back(&self, id: RefundId, refund: &Refund) -> Result<(), Failure>;
}

/// The provider of a method.
pub fn provider_of(method: Method) -> &'static dyn Provider {
    match method {
        Method::Till => &TillProvider,
        Method::Test => &TestProvider { pays_at_once: true },
        Method::TestLater => &TestProvider { pays_at_once: false },
    }
}

/// Cash or card at the merchant's own till: the platform never touches it.
struct TillProvider;

impl Provider for TillProvider {
    fn collects(&self) -> Collects {
        Collects::Till
    }

    fn begin(&self, _: Timestamp) -> PaymentState {
        PaymentState::AtTill
    }

    fn send_back(&self, _: RefundId, _: &Refund) -> Result<(), Failure> {
        // What was never collected is never sent back: `refund` makes no row for it.
        Err(Failure::Never("money paid at a till goes back at that till".into()))
    }
}

/// Play money, in demos only; it takes the same way as real money would.
struct TestProvider {
    pays_at_once: bool,
}

impl Provider for TestProvider {
    fn collects(&self) -> Collects {
        Collects::Platform(Tender::Test)
    }

    fn begin(&self, now: Timestamp) -> PaymentState {
        if self.pays_at_once { PaymentState::Paid { at: now } } else { PaymentState::Awaiting }
    }

    fn send_back(&self, id: RefundId, _: &Refund) -> Result<(), Failure> {
        tracing::info!(refund = %id, "play money went back");
        Ok(())
    }
}

/// Delivers refunds out of the outbox; wired in `app.rs`.
pub struct Refunds(pub Store);

/// The kind of letter that [`Refunds`] delivers; its payload is the refund's id.
pub(super) const REFUND_LETTER: &str = "refund";

impl Deliver for Refunds {
    fn deliver(&self, letter: &Letter) -> Result<(), Failure> {
        let later = |cause: &dyn std::fmt::Display| Failure::Later(cause.to_string());
        let id = RefundId::from_row(&letter.payload).map_err(|fault| Failure::Never(fault.to_string()))?;
        let snapshot = self.0.snapshot().map_err(|fault| later(&fault))?;
        let refund = snapshot.must_get(&REFUNDS, &id).map_err(|fault| later(&fault))?;
        let payment = super::queries::require(&*snapshot, refund.payment).map_err(|fault| later(&fault))?;
        provider_of(payment.method).send_back(id, &refund)?;
        let outcome: Outcome<(), std::convert::Infallible> =
            self.0.write_blocking(move |tx| Ok(refund_done(tx, id)?)).outcome;
        outcome.map_err(|stop| Failure::Later(format!("{stop:?}")))
    }
}

/// The provider has sent it back; a second report changes nothing.
fn refund_done(tx: &mut Tx<'_>, id: RefundId) -> Result<(), Fault> {
    let refund = tx.must_get(&REFUNDS, &id)?;
    match refund.state {
        RefundState::Done { .. } => Ok(()),
        RefundState::Requested => {
            let state = RefundState::Done { at: tx.now() };
            tx.put(&REFUNDS, &id, &Refund { state, ..refund })
        }
    }
}

/// Wires this room's letters.
impl Refunds {
    /// The kind under which `app.rs` wires this carrier.
    pub const KIND: &'static str = REFUND_LETTER;
}
