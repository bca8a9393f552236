//! Waking those who wait for an attempt, at once and without polling: in this process, and through the store on the
//! other nodes. What may not have been heard is looked for, for all who wait together.

use crate::federation::Federation;
use downcity_core::AttemptId;
use downcity_store::{Others, StoreError};
use futures::future::BoxFuture;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tracing::debug;

/// How often a node that shares its database looks for what another node settled: when that is not heard at once, and
/// when it is (a node may end between storing and telling).
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const LOOK_ANYWAY: Duration = Duration::from_secs(3);
/// Attempts that one query asks for.
const TOGETHER: usize = 500;
/// Who looks at an attempt at the same time. More would not be answered sooner, but stand in the way of those who have work
/// for the database, and take room where they queue for it.
const LOOKS: usize = 32;
/// How long they wait for their turn: as long as for a connection.
const TURN: Duration = Duration::from_secs(5);

/// Who waits for what. Holds nothing for attempts that nobody waits for.
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<AttemptId, Queue>>,
    /// Rings when others may have done what was not heard.
    bell: Notify,
    turns: Semaphore,
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

impl Default for Waiters {
    fn default() -> Self {
        Self { waiting: Mutex::default(), bell: Notify::new(), turns: Semaphore::new(LOOKS) }
    }
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

    /// Has it looked at once what others did.
    pub(crate) fn look_now(&self) {
        self.bell.notify_one();
    }

    /// Looks when it is its turn. Boxed, since whoever waits afterwards would keep room for it.
    ///
    /// # Errors
    /// Those of the look; `Unavailable` when so many look that there is no turn soon.
    pub(crate) fn look<'a, T: 'a>(
        &'a self,
        look: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        Box::pin(async move {
            let turn = tokio::time::timeout(TURN, self.turns.acquire()).await.ok().and_then(Result::ok);
            let _turn =
                turn.ok_or_else(|| StoreError::Unavailable("too many look at their sign-ins".into()))?;
            look.await
        })
    }

    /// What is waited for now.
    fn ids(&self) -> Vec<AttemptId> {
        self.lock().keys().cloned().collect()
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

    /// Looks for what other nodes did and this one may not have heard of, and wakes who waits for it: for all together, so
    /// that thousands who wait cost a few queries.
    pub(crate) async fn keep_looking(&self) {
        let mut looked = Instant::now();
        loop {
            let rang = tokio::time::timeout(LOOK_AGAIN, self.waiters.bell.notified()).await.is_ok();
            match self.store.others() {
                Others::None => return,
                Others::Heard if !rang && looked.elapsed() < LOOK_ANYWAY => continue,
                Others::Heard | Others::Unheard => looked = Instant::now(),
            }
            for ids in self.waiters.ids().chunks(TOGETHER) {
                match self.store.gone_on(ids).await {
                    Ok(gone_on) => gone_on.iter().for_each(|id| self.waiters.wake(id)),
                    Err(problem) => {
                        debug!(error = %problem, "could not look for what other nodes did; trying again soon");
                        break;
                    }
                }
            }
        }
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

    #[tokio::test(start_paused = true)]
    async fn so_many_look_at_a_time_and_who_has_no_turn_is_told() {
        let waiters = Waiters::default();
        let busy = (0..LOOKS).map(|_| waiters.look(std::future::pending::<Result<(), _>>()));
        let busy = futures::future::join_all(busy);
        let next = waiters.look(async { Ok(()) });
        tokio::select! {
            biased;
            _ = busy => panic!("they never end"),
            told = next => assert!(matches!(told, Err(StoreError::Unavailable(_)))),
        }
        // Who hangs up gives the turn back.
        assert_eq!(waiters.look(async { Ok(7) }).await.unwrap(), 7);
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
