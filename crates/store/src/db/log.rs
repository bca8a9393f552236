//! Keeps SQLite's write-ahead log short, beside the writer: a checkpoint waits for the disk and writes pages all over the
//! file, which nobody's commit shall wait for.
//!
//! While others write, the log is never moved whole, so it would never begin anew. Hence the writer itself moves the
//! little that is left when most is done.

use super::fault::Fault;
use super::sqlite;
use super::tide::Tide;
use rusqlite::Connection;

/// Passes before the writer moves the rest: each leaves what was written while it ran.
const PASSES: usize = 3;
/// So little is left to the writer, in pages, if it can be reached.
const LITTLE: i64 = 200;

/// Moves pages as soon as the log is long, until the writer has ended.
pub(super) fn keep_short(connection: Connection, tide: &Tide) {
    while tide.log_is_long() {
        for _ in 0..PASSES {
            // A pass that fails leaves the log as it is: the next one finds more to do.
            if pass(&connection).map_or(true, |left| left < LITTLE) {
                break;
            }
        }
        tide.let_writer_finish();
    }
    drop(connection);
    tide.log_is_left();
}

/// Moves what nobody is in the way of; says how many pages are left.
pub(super) fn pass(connection: &Connection) -> Result<i64, Fault> {
    let rows = sqlite::query(connection, "pragma wal_checkpoint(passive)", &[])?;
    let Some(mut row) = rows.into_iter().next() else { return Ok(0) };
    row.int("busy")?;
    Ok(row.int("log")? - row.int("checkpointed")?)
}
