//! The simulator over real HTTP: every endpoint, every golden body, every switch.

#![expect(clippy::unwrap_used, reason = "a test's helper fails the test by panicking")]

mod support;

mod authorize;
mod control;
mod faults;
mod flow;
mod goldens;
mod poll;
mod profile;
mod server;
mod switches;
