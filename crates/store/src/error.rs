//! What can go wrong with the memory, told without any stored or bound value.

use std::path::PathBuf;

/// The oldest version of PostgreSQL that is taken. The statements use nothing that it lacks; but nothing older than 15 is
/// tested.
pub const OLDEST_POSTGRES: u32 = 13;

/// Why a store could not be opened. Never contains a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the file open.
    #[error(
        "{} is in use by another running process: stop that one first, or give this one its own data folder \
         (several servers can share one PostgreSQL database instead)",
        path.display()
    )]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// The file or its lock can't be created or opened.
    #[error("{} can't be opened: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The text is not the address of a PostgreSQL database.
    #[error(
        "the database URL is not of the form postgres://user:password@host:port/database \
         (special characters of the user name and password must be percent-encoded)"
    )]
    Url,
    /// The server can't be reached or refused the connection.
    #[error("{0}")]
    Connect(String),
    /// What was in the file lives elsewhere now.
    #[error(
        "{} was moved to {to}: what happened since is not in this file. Start with that database (--database-url or \
         FED_DATABASE_URL) and the same master key",
        path.display()
    )]
    Moved {
        /// The database file.
        path: PathBuf,
        /// Where to, without secrets.
        to: String,
    },
    /// The database is not whole yet.
    #[error(
        "{place} is being filled by `fed db copy` and is not whole yet: the same `fed db copy` again goes on where it \
         ended"
    )]
    Copying {
        /// Where it is, without secrets.
        place: String,
    },
    /// The server is too old.
    #[error("{place} is PostgreSQL {version}; this needs {OLDEST_POSTGRES} or later")]
    TooOld {
        /// Where it is, without secrets.
        place: String,
        /// As the server tells it.
        version: String,
    },
    /// The user of the database may not do what a migration does.
    #[error("the user may not make or change tables in {place}: {cause}")]
    Forbidden {
        /// Where it is, without secrets.
        place: String,
        /// What the server said.
        cause: String,
    },
    /// Somebody else's tables are there.
    #[error("{place} holds tables that are not of a Federation: {cause}")]
    Occupied {
        /// Where it is, without secrets.
        place: String,
        /// What the server said.
        cause: String,
    },
    /// The schema can't be brought to this version.
    #[error("the database can't be migrated: {0}")]
    Migrate(String),
}

/// Why the memory did not do what it was asked. Never contains a stored or bound value.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Not possible right now: no free connection, connection lost, busy. Worth another try later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// It is read, but takes no changes: it is read-only, or SQLite's disk is full. Worth another try later.
    #[error("the database takes no changes: {0}")]
    TakesNoWrites(String),
    /// PostgreSQL's disk is full: what needs no more room still succeeds. Worth another try later.
    #[error("the database has no room: {0}")]
    NoRoom(String),
    /// It looked at too much for too long, and was given up.
    #[error("the search took too long")]
    TooLong,
    /// What is stored contradicts itself.
    #[error("the row {row} of {table} is inconsistent: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The key of the row; never a secret.
        row: String,
        /// What does not fit.
        what: String,
    },
    /// A mistake of ours.
    #[error("the database refused: {0}")]
    Internal(String),
}
