//! How often somebody may do what costs us something: by network address, by account and by city.
//!
//! Each process counts by itself first (`governor`). Where nodes share a database they also count together, in
//! windows of a minute: a node tells of a bucket only when it is used more than a person uses it, and then takes
//! permits by the dozen, so that an ordinary request costs no query.

use crate::confirm::ConfirmError;
use crate::federation::Federation;
use downcity_core::network::Network;
use downcity_core::{CityId, Timestamp, UserId};
use downcity_store::{Engine, Permits};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use quick_cache::sync::Cache;
use std::convert::Infallible;
use std::fmt::Display;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tracing::debug;

/// The bucket that a typed code was counted in.
pub(crate) struct CodePermit(String);

/// Too many tries; come back after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries, wait {} seconds", .0.as_secs())]
pub struct TooMany(pub Duration);

/// What a guest's request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// A look: a list, the outcome of a sign-in, a page.
    Look,
    /// A row: the start of a sign-in.
    Start,
    /// A password hash, a mail, or a change.
    Work,
}

/// Changes of the password a minute that one account may try.
const PASSWORD_CHANGES: NonZeroU32 = NonZeroU32::new(6).expect("six is not zero");
/// Refreshes a minute of one account, whatever number of clients it has.
const REFRESHES: NonZeroU32 = NonZeroU32::new(60).expect("sixty is not zero");
/// Wrong admin keys a minute from one network.
const WRONG_ADMIN_KEYS: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");
/// Wrong admin keys a minute, over all networks, that are written to the audit record, so that many addresses cannot
/// fill it.
const RECORDED_ADMIN_KEYS: NonZeroU32 = NonZeroU32::new(60).expect("sixty is not zero");
/// Looks for each start that one address may do.
const LOOKS: u32 = 20;
/// Starts and e-mail calls for one city, for each that one address may do.
const CITY: u32 = 50;
/// Wrong codes from one network in [`CODE_WINDOW`] (security requirement P5).
const WRONG_CODES: u32 = 20;
/// See [`WRONG_CODES`].
const CODE_WINDOW: Duration = Duration::from_secs(600);
/// How long nodes count together.
const WINDOW: Duration = Duration::from_secs(60);
/// Shared windows of one kind that a process remembers; it forgets the ones that were not used for longest.
const REMEMBERED: usize = 10_000;
/// Keys of one kind that a process counts by itself before it forgets the quiet ones at once, and not only each minute. A key
/// is quiet when it may do as much as one that never came, which for one start of sixty a minute is after a second. So
/// this bounds memory as long as fewer keys come within that time.
const MANY: usize = 100_000;
/// After so many requests the keys are counted, which takes all locks of the map.
const COUNT_AFTER: usize = 10_000;

/// One kind of limit: so many a minute for each key.
pub(crate) struct Limit<K: Hash + Eq + Clone> {
    kind: &'static str,
    most: u32,
    rate: DefaultKeyedRateLimiter<K>,
    requests: AtomicUsize,
    windows: Cache<K, Arc<Mutex<Window>>>,
}

/// What a process knows of a bucket that it shares.
#[derive(Debug, Default)]
struct Window {
    ends_at: Option<Timestamp>,
    /// Used without telling the others.
    untold: u32,
    told: bool,
    /// Permits taken from the others and not used yet.
    permits: u32,
    empty: bool,
}

/// What a window says to one more.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Fine,
    /// Take so many permits, of which the first ones were used already.
    Take {
        want: u32,
        used: u32,
    },
    Wait(Timestamp),
}

impl Window {
    fn next(&mut self, most: u32, now: Timestamp) -> Next {
        let ends_at = match self.ends_at {
            Some(at) if now < at => at,
            _ => {
                let at = now.plus(WINDOW);
                *self = Self { ends_at: Some(at), ..Self::default() };
                at
            }
        };
        if self.empty {
            return Next::Wait(ends_at);
        }
        if !self.told && self.untold < most / 4 {
            self.untold += 1;
            return Next::Fine;
        }
        if self.permits > 0 {
            self.permits -= 1;
            return Next::Fine;
        }
        let used = if self.told { 0 } else { self.untold };
        self.told = true;
        Next::Take { want: used + (most / 6).max(1), used }
    }

    /// Takes over what was granted; whether the one who asked may go on.
    fn took(&mut self, granted: &Permits, used: u32) -> bool {
        self.ends_at = Some(granted.ends_at);
        let left = granted.count.saturating_sub(used);
        self.permits += left.saturating_sub(1);
        self.empty = left == 0 && self.permits == 0;
        left > 0
    }
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(kind: &'static str, most: NonZeroU32) -> Self {
        let rate = RateLimiter::keyed(Quota::per_minute(most));
        Self { kind, most: most.get(), rate, requests: AtomicUsize::new(0), windows: Cache::new(REMEMBERED) }
    }

    /// Counts in this process alone.
    fn here(&self, key: &K) -> Result<(), TooMany> {
        let requests = self.requests.fetch_add(1, Ordering::Relaxed);
        if requests % COUNT_AFTER == COUNT_AFTER - 1 && self.rate.len() > MANY {
            self.rate.retain_recent();
        }
        let clock = DefaultClock::default();
        self.rate.check_key(key).map_err(|until| {
            // Rounded up, so that a caller who waits that long is let in.
            TooMany(Duration::from_secs(until.wait_time_from(clock.now()).as_secs() + 1))
        })
    }

    fn forget_quiet(&self) {
        self.rate.retain_recent();
        self.rate.shrink_to_fit();
    }
}

/// The limits of a Federation.
pub(crate) struct Limits {
    looks: Option<Limit<Network>>,
    starts: Option<Limit<Network>>,
    work: Option<Limit<Network>>,
    cities: Option<Limit<CityId>>,
    password_changes: Limit<UserId>,
    refreshes: Limit<UserId>,
    wrong_admin_keys: Limit<Network>,
    recorded_admin_keys: Limit<&'static str>,
}

impl Limits {
    /// With so many starts a minute for each address; 0 switches off what depends on address and city.
    pub(crate) fn new(starts_per_minute: u32) -> Self {
        let most = |times: u32| NonZeroU32::new(starts_per_minute.saturating_mul(times));
        Self {
            looks: most(LOOKS).map(|most| Limit::new("look", most)),
            starts: most(1).map(|most| Limit::new("start", most)),
            work: most(1).map(|most| Limit::new("work", most)),
            cities: most(CITY).map(|most| Limit::new("city", most)),
            password_changes: Limit::new("password_change", PASSWORD_CHANGES),
            refreshes: Limit::new("refresh", REFRESHES),
            wrong_admin_keys: Limit::new("admin_key", WRONG_ADMIN_KEYS),
            recorded_admin_keys: Limit::new("admin_key_record", RECORDED_ADMIN_KEYS),
        }
    }

    /// Counts one guest's call that costs a password hash or a mail, in this process.
    pub(crate) fn count_guest(&self, from: Network) -> Result<(), TooMany> {
        self.work.as_ref().map_or(Ok(()), |limit| limit.here(&from))
    }

    /// Counts one start of a sign-in, in this process.
    pub(crate) fn count_start(&self, from: Network) -> Result<(), TooMany> {
        self.starts.as_ref().map_or(Ok(()), |limit| limit.here(&from))
    }

    /// Forgets the keys that have been quiet, and gives their memory back.
    pub(crate) fn forget_quiet(&self) {
        [&self.looks, &self.starts, &self.work].into_iter().flatten().for_each(Limit::forget_quiet);
        self.cities.iter().for_each(Limit::forget_quiet);
        [&self.password_changes, &self.refreshes].into_iter().for_each(Limit::forget_quiet);
        self.wrong_admin_keys.forget_quiet();
    }
}

impl Federation {
    /// Counts a guest's request by its network address, before anything else is done for it: every look here
    /// and together with the other nodes; starts and work together, since their stories count here themselves,
    /// after they have checked what was sent.
    ///
    /// # Errors
    /// With the time to wait.
    pub async fn admit_guest(&self, from: Network, cost: Cost) -> Result<(), TooMany> {
        let (limit, here) = match cost {
            Cost::Look => (&self.limits.looks, true),
            Cost::Start => (&self.limits.starts, false),
            Cost::Work => (&self.limits.work, false),
        };
        let Some(limit) = limit else { return Ok(()) };
        if here {
            limit.here(&from)?;
        }
        self.count_together(limit, &from).await
    }

    /// Counts a start or an e-mail call for a city.
    pub(crate) async fn count_city(&self, city_id: &CityId) -> Result<(), TooMany> {
        let Some(limit) = &self.limits.cities else { return Ok(()) };
        self.count(limit, city_id).await
    }

    /// Counts a try of an account to change its password.
    pub(crate) async fn count_password_change(&self, user_id: &UserId) -> Result<(), TooMany> {
        self.count(&self.limits.password_changes, user_id).await
    }

    /// Counts a refresh for an account.
    pub(crate) async fn count_refresh(&self, user_id: &UserId) -> Result<(), TooMany> {
        self.count(&self.limits.refreshes, user_id).await
    }

    /// Counts a wrong admin key from a network.
    pub(crate) async fn count_wrong_admin_key(&self, from: Network) -> Result<(), TooMany> {
        self.count(&self.limits.wrong_admin_keys, &from).await
    }

    /// Whether one more wrong admin key is recorded.
    pub(crate) async fn records_wrong_admin_key(&self) -> bool {
        self.count(&self.limits.recorded_admin_keys, &"all").await.is_ok()
    }

    /// Counts a code that is about to be looked at, from a network: all nodes together, since few are typed at all. Gives
    /// what [`Self::give_code_permit_back`] needs.
    pub(crate) async fn take_code_permit(&self, from: Network) -> Result<CodePermit, ConfirmError> {
        let now = self.clock.now();
        let permit =
            CodePermit(format!("user_code:{}", self.vault.derive("limit", &from.to_string()).reveal()));
        let until = now.plus(CODE_WINDOW);
        let granted = self.store.take_permits(&permit.0, 1, WRONG_CODES, (now, until)).await?;
        if granted.count == 0 { Err(wait(now, granted.ends_at).into()) } else { Ok(permit) }
    }

    /// A code that was right counts for nothing: many people may be behind one address.
    pub(crate) async fn give_code_permit_back(&self, permit: &CodePermit) {
        if let Err(problem) = self.store.give_permit_back(&permit.0).await {
            debug!(error = %problem, "a right code was counted as a wrong one");
        }
    }

    async fn count<K: Hash + Eq + Clone + Display>(&self, limit: &Limit<K>, key: &K) -> Result<(), TooMany> {
        limit.here(key)?;
        self.count_together(limit, key).await
    }

    /// Counts together with the other nodes, where there are any.
    async fn count_together<K: Hash + Eq + Clone + Display>(
        &self,
        limit: &Limit<K>,
        key: &K,
    ) -> Result<(), TooMany> {
        if self.store.engine() != Engine::Postgres {
            return Ok(());
        }
        let now = self.clock.now();
        let window = limit.windows.get_or_insert_with(key, || Ok::<_, Infallible>(Arc::default()));
        let window = window.unwrap_or_default();
        // Held while the others are asked, so that requests at once don't each take permits.
        let mut window = window.lock().await;
        let (want, used) = match window.next(limit.most, now) {
            Next::Fine => return Ok(()),
            Next::Wait(until) => return Err(wait(now, until)),
            Next::Take { want, used } => (want, used),
        };
        // Neither addresses nor names of people are written down.
        let bucket = format!("{}:{}", limit.kind, self.vault.derive("limit", &key.to_string()).reveal());
        let granted = match self.store.take_permits(&bucket, want, limit.most, (now, now.plus(WINDOW))).await
        {
            Ok(granted) => granted,
            Err(problem) => {
                // What comes next will need the database too, and say so. This process counts anyway.
                debug!(error = %problem, kind = limit.kind, "could not count together with the other nodes");
                return Ok(());
            }
        };
        if window.took(&granted, used) { Ok(()) } else { Err(wait(now, granted.ends_at)) }
    }
}

fn wait(now: Timestamp, until: Timestamp) -> TooMany {
    TooMany(Duration::from_secs(now.until(until).as_secs() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_neighbours_share_a_limit() {
        let limits = Limits::new(2);
        let net = |text: &str| Network::parse(text).unwrap();
        assert!(limits.count_start(net("2001:db8::1")).is_ok());
        assert!(limits.count_start(net("2001:db8::2")).is_ok());
        let refused = limits.count_start(net("2001:db8::3")).unwrap_err();
        assert!(refused.0 >= Duration::from_secs(1) && refused.0 <= Duration::from_secs(60));
        assert!(limits.count_start(net("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn addresses_that_come_once_fill_no_memory() {
        // Of so many a minute, one that came a millisecond ago is as good as one that never came.
        let limits = Limits::new(600_000);
        let count = |number: u32| limits.count_start(Network::of(std::net::Ipv4Addr::from(number).into()));
        for number in 0..115_000 {
            assert!(count(number).is_ok());
        }
        let starts = limits.starts.as_ref().unwrap();
        assert!(starts.rate.len() <= MANY + COUNT_AFTER, "{}", starts.rate.len());
        std::thread::sleep(Duration::from_millis(2));
        limits.forget_quiet();
        assert_eq!(starts.rate.len(), 0);
    }

    /// What the database would grant, for windows that share one bucket.
    fn run(windows: &mut [Window], most: u32, rounds: u32) -> (u32, u32) {
        let (mut count, mut fine, mut queries) = (0_u32, 0, 0);
        for turn in 0..rounds {
            let which = usize::try_from(turn).unwrap() % windows.len();
            let window = &mut windows[which];
            fine += match window.next(most, Timestamp(0)) {
                Next::Fine => 1,
                Next::Wait(_) => 0,
                Next::Take { want, used } => {
                    queries += 1;
                    let granted = want.min(most.saturating_sub(count));
                    count += want;
                    let granted = Permits { count: granted, ends_at: Timestamp(60_000) };
                    u32::from(window.took(&granted, used))
                }
            };
        }
        (fine, queries)
    }

    #[test]
    fn nodes_together_grant_what_one_grants_and_seldom_ask() {
        for nodes in [1, 2, 3, 4] {
            let mut windows: Vec<_> = (0..nodes).map(|_| Window::default()).collect();
            let (fine, queries) = run(&mut windows, 60, 1000);
            // What each further node granted before it told the others may come on top.
            let most = 60 + (nodes - 1) * 15;
            assert!((50..=most).contains(&fine) && queries <= 12, "{nodes} nodes: {fine}, {queries} queries");
        }
        let mut one = [Window::default()];
        assert_eq!(run(&mut one, 60, 15), (15, 0), "what a person does costs no query");
        assert_eq!(one[0].next(60, Timestamp(60_000)), Next::Fine, "a new window");
    }
}
