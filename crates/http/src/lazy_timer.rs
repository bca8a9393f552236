//! Time limits for hyper at the price of one timer a connection.
//!
//! hyper limits how long a request's head may take, and for that makes and drops a timer with every request; we limit how
//! long the answer may take. Here a timer that is no longer wanted stays set. When it fires and a later limit is waited
//! for, it is set anew.

use hyper::rt::{Sleep, Timer};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// The timer of one connection.
#[derive(Clone, Default)]
pub(crate) struct LazyTimer(Arc<Mutex<Option<Pin<Box<tokio::time::Sleep>>>>>);

impl LazyTimer {
    /// The outcome of some work, if it ends in time. Costs nothing where the work does not have to wait.
    pub(crate) async fn within<T>(
        &self,
        span: Duration,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        let mut limit = None;
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            let limit = limit.get_or_insert_with(|| Limit {
                timer: self.clone(),
                deadline: (tokio::time::Instant::now() + span).into_std(),
            });
            Pin::new(limit).poll(context).map(|()| None)
        })
        .await
    }
}

impl Timer for LazyTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Limit { timer: self.clone(), deadline })
    }
}

/// One limit; passed when polled at or after its deadline.
struct Limit {
    timer: LazyTimer,
    deadline: Instant,
}

impl Sleep for Limit {}

impl Future for Limit {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let deadline = tokio::time::Instant::from_std(self.deadline);
        let mut timer = self.timer.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sleep = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::Waker;

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_takes_too_long_is_given_up_at_its_time_and_what_is_in_time_is_told() {
        let timer = LazyTimer::default();
        let limit = Duration::from_secs(20);
        assert_eq!(timer.within(limit, pin!(async { 1 })).await, Some(1));
        assert!(timer.0.lock().expect("a timer").is_none(), "who waits for nothing needs no timer");
        for _ in 0..3 {
            let in_time = async { tokio::time::sleep(Duration::from_secs(19)).await };
            assert_eq!(timer.within(limit, pin!(in_time)).await, Some(()));
        }
        let began = now();
        assert_eq!(timer.within(limit, pin!(std::future::pending::<()>())).await, None);
        assert_eq!(now() - began, limit);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_kept_to_the_moment_whatever_was_waited_for_before() {
        let timer = LazyTimer::default();
        let begin = now();
        for seconds in [10, 4, 7] {
            let mut dropped = timer.sleep_until(now() + Duration::from_secs(seconds));
            assert!(pin!(&mut dropped).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        timer.sleep_until(begin + Duration::from_secs(20)).await;
        assert_eq!(now() - begin, Duration::from_secs(20), "neither with an earlier one nor late");
        timer.sleep_until(begin + Duration::from_secs(5)).await;
        assert_eq!(now() - begin, Duration::from_secs(20), "at once, when it is in the past");
    }
}
