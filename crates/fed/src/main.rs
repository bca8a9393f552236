//! `fed`, the house: the binary that runs a Federation and talks to one.
//!
//! Commands are brothers of the HTTP routes: `serve`, `dev` and `demo` open the service and put the door
//! before it; the others are clients of the Admin API of a running Federation.

mod admin;
mod calm;
mod cli;
mod command;
mod config;
mod door;
mod house;
mod keys;
mod master;
mod place;
mod problem;
mod product;
mod sandbox;
mod saved;
mod screen;
mod table;
mod telemetry;
mod traces;
mod tui;

use clap::Parser;
use problem::Problem;
use std::process::ExitCode;

/// Better tail latency than the system's allocator under many small allocations, and fewer instructions for each.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let result = cli::Cli::parse().run();
    result.map_or_else(|problem| problem.report(), |()| ExitCode::SUCCESS)
}

/// Runs a command that only waits for answers, on this thread.
fn on_this_thread(work: impl Future<Output = Result<(), Problem>>) -> Result<(), Problem> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().map_err(|why| Problem::runtime(&why))?.block_on(work)
}

/// Runs a server: one worker a core, and few threads for what blocks (name look-ups, files).
fn on_all_cores(work: impl Future<Output = Result<(), Problem>>) -> Result<(), Problem> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime
        .enable_all()
        .max_blocking_threads(16)
        .build()
        .map_err(|why| Problem::runtime(&why))?
        .block_on(work)
}
