//! Names of things. Row ids are UUIDv7 (RFC 9562 §5.7): sortable by creation, and never secrets.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The city that always exists and that a request without `city_id` means.
pub const DEFAULT_CITY: &str = "city_downcity";

/// Makes a UUIDv7 from a moment and ten random bytes.
#[must_use]
pub fn uuid_v7(now: Timestamp, random: &[u8; 10]) -> String {
    let millis = u64::try_from(now.0).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid().to_string()
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
}
