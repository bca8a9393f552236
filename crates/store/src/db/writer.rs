//! The one thread that writes to SQLite, and its group commit.
//!
//! A commit costs one wait for the disk, whatever it holds. So jobs that come in while the disk is busy share
//! the next commit: each runs in a savepoint of its own, and none is answered before the commit stands. There
//! is no timer; a job that comes alone is committed at once.

use super::fault::Fault;
use super::sqlite;
use super::{Row, Tx, Val, Work, dialect};
use crate::StoreError;
use rusqlite::Connection;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::task::{Context, Poll, Waker};
use tokio::sync::oneshot;

/// Jobs that may wait; more than that means the disk is far behind, and callers are told so.
const QUEUE: usize = 4096;
/// Jobs in one commit at most, so that the first of them does not wait for ever.
const BATCH: usize = 256;

/// Tells a caller how its job ended; called with the commit's error if there was one.
type Answer = Box<dyn FnOnce(Option<&StoreError>) + Send>;
/// Runs in the transaction; without one (it could not begin) it only says whom to answer.
type Job = Box<dyn FnOnce(Option<&mut Tx>) -> Answer + Send>;

enum Order {
    Run(Job),
    Close(oneshot::Sender<()>),
}

/// The way to the writer thread.
pub(crate) struct Writer {
    orders: SyncSender<Order>,
    commits: Arc<AtomicU64>,
    /// Jobs handed over and not answered yet.
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts the thread, which owns the connection and the lock on the file until it ends.
    pub(crate) fn start(connection: Connection, lock: File) -> std::io::Result<Self> {
        let (orders, inbox) = sync_channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&commits);
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(connection, lock, &inbox, &count))?;
        Ok(Self { orders, commits, waiting: Arc::default() })
    }

    /// How many jobs were handed over and are not answered yet.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many groups were committed. A row read while this number stays the same is still as it was: the
    /// count goes up before anybody is told that their write stands.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Runs one statement that answers with a count.
    pub(crate) async fn execute(&self, sql: &'static str, args: Vec<Val>) -> Result<u64, Fault> {
        self.submit(move |tx| sqlite::execute(tx.sqlite()?, sql, &args)).await
    }

    /// Runs one statement that answers with rows.
    pub(crate) async fn query(&self, sql: &'static str, args: Vec<Val>) -> Result<Vec<Row>, Fault> {
        self.submit(move |tx| sqlite::query(tx.sqlite()?, sql, &args)).await
    }

    /// Runs several statements that stand or fall together.
    pub(crate) async fn write<D, T>(&self, data: D, work: Work<D, T>) -> Result<T, Fault>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.submit(move |tx| in_savepoint(tx, &data, work)).await
    }

    async fn submit<T, F>(&self, run: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let place = Place::take(&self.waiting);
        let job: Job = Box::new(move |tx| {
            let result = match tx {
                Some(tx) => catch_unwind(AssertUnwindSafe(|| run(tx))).unwrap_or_else(|_| Err(panicked())),
                None => Err(Fault::unavailable("no transaction could begin")),
            };
            Box::new(move |lost| {
                drop(place);
                let result = lost.map_or(result, |error| Err(Fault::Final(error.clone())));
                // A caller that went away has no use for the answer.
                let _ = reply.send(result);
            })
        });
        match self.orders.try_send(Order::Run(job)) {
            Ok(()) => answer.await?,
            Err(TrySendError::Full(_)) => Err(Fault::unavailable("too many writes are waiting")),
            Err(TrySendError::Disconnected(_)) => Err(Fault::unavailable("the store is closed")),
        }
    }

    /// Waits until everything handed over before is done and the thread has closed the file.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        let mut order = Order::Close(done);
        while let Err(TrySendError::Full(back)) = self.orders.try_send(order) {
            order = back;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // An error means that it was closed before.
        let _ = closed.await;
    }
}

/// A place in the queue, given back wherever the job ends.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(waiting))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn run(connection: Connection, lock: File, inbox: &Receiver<Order>, commits: &AtomicU64) {
    let mut tx = Tx::sqlite_writer(connection);
    let mut closing = None;
    while closing.is_none() {
        match inbox.recv() {
            Ok(Order::Run(job)) => closing = commit_group(&mut tx, job, inbox, commits),
            Ok(Order::Close(done)) => closing = Some(done),
            Err(_) => break,
        }
    }
    drop(tx);
    // Only now may another process open the file; whoever waits for the end may start one.
    drop(lock);
    if let Some(done) = closing {
        let _ = done.send(());
    }
}

/// Runs the first job and those that wait behind it in one transaction, and answers them all.
fn commit_group(
    tx: &mut Tx,
    first: Job,
    inbox: &Receiver<Order>,
    commits: &AtomicU64,
) -> Option<oneshot::Sender<()>> {
    let mut answers = Vec::new();
    let mut closing = None;
    let mut outcome = control(tx, dialect::BEGIN_SQLITE);
    // Where somebody else writes for long, all have waited for him: each waiting for himself would take for ever.
    let begun = outcome.is_ok();
    let mut next = Some(first);
    while let Some(job) = next.take() {
        answers.push(job(outcome.is_ok().then_some(&mut *tx)));
        // A full disk and the like make SQLite roll back by itself: then nothing of this group stands.
        if outcome.is_ok() && has_ended(tx) {
            outcome = Err(Fault::unavailable("SQLite gave up the transaction"));
        }
        if outcome.is_ok() == begun && answers.len() < BATCH {
            match inbox.try_recv() {
                Ok(Order::Run(job)) => next = Some(job),
                Ok(Order::Close(done)) => closing = Some(done),
                Err(_) => {}
            }
        }
    }
    let outcome = outcome.and_then(|()| control(tx, "commit")).map_err(StoreError::from);
    if outcome.is_err() && !has_ended(tx) {
        // If even this fails, the next `begin` does too, and says so.
        let _ = control(tx, "rollback");
    }
    commits.fetch_add(1, Ordering::Release);
    for answer in answers {
        answer(outcome.as_ref().err());
    }
    closing
}

fn has_ended(tx: &Tx) -> bool {
    tx.sqlite().is_ok_and(Connection::is_autocommit)
}

fn panicked() -> Fault {
    Fault::internal("a write panicked")
}

fn control(tx: &mut Tx, sql: &'static str) -> Result<(), Fault> {
    sqlite::execute(tx.sqlite()?, sql, &[]).map(drop)
}

/// Runs one job so that it leaves all of its marks or none. Its future is polled once: it can await nothing
/// but statements of this transaction, which are always ready, so whatever else it waits for is a mistake.
fn in_savepoint<D, T>(tx: &mut Tx, data: &D, work: Work<D, T>) -> Result<T, Fault> {
    control(tx, "savepoint job")?;
    tx.reset();
    let polled = catch_unwind(AssertUnwindSafe(|| {
        pin!(work(data, tx)).as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }));
    let result = match polled {
        Ok(Poll::Ready(result)) => tx.verdict(result),
        Ok(Poll::Pending) => Err(Fault::internal("a write waited for something that is not the store")),
        Err(_) => Err(panicked()),
    };
    if result.is_err() || tx.is_undone() {
        control(tx, "rollback to job")?;
    }
    control(tx, "release job")?;
    result
}
