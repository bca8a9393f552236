//! The one thread that writes to SQLite, its group commit, and the thread that waits for the disk.
//!
//! A wait for the disk costs the same whatever it is for. So jobs that come in while the disk is busy share the next
//! commit: each runs in a savepoint of its own at once, the group is committed as soon as the disk has taken the one
//! before, and nobody whose job has to last is answered before the disk has it. There is no timer for them; a job that
//! comes alone is committed at once (`docs/decisions/0028-the-disk-is-waited-for-aside.md`).

use super::fault::Fault;
use super::tide::{Answer, Job, Lasting, More, Order, Tide};
use super::{Row, Tx, Val, Work, dialect};
use super::{log, sqlite};
use crate::StoreError;
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use tokio::sync::oneshot;

/// The way to the writer thread.
pub(crate) struct Writer {
    tide: Arc<Tide>,
    commits: Arc<AtomicU64>,
    /// Jobs handed over and not answered yet.
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts the threads. The first owns the connection, and the lock on the file until it ends; `sync` makes the disk
    /// take what was committed; `aside` keeps the log short.
    pub(crate) fn start<S>(
        mut connection: Connection,
        aside: Option<Connection>,
        lock: File,
        sync: S,
    ) -> io::Result<Self>
    where
        S: FnMut() -> io::Result<()> + Send + 'static,
    {
        let (tide, commits) = (Arc::new(Tide::default()), Arc::new(AtomicU64::new(0)));
        if let Some(aside) = aside {
            let shared = Arc::clone(&tide);
            let grew = move |_: &mut Wal, pages: i32| {
                shared.log_grew(pages.into());
                Ok(())
            };
            connection.wal_hook(Some(grew)).map_err(io::Error::other)?;
            let shared = Arc::clone(&tide);
            shared.log_is_kept();
            let keeper = std::thread::Builder::new().name("store-log".into());
            keeper.spawn(move || log::keep_short(aside, &shared))?;
        }
        let (shared, count) = (Arc::clone(&tide), Arc::clone(&commits));
        let writer = std::thread::Builder::new().name("store-writer".into());
        writer.spawn(move || write(connection, lock, &shared, &count))?;
        let shared = Arc::clone(&tide);
        std::thread::Builder::new().name("store-disk".into()).spawn(move || shared.keep_up(sync))?;
        Ok(Self { tide, commits, waiting: Arc::default() })
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

    /// Ends when nothing can be written any more.
    pub(crate) async fn forsaken(&self) {
        self.tide.forsaken().cancelled().await;
    }

    /// Runs one statement that answers with a count.
    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        args: Vec<Val>,
        lasting: Lasting,
    ) -> Result<u64, Fault> {
        self.submit(lasting, move |tx| sqlite::execute(tx.sqlite()?, sql, &args)).await
    }

    /// Runs one statement that answers with rows.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        args: Vec<Val>,
        lasting: Lasting,
    ) -> Result<Vec<Row>, Fault> {
        self.submit(lasting, move |tx| sqlite::query(tx.sqlite()?, sql, &args)).await
    }

    /// Runs several statements that stand or fall together.
    pub(crate) async fn write<D, T>(&self, data: D, work: Work<D, T>) -> Result<T, Fault>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.submit(Lasting::OnDisk, move |tx| in_savepoint(tx, &data, work)).await
    }

    async fn submit<T, F>(&self, lasting: Lasting, run: F) -> Result<T, Fault>
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
        self.tide.push(Order { job, lasting })?;
        answer.await?
    }

    /// Waits until everything handed over before is done, the disk has it, and the file is closed.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        self.tide.close(done);
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

impl Drop for Writer {
    fn drop(&mut self) {
        self.tide.abandon();
    }
}

fn write(connection: Connection, lock: File, tide: &Tide, commits: &AtomicU64) {
    let mut tx = Tx::sqlite_writer(connection);
    while let Some(first) = tide.first() {
        if tide.shall_finish_log() {
            // One that fails leaves the log as it is.
            let _ = tx.sqlite().and_then(log::pass);
        }
        commit_group(&mut tx, first, tide, commits);
    }
    tide.end();
    drop(tx);
    // Only now may another process open the file; whoever waits for the end may start one.
    drop(lock);
    for done in tide.closers() {
        let _ = done.send(());
    }
}

/// Runs the first job and those that come until the disk is free in one transaction.
fn commit_group(tx: &mut Tx, first: Order, tide: &Tide, commits: &AtomicU64) {
    let (mut on_disk, mut in_order) = (Vec::new(), Vec::<Answer>::new());
    let mut outcome = match tide.spoiled() {
        Some(error) => Err(Fault::Final(error)),
        None => control(tx, dialect::BEGIN_SQLITE),
    };
    let begun = outcome.is_ok();
    let mut next = Some(first);
    while let Some(Order { job, lasting }) = next.take() {
        let answer = job(outcome.is_ok().then_some(&mut *tx));
        match lasting {
            Lasting::OnDisk => on_disk.push(answer),
            Lasting::InOrder => in_order.push(answer),
        }
        // A full disk and the like make SQLite roll back by itself: then nothing of this group stands.
        if outcome.is_ok() && has_ended(tx) {
            let why = "SQLite gave up the transaction".to_owned();
            outcome = Err(Fault::Final(StoreError::TakesNoWrites(why)));
        }
        let count = on_disk.len() + in_order.len();
        let more = match (outcome.is_ok(), begun) {
            (true, _) => tide.more(count, on_disk.is_empty()),
            // Somebody else writes for long, and all have waited for him: each for himself would take for ever.
            (false, false) => tide.more(count, true),
            (false, true) => More::Commit,
        };
        if let More::Run(order) = more {
            next = Some(order);
        }
    }
    let outcome = outcome.and_then(|()| control(tx, "commit")).map_err(StoreError::from);
    if outcome.is_err() && !has_ended(tx) {
        // If even this fails, the next `begin` does too, and says so.
        let _ = control(tx, "rollback");
    }
    commits.fetch_add(1, Ordering::Release);
    match outcome {
        Ok(()) => tide.committed(on_disk),
        Err(ref error) => on_disk.into_iter().for_each(|answer| answer(Some(error))),
    }
    in_order.into_iter().for_each(|answer| answer(outcome.as_ref().err()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::args;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use tempfile::TempDir;

    const INSERT: &str = "insert into t (v) values ($1)";

    /// A writer whose disk takes what it is given when it is told how that ends, and says when it was asked.
    fn on_slow_disk() -> (TempDir, Writer, Sender<io::Result<()>>, Receiver<()>) {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("t.db")).unwrap();
        connection.execute_batch("pragma journal_mode = wal; create table t (v text) strict").unwrap();
        let lock = File::create(folder.path().join("lock")).unwrap();
        let ((taken, outcome), (asking, asked)) = (channel(), channel());
        let sync = move || {
            let _ = asking.send(());
            outcome.recv().unwrap_or(Ok(()))
        };
        let writer = Writer::start(connection, None, lock, sync).unwrap();
        (folder, writer, taken, asked)
    }

    /// Whether it is still waited for, after as long as anything else takes.
    async fn waits<T>(task: &mut tokio::task::JoinHandle<T>) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(100), task).await.is_err()
    }

    #[tokio::test]
    async fn what_has_to_last_is_answered_when_the_disk_has_it_and_the_rest_before() {
        let (_folder, writer, taken, asked) = on_slow_disk();
        let writer = Arc::new(writer);
        writer.execute(INSERT, args!["early"], Lasting::InOrder).await.unwrap();
        asked.recv().unwrap();
        taken.send(Ok(())).unwrap();
        let lasting = |text: &'static str| {
            let writer = Arc::clone(&writer);
            tokio::spawn(async move { writer.execute(INSERT, args![text], Lasting::OnDisk).await })
        };
        let mut first = lasting("first");
        assert!(waits(&mut first).await);
        asked.recv().unwrap();
        // While the disk is busy, others come together in one commit.
        let commits = writer.commits();
        let mut later = [lasting("second"), lasting("third")];
        assert!(waits(&mut later[0]).await && waits(&mut later[1]).await);
        assert_eq!(writer.commits(), commits, "not before the disk is free");
        taken.send(Ok(())).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 1);
        asked.recv().unwrap();
        assert!(waits(&mut later[0]).await && waits(&mut later[1]).await);
        assert_eq!(writer.commits(), commits + 1);
        taken.send(Ok(())).unwrap();
        for task in later {
            assert_eq!(task.await.unwrap().unwrap(), 1);
        }
        drop(taken);
        writer.close().await;
    }

    #[tokio::test]
    async fn what_is_answered_early_is_put_on_disk_soon_however_much_of_it_follows() {
        let (_folder, writer, taken, asked) = on_slow_disk();
        let begun = std::time::Instant::now();
        while asked.try_recv().is_err() {
            writer.execute(INSERT, args!["early"], Lasting::InOrder).await.unwrap();
            assert!(begun.elapsed() < std::time::Duration::from_millis(500), "the disk is not asked");
        }
        drop(taken);
        writer.close().await;
    }

    #[tokio::test]
    async fn after_the_disk_has_failed_nothing_is_written_any_more() {
        let (_folder, writer, taken, _asked) = on_slow_disk();
        taken.send(Err(io::Error::other("no medium"))).unwrap();
        let failed = writer.execute(INSERT, args!["lost"], Lasting::OnDisk).await.unwrap_err();
        assert!(StoreError::from(failed).to_string().contains("no medium"));
        drop(taken);
        writer.forsaken().await;
        for lasting in [Lasting::OnDisk, Lasting::InOrder] {
            let refused = writer.execute(INSERT, args!["next"], lasting).await.unwrap_err();
            assert!(matches!(StoreError::from(refused), StoreError::TakesNoWrites(_)));
        }
        writer.close().await;
        assert!(writer.execute(INSERT, args!["closed"], Lasting::OnDisk).await.is_err());
    }

    #[tokio::test]
    async fn a_disk_that_has_failed_is_not_believed_afterwards() {
        let (_folder, writer, taken, asked) = on_slow_disk();
        let writer = Arc::new(writer);
        let lasting = |text: &'static str| {
            let writer = Arc::clone(&writer);
            tokio::spawn(async move { writer.execute(INSERT, args![text], Lasting::OnDisk).await })
        };
        // The disk is asked for what was answered early, while a group that has to last is handed over: it had begun
        // before, when the disk was free.
        let tide = &writer.tide;
        writer.execute(INSERT, args!["early"], Lasting::InOrder).await.unwrap();
        asked.recv().unwrap();
        let (reply, answer) = oneshot::channel();
        tide.committed(vec![Box::new(move |lost| reply.send(lost.is_some()).expect("somebody waits"))]);
        taken.send(Err(io::Error::other("no medium"))).unwrap();
        taken.send(Ok(())).unwrap();
        assert!(answer.await.unwrap(), "the system says only once that it lost something");
        assert!(lasting("later").await.unwrap().is_err());
        drop(taken);
        writer.close().await;
    }

    #[tokio::test]
    async fn a_log_begins_anew_while_it_is_written() {
        let (folder, path) = crate::testing::fresh_sqlite();
        let store = sqlite::Sqlite::open(&path).unwrap();
        let create = "create table if not exists t (v text) strict";
        store.writer.execute(create, Vec::new(), Lasting::OnDisk).await.unwrap();
        let page = "x".repeat(3900);
        for _ in 0..24_000 {
            store.writer.execute(INSERT, args![page.as_str()], Lasting::InOrder).await.unwrap();
        }
        let log = std::fs::metadata(folder.path().join("downcity.db-wal")).unwrap().len();
        assert!(log < 80 << 20, "{log} bytes, of nearly 200 million written");
        store.close().await;
        assert!(!folder.path().join("downcity.db-wal").exists(), "the last to close moves the rest");
    }
}
