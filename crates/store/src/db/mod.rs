//! The façade: one SQL text for two engines.
//!
//! A statement is `&'static str` with `$1…$n` first appearing in that order, its arguments are [`Val`]s and
//! its answer is [`Row`]s. Reads and single-statement writes go straight through; several statements that
//! stand or fall together go through [`Db::write`].
//!
//! What waits for PostgreSQL is kept in a box of its own: it is several kilobytes, and everybody who waits for anything
//! with a call of the store ahead would else keep room for it, on SQLite too.

mod connect;
pub(crate) mod copy;
mod dialect;
mod fault;
mod load;
mod log;
mod migrate;
mod news;
mod pg_tx;
mod pieces;
mod postgres;
mod refusal;
mod row;
mod sqlite;
#[cfg(test)]
mod tests;
mod tide;
mod travel;
mod tx;
mod val;
mod writer;

#[cfg(feature = "testing")]
pub(crate) use connect::Target;
pub(crate) use dialect::TIME_POSTGRES;
pub(crate) use fault::Fault;
pub use load::LoadError;
pub(crate) use load::{postgres as load_postgres, sqlite as load_sqlite};
pub(crate) use migrate::newest as newest_step;
pub(crate) use migrate::{check_steps, steps};
#[cfg(feature = "testing")]
pub(crate) use migrate::{postgres_within as migrate_postgres_within, sqlite as migrate_sqlite};
pub(crate) use pieces::{Piece, Pieces};
pub(crate) use row::{Misfit, Row};
pub(crate) use tx::Tx;
pub(crate) use val::{Val, args};

use crate::{Engine, OpenError, StoreError, StoreLoad};
use postgres::Postgres;
use refusal::Refusal;
use sqlite::Sqlite;
use std::panic::Location;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use tide::Lasting;
use tracing::{Instrument, Span, info_span};

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

    /// Whether it takes changes.
    pub(crate) fn refusal(&self) -> &Refusal {
        match self {
            Self::Sqlite(db) => &db.refusal,
            Self::Postgres(db) => &db.refusal,
        }
    }

    /// Ends when SQLite's disk did not keep what was written; never on PostgreSQL, which restarts itself then.
    pub(crate) async fn forsaken(&self) {
        match self {
            Self::Sqlite(db) => db.writer.forsaken().await,
            Self::Postgres(_) => std::future::pending().await,
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

    fn system(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgresql",
        }
    }

    /// The span of a call: what is told of it is the statement, never its arguments.
    fn span(&self, sql: &'static str) -> Span {
        info_span!("store", otel.kind = "client", db.system.name = self.system(), db.query.text = sql)
    }

    /// Reads rows.
    pub(crate) async fn read(&self, sql: &'static str, args: Vec<Val>) -> Result<Vec<Row>, StoreError> {
        let read = async {
            Ok(match self {
                Self::Sqlite(db) => db.read(sql, &args)?,
                Self::Postgres(db) => Box::pin(db.read(sql, &args)).await?,
            })
        };
        read.instrument(self.span(sql)).await
    }

    /// Reads rows with a query that may look at very many: beside the threads that serve requests, and for
    /// [`dialect::LONGEST_READ`] at most.
    pub(crate) async fn read_aside(&self, sql: &'static str, args: Vec<Val>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(db) => {
                let turn = Arc::clone(&db.searches).acquire_owned().await;
                let turn = turn.map_err(|error| StoreError::Unavailable(error.to_string()))?;
                let db = Arc::clone(db);
                let read = tokio::task::spawn_blocking(move || {
                    // Goes with the search, which runs to its end even if nobody waits for it any more.
                    let _turn = turn;
                    db.read_within(dialect::LONGEST_READ, sql, &args)
                });
                read.await.map_err(|error| StoreError::Internal(error.to_string()))??
            }
            Self::Postgres(db) => Box::pin(db.read(sql, &args)).await?,
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
        self.exec_lasting(sql, args, Lasting::OnDisk).await
    }

    /// The same for what may be lost in a power cut together with everything that was written after it: SQLite answers
    /// before the disk has it.
    pub(crate) async fn exec_in_order(&self, sql: &'static str, args: Vec<Val>) -> Result<u64, StoreError> {
        self.exec_lasting(sql, args, Lasting::InOrder).await
    }

    async fn exec_lasting(
        &self,
        sql: &'static str,
        args: Vec<Val>,
        lasting: Lasting,
    ) -> Result<u64, StoreError> {
        let run = async {
            Ok(match self {
                Self::Sqlite(db) => db.writer.execute(sql, args, lasting).await?,
                Self::Postgres(db) => Box::pin(db.execute(sql, &args)).await?,
            })
        };
        let done = run.instrument(self.span(sql)).await;
        self.refusal().note(&done, |count| *count > 0);
        done
    }

    /// Runs one writing statement with `returning`: one row or none.
    pub(crate) async fn exec_row(
        &self,
        sql: &'static str,
        args: Vec<Val>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.exec_rows(sql, args).await?.into_iter().next())
    }

    /// The same for what may be lost in a power cut, as [`Db::exec_in_order`].
    pub(crate) async fn exec_row_in_order(
        &self,
        sql: &'static str,
        args: Vec<Val>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows_lasting(sql, args, Lasting::InOrder).await?.into_iter().next())
    }

    /// Runs one writing statement with `returning`: any number of rows.
    pub(crate) async fn exec_rows(&self, sql: &'static str, args: Vec<Val>) -> Result<Vec<Row>, StoreError> {
        self.rows_lasting(sql, args, Lasting::OnDisk).await
    }

    async fn rows_lasting(
        &self,
        sql: &'static str,
        args: Vec<Val>,
        lasting: Lasting,
    ) -> Result<Vec<Row>, StoreError> {
        let run = async {
            Ok(match self {
                Self::Sqlite(db) => db.writer.query(sql, args, lasting).await?,
                Self::Postgres(db) => Box::pin(db.query(sql, &args)).await?,
            })
        };
        let done = run.instrument(self.span(sql)).await;
        self.refusal().note(&done, |rows| !rows.is_empty());
        done
    }

    /// Runs several statements that stand or fall together. A trace tells from where they were asked for.
    #[track_caller]
    pub(crate) fn write<D, T>(
        &self,
        data: D,
        work: Work<D, T>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
    {
        let at = Location::caller();
        let span = info_span!(
            "store.write",
            otel.kind = "client",
            db.system.name = self.system(),
            code.file.path = at.file(),
            code.line.number = at.line()
        );
        let run = async move {
            let done = match self {
                Self::Sqlite(db) => db.writer.write(data, work).await,
                Self::Postgres(db) => Box::pin(db.write(data, work)).await,
            };
            let done = done.map_err(StoreError::from);
            self.refusal().note(&done, |_| true);
            done
        };
        run.instrument(span)
    }
}

/// What both engines answer to a text that only one of them could store.
fn nul_character() -> Fault {
    Fault::internal("a text with a NUL character can't be stored")
}
