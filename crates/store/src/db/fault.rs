//! What a statement can end with, from both drivers, sorted by what to do next.

use super::row::Misfit;
use crate::StoreError;
use rusqlite::ErrorCode;
use std::error::Error;
use tokio_postgres::error::SqlState;

/// How a statement failed, as far as the façade has to tell apart.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Another transaction got in between (serialization failure, deadlock): the same again may succeed.
    Conflict(StoreError),
    /// A row with this key is there already. In a transaction the same again may find it.
    Duplicate(StoreError),
    /// The server takes no changes: another one may be the primary now.
    ReadOnly(StoreError),
    /// Nothing that can be tried again here.
    Final(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Conflict(error)
            | Fault::Duplicate(error)
            | Fault::ReadOnly(error)
            | Fault::Final(error) => error,
        }
    }
}

impl Fault {
    /// A mistake of ours.
    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Self::Final(StoreError::Internal(what.into()))
    }

    /// Not possible right now.
    pub(crate) fn unavailable(what: impl Into<String>) -> Self {
        Self::Final(StoreError::Unavailable(what.into()))
    }
}

impl From<Misfit> for Fault {
    fn from(Misfit(what): Misfit) -> Self {
        Self::internal(what)
    }
}

/// SQLite's messages name tables and columns, never values.
impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return Self::internal(error.to_string());
        };
        let text = message.clone().unwrap_or_else(|| failure.to_string());
        match (failure.code, failure.extended_code) {
            (ErrorCode::DiskFull | ErrorCode::ReadOnly, _)
            | (
                _,
                rusqlite::ffi::SQLITE_IOERR_WRITE
                | rusqlite::ffi::SQLITE_IOERR_FSYNC
                | rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC
                | rusqlite::ffi::SQLITE_IOERR_TRUNCATE
                | rusqlite::ffi::SQLITE_IOERR_SHMSIZE,
            ) => Self::Final(StoreError::TakesNoWrites(text)),
            (_, rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Self::unavailable(ORPHAN),
            (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
            | (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                Self::Duplicate(StoreError::Internal(text))
            }
            (
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory,
                _,
            ) => Self::unavailable(text),
            (ErrorCode::OperationInterrupted, _) => Self::Final(StoreError::TooLong),
            _ => Self::internal(text),
        }
    }
}

/// A row was to refer to another that is gone, for example a city removed on another node a moment ago.
/// Asked again, the caller will have heard of that.
const ORPHAN: &str = "what the row belongs to has just been removed";

/// Whose statements are gone, or somebody else's, shares its connection.
const POOLER: &str = "there is a pooler in transaction mode on the way, which has to be said: name the address past it \
                      with --database-direct-url";

/// PostgreSQL's `detail` holds values and is left out; so is its message, except where it is about the
/// statement and not about values.
impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let text = error.to_string();
            let signs = ["serializing", "unexpected number", " parameters but got "];
            let ours = signs.iter().any(|sign| text.contains(sign));
            let cause = error.source().filter(|cause| cause.is::<std::io::Error>());
            let text = cause.map_or_else(|| text.clone(), |cause| format!("{text}: {cause}"));
            return if ours { Self::internal(text) } else { Self::unavailable(text) };
        };
        let code = db.code().code();
        let place = db.constraint().or(db.table()).unwrap_or_default();
        let short = format!("SQLSTATE {code} {place}").trim_end().to_owned();
        match *db.code() {
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Conflict(StoreError::Unavailable(short))
            }
            SqlState::QUERY_CANCELED => Self::Final(StoreError::TooLong),
            SqlState::UNIQUE_VIOLATION => Self::Duplicate(StoreError::Internal(short)),
            SqlState::FOREIGN_KEY_VIOLATION => Self::unavailable(ORPHAN),
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly(StoreError::TakesNoWrites(short)),
            SqlState::DISK_FULL => Self::Final(StoreError::NoRoom(format!("{short}: {}", db.message()))),
            SqlState::LOCK_NOT_AVAILABLE => Self::unavailable(short),
            SqlState::INVALID_SQL_STATEMENT_NAME | SqlState::DUPLICATE_PSTATEMENT => {
                Self::internal(format!("{short}: {POOLER}"))
            }
            _ if ["08", "28", "3D", "53", "57", "58"].contains(&&code[..2]) => {
                Self::unavailable(format!("{short}: {}", db.message()))
            }
            _ if code.starts_with("42") => Self::internal(format!("{short}: {}", db.message())),
            _ => Self::internal(short),
        }
    }
}

impl From<deadpool_postgres::PoolError> for Fault {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => match Self::from(error) {
                Self::Final(StoreError::Internal(text)) => Self::unavailable(text),
                fault => fault,
            },
            other => Self::unavailable(other.to_string()),
        }
    }
}
