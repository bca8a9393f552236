//! The door: routes, pages and the OpenAPI document. The only room that knows HTTP.
//!
//! Every handler extracts, makes one call to the service, and maps the answer. All routes are on one screen
//! in [`routes`].

mod accounts;
mod admin_keys;
mod admission;
mod attempts;
mod audit;
mod browser;
mod caller;
mod cities;
mod client;
mod conversation;
mod cookies;
mod cors;
mod crew;
mod doctor;
mod email;
mod env;
mod error;
mod extract;
mod federation;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod hallway;
mod json;
mod keys;
mod lazy_timer;
mod listen;
mod mailed;
mod meter;
mod openapi;
mod overview;
mod own;
mod pages;
mod patience;
mod people;
mod providers;
mod routes;
mod secrets;
mod steps;
mod token;
mod trace;
mod webhooks;
mod wire;
mod workspace;

pub use hallway::App;
pub use listen::{Closed, Listening};
#[cfg(feature = "openapi")]
pub use openapi::openapi_json;
pub use routes::{Door, Serves, app};
pub use trace::Adopt;
#[cfg(feature = "openapi")]
pub use workspace::workspace_routes;
