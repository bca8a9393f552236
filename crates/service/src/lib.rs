//! The stories of the accounts service: what a product person would name, one file a story.
//!
//! [`Federation`] owns the clock, the random numbers, the store and the outside world. HTTP routes and
//! commands call its methods and nothing below it.

pub mod admin;
pub mod callback;
pub mod cities;
pub mod confirm;
pub mod directory;
mod dotenv;
pub mod email;
mod events;
mod hasher;
mod letters;
mod outbox;
pub mod password;
pub mod register;
pub mod env;
pub mod federation;
pub mod housekeeping;
pub mod instruction;
mod keys;
pub mod limits;
pub mod login;
pub mod outcome;
pub mod result;
pub mod seams;
pub mod sessions;
pub mod tokens;
pub mod vault;
mod wake;

pub use downcity_core as core;
pub use downcity_providers::Outside;
pub use downcity_store::{OpenError as StoreOpenError, Store, StoreError};
pub use federation::{Federation, OpenError, Parts, Settings};
pub use login::Client;
