//! The stories of the accounts service: what a product person would name, one file a story.
//!
//! [`Federation`] owns the clock, the random numbers, the store and the outside world. HTTP routes and
//! commands call its methods and nothing below it.

pub mod admin;
pub mod admin_keys;
pub mod admin_sessions;
pub mod attempts;
mod attention;
pub mod audit;
pub mod backup;
mod breaker;
pub mod callback;
pub mod cities;
pub mod city_env;
pub mod city_view;
pub mod confirm;
mod deliveries;
pub mod directory;
pub mod doctor;
mod dotenv;
pub mod email;
pub mod email_change;
pub mod env;
pub mod env_import;
pub mod env_parts;
mod events;
pub mod federation;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod hasher;
pub mod housekeeping;
pub mod identities;
pub mod instruction;
pub mod introspect;
mod keys;
pub mod leaving;
mod letters;
pub mod limits;
pub mod local;
pub mod login;
pub mod login_steps;
pub mod mail_login;
pub mod master_key;
pub mod metrics;
pub mod moving_in;
pub mod moving_out;
pub mod notices;
mod outbox;
pub mod outcome;
pub mod overview;
pub mod own_sessions;
pub mod password;
pub mod patterns;
pub mod people;
pub mod person;
mod posted;
pub mod profile;
pub mod providers;
pub mod refresh;
pub mod register;
pub mod result;
pub mod rotation;
pub mod seams;
pub mod sessions;
pub mod tokens;
pub mod user_pages;
pub mod vault;
mod wake;
pub mod webhooks;

pub use downcity_core as core;
pub use downcity_providers::Outside;

/// Rows as stories hand them on.
pub mod rows {
    pub use downcity_store::{
        AdminKeyRow, Audit, CityNumbers, Delivery, Event, Identity, ListedAdminSession, ListedAttempt,
        ListedSession, ListedUser, MailTrace, Merged, PeopleNumbers, Webhook,
    };
}

pub use downcity_store::{OpenError as StoreOpenError, Store, StoreError};
pub use federation::{Federation, OpenError, Parts, Premises, Retention, Settings};
pub use keys::KeyError;
pub use login::Client;
