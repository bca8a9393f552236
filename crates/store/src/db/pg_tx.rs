//! A transaction on PostgreSQL. Statements that have nothing to tell are sent ahead of the others
//! (`docs/decisions/0035-statements-are-sent-ahead.md`), and a connection never goes back to the pool inside a transaction.

use super::fault::Fault;
use super::postgres::{in_time, silent};
use super::travel::Travel;
use super::{Row, Val, dialect};
use deadpool_postgres::Object;
use std::collections::VecDeque;
use std::future::{poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// How many statements may be on their way without being waited for.
const AHEAD: usize = 64;

/// A connection inside a transaction.
pub(crate) struct PgTx {
    /// Empty once the server has fallen silent.
    connection: Option<Arc<Held>>,
    travel: Travel,
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
    pub(super) fn new(connection: Object, travel: Travel) -> Self {
        let held = Held { object: Some(connection), in_transaction: AtomicBool::new(false) };
        let connection = Some(Arc::new(held));
        Self { connection, travel, sent: VecDeque::new(), tells_settings: false }
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
        if !held.in_transaction.swap(true, Ordering::Relaxed) {
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

    /// Commits, or undoes all. What was sent before and failed is told here, and undid all.
    pub(super) async fn end(mut self, keep: bool) -> Result<(), Fault> {
        let held = Arc::clone(self.connection.as_ref().ok_or_else(silent)?);
        if !held.in_transaction.load(Ordering::Relaxed) {
            return Ok(());
        }
        let how = match (keep, self.tells_settings) {
            (false, _) => "rollback",
            (true, false) => "commit",
            (true, true) => dialect::COMMIT_TELLING_SETTINGS,
        };
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
