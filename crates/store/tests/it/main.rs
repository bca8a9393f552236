//! The same suite on both engines: `…::sqlite::name` and `…::postgres::name`.

mod support;

mod attempts;
mod collecting;
mod engines;
mod housekeeping;
mod people;
mod races;
mod sessions;
mod settings;
