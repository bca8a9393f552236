//! PostgreSQL: a small pool, and transactions that nobody can abandon.

use super::connect::Target;
use super::fault::Fault;
use super::news::{Ear, Mouth};
use super::travel::Travel;
use super::{Row, Tx, Val, Work, dialect, migrate};
use crate::OpenError;
use deadpool_postgres::{Object, Pool};
use std::collections::VecDeque;
use std::future::{poll_fn, ready};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio_postgres::Client;
use tokio_util::task::TaskTracker;

/// How often a write is tried when other transactions get in between.
const TRIES: u32 = 16;
/// How many lost connections in a row a read gets over.
const LOST_CONNECTIONS: u32 = 4;
/// How many statements of a transaction may be on their way without being waited for.
const AHEAD: usize = 64;
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
        Ok(Self { pool, travel, server: Arc::new(server), writes: TaskTracker::new(), mouth, ear })
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
            let connection = self.pool.get().await?;
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
        let connection = self.pool.get().await?;
        let result = self.query_alone(&connection, sql, args).await;
        result.unwrap_or_else(|| Err(give_up(connection)))
    }

    /// Runs one writing statement that answers with rows.
    pub(crate) async fn query(&self, sql: &'static str, args: &[Val]) -> Result<Vec<Row>, Fault> {
        let mut tries = 1;
        loop {
            let connection = self.pool.get().await?;
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
            let connection = self.pool.get().await?;
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
        let mut tx = Tx::postgres(PgTx::new(self.pool.get().await?, self.travel));
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

/// A connection inside a transaction.
pub(crate) struct PgTx {
    /// Empty once the server has fallen silent.
    connection: Option<Arc<Held>>,
    travel: Travel,
    begun: bool,
    /// What was sent and not answered yet, in that order.
    sent: VecDeque<Sent>,
    /// Whether other nodes shall look at the settings when this is committed.
    tells_settings: bool,
}

/// A connection that all hold who wait for an answer on it. When the last one lets it go while the transaction has not
/// ended, it is closed: whoever got it next would be in the middle of that.
struct Held {
    /// Empty only while it is dropped.
    object: Option<Object>,
    in_transaction: AtomicBool,
}

/// A statement on its way, of which is only asked that it does not fail.
type Sent = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

impl PgTx {
    fn new(connection: Object, travel: Travel) -> Self {
        let held = Held { object: Some(connection), in_transaction: AtomicBool::new(false) };
        let connection = Some(Arc::new(held));
        Self { connection, travel, begun: false, sent: VecDeque::new(), tells_settings: false }
    }

    pub(super) fn tell_settings(&mut self) {
        self.tells_settings = true;
    }

    pub(super) async fn query(&mut self, sql: &'static str, args: &[Val]) -> Result<Vec<Row>, Fault> {
        let (held, travel) = (self.open().await?, self.travel);
        self.answer(travel.query(held.connection()?, sql, args)).await
    }

    pub(super) async fn execute(&mut self, sql: &'static str, args: &[Val]) -> Result<u64, Fault> {
        let (held, travel) = (self.open().await?, self.travel);
        self.answer(travel.execute(held.connection()?, sql, args)).await
    }

    /// Sends a statement and does not wait for its answer. The server runs statements in the order in which they come, and
    /// after one that failed no other: whatever is waited for next, the commit at the latest, tells of that.
    pub(super) async fn send(&mut self, sql: &'static str, args: Vec<Val>) -> Result<(), Fault> {
        let (held, travel) = (self.open().await?, self.travel);
        // Only what is prepared already leaves at once, and so before what comes after it.
        let mut prepared = pin!(travel.prepare(held.connection()?, sql));
        match look(prepared.as_mut()).await {
            Poll::Ready(known) => known?,
            Poll::Pending => self.answer(prepared).await?,
        }
        if self.sent.len() >= AHEAD {
            self.answer(ready(Ok(()))).await?;
        }
        let held = Arc::clone(&held);
        self.dispatch(async move { travel.execute(held.connection()?, sql, &args).await.map(drop) }).await
    }

    /// The connection, on which `begin` was sent.
    async fn open(&mut self) -> Result<Arc<Held>, Fault> {
        let held = Arc::clone(self.connection.as_ref().ok_or_else(silent)?);
        if !std::mem::replace(&mut self.begun, true) {
            held.in_transaction.store(true, Ordering::Relaxed);
            let (begins, how) = (Arc::clone(&held), self.travel.begin());
            self.dispatch(async move { Ok(begins.connection()?.batch_execute(how).await?) }).await?;
        }
        Ok(held)
    }

    /// Lets a statement leave. One that fails before it has left is told at once: the server does not know of it, and
    /// would commit the others.
    async fn dispatch(
        &mut self,
        statement: impl Future<Output = Result<(), Fault>> + Send + 'static,
    ) -> Result<(), Fault> {
        let mut statement: Sent = Box::pin(statement);
        match look(statement.as_mut()).await {
            Poll::Ready(answer) => answer,
            Poll::Pending => {
                self.sent.push_back(statement);
                Ok(())
            }
        }
    }

    /// The answer to a statement, if those before it did not fail.
    async fn answer<T>(&mut self, statement: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let answer = in_time(async {
            let mut statement = pin!(statement);
            let early = look(statement.as_mut()).await;
            self.settle().await?;
            match early {
                Poll::Ready(answer) => answer,
                Poll::Pending => statement.await,
            }
        });
        let answer = answer.await;
        answer.unwrap_or_else(|| Err(self.give_up()))
    }

    /// Waits for what was sent. Answers come in that order and have to be taken in it, or the driver would stop reading.
    async fn settle(&mut self) -> Result<(), Fault> {
        while let Some(earlier) = self.sent.pop_front() {
            earlier.await?;
        }
        Ok(())
    }

    async fn end(mut self, keep: bool) -> Result<(), Fault> {
        if !self.begun {
            return Ok(());
        }
        let how = match (keep, self.tells_settings) {
            (false, _) => "rollback",
            (true, false) => "commit",
            (true, true) => dialect::COMMIT_TELLING_SETTINGS,
        };
        let held = Arc::clone(self.connection.as_ref().ok_or_else(silent)?);
        let ended = in_time(async {
            let mut last = pin!(held.connection()?.batch_execute(how));
            let early = look(last.as_mut()).await;
            let earlier = self.settle().await;
            let ended = match early {
                Poll::Ready(ended) => ended,
                Poll::Pending => last.await,
            };
            // After a statement that failed, `commit` ends the transaction, too, by undoing it.
            if ended.is_ok() && !matches!(earlier, Err(Fault::ReadOnly(_))) {
                held.in_transaction.store(false, Ordering::Relaxed);
            }
            earlier.and(ended.map_err(Fault::from))
        });
        ended.await.unwrap_or_else(|| Err(silent()))
    }

    /// The server undoes what was begun when it hears that the connection is gone.
    fn give_up(&mut self) -> Fault {
        self.sent.clear();
        self.connection = None;
        silent()
    }
}

impl Held {
    fn connection(&self) -> Result<&Object, Fault> {
        self.object.as_ref().ok_or_else(silent)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.in_transaction.load(Ordering::Relaxed)
            && let Some(object) = self.object.take()
        {
            drop(Object::take(object));
        }
    }
}

/// Asks a future once. The driver sends a statement when it is first asked for its answer.
async fn look<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// The outcome, unless the server says nothing for longer than it would let a statement run.
async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(SILENCE, work).await.ok()
}

/// A connection that fell silent is not used again.
fn give_up(connection: Object) -> Fault {
    drop(Object::take(connection));
    silent()
}

fn silent() -> Fault {
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
