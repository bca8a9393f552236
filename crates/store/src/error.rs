//! What can go wrong with the memory, told without any stored or bound value.

use std::path::PathBuf;

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
    /// The schema can't be brought to this version.
    #[error("the database can't be migrated: {0}")]
    Migrate(String),
}

/// Why the memory did not do what it was asked. Never contains a stored or bound value.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Not possible right now: no free connection, connection lost, disk full, busy. Worth another try later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
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
