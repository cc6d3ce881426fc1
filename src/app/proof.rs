//! Everything that must always hold (`highstreet check`), asked of one snapshot.

use crate::base::Fault;
use crate::store::Snapshot;
use crate::{kernel, orders, reviews, schema, store, vouchers};

/// What does not hold, one line each; nothing if all is well.
pub fn check(snapshot: &Snapshot) -> Result<Vec<String>, Fault> {
    let mut faults = store::check(snapshot, &schema::tables())?;
    faults.extend(kernel::check(&**snapshot)?);
    faults.extend(vouchers::check(&**snapshot)?);
    faults.extend(orders::check(&**snapshot)?);
    faults.extend(reviews::check(&**snapshot)?);
    Ok(faults)
}
