//! Names of things. Row ids are UUIDv7 (RFC 9562 §5.7): sortable by creation, and never secrets.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// The city that always exists and that a request without `city_id` means.
pub const DEFAULT_CITY: &str = "city_downcity";

/// Makes a UUIDv7 from a moment and ten random bytes.
#[must_use]
pub fn uuid_v7(now: Timestamp, random: &[u8; 10]) -> String {
    let millis = u64::try_from(now.0).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid().to_string()
}

/// What UUIDv7s of this moment begin with, and what is greater than any of them and less than those of the next one.
#[must_use]
pub fn uuids_v7_of(moment: Timestamp) -> [String; 2] {
    let millis = uuid_v7(moment, &[0; 10])[..13].to_owned();
    [format!("{millis}-"), format!("{millis}.")]
}

/// Bits of a UUIDv7 that count within a millisecond (`rand_a`).
const COUNTER: u32 = 12;
/// How far ids may be ahead of the clock: over a leap second they go on, but a clock that was set right is followed.
const AHEAD: u64 = 2_000 << COUNTER;

/// Makes UUIDv7s of which each is greater than the one before, also within a millisecond (RFC 9562 §6.2, method 1). Where
/// the counter is used up, the next millisecond begins early.
#[derive(Debug, Default)]
pub struct Sequence(AtomicU64);

impl Sequence {
    /// The next id. The rest of it, 62 bits, is random.
    #[must_use]
    pub fn next(&self, now: Timestamp, random: &[u8; 10]) -> String {
        let clock = u64::try_from(now.0).unwrap_or(0) << COUNTER;
        let after = |last: u64| if last >= clock && last < clock + AHEAD { last + 1 } else { clock };
        let stamp = after(
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(after(last))).unwrap_or(0),
        );
        let mut bytes = *random;
        // The version takes the place of the upper four bits.
        let counter = u16::try_from(stamp & ((1 << COUNTER) - 1)).unwrap_or(0);
        bytes[..2].copy_from_slice(&counter.to_be_bytes());
        uuid_v7(Timestamp(i64::try_from(stamp >> COUNTER).unwrap_or(0)), &bytes)
    }
}

/// Why a text is not an id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be 1 to {max} characters of {of}")]
pub struct BadId {
    max: usize,
    of: &'static str,
}

/// What ids of ours are made of.
fn plain(text: &str, max: usize) -> Result<(), BadId> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    check(text, max, fine, "letters, digits, `_`, `-` and `.`")
}

/// What ids of others may be made of, such as `auth0|123` or an address.
fn visible(text: &str, max: usize) -> Result<(), BadId> {
    check(text, max, |b| b.is_ascii_graphic(), "visible ASCII, without spaces")
}

fn check(text: &str, max: usize, fine: impl Fn(u8) -> bool, of: &'static str) -> Result<(), BadId> {
    if !text.is_empty() && text.len() <= max && text.bytes().all(fine) {
        Ok(())
    } else {
        Err(BadId { max, of })
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $of:ident <= $max:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes a text from outside.
            ///
            /// # Errors
            /// When it is empty, too long, or has other characters than it may.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                $of(text, $max).map(|()| Self(text.to_owned()))
            }

            /// Takes a text that was checked when it was stored.
            #[must_use]
            pub fn trusted(text: String) -> Self {
                Self(text)
            }

            /// A fresh sortable id.
            #[must_use]
            pub fn fresh(now: Timestamp, random: &[u8; 10]) -> Self {
                Self(uuid_v7(now, random))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// One product (tenant) inside the Federation, for example `city_demo`.
    CityId: plain <= 64,
    /// One person, or a product's own id for one (tokens issued by hand).
    UserId: visible <= 128,
    /// One try to sign in.
    AttemptId: plain <= 64,
    /// One session: what a `user_token` stands on.
    SessionId: plain <= 64,
    /// One way in that a user has.
    IdentityId: plain <= 64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_from_outside_are_checked() {
        assert!(CityId::parse("city_demo-1.x").is_ok());
        for bad in ["", "a b", "a/b", "城", "a\n", &"x".repeat(65)] {
            assert!(CityId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_product_may_have_its_own_form_of_user_ids() {
        assert!(UserId::parse("auth0|123").is_ok() && UserId::parse("li@example.com").is_ok());
        for bad in ["", "a b", "用户", "a\n", &"x".repeat(129)] {
            assert!(UserId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn fresh_ids_sort_by_time() {
        let a = UserId::fresh(Timestamp(1_000), &[255; 10]);
        let b = UserId::fresh(Timestamp(1_001), &[0; 10]);
        assert!(a < b);
    }

    #[test]
    fn ids_of_a_millisecond_are_between_its_bounds_and_others_are_not() {
        let millis = 1_764_000_000_000;
        let [least, above] = uuids_v7_of(Timestamp(millis));
        let within = |at, random: u8| {
            let id = uuid_v7(Timestamp(at), &[random; 10]);
            id >= least && id < above
        };
        assert!(within(millis, 0) && within(millis, 255));
        for other in [millis - 1, millis + 1, millis + (1 << 16), 0] {
            assert!(!within(other, 0) && !within(other, 255), "{other}");
        }
    }

    #[test]
    fn ids_of_a_sequence_grow_whatever_the_clock_does() {
        let ids = Sequence::default();
        let millis = 1_764_000_000_000;
        // Counted up within a millisecond, and beyond the counter; then a leap second.
        let crowd = std::iter::repeat_n(millis, 5000);
        let moments = crowd.chain([millis + 1, millis + 1000, millis + 1, millis + 2, millis + 1001]);
        let made: Vec<String> = moments
            .enumerate()
            .map(|(at, millis)| ids.next(Timestamp(millis), &[if at % 2 == 0 { 255 } else { 0 }; 10]))
            .collect();
        assert!(made.is_sorted_by(|one, next| one < next));
        assert!(made[0].ends_with("-7000-bfff-ffffffffffff"), "{}", made[0]);
        assert!(made[0].starts_with(&uuid_v7(Timestamp(millis), &[0; 10])[..13]));
        // A clock that was a day ahead is followed back.
        let right = ids.next(Timestamp(millis - 86_400_000), &[0; 10]);
        assert!(right.starts_with(&uuid_v7(Timestamp(millis - 86_400_000), &[0; 10])[..13]), "{right}");
    }

    #[test]
    fn many_threads_get_different_ids_of_a_sequence() {
        let ids = Sequence::default();
        let make = || (0..1000).map(|_| ids.next(Timestamp(7), &[0; 10])).collect::<Vec<_>>();
        let mut all = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 4000);
    }
}
