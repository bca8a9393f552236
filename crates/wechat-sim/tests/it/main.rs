//! The simulator over real HTTP: every endpoint, every golden body, every switch.

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
