//! The outside world: login providers behind one guarded HTTP client.
//!
//! A provider turns a sign-in into an address to send the person to, and what comes back into an
//! [`downcity_core::ExternalIdentity`]. Nothing here stores anything, and no secret, code or token of a
//! provider ever appears in a log, a `Debug` text or an error.

mod callback;
mod catalogue;
mod check;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod github;
mod guard;
mod hook;
mod knock;
mod line;
pub mod mail;
mod oidc;
mod outside;
mod profile;
mod provider;
mod roots;
mod token;
mod wechat;
mod words;

pub use callback::{Callback, CallbackQuery};
pub use catalogue::{
    EnvKey, EnvSpec, IssuerSpec, ProviderSpec, SIGN_IN_MAILS, catalogue, city_keys, configured,
    configured_for_city, configured_issuers, env_key, general, is_off, issuers,
};
pub use check::Visit;
pub use error::ProviderError;
pub use hook::HookMessage;
pub use knock::{Answer, Closed};
pub use outside::{Outside, OutsideError};
pub use provider::{Authorize, BoxFuture, Exchange, LoginProvider, Proofs};
pub use words::{Words, words};
