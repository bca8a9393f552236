//! Speed and memory of a Federation, measured as ratios in one run.
//!
//! This process is the load generator; what it measures runs as processes of its own: a bare axum server for
//! comparison, a fast fake of WeChat's two endpoints, the store's writer alone, and the real `fed serve`.
//! Rounds alternate between them and medians are told, so that a drifting machine does little harm.

mod answer;
mod cli;
mod idle;
mod limits;
mod load;
mod machine;
mod people;
mod pictures;
mod plot;
mod processes;
mod report;
mod routes;
mod servers;
mod sign_in;
mod statistics;
mod visitor;
mod waiters;

use clap::Parser;
use cli::{Cli, Role};
use report::Language;
use std::io::Write;
use std::process::ExitCode;

/// The allocator of `fed`, so that the comparison differs in nothing but our code.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What stops a bench: there is nothing to do but say it.
type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.role {
        Some(Role::Hello) => servers::hello(),
        Some(Role::FakeWechat) => servers::fake_wechat(),
        Some(Role::Inserts { database, tasks, millis }) => servers::inserts(&database, tasks, millis),
        None => measure(&cli),
    };
    outcome.map_or_else(
        |error| {
            let _ = writeln!(std::io::stderr(), "bench: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn measure(cli: &Cli) -> Result<(), Failed> {
    let effort = cli.effort();
    let fed = cli.fed()?;
    let machine = machine::describe(&fed);
    let part = |name: &str| cli.only.is_empty() || cli.only.iter().any(|only| only == name);
    let limits = part("limits").then(|| limits::measure(effort.time)).transpose()?;
    let routes = part("routes").then(|| routes::measure(&fed, effort)).transpose()?;
    let sign_ins = part("sign-ins").then(|| sign_in::measure(&fed, effort)).transpose()?;
    let waiters = part("waiters").then(|| waiters::measure(&fed, effort)).transpose()?;
    let idle = part("idle").then(|| idle::measure(&fed, effort)).transpose()?;
    let found = report::Found { machine, effort, limits, routes, sign_ins, waiters, idle };
    writeln!(std::io::stdout(), "{}", report::page(&found, Language::English))?;
    if cli.write {
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        for (language, name) in [(Language::English, "bench.md"), (Language::Chinese, "bench.zh.md")] {
            std::fs::write(docs.join(name), report::page(&found, language))?;
            pictures::write(&found, language, &docs.join("bench"))?;
        }
    }
    Ok(())
}

/// Tells how far the bench is, on standard error.
fn progress(text: &str) {
    let _ = writeln!(std::io::stderr(), "  {text}");
}
