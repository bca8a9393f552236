//! The simulator's clock: the system's time plus an offset that tests move forward.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, as the simulator sees them.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Milliseconds added to the system's time.
    offset: AtomicI64,
}

impl Clock {
    /// The present moment in milliseconds since the Unix epoch.
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator stands alone; this is its one source of time"
    )]
    pub(crate) fn now_ms(&self) -> i64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis);
        real.saturating_add(self.offset.load(Ordering::Relaxed))
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        let by = millis(by);
        // A closure that always answers `Some` cannot fail; the result carries nothing of use.
        let _ =
            self.offset.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| Some(at.saturating_add(by)));
    }

    /// Back to the system's time.
    pub(crate) fn reset(&self) {
        self.offset.store(0, Ordering::Relaxed);
    }
}

/// A duration in whole milliseconds; one too long for an `i64` counts as the longest.
pub(crate) fn millis(of: Duration) -> i64 {
    i64::try_from(of.as_millis()).unwrap_or(i64::MAX)
}
