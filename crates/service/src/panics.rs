//! Panics: their texts, and loops that survive one.

use futures::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tracing::error;

/// How long a loop that panicked stays down: what made it panic may still be there.
const PAUSE: Duration = Duration::from_secs(5);

/// The text that a panic was raised with. For logs only: it may quote what somebody sent.
#[must_use]
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}

/// Runs what `begin` gives. After a panic, which is logged, it begins once more, as often as it takes.
pub(crate) async fn supervise<F: Future<Output = ()>>(name: &'static str, begin: impl Fn() -> F) {
    while let Err(panic) = AssertUnwindSafe(begin()).catch_unwind().await {
        let cause = panic_text(&*panic);
        error!(name, cause, "a background task panicked; it starts again in {} s", PAUSE.as_secs());
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test(start_paused = true)]
    async fn a_panic_stops_one_loop_for_a_moment_and_the_others_not_at_all() {
        let (begun, beats) = (Cell::new(0), Cell::new(0));
        let began = tokio::time::Instant::now();
        let broken = || async {
            begun.set(begun.get() + 1);
            assert!(begun.get() > 2, "broken the first two times");
        };
        let sound = || async {
            for _ in 0..100 {
                tokio::time::sleep(PAUSE / 50).await;
                beats.set(beats.get() + 1);
            }
        };
        tokio::join!(supervise("broken", broken), supervise("sound", sound));
        assert_eq!((begun.get(), beats.get()), (3, 100));
        assert_eq!(began.elapsed(), 2 * PAUSE, "a pause after each panic, and the other went on meanwhile");
    }

    #[test]
    fn texts_of_all_kinds_are_read() {
        let text = |panic: Box<dyn Any + Send>| panic_text(&*panic).to_owned();
        assert_eq!(text(Box::new("still")), "still");
        assert_eq!(text(Box::new("made".to_owned())), "made");
        assert_eq!(text(Box::new(7)), "without a text");
    }
}
