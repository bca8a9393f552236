//! The whole system: the real binary, started as a process, spoken to over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod accounts;
mod cli;
mod config;
mod contents;
mod crowd;
mod demo;
mod deploy;
mod dev;
mod doctor;
mod faults;
mod import;
mod keeping;
mod kill;
mod load;
mod login;
mod manual;
mod moving;
mod nodes;
mod people;
mod pooled;
mod rolling;
mod scale;
mod secrets;
mod serve;
mod soak;
mod status;
mod support;
mod traces;
mod tui;
