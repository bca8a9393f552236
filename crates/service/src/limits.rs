//! How often one network address may do what costs us storage.

use downcity_core::network::Network;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

/// Too many tries; come back after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries, wait {} seconds", .0.as_secs())]
pub struct TooMany(pub Duration);

/// The limits of this process.
pub(crate) struct Limits {
    starts: Option<DefaultKeyedRateLimiter<Network>>,
    clock: DefaultClock,
}

impl Limits {
    pub(crate) fn new(starts_per_minute: u32) -> Self {
        let starts = NonZeroU32::new(starts_per_minute).map(|n| RateLimiter::keyed(Quota::per_minute(n)));
        Self { starts, clock: DefaultClock::default() }
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
        if let Some(starts) = &self.starts {
            starts.retain_recent();
            starts.shrink_to_fit();
        }
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
