//! The providers against servers of their own: one that sends whatever bytes a test wants, and the simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod authorize;
mod bodies;
mod callback;
mod errors;
mod fake;
mod identity;
mod outside;
mod secrecy;
mod settings;
mod simulator;
mod transport;
