//! The providers against servers of their own: one that sends whatever bytes a test wants, and the simulator.

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
