//! How often one network address may do what costs us storage.

use downcity_core::email::Address;
use downcity_core::network::Network;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

/// Too many tries; come back after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries, wait {} seconds", .0.as_secs())]
pub struct TooMany(pub Duration);

/// Tries a minute at an address without an account: about what an account with wrong tries allows.
const UNKNOWN_PER_MINUTE: NonZeroU32 = NonZeroU32::new(6).expect("six is not zero");

/// The limits of this process.
pub(crate) struct Limits {
    starts: Option<DefaultKeyedRateLimiter<Network>>,
    guests: Option<DefaultKeyedRateLimiter<Network>>,
    unknown: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl Limits {
    pub(crate) fn new(starts_per_minute: u32) -> Self {
        let starts = NonZeroU32::new(starts_per_minute).map(|n| RateLimiter::keyed(Quota::per_minute(n)));
        // What costs a hash or a mail is bounded as strictly as a start, with its own count.
        let guests = NonZeroU32::new(starts_per_minute).map(|n| RateLimiter::keyed(Quota::per_minute(n)));
        let unknown = RateLimiter::keyed(Quota::per_minute(UNKNOWN_PER_MINUTE));
        Self { starts, guests, unknown, clock: DefaultClock::default() }
    }

    /// Counts one guest's call that costs a password hash or a mail.
    pub(crate) fn count_guest(&self, from: Network) -> Result<(), TooMany> {
        let Some(guests) = &self.guests else { return Ok(()) };
        guests.check_key(&from).map_err(|until| self.wait(&until))
    }

    /// Counts one try at an address that has no account.
    pub(crate) fn count_unknown_address(&self, address: &Address) -> Result<(), TooMany> {
        self.unknown.check_key(&address.as_str().to_owned()).map_err(|until| self.wait(&until))
    }

    fn wait(&self, until: &NotUntil<governor::clock::QuantaInstant>) -> TooMany {
        TooMany(Duration::from_secs(until.wait_time_from(self.clock.now()).as_secs() + 1))
    }

    /// Counts one start of a sign-in.
    pub(crate) fn count_start(&self, from: Network) -> Result<(), TooMany> {
        let Some(starts) = &self.starts else { return Ok(()) };
        starts.check_key(&from).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            TooMany(Duration::from_secs(wait.as_secs() + 1))
        })
    }

    /// Forgets addresses that have been quiet, so that memory stays bounded.
    pub(crate) fn forget_quiet(&self) {
        for limiter in [&self.starts, &self.guests].into_iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        self.unknown.retain_recent();
        self.unknown.shrink_to_fit();
    }
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
}
