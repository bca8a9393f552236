//! Keeps a log readable while a database is lost: each request then fails for the same reason, and one line a second tells
//! as much as thousands. The next line of that reason says how many were left out.

use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

/// Where lines about requests come from; those at this level are about what passes by itself.
const ABOUT_REQUESTS: (&str, Level) = ("downcity_http::hallway", Level::WARN);
/// How long a reason is not told again.
const PAUSE: Duration = Duration::from_secs(1);
/// Reasons that are remembered. There are few; a text that is new each time takes the place of the oldest.
const REASONS: usize = 16;

/// What was told lately. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Calm(Arc<Mutex<Vec<Told>>>);

struct Told {
    reason: u64,
    at: Instant,
    /// Lines since then that were not written.
    left_out: u64,
    /// Of the time before, for the line that is about to be written.
    before: u64,
}

impl Calm {
    /// Whether a line about this reason is written now.
    fn lets_pass(&self, reason: u64, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = all.iter_mut().find(|told| told.reason == reason) {
            let passes = now.duration_since(told.at) >= PAUSE;
            if passes {
                (told.at, told.before, told.left_out) = (now, told.left_out, 0);
            } else {
                told.left_out += 1;
            }
            return passes;
        }
        if all.len() >= REASONS
            && let Some(oldest) = (0..all.len()).min_by_key(|at| all[*at].at)
        {
            all.swap_remove(oldest);
        }
        all.push(Told { reason, at: now, left_out: 0, before: 0 });
        true
    }

    /// How many lines were left out before this one, if any were.
    pub(crate) fn left_out_before(&self, event: &Event<'_>) -> Option<u64> {
        let reason = reason_of(event)?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = all.iter_mut().find(|told| told.reason == reason)?;
        Some(std::mem::take(&mut told.before)).filter(|count| *count > 0)
    }
}

impl<S> Filter<S> for Calm {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        reason_of(event).is_none_or(|reason| self.lets_pass(reason, Instant::now()))
    }
}

/// What a line about a request that failed tells as its cause; none for other lines.
fn reason_of(event: &Event<'_>) -> Option<u64> {
    let about = event.metadata();
    if (about.target(), *about.level()) != ABOUT_REQUESTS {
        return None;
    }
    let mut cause = Cause::default();
    event.record(&mut cause);
    Some(BuildHasherDefault::<DefaultHasher>::default().hash_one(cause.0))
}

#[derive(Default)]
struct Cause(String);

impl Visit for Cause {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "cause" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_once_a_second_with_a_count() {
        let (calm, begun) = (Calm::default(), Instant::now());
        let at = |millis| begun + Duration::from_millis(millis);
        assert!(calm.lets_pass(1, at(0)) && calm.lets_pass(2, at(1)), "each reason for itself");
        assert!(!calm.lets_pass(1, at(10)) && !calm.lets_pass(1, at(999)));
        assert!(calm.lets_pass(1, at(1000)) && !calm.lets_pass(1, at(1001)));
        assert_eq!(calm.0.lock().unwrap()[0].before, 2);
        for reason in 10..100 {
            assert!(calm.lets_pass(reason, at(2000 + reason)));
        }
        assert_eq!(calm.0.lock().unwrap().len(), REASONS);
    }
}
