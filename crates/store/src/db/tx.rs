//! A write transaction on either engine.

use super::fault::Fault;
use super::pg_tx::PgTx;
use super::{Row, Val, dialect, sqlite};
use rusqlite::Connection;

/// A write transaction in progress.
pub(crate) struct Tx {
    engine: EngineTx,
    undone: bool,
    broken: bool,
}

enum EngineTx {
    Sqlite(Connection),
    Postgres(PgTx),
}

impl Tx {
    /// The writer thread's transaction, used again and again.
    pub(super) fn sqlite_writer(connection: Connection) -> Self {
        Self { engine: EngineTx::Sqlite(connection), undone: false, broken: false }
    }

    pub(super) fn postgres(tx: PgTx) -> Self {
        Self { engine: EngineTx::Postgres(tx), undone: false, broken: false }
    }

    /// Runs a statement and says how many rows it touched.
    pub(crate) async fn exec(&mut self, sql: &'static str, args: Vec<Val>) -> Result<u64, Fault> {
        self.check()?;
        let result = match &mut self.engine {
            EngineTx::Sqlite(connection) => sqlite::execute(connection, sql, &args),
            EngineTx::Postgres(tx) => tx.execute(sql, &args).await,
        };
        self.broken |= result.is_err();
        result
    }

    /// Runs a statement that has nothing to tell but whether it failed. On PostgreSQL it is not waited for: a failure is told
    /// by the next statement that is, or by the commit.
    pub(crate) async fn put(&mut self, sql: &'static str, args: Vec<Val>) -> Result<(), Fault> {
        self.check()?;
        let result = match &mut self.engine {
            EngineTx::Sqlite(connection) => sqlite::execute(connection, sql, &args).map(drop),
            EngineTx::Postgres(tx) => tx.send(sql, args).await,
        };
        self.broken |= result.is_err();
        result
    }

    /// Runs a statement that answers with one row or none.
    pub(crate) async fn row(&mut self, sql: &'static str, args: Vec<Val>) -> Result<Option<Row>, Fault> {
        self.check()?;
        let result = match &mut self.engine {
            EngineTx::Sqlite(connection) => sqlite::query(connection, sql, &args),
            EngineTx::Postgres(tx) => tx.query(sql, &args).await,
        };
        self.broken |= result.is_err();
        Ok(result?.into_iter().next())
    }

    /// Runs a statement that answers with any number of rows.
    pub(crate) async fn rows(&mut self, sql: &'static str, args: Vec<Val>) -> Result<Vec<Row>, Fault> {
        self.check()?;
        let result = match &mut self.engine {
            EngineTx::Sqlite(connection) => sqlite::query(connection, sql, &args),
            EngineTx::Postgres(tx) => tx.query(sql, &args).await,
        };
        self.broken |= result.is_err();
        result
    }

    /// Lets the other nodes know, exactly when this is committed, that settings changed. On SQLite there are none.
    pub(crate) fn tell_settings(&mut self) {
        if let EngineTx::Postgres(tx) = &mut self.engine {
            tx.tell_settings();
        }
    }

    /// Waits for whoever is just disabling, removing or merging this user, and makes others wait for the end of this
    /// transaction: what the next statement finds of the user stays true until then. What was found before may not be
    /// true any more.
    pub(crate) async fn hold_user(&mut self, user_id: &str) -> Result<(), Fault> {
        if self.is_alone() {
            return Ok(());
        }
        self.put(dialect::HOLD_USER, super::args![user_id]).await
    }

    /// Whether nobody else writes until this transaction ends, as on SQLite.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.engine, EngineTx::Sqlite(_))
    }

    /// Makes the transaction leave nothing behind although its answer is a good one.
    pub(crate) fn undo(&mut self) {
        self.undone = true;
    }

    pub(super) fn reset(&mut self) {
        self.undone = false;
        self.broken = false;
    }

    pub(super) fn is_undone(&self) -> bool {
        self.undone
    }

    /// What a write says about itself counts only if none of its statements failed.
    pub(super) fn verdict<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.and_then(|value| self.check().map(|()| value))
    }

    /// On PostgreSQL nothing can follow a statement that failed, so on SQLite nothing does either.
    fn check(&self) -> Result<(), Fault> {
        if self.broken {
            Err(Fault::internal("a write went on after a statement had failed"))
        } else {
            Ok(())
        }
    }

    pub(super) fn sqlite(&self) -> Result<&Connection, Fault> {
        match &self.engine {
            EngineTx::Sqlite(connection) => Ok(connection),
            EngineTx::Postgres(_) => Err(Fault::internal("not a SQLite transaction")),
        }
    }

    pub(super) fn into_postgres(self) -> Option<PgTx> {
        match self.engine {
            EngineTx::Postgres(tx) => Some(tx),
            EngineTx::Sqlite(_) => None,
        }
    }
}
