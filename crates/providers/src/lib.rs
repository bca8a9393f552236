//! The outside world: login providers behind one guarded HTTP client.
//!
//! A provider turns a sign-in into an address to send the person to, and what comes back into an
//! [`downcity_core::ExternalIdentity`]. Nothing here stores anything, and no secret, code or token of a
//! provider ever appears in a log, a `Debug` text or an error.

mod callback;
mod catalogue;
mod error;
mod outside;
mod provider;
mod roots;
mod wechat;

pub use callback::{Callback, CallbackQuery};
pub use catalogue::{EnvSpec, ProviderSpec, catalogue, configured};
pub use error::ProviderError;
pub use outside::{Outside, OutsideError};
pub use provider::{Authorize, BoxFuture, LoginProvider};
