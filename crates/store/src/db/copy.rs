//! A copy of a SQLite file in a PostgreSQL database: what both sides need for it, and how they are made the same.

mod compare;
mod goal;
mod origin;
mod shape;

pub use compare::Tally;
pub(crate) use compare::make_same;
pub(crate) use goal::{Goal, Standing};
pub(crate) use origin::{Origin, moved};
pub(crate) use shape::Shape;

use super::Val;
use super::connect::explain;
use crate::OpenError;
use std::path::PathBuf;

/// In PostgreSQL, while it is being filled: nobody may open it.
pub(crate) const COPYING: &str = "copying";
/// In PostgreSQL, when it was filled: which copy it was.
pub(crate) const COPIED: &str = "copied";
/// In SQLite, when its content lives elsewhere: nobody may open it.
pub(crate) const MOVED: &str = "moved";

/// Why a Federation could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The SQLite file or the PostgreSQL database can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no such file.
    #[error("no Federation is here: there is no {}", .0.display())]
    Missing(PathBuf),
    /// It has not the schema of this version.
    #[error("{} has the schema of another version of this program", .0.display())]
    OtherVersion(PathBuf),
    /// Nothing was ever in it.
    #[error("{} was never served: there is nothing to copy", .0.display())]
    NeverServed(PathBuf),
    /// The file was moved already, and not to this database.
    #[error("the Federation was moved to {0} already")]
    MovedElsewhere(String),
    /// The database holds something else.
    #[error("{0} is not empty and no copy of this Federation: nothing is overwritten")]
    Occupied(String),
    /// The database holds an unfinished copy that another version of this program began.
    #[error("{0} holds a copy that another version of this program has begun")]
    OtherCopy(String),
    /// Another process does the same.
    #[error("another process is copying into {0}")]
    Busy(String),
    /// The SQLite file could not be read or marked.
    #[error("the SQLite file can't be used: {0}")]
    Origin(String),
    /// PostgreSQL did not do what it was asked.
    #[error("PostgreSQL did not go along: {0}")]
    Goal(String),
    /// What was written did not come back the same.
    #[error("{0} is not the same on both sides after it was copied: is somebody else writing there?")]
    Different(&'static str),
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Origin(explain(&error))
    }
}

/// The driver's own text, without the server's details, which hold values.
impl From<tokio_postgres::Error> for CopyError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Goal(match error.as_db_error() {
            Some(db) => {
                let place = db.table().or(db.constraint()).unwrap_or_default();
                format!("{} ({}) {place}", db.message(), db.code().code()).trim_end().to_owned()
            }
            None => explain(&error),
        })
    }
}

/// The cells of a row.
pub(crate) type Cells = Vec<Val>;
