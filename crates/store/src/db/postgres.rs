//! PostgreSQL: a small pool, and writes that nobody can abandon.

use super::connect::Target;
use super::dialect::CONNECT_TIMEOUT;
use super::fault::Fault;
use super::news::{Ear, Mouth};
use super::pg_tx::PgTx;
use super::refusal::Refusal;
use super::travel::Travel;
use super::{Row, Tx, Val, Work, migrate};
use crate::OpenError;
use deadpool_postgres::{Object, Pool, PoolError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_util::task::TaskTracker;

/// How often a write is tried when other transactions get in between.
const TRIES: u32 = 16;
/// How many lost connections in a row a read gets over.
const LOST_CONNECTIONS: u32 = 4;
/// How long at the most between two tries to have a connection more than the server gives.
const LONGEST_WAIT: Duration = Duration::from_millis(320);
/// How long a server may be silent, which ends statements itself after 15 s: longer than that, the way to it is cut.
const SILENCE: Duration = Duration::from_secs(17);

/// An open PostgreSQL store.
#[derive(Clone)]
pub(crate) struct Postgres {
    pool: Pool,
    travel: Travel,
    /// The server itself, past any pooler.
    pub(super) server: Arc<Target>,
    pub(super) writes: TaskTracker,
    pub(super) mouth: Arc<Mouth>,
    pub(super) ear: Arc<Ear>,
    pub(super) refusal: Arc<Refusal>,
}

impl Postgres {
    /// Migrates the database and opens the pool; connections are made when they are needed.
    pub(crate) async fn open(url: &str) -> Result<Self, OpenError> {
        let server = Target::parse(url)?;
        let pool = server.pool(true)?;
        Self::over(pool, Travel::Prepared, server).await
    }

    /// The same through a pooler in transaction mode, past which `server` leads.
    pub(crate) async fn open_pooled(url: &str, server: &str) -> Result<Self, OpenError> {
        let pool = Target::parse(url)?.pool(false)?;
        Self::over(pool, Travel::Unnamed, Target::parse(server)?).await
    }

    async fn over(pool: Pool, travel: Travel, server: Target) -> Result<Self, OpenError> {
        migrate::postgres(&server).await?;
        let (mouth, ear) = (Arc::default(), Arc::default());
        let (writes, refusal) = (TaskTracker::new(), Arc::default());
        Ok(Self { pool, travel, server: Arc::new(server), writes, mouth, ear, refusal })
    }

    /// A connection of the pool. Where the server has none left for another one, those that there are come back soon.
    async fn connection(&self) -> Result<Object, Fault> {
        let begun = Instant::now();
        let mut wait = Duration::from_millis(10);
        loop {
            match self.pool.get().await {
                Err(PoolError::Backend(error))
                    if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS)
                        && begun.elapsed() < CONNECT_TIMEOUT =>
                {
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                got => return Ok(got?),
            }
        }
    }

    async fn query_alone(
        &self,
        connection: &Object,
        sql: &'static str,
        args: &[Val],
    ) -> Option<Result<Vec<Row>, Fault>> {
        in_time(self.travel.alone(connection, self.travel.query(connection, sql, args))).await
    }

    /// Reads rows. A read whose connection turns out to be lost (the server was restarted) is done again on
    /// another one; a write is not, since it may have happened.
    pub(crate) async fn read(&self, sql: &'static str, args: &[Val]) -> Result<Vec<Row>, Fault> {
        for tries in 1..LOST_CONNECTIONS {
            let connection = self.connection().await?;
            let result = self.query_alone(&connection, sql, args).await;
            if result.is_none() {
                return Err(give_up(connection));
            }
            if let Some(result) = result
                && (result.is_ok() || !is_lost(&connection).await)
            {
                return result;
            }
            drop(connection);
            pause(tries).await;
        }
        let connection = self.connection().await?;
        let result = self.query_alone(&connection, sql, args).await;
        result.unwrap_or_else(|| Err(give_up(connection)))
    }

    /// Runs one writing statement that answers with rows.
    pub(crate) async fn query(&self, sql: &'static str, args: &[Val]) -> Result<Vec<Row>, Fault> {
        let mut tries = 1;
        loop {
            let connection = self.connection().await?;
            let result = self.query_alone(&connection, sql, args).await;
            match self.ended(connection, result) {
                Err(Fault::Conflict(_)) if tries < TRIES => pause(tries).await,
                result => return result,
            }
            tries += 1;
        }
    }

    /// Runs one writing statement that answers with a count.
    pub(crate) async fn execute(&self, sql: &'static str, args: &[Val]) -> Result<u64, Fault> {
        let mut tries = 1;
        loop {
            let connection = self.connection().await?;
            let statement = self.travel.execute(&connection, sql, args);
            let result = in_time(self.travel.alone(&connection, statement)).await;
            match self.ended(connection, result) {
                Err(Fault::Conflict(_)) if tries < TRIES => pause(tries).await,
                result => return result,
            }
            tries += 1;
        }
    }

    /// Runs several statements in one transaction. It runs as a task of its own: a caller that is dropped
    /// half-way (a client that hung up) leaves no connection behind that is still inside a transaction.
    pub(crate) async fn write<D, T>(&self, data: D, work: Work<D, T>) -> Result<T, Fault>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
    {
        let this = self.clone();
        // Also where each statement is answered in time: on a slow way many of them together take too long.
        let task = self.writes.spawn(async move {
            in_time(this.write_with_retry(&data, work)).await.unwrap_or_else(|| Err(silent()))
        });
        match task.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(Fault::internal("a write panicked")),
            Err(_) => Err(Fault::unavailable("the server is stopping")),
        }
    }

    async fn write_with_retry<D, T>(&self, data: &D, work: Work<D, T>) -> Result<T, Fault> {
        let mut tries = 1;
        loop {
            match self.write_once(data, work).await {
                Err(Fault::Conflict(_) | Fault::Duplicate(_)) if tries < TRIES => pause(tries).await,
                result => return result,
            }
            tries += 1;
        }
    }

    async fn write_once<D, T>(&self, data: &D, work: Work<D, T>) -> Result<T, Fault> {
        let mut tx = Tx::postgres(PgTx::new(self.connection().await?, self.travel));
        let result = work(data, &mut tx).await;
        let mut result = tx.verdict(result);
        let keep = result.is_ok() && !tx.is_undone();
        // On a server that takes no changes nothing is to be ended: the connection goes, and the transaction with it.
        if !matches!(result, Err(Fault::ReadOnly(_)))
            && let Some(pg) = tx.into_postgres()
        {
            // What was not waited for may have failed.
            let ended = pg.end(keep).await;
            result = result.and_then(|value| ended.map(|()| value));
        }
        if matches!(result, Err(Fault::ReadOnly(_))) {
            self.leave_idle();
        }
        result
    }

    /// A connection that fell silent, or whose server takes no changes, is not used again.
    fn ended<T>(&self, connection: Object, result: Option<Result<T, Fault>>) -> Result<T, Fault> {
        match result {
            None => Err(give_up(connection)),
            Some(Err(Fault::ReadOnly(error))) => {
                drop(Object::take(connection));
                self.leave_idle();
                Err(Fault::ReadOnly(error))
            }
            Some(result) => result,
        }
    }

    /// Leaves the server that takes no changes: new connections find the one that does, where the URL names several.
    fn leave_idle(&self) {
        self.pool.retain(|_, _| false);
    }

    /// Connections there are, those in use, and callers that wait for one.
    pub(crate) fn status(&self) -> (usize, usize, usize) {
        let status = self.pool.status();
        (status.size, status.size.saturating_sub(status.available), status.waiting)
    }

    /// A connection to the server itself.
    pub(super) async fn connection_of_its_own(&self) -> Result<Client, Fault> {
        self.server.single().await.map_err(|why| Fault::unavailable(why.to_string()))
    }

    /// Lets writes that have begun come to their end, also those whose caller is gone; then closes the pool.
    pub(crate) async fn close(&self) {
        self.writes.close();
        self.writes.wait().await;
        self.pool.close();
    }
}

/// The outcome, unless the server says nothing for longer than it would let a statement run.
pub(super) async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(SILENCE, work).await.ok()
}

/// A connection that fell silent is not used again.
fn give_up(connection: Object) -> Fault {
    drop(Object::take(connection));
    silent()
}

pub(super) fn silent() -> Fault {
    Fault::unavailable("the database does not answer")
}

/// Whether a connection on which something failed is gone. The driver hears of that a moment after the error.
async fn is_lost(connection: &Object) -> bool {
    if !connection.is_closed() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    connection.is_closed()
}

/// Waits a little longer each time, and never as long as the others who collided.
async fn pause(tries: u32) {
    let longest = 1_u64 << tries.min(6);
    let random = RandomState::new().build_hasher().finish();
    tokio::time::sleep(Duration::from_micros(random % (longest * 1000))).await;
}
