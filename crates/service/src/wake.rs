//! Waking those who wait for an attempt, at once and without polling, inside one process.

use downcity_core::AttemptId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Who waits for what. Holds nothing for attempts that nobody waits for.
#[derive(Default)]
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<AttemptId, Arc<Notify>>>,
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
        let notify = Arc::clone(self.lock().entry(id.clone()).or_default());
        Waiter { waiters: self, id: id.clone(), notify }
    }

    /// Wakes everybody who waits for an attempt.
    pub(crate) fn wake(&self, id: &AttemptId) {
        let notify = self.lock().get(id).cloned();
        if let Some(notify) = notify {
            notify.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AttemptId, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut waiting = self.waiters.lock();
        // The map's own handle and ours: nobody else is left.
        if Arc::strong_count(&self.notify) <= 2 {
            waiting.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everyone_is_woken_and_nothing_is_kept() {
        let waiters = Waiters::default();
        let id = AttemptId::trusted("a".into());
        {
            let (one, two) = (waiters.queue(&id), waiters.queue(&id));
            let (woken_one, woken_two) = (one.woken(), two.woken());
            waiters.wake(&id);
            tokio::join!(woken_one, woken_two);
        }
        assert!(waiters.lock().is_empty());
    }
}
