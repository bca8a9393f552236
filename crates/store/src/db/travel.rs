//! How a statement travels to PostgreSQL: on a connection that is ours, or on one that a pooler lends for a
//! transaction at a time (PgBouncer in transaction mode), where nothing may be left behind for later.

use super::fault::Fault;
use super::{Row, Val, dialect};
use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::{ToSql, Type};

/// How statements travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Travel {
    /// Prepared once a connection, which was told its settings when it was made.
    Prepared,
    /// Planned anew each time, in a transaction that brings its settings along.
    Unnamed,
}

impl Travel {
    /// How a transaction of several statements begins.
    pub(super) fn begin(self) -> &'static str {
        match self {
            Self::Prepared => dialect::BEGIN_POSTGRES,
            Self::Unnamed => dialect::BEGIN_POOLED,
        }
    }

    /// Makes a statement known to the server, where that is remembered.
    pub(super) async fn prepare(self, connection: &ClientWrapper, sql: &'static str) -> Result<(), Fault> {
        if self == Self::Prepared {
            connection.prepare_cached(sql).await?;
        }
        Ok(())
    }

    /// A statement inside a transaction, answered with rows.
    pub(super) async fn query(
        self,
        connection: &ClientWrapper,
        sql: &'static str,
        args: &[Val],
    ) -> Result<Vec<Row>, Fault> {
        check(args)?;
        let rows = match self {
            Self::Prepared => {
                let statement = connection.prepare_cached(sql).await?;
                connection.query(&statement, &borrow(args)).await?
            }
            Self::Unnamed => connection.query_typed(sql, &typed(args)).await?,
        };
        rows.iter()
            .map(|row| Ok(Row::new((0..row.len()).map(|i| row.try_get(i)).collect::<Result<_, _>>()?)))
            .collect()
    }

    /// A statement inside a transaction, answered with a count.
    pub(super) async fn execute(
        self,
        connection: &ClientWrapper,
        sql: &'static str,
        args: &[Val],
    ) -> Result<u64, Fault> {
        check(args)?;
        Ok(match self {
            Self::Prepared => {
                let statement = connection.prepare_cached(sql).await?;
                connection.execute(&statement, &borrow(args)).await?
            }
            Self::Unnamed => connection.execute_typed(sql, &typed(args)).await?,
        })
    }

    /// A statement that stands alone. All three messages leave together: the server runs them in the order they were
    /// sent, which is the order in which `join!` first polls them.
    pub(super) async fn alone<T>(
        self,
        connection: &ClientWrapper,
        statement: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        if self == Self::Prepared {
            return statement.await;
        }
        let (begun, result, ended) = tokio::join!(
            connection.batch_execute(dialect::BEGIN_POOLED),
            statement,
            connection.batch_execute("commit")
        );
        begun?;
        let result = result?;
        ended?;
        Ok(result)
    }
}

fn check(args: &[Val]) -> Result<(), Fault> {
    if args.iter().all(Val::is_storable) { Ok(()) } else { Err(super::nul_character()) }
}

fn borrow(args: &[Val]) -> Vec<&(dyn ToSql + Sync)> {
    args.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn typed(args: &[Val]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    args.iter().map(|value| (value as &(dyn ToSql + Sync), value.postgres_type())).collect()
}
