//! Whether the database takes changes. One that is full or read-only answers every read, and so looks well from outside.

use crate::StoreError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// How long after a try the next one may be made.
const PAUSE: Duration = Duration::from_secs(1);

/// What the last write was told, where that was about the database and not about the write.
#[derive(Default)]
pub(crate) struct Refusal {
    refused: AtomicBool,
    /// When it was last tried whether it still refuses.
    tried: Mutex<Option<Instant>>,
}

impl Refusal {
    /// Remembers how a write ended. One that succeeds without having `written` anything proves nothing.
    pub(crate) fn note<T>(&self, done: &Result<T, StoreError>, written: impl FnOnce(&T) -> bool) {
        let now_refused = match done {
            Err(StoreError::TakesNoWrites(_)) => true,
            // Looked at first: all writes look at it, and almost none has to change it.
            Ok(value) if self.refused.load(Ordering::Relaxed) && written(value) => false,
            _ => return,
        };
        match (self.refused.swap(now_refused, Ordering::Relaxed), done) {
            (false, Err(StoreError::TakesNoWrites(why))) => warn!(%why, "the database takes no changes"),
            (true, Ok(_)) => info!("the database takes changes again"),
            _ => {}
        }
    }

    /// Whether the last write was refused.
    pub(crate) fn is_standing(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether somebody who asks shall try again: where nobody else writes, nothing else would end it.
    pub(crate) fn shall_try(&self) -> bool {
        if !self.is_standing() {
            return false;
        }
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let due = tried.is_none_or(|at| at.elapsed() >= PAUSE);
        if due {
            *tried = Some(Instant::now());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_until_something_is_written() {
        let refusal = Refusal::default();
        let refused = || Err::<u64, _>(StoreError::TakesNoWrites("full".into()));
        refusal.note(&Err::<u64, _>(StoreError::Unavailable("lost".into())), |_| true);
        assert!(!refusal.is_standing() && !refusal.shall_try());
        refusal.note(&refused(), |_| true);
        assert!(refusal.is_standing() && refusal.shall_try());
        assert!(!refusal.shall_try(), "one try at a time");
        refusal.note(&Ok(0), |count| *count > 0);
        refusal.note(&Err::<u64, _>(StoreError::TooLong), |_| true);
        assert!(refusal.is_standing());
        refusal.note(&Ok(1), |count| *count > 0);
        assert!(!refusal.is_standing());
    }
}
