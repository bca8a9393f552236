//! Waking those who wait for an attempt, at once and without polling: in this process, and through the store on the
//! other nodes.

use crate::federation::Federation;
use downcity_core::AttemptId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Who waits for what. Holds nothing for attempts that nobody waits for.
#[derive(Default)]
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<AttemptId, Queue>>,
}

/// Those who wait for one attempt. They are counted here, under the lock: the counts of the `Arc` change
/// outside of it.
#[derive(Default)]
struct Queue {
    notify: Arc<Notify>,
    length: usize,
}

/// One caller's place in the queue; leaves it when dropped.
pub(crate) struct Waiter<'a> {
    waiters: &'a Waiters,
    id: AttemptId,
    notify: Arc<Notify>,
}

impl Waiters {
    /// Queues up for an attempt. Queue first and look at the attempt after, so that no change is missed.
    pub(crate) fn queue(&self, id: &AttemptId) -> Waiter<'_> {
        let mut waiting = self.lock();
        let queue = waiting.entry(id.clone()).or_default();
        queue.length += 1;
        let notify = Arc::clone(&queue.notify);
        drop(waiting);
        Waiter { waiters: self, id: id.clone(), notify }
    }

    /// Wakes everybody who waits for an attempt.
    pub(crate) fn wake(&self, id: &AttemptId) {
        let notify = self.lock().get(id).map(|queue| Arc::clone(&queue.notify));
        if let Some(notify) = notify {
            notify.notify_waiters();
        }
    }

    /// Wakes everybody who waits for whatever.
    pub(crate) fn wake_all(&self) {
        let all: Vec<_> = self.lock().values().map(|queue| Arc::clone(&queue.notify)).collect();
        all.iter().for_each(|notify| notify.notify_waiters());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AttemptId, Queue>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Federation {
    /// Wakes everybody who waits for an attempt, here and on the other nodes, after it has gone on.
    pub(crate) fn wake(&self, id: &AttemptId) {
        self.waiters.wake(id);
        self.store.tell(id);
    }
}

impl Waiter<'_> {
    /// A future that ends at the next wake-up after this call.
    pub(crate) fn woken(&self) -> impl Future<Output = ()> + '_ {
        let notified = self.notify.notified();
        async move {
            notified.await;
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut queue) = self.waiters.lock().entry(self.id.clone()) {
            queue.get_mut().length -= 1;
            if queue.get().length == 0 {
                queue.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Fails where otherwise a test would wait for ever.
    async fn soon<T>(woken: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(10), woken).await.expect("all are woken")
    }

    #[tokio::test]
    async fn everyone_is_woken_and_nothing_is_kept() {
        let waiters = Waiters::default();
        let id = AttemptId::trusted("a".into());
        {
            let (one, two) = (waiters.queue(&id), waiters.queue(&id));
            let (woken_one, woken_two) = (one.woken(), two.woken());
            waiters.wake(&id);
            soon(futures::future::join(woken_one, woken_two)).await;
        }
        assert!(waiters.lock().is_empty());
    }

    #[tokio::test]
    async fn all_are_woken_whatever_they_wait_for() {
        let waiters = Waiters::default();
        let ids = ["a", "b"].map(|id| AttemptId::trusted(id.into()));
        let queued = [waiters.queue(&ids[0]), waiters.queue(&ids[1])];
        let woken = [queued[0].woken(), queued[1].woken()];
        waiters.wake_all();
        soon(futures::future::join_all(woken)).await;
    }

    #[test]
    fn nothing_is_kept_when_many_leave_at_the_same_moment() {
        let waiters = Waiters::default();
        let id = AttemptId::trusted("a".into());
        for round in 0..2000 {
            let queued: Vec<_> = (0..4).map(|_| waiters.queue(&id)).collect();
            std::thread::scope(|scope| {
                for waiter in queued {
                    scope.spawn(move || drop(waiter));
                }
                scope.spawn(|| waiters.wake(&id));
            });
            assert!(waiters.lock().is_empty(), "round {round}");
        }
    }
}
