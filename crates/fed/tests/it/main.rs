//! The whole system: the real binary, started as a process, spoken to over HTTP.

mod cli;
mod config;
mod demo;
mod dev;
mod kill;
mod serve;
mod support;
