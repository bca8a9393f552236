//! A provider that does not answer is left alone for a while: callbacks fail at once meanwhile, and do not wait for an
//! answer that will not come. One circuit a provider, in each process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// After so many failures in a row the circuit opens.
const FAILURES: u32 = 5;
/// How long it stays open at first; twice as long after each probe that fails.
const FIRST_REST: Duration = Duration::from_secs(2);
/// And at the most.
const LONGEST_REST: Duration = Duration::from_secs(60);
/// A probe that never reported (its task was ended) gives way to another after this long.
const PROBE: Duration = Duration::from_secs(20);
/// Sign-ins that may be with one provider at a time.
const AT_ONCE: usize = 256;
/// How long one waits for a place among them.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// All goes well, but for so many failures in a row.
    Closed(u32),
    /// Nobody is let through before this moment; then one, as a probe.
    Open { until: Instant, rest: Duration },
}

impl State {
    /// Whether a call may go through. The one that an open circuit lets through is its probe; the next may follow after
    /// [`PROBE`].
    fn admit(&mut self, now: Instant) -> bool {
        match self {
            Self::Closed(_) => true,
            Self::Open { until, .. } if now < *until => false,
            Self::Open { until, .. } => {
                *until = now + PROBE;
                true
            }
        }
    }

    fn succeed(&mut self) {
        *self = Self::Closed(0);
    }

    /// What fails late, begun before the circuit opened, does not lengthen the rest.
    fn fail(&mut self, now: Instant, probe: bool) {
        *self = match *self {
            Self::Closed(failures) if failures + 1 < FAILURES => Self::Closed(failures + 1),
            Self::Closed(_) => Self::Open { until: now + FIRST_REST, rest: FIRST_REST },
            Self::Open { rest, .. } if probe => {
                let rest = (rest * 2).min(LONGEST_REST);
                Self::Open { until: now + rest, rest }
            }
            open @ Self::Open { .. } => open,
        };
    }

    fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }
}

/// The way to one provider.
pub(crate) struct Breaker {
    state: Mutex<State>,
    places: Semaphore,
}

/// One that was let through.
pub(crate) struct Passage<'a> {
    breaker: &'a Breaker,
    probe: bool,
    _place: SemaphorePermit<'a>,
}

impl Breaker {
    fn new() -> Self {
        Self { state: Mutex::new(State::Closed(0)), places: Semaphore::new(AT_ONCE) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets one through, or nobody: while the provider is left alone, or when too many are with it.
    pub(crate) async fn pass(&self) -> Option<Passage<'_>> {
        // A call that can't go through must not wait for a place first.
        if self.with(|state| matches!(state, State::Open { until, .. } if Instant::now() < *until)) {
            return None;
        }
        let place = tokio::time::timeout(PATIENCE, self.places.acquire()).await.ok()?.ok()?;
        let (admitted, probe) = self.with(|state| {
            let probe = state.is_open();
            (state.admit(Instant::now()), probe)
        });
        admitted.then_some(Passage { breaker: self, probe, _place: place })
    }
}

impl Passage<'_> {
    /// The provider answered, whatever it said.
    pub(crate) fn answered(self) {
        self.breaker.with(State::succeed);
    }

    /// It did not. Whether it is left alone from now on.
    pub(crate) fn failed(self) -> bool {
        self.breaker.with(|state| {
            let before = state.is_open();
            state.fail(Instant::now(), self.probe);
            state.is_open() && !before
        })
    }
}

/// All circuits.
#[derive(Default)]
pub(crate) struct Breakers(Mutex<HashMap<String, Arc<Breaker>>>);

impl Breakers {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Arc<Breaker>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one of a provider that is set up: there are as many as admins ever set up.
    pub(crate) fn of(&self, provider: &str) -> Arc<Breaker> {
        self.with(|all| match all.get(provider) {
            Some(found) => Arc::clone(found),
            None => Arc::clone(all.entry(provider.to_owned()).or_insert_with(|| Arc::new(Breaker::new()))),
        })
    }

    /// Whether each is open.
    pub(crate) fn states(&self) -> Vec<(String, bool)> {
        self.with(|all| {
            all.iter().map(|(id, breaker)| (id.clone(), breaker.with(|state| state.is_open()))).collect()
        })
    }

    /// Whether a provider is left alone in this process.
    pub(crate) fn is_open(&self, provider: &str) -> bool {
        self.with(|all| all.get(provider).cloned()).is_some_and(|one| one.with(|state| state.is_open()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> State {
        let mut state = State::Closed(0);
        for _ in 0..FAILURES {
            assert!(state.admit(now));
            state.fail(now, false);
        }
        state
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_starts_anew() {
        let now = Instant::now();
        let mut state = State::Closed(FAILURES - 1);
        state.succeed();
        state.fail(now, false);
        assert!(!state.is_open());
        assert!(opened(now).is_open() && !opened(now).admit(now));
    }

    #[test]
    fn one_probe_goes_through_and_decides() {
        let now = Instant::now();
        let mut state = opened(now);
        let later = now + FIRST_REST;
        assert!(state.admit(later) && !state.admit(later), "one probe only");
        let mut well = state;
        well.succeed();
        assert_eq!(well, State::Closed(0));
        state.fail(later, true);
        assert!(!state.admit(later + FIRST_REST) && state.admit(later + FIRST_REST * 2));
    }

    #[test]
    fn the_rest_is_bounded_and_late_failures_do_not_lengthen_it() {
        let now = Instant::now();
        let mut state = opened(now);
        let before = state;
        state.fail(now, false);
        assert_eq!(state, before);
        for _ in 0..20 {
            state.fail(now, true);
        }
        assert!(state.admit(now + LONGEST_REST));
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_at_once_are_turned_away_in_bounded_time_and_others_are_unharmed() {
        let breakers = Breakers::default();
        let hung = breakers.of("hung");
        let mut inside = Vec::new();
        for _ in 0..AT_ONCE {
            inside.push(hung.pass().await.unwrap());
        }
        let before = Instant::now();
        assert!(hung.pass().await.is_none());
        assert_eq!(before.elapsed().as_secs(), PATIENCE.as_secs());
        assert!(breakers.of("well").pass().await.is_some());
        inside.pop();
        assert!(hung.pass().await.is_some());
    }
}
