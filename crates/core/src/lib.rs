//! Words and rules of the accounts service.
//!
//! Everything here is a value or a pure function: no I/O, no clock, no random numbers. Whoever needs the
//! time or fresh random bytes takes them as an argument.

pub mod agent;
pub mod attempt;
pub mod city;
pub mod email;
pub mod failure;
pub mod finding;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod id;
pub mod identity;
pub mod lang;
pub mod network;
pub mod password;
pub mod pkce;
pub mod redirect;
pub mod role;
pub mod secret;
pub mod session;
pub mod time;
pub mod token;
pub mod user;
pub mod user_code;

pub use attempt::{Attempt, Stage};
pub use city::{City, CityStatus, ConfirmPolicy};
pub use failure::Failure;
pub use finding::{Finding, Said, Verdict};
pub use id::{AttemptId, CityId, IdentityId, SessionId, UserId};
pub use identity::{ExternalIdentity, IdentityKey, Profile};
pub use lang::{Lang, Text};
pub use role::{Role, Via};
pub use secret::{Digest, OpaqueToken, Secret};
pub use session::Session;
pub use time::Timestamp;
pub use token::Claims;
pub use user::User;
