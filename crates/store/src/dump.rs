//! Backups: everything that a database holds at one moment, as text that belongs to no engine.
//!
//! One JSON value a line. The first tells the format and the schema; then each table with its columns, followed by
//! its rows as arrays (bytes as `{"b": "base64"}`); the last counts the rows and gives the SHA-256 of everything
//! before it, so that a file that was cut off or changed is noticed. What is sealed in the database is sealed here.

mod read;
mod write;

pub use read::{DumpError, Verified, verify};
#[cfg(feature = "fuzzing")]
pub(crate) use read::{completed, verify_bytes};

use crate::db::{self, LoadError, Pieces};
use crate::{Store, StoreError};
use downcity_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// What the first line calls the format.
const FORMAT: &str = "downcity-backup";
/// The version of the format.
const VERSION: u32 = 1;
/// How long nothing of a backup may be taken, before its reading ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every table, each after those that it refers to.
pub(crate) const TABLES: &[&str] = &[
    "cities",
    "users",
    "identities",
    "identity_keys",
    "login_attempts",
    "sessions",
    "env",
    "signing_keys",
    "admin_keys",
    "facts",
    "changes",
    "passwords",
    "mail_tokens",
    "outbox",
    "events",
    "webhooks",
    "refresh_tokens",
    "limits",
    "city_env",
    "moved_in",
    "admin_sessions",
    "audit",
    "sign_in_counts",
    "provider_switches",
    "data_keys",
];

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    format: String,
    version: u32,
    /// The engine that it was made on: `sqlite` or `postgres`.
    pub engine: String,
    /// The steps of the schema.
    pub steps: Vec<String>,
    /// When it was made, in milliseconds since 1970.
    pub made_at: i64,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    /// How many rows each table has.
    rows: BTreeMap<String, u64>,
    /// The SHA-256 of everything before this line, as hexadecimal digits.
    sha256: String,
}

impl Store {
    /// A backup of everything, as it stands at one moment, while the store goes on being used. It comes in parts of
    /// some kilobytes, and ends early only with an error.
    #[must_use]
    pub fn dump(&self, now: Timestamp) -> Receiver<Result<Vec<u8>, StoreError>> {
        let engine = match self.engine() {
            crate::Engine::Sqlite => "sqlite",
            crate::Engine::Postgres => "postgres",
        };
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            engine: engine.to_owned(),
            steps: db::steps(),
            made_at: now.0,
        };
        let pieces: Pieces = self.db.pieces(TABLES, PATIENCE);
        write::written(header, pieces)
    }
}

/// Fills a new SQLite file from a backup that was verified. `progress` is told how many rows are read.
///
/// # Errors
/// See [`LoadError`]; where there is a file already, it stays as it is.
pub fn restore_sqlite(
    path: &Path,
    backup: &Path,
    progress: impl FnMut(u64),
) -> Result<(), LoadError<DumpError>> {
    let dump = read::Dump::open(backup, progress).map_err(LoadError::Pieces)?;
    let steps = dump.header().steps.clone();
    db::load_sqlite(path, &steps, TABLES, dump)
}

/// Fills an empty PostgreSQL database from a backup that was verified. `progress` is told how many rows are read.
///
/// # Errors
/// See [`LoadError`]; nothing is left in the database then.
pub async fn restore_postgres(
    url: &str,
    backup: &Path,
    progress: impl FnMut(u64),
) -> Result<(), LoadError<DumpError>> {
    let dump = read::Dump::open(backup, progress).map_err(LoadError::Pieces)?;
    let steps = dump.header().steps.clone();
    db::load_postgres(url, &steps, TABLES, dump).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_table_is_in_a_backup_after_those_it_refers_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        Store::open_sqlite(&path).await.unwrap().close().await;
        let connection = rusqlite::Connection::open(&path).unwrap();
        let list = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let mut found =
            list("select name from sqlite_master where type = 'table' and name <> 'schema_steps'");
        let mut known: Vec<String> = TABLES.iter().map(|&name| name.to_owned()).collect();
        for (at, name) in known.iter().enumerate() {
            for other in list(&format!("select \"table\" from pragma_foreign_key_list('{name}')")) {
                assert!(known[..at].contains(&other), "{name} comes before {other}");
            }
        }
        found.sort();
        known.sort();
        assert_eq!(found, known);
    }
}
