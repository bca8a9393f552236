//! The façade: one SQL text for two engines.
//!
//! A statement is `&'static str` with `$1…$n` first appearing in that order, its arguments are [`Val`]s and
//! its answer is [`Row`]s. Reads and single-statement writes go straight through; several statements that
//! stand or fall together go through [`Db::write`].

mod connect;
mod dialect;
mod fault;
mod load;
mod migrate;
mod news;
mod pieces;
mod postgres;
mod row;
mod sqlite;
#[cfg(test)]
mod tests;
mod travel;
mod tx;
mod val;
mod writer;

#[cfg(feature = "testing")]
pub(crate) use connect::Target;
pub(crate) use fault::Fault;
pub use load::LoadError;
pub(crate) use load::{postgres as load_postgres, sqlite as load_sqlite};
pub(crate) use migrate::newest as newest_step;
pub(crate) use migrate::{check_steps, steps};
pub(crate) use pieces::{Piece, Pieces};
pub(crate) use row::{Misfit, Row};
pub(crate) use tx::Tx;
pub(crate) use val::{Val, args};

use crate::{Engine, OpenError, StoreError, StoreLoad};
use postgres::Postgres;
use sqlite::Sqlite;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// What a write transaction does with its data. It may run more than once (PostgreSQL tries again when other
/// transactions got in between), and it may await nothing but the transaction's own statements.
pub(crate) type Work<D, T> =
    for<'t> fn(&'t D, &'t mut Tx) -> Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 't>>;

/// A database on either engine.
#[derive(Clone)]
pub(crate) enum Db {
    Sqlite(Arc<Sqlite>),
    Postgres(Postgres),
}

impl Db {
    pub(crate) fn open_sqlite(path: &Path) -> Result<Self, OpenError> {
        Ok(Self::Sqlite(Arc::new(Sqlite::open(path)?)))
    }

    pub(crate) async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        Ok(Self::Postgres(Postgres::open(url).await?))
    }

    pub(crate) async fn open_pooled_postgres(url: &str, server: &str) -> Result<Self, OpenError> {
        Ok(Self::Postgres(Postgres::open_pooled(url, server).await?))
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// How often this process has written, where nobody else can write: while the number stays the same, what
    /// was read is still true.
    pub(crate) fn commits(&self) -> Option<u64> {
        match self {
            Self::Sqlite(db) => Some(db.writer.commits()),
            Self::Postgres(_) => None,
        }
    }

    /// How busy it is.
    pub(crate) fn load(&self) -> StoreLoad {
        match self {
            Self::Sqlite(db) => StoreLoad { waiting: db.writer.waiting(), ..StoreLoad::default() },
            Self::Postgres(db) => {
                let (connections, in_use, waiting) = db.status();
                StoreLoad { waiting, connections, in_use }
            }
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(db) => db.close().await,
            Self::Postgres(db) => db.close().await,
        }
    }

    /// Reads rows.
    pub(crate) async fn read(&self, sql: &'static str, args: Vec<Val>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(db) => db.read(sql, &args)?,
            Self::Postgres(db) => db.read(sql, &args).await?,
        })
    }

    /// Reads rows with a query that may look at very many: beside the threads that serve requests, and for
    /// [`dialect::LONGEST_READ`] at most.
    pub(crate) async fn read_aside(&self, sql: &'static str, args: Vec<Val>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(db) => {
                let db = Arc::clone(db);
                let read =
                    tokio::task::spawn_blocking(move || db.read_within(dialect::LONGEST_READ, sql, &args));
                read.await.map_err(|error| StoreError::Internal(error.to_string()))??
            }
            Self::Postgres(db) => db.read(sql, &args).await?,
        })
    }

    /// Reads one row or none.
    pub(crate) async fn read_row(
        &self,
        sql: &'static str,
        args: Vec<Val>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.read(sql, args).await?.into_iter().next())
    }

    /// Runs one writing statement and says how many rows it touched.
    pub(crate) async fn exec(&self, sql: &'static str, args: Vec<Val>) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(db) => db.writer.execute(sql, args).await?,
            Self::Postgres(db) => db.execute(sql, &args).await?,
        })
    }

    /// Runs one writing statement with `returning`: one row or none.
    pub(crate) async fn exec_row(
        &self,
        sql: &'static str,
        args: Vec<Val>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.exec_rows(sql, args).await?.into_iter().next())
    }

    /// Runs one writing statement with `returning`: any number of rows.
    pub(crate) async fn exec_rows(&self, sql: &'static str, args: Vec<Val>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(db) => db.writer.query(sql, args).await?,
            Self::Postgres(db) => db.query(sql, &args).await?,
        })
    }

    /// Runs several statements that stand or fall together.
    pub(crate) async fn write<D, T>(&self, data: D, work: Work<D, T>) -> Result<T, StoreError>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
    {
        Ok(match self {
            Self::Sqlite(db) => db.writer.write(data, work).await?,
            Self::Postgres(db) => db.write(data, work).await?,
        })
    }
}

/// What both engines answer to a text that only one of them could store.
fn nul_character() -> Fault {
    Fault::internal("a text with a NUL character can't be stored")
}
