//! Story: a Federation outgrows one machine, and moves from SQLite to PostgreSQL.

use crate::admin::Admin;
use crate::audit::{self, Deed};
use crate::seams::{Clock, Random};
pub use downcity_store::copy::{CopyError, Copying, Marked, Settled, Tally};
use std::path::Path;

/// Begins a move, or takes one up again that was interrupted.
///
/// # Errors
/// See [`CopyError`].
pub async fn begin(file: &Path, url: &str, random: &dyn Random) -> Result<Copying, CopyError> {
    let copy = u64::from_be_bytes(random.bytes());
    Copying::begin(file, url, format!("{copy:016x}")).await
}

/// Makes both sides the same, with the move on record. The file must have been seized.
///
/// # Errors
/// See [`CopyError`].
pub async fn settle(
    copying: Copying,
    (random, clock): (&dyn Random, &dyn Clock),
    progress: impl FnMut(u64),
) -> Result<(Settled, Tally), CopyError> {
    let place = copying.place().to_owned();
    let deed = Deed { action: "database.moved", subject: &place, ..Deed::default() };
    let now = clock.now();
    let audit_id = downcity_core::id::uuid_v7(now, &random.bytes());
    let entry = audit::entry(&Admin::on_this_machine("fed db copy"), deed, audit_id, now);
    copying.settle(&entry, progress).await
}
