//! Whether the database takes changes. One that is full or read-only answers every read, and so looks well from outside.

use crate::StoreError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// How long after a try the next one may be made.
const PAUSE: Duration = Duration::from_secs(1);

/// For how long a database that had no room is not trusted: longer than an alert waits until it fires (`docs/alerts.yml`).
const ROOM: Duration = Duration::from_secs(90);

/// What writes were told lately, where that was about the database and not about the write.
#[derive(Default)]
pub(crate) struct Refusal {
    /// The last one was refused.
    refused: AtomicBool,
    /// When it was last tried whether it still refuses.
    tried: Mutex<Option<Instant>>,
    /// When there was last no room on PostgreSQL's disk. A write that needs none proves nothing then, so this passes with
    /// time only.
    no_room: Mutex<Option<Instant>>,
}

impl Refusal {
    /// Remembers how a write ended. One that succeeds without having `written` anything proves nothing.
    pub(crate) fn note<T>(&self, done: &Result<T, StoreError>, written: impl FnOnce(&T) -> bool) {
        let now_refused = match done {
            Err(StoreError::TakesNoWrites(_)) => true,
            Err(StoreError::NoRoom(why)) => return self.note_no_room(why),
            // Looked at first: all writes look at it, and almost none has to change it.
            Ok(value) if self.is_standing() && written(value) => false,
            _ => return,
        };
        match (self.refused.swap(now_refused, Ordering::Relaxed), done) {
            (false, Err(StoreError::TakesNoWrites(why))) => warn!(%why, "the database takes no changes"),
            (true, Ok(_)) => info!("the database takes changes again"),
            _ => {}
        }
    }

    fn note_no_room(&self, why: &str) {
        let before = self.no_room.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
        if before.is_none_or(|at| at.elapsed() >= ROOM) {
            warn!(%why, "the database has no room for what is new");
        }
    }

    /// Whether the last write was refused.
    pub(crate) fn is_standing(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether there was no room lately.
    pub(crate) fn lacked_room(&self) -> bool {
        self.no_room.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < ROOM)
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

    #[test]
    fn a_disk_without_room_is_not_trusted_for_a_while() {
        let refusal = Refusal::default();
        assert!(!refusal.lacked_room());
        refusal.note(&Err::<u64, _>(StoreError::NoRoom("SQLSTATE 53100".into())), |_| true);
        refusal.note(&Ok(1), |count| *count > 0);
        assert!(refusal.lacked_room(), "what fits into a page proves nothing");
        assert!(!refusal.is_standing() && !refusal.shall_try());
        let long_ago = Instant::now().checked_sub(ROOM).unwrap();
        *refusal.no_room.lock().unwrap() = Some(long_ago);
        assert!(!refusal.lacked_room());
    }
}
