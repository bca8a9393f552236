//! What the writer thread and its helpers share: the queue of jobs, and whose turn it is.

use super::Tx;
use super::fault::Fault;
use crate::StoreError;
use std::collections::VecDeque;
use std::io;
use std::mem::take;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Jobs that may wait; more than that means the disk is far behind, and callers are told so.
const QUEUE: usize = 4096;
/// Pages in the log from which on it is long: 16 MiB.
const LONG: i64 = 4000;
/// From here on the writer waits while others shorten the log, so that it has an end: 64 MiB.
const LONGEST: i64 = 4 * LONG;
/// How long the writer waits for that at most.
const PATIENCE: Duration = Duration::from_secs(1);
/// Jobs in one commit at most, so that the first of them does not wait for ever.
const BATCH: usize = 256;
/// How long what was answered early may stay off the disk when nothing later takes it along.
const LATEST: Duration = Duration::from_millis(10);

/// Tells a caller how its job ended; called with the commit's error if there was one.
pub(super) type Answer = Box<dyn FnOnce(Option<&StoreError>) + Send>;
/// Runs in the transaction; without one (it could not begin) it only says whom to answer.
pub(super) type Job = Box<dyn FnOnce(Option<&mut Tx>) -> Answer + Send>;

/// What has to be true before a write is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// It survives a power cut.
    OnDisk,
    /// Everybody sees it, it survives the end of the process, and no later write lasts without it. A power cut may take
    /// the last milliseconds of it.
    InOrder,
}

/// A job and what its caller waits for.
pub(super) struct Order {
    pub(super) job: Job,
    pub(super) lasting: Lasting,
}

/// What the writer does next.
pub(super) enum More {
    /// One more job in this group.
    Run(Order),
    /// The group is complete.
    Commit,
}

/// The state that the threads share.
#[derive(Default)]
pub(super) struct Tide {
    state: Mutex<State>,
    /// The writer waits here: for a job, or for the disk.
    writer: Condvar,
    /// Another waits here: for something to put on disk.
    disk: Condvar,
    /// And another: for a log that is long.
    log: Condvar,
    /// Cancelled when the disk did not take what was committed.
    forsaken: CancellationToken,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Order>,
    /// Committed, and to be answered once the disk has it.
    committed: Vec<Answer>,
    /// Something was committed that the disk was not asked to take yet.
    unasked: bool,
    /// The disk is being waited for.
    busy: bool,
    /// Pages in the log after the last commit.
    log: i64,
    /// The same when it was last found long; zero since it began anew.
    log_then: i64,
    /// Pages are being moved from the log to the file.
    log_is_moved: bool,
    /// Most of the log is moved, and the writer shall move the rest.
    log_remains: bool,
    /// Somebody keeps the log short.
    log_is_kept: bool,
    closers: Vec<oneshot::Sender<()>>,
    /// No more orders are taken.
    closed: bool,
    /// The writer has ended.
    ended: bool,
    /// The disk did not take what was committed.
    spoiled: Option<StoreError>,
}

impl State {
    /// Whether the log has become long since it was last looked at: somebody who still reads an old page can keep it
    /// from being moved, and then looking again at once would help nobody.
    fn log_is_long(&self) -> bool {
        self.log >= self.log_then + LONG
    }
}

impl Tide {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job.
    pub(super) fn push(&self, order: Order) -> Result<(), Fault> {
        let mut state = self.lock();
        if state.closed {
            return Err(Fault::unavailable("the store is closed"));
        }
        if state.queue.len() >= QUEUE {
            return Err(Fault::unavailable("too many writes are waiting"));
        }
        state.queue.push_back(order);
        drop(state);
        self.writer.notify_one();
        Ok(())
    }

    /// Takes no more orders; `done` is told when those before are done and the file is closed.
    pub(super) fn close(&self, done: oneshot::Sender<()>) {
        let mut state = self.lock();
        if !state.ended {
            state.closers.push(done);
        }
        state.closed = true;
        drop(state);
        self.writer.notify_one();
    }

    /// Nobody is left who could give orders.
    pub(super) fn abandon(&self) {
        self.lock().closed = true;
        self.writer.notify_one();
    }

    /// The first job of a group, once there is one; none when the store is closed and nothing is left.
    pub(super) fn first(&self) -> Option<Order> {
        let mut state = self.lock();
        loop {
            if let Some(order) = state.queue.pop_front() {
                return Some(order);
            }
            if state.closed {
                return None;
            }
            state = self.writer.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What comes after `count` jobs of a group. One that has to be put on disk stays open until the disk is free:
    /// committed sooner it would not last sooner, and others can still join it.
    pub(super) fn more(&self, count: usize, only_in_order: bool) -> More {
        let mut state = self.lock();
        loop {
            if count < BATCH
                && let Some(order) = state.queue.pop_front()
            {
                return More::Run(order);
            }
            let disk_is_free = !state.busy && state.committed.is_empty();
            if only_in_order || disk_is_free || state.spoiled.is_some() {
                return More::Commit;
            }
            state = self.writer.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Hands over what was committed.
    pub(super) fn committed(&self, answers: Vec<Answer>) {
        let mut state = self.lock();
        if let Some(error) = state.spoiled.clone() {
            drop(state);
            return answers.into_iter().for_each(|answer| answer(Some(&error)));
        }
        // Who waits already for something that may be late need not be told of more of that.
        let wakes = !state.unasked || !answers.is_empty();
        state.unasked = true;
        state.committed.extend(answers);
        drop(state);
        if wakes {
            self.disk.notify_one();
        }
    }

    /// Cancelled when nothing can be written any more.
    pub(super) fn forsaken(&self) -> &CancellationToken {
        &self.forsaken
    }

    /// Why nothing can be written any more.
    pub(super) fn spoiled(&self) -> Option<StoreError> {
        self.lock().spoiled.clone()
    }

    /// How many pages the log has after a commit.
    pub(super) fn log_grew(&self, pages: i64) {
        let mut state = self.lock();
        if pages < state.log {
            // It began anew.
            state.log_then = 0;
        }
        state.log = pages;
        if state.log_is_long() {
            self.log.notify_one();
        }
    }

    /// Somebody will keep the log short.
    pub(super) fn log_is_kept(&self) {
        self.lock().log_is_kept = true;
    }

    /// Waits until the log is long; false when the writer has ended.
    pub(super) fn log_is_long(&self) -> bool {
        let mut state = self.lock();
        while !state.ended && !state.log_is_long() {
            state = self.log.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.log_then = state.log;
        state.log_is_moved = !state.ended;
        state.log_is_moved
    }

    /// Most of the log is moved.
    pub(super) fn let_writer_finish(&self) {
        let mut state = self.lock();
        (state.log_is_moved, state.log_remains) = (false, true);
        drop(state);
        self.writer.notify_one();
    }

    /// Whether the writer shall move the rest; said once. Waits while the log is at its longest and being moved.
    pub(super) fn shall_finish_log(&self) -> bool {
        let state = self.lock();
        let moved = |state: &mut State| state.log >= LONGEST && state.log_is_moved;
        let waited = self.writer.wait_timeout_while(state, PATIENCE, moved);
        take(&mut waited.unwrap_or_else(PoisonError::into_inner).0.log_remains)
    }

    /// Nobody keeps the log any more.
    pub(super) fn log_is_left(&self) {
        self.lock().log_is_kept = false;
        self.writer.notify_one();
    }

    /// The writer has nothing more to do: waits until the disk has everything and its helpers are gone.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        self.disk.notify_one();
        self.log.notify_one();
        while state.busy || state.unasked || state.log_is_kept {
            state = self.writer.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Those who wait for the end.
    pub(super) fn closers(&self) -> Vec<oneshot::Sender<()>> {
        take(&mut self.lock().closers)
    }

    /// The thread that waits for the disk: makes it take what was committed, then answers those who wait for that.
    pub(super) fn keep_up(&self, mut sync: impl FnMut() -> io::Result<()>) {
        while let Some(answers) = self.to_put_on_disk() {
            // The system may have forgotten what it could not write, and says so once: asking again would prove nothing.
            let outcome = match self.spoiled() {
                Some(error) => Err(error),
                None => sync().map_err(|error| {
                    StoreError::TakesNoWrites(format!("the disk does not keep what is written: {error}"))
                }),
            };
            let mut state = self.lock();
            state.busy = false;
            if let Err(error) = &outcome {
                state.spoiled = Some(error.clone());
                state.unasked = false;
                self.forsaken.cancel();
            }
            drop(state);
            self.writer.notify_one();
            answers.into_iter().for_each(|answer| answer(outcome.as_ref().err()));
        }
    }

    fn to_put_on_disk(&self) -> Option<Vec<Answer>> {
        let mut state = self.lock();
        let mut since = None;
        while state.committed.is_empty() && !(state.unasked && state.ended) {
            if state.unasked {
                let left = LATEST.saturating_sub(since.get_or_insert_with(Instant::now).elapsed());
                if left.is_zero() {
                    break;
                }
                state = self.disk.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            } else if state.ended {
                return None;
            } else {
                state = self.disk.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        state.busy = true;
        state.unasked = false;
        Some(take(&mut state.committed))
    }
}
