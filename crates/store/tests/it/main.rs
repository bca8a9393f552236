//! The same suite on both engines: `…::sqlite::name` and `…::postgres::name`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod sign_in_counts;
mod support;
mod user_search;

mod admins;
mod attempts;
mod collecting;
mod copy;
mod dump;
mod engines;
mod housekeeping;
mod moving_in;
mod news;
mod notices;
mod people;
mod races;
mod sessions;
mod settings;
mod standing;
