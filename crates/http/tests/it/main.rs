//! The door and everything behind it, over real HTTP: a Federation on a real store, the WeChat simulator as
//! the provider, a clock that tests can move.

mod confirm;
mod confirm_page;
mod contract;
mod kit;
mod openapi;
mod person;
mod races;
mod spec;
mod support;
mod vanishing;
mod walk;
