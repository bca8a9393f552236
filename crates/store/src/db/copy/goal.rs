//! The PostgreSQL database that is filled.

use super::shape::Range;
use super::{COPIED, COPYING, Cells, CopyError, Shape};
use crate::db::connect::Target;
use crate::db::{Val, dialect, load, migrate};
use futures::future::try_join_all;
use futures::{TryStreamExt, pin_mut};
use std::time::{Duration, Instant};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

/// How long the server may take to notice that a connection is gone.
const GONE: Duration = Duration::from_secs(5);

/// An open database. Whatever was begun in it and not ended is undone when it goes.
pub(crate) struct Goal {
    client: Client,
    /// Where it is, without secrets.
    pub(crate) place: String,
}

/// What a database says of copies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is nothing of a Federation.
    Empty,
    /// A copy was begun: of which Federation, and which copy.
    Begun(String, String),
    /// It was ended: the same.
    Ended(String, String),
    /// Something else is there.
    Occupied,
}

impl Goal {
    /// Connects, and makes sure that nobody else copies into it.
    pub(crate) async fn open(url: &str) -> Result<Self, CopyError> {
        let target = Target::parse(url)?;
        let goal = Self { client: target.single().await?, place: target.place() };
        goal.client.batch_execute(dialect::SETTINGS_COPY_POSTGRES).await?;
        // The server may be about to notice that a process which had the lock is gone.
        let end = Instant::now() + GONE;
        while !goal.client.query_one(dialect::COPY_LOCK, &[]).await?.try_get::<_, bool>(0)? {
            if Instant::now() >= end {
                return Err(CopyError::Busy(goal.place));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(goal)
    }

    /// What it holds.
    pub(crate) async fn standing(&self, tables: &[&'static str]) -> Result<Standing, CopyError> {
        if !self.has("schema_steps").await? {
            for table in tables {
                if self.has(table).await? {
                    return Ok(Standing::Occupied);
                }
            }
            return Ok(Standing::Empty);
        }
        if let Some((federation, copy)) = self.fact(COPYING).await? {
            let steps = self.client.query("select name from schema_steps order by number", &[]).await?;
            let steps: Vec<String> = steps.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
            if steps != migrate::steps() {
                return Err(CopyError::OtherCopy(self.place.clone()));
            }
            return Ok(Standing::Begun(federation, copy));
        }
        let ended = self.fact(COPIED).await?;
        Ok(ended.map_or(Standing::Occupied, |(federation, copy)| Standing::Ended(federation, copy)))
    }

    async fn has(&self, table: &str) -> Result<bool, CopyError> {
        let sql = format!("select to_regclass('{table}') is not null");
        Ok(self.client.query_one(&sql, &[]).await?.try_get(0)?)
    }

    async fn fact(&self, name: &str) -> Result<Option<(String, String)>, CopyError> {
        if !self.has("facts").await? {
            return Ok(None);
        }
        let row = self.client.query_opt("select value from facts where name = $1", &[&name]).await?;
        let Some(row) = row else { return Ok(None) };
        let text = String::from_utf8_lossy(row.try_get(0)?).into_owned();
        let (federation, copy) = text.split_once('\n').unwrap_or((&text, ""));
        Ok(Some((federation.to_owned(), copy.to_owned())))
    }

    /// Makes the schema, and with it the fact that keeps everybody out.
    pub(crate) async fn prepare(&mut self, federation: &str, copy: &str) -> Result<(), CopyError> {
        let transaction = self.client.transaction().await?;
        transaction.batch_execute(dialect::MIGRATION_LOCK_WITHIN).await?;
        migrate::postgres_within(&transaction, &migrate::steps()).await?;
        let value = format!("{federation}\n{copy}").into_bytes();
        let sql = "insert into facts (name, value) values ($1, $2)";
        transaction.execute(sql, &[&COPYING, &value]).await?;
        Ok(transaction.commit().await?)
    }

    /// Lets everybody in.
    pub(crate) async fn release(&self) -> Result<(), CopyError> {
        let sql = "update facts set name = $1 where name = $2";
        self.client.execute(sql, &[&COPIED, &COPYING]).await?;
        Ok(())
    }

    /// Begins a transaction in which nobody else changes these tables.
    pub(crate) async fn begin_alone(&self, shapes: &[Shape]) -> Result<(), CopyError> {
        let tables: Vec<&str> = shapes.iter().map(|shape| shape.table).collect();
        let lock = format!("begin; lock table {} in share row exclusive mode", tables.join(", "));
        Ok(self.client.batch_execute(&lock).await?)
    }

    pub(super) async fn begin(&self) -> Result<(), CopyError> {
        Ok(self.client.batch_execute("begin").await?)
    }

    pub(crate) async fn commit(&self) -> Result<(), CopyError> {
        Ok(self.client.batch_execute("commit").await?)
    }

    /// Lets the planner know what came.
    pub(crate) async fn analyze(&self, shapes: &[Shape]) -> Result<(), CopyError> {
        let tables: Vec<&str> = shapes.iter().map(|shape| shape.table).collect();
        Ok(self.client.batch_execute(&format!("analyze {}", tables.join(", "))).await?)
    }

    pub(super) async fn is_empty(&self, shape: &Shape) -> Result<bool, CopyError> {
        let sql = format!("select not exists (select 1 from {})", shape.table);
        Ok(self.client.query_one(&sql, &[]).await?.try_get(0)?)
    }

    /// The rows of a part.
    pub(super) async fn rows(&self, shape: &Shape, range: &Range) -> Result<Vec<Cells>, CopyError> {
        let statement = self.client.prepare(&shape.select(range, None)).await?;
        let values: Vec<&(dyn ToSql + Sync)> =
            range.values().map(|value| value as &(dyn ToSql + Sync)).collect();
        let stream = self.client.query_raw(&statement, values).await?;
        pin_mut!(stream);
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await? {
            rows.push((0..row.len()).map(|at| row.try_get(at)).collect::<Result<Vec<Val>, _>>()?);
        }
        Ok(rows)
    }

    /// Removes rows by their keys, all on their way at once.
    pub(super) async fn remove(&self, shape: &Shape, keys: &[Cells]) -> Result<(), CopyError> {
        let statement = self.client.prepare(&shape.delete()).await?;
        let removals = keys.iter().map(|key| self.client.execute_raw(&statement, key));
        try_join_all(removals).await?;
        Ok(())
    }

    pub(super) async fn insert(&self, shape: &Shape, rows: &[Cells]) -> Result<(), CopyError> {
        Ok(load::copy(&self.client, shape.table, &shape.columns, rows).await?)
    }
}
