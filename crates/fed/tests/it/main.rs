//! The whole system: the real binary, started as a process, spoken to over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod accounts;
mod cli;
mod config;
mod demo;
mod dev;
mod import;
mod kill;
mod login;
mod manual;
mod people;
mod serve;
mod support;
