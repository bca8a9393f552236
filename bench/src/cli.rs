//! The command line.

use crate::Failed;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Measures speed and memory of a Federation. Takes some minutes; the machine should do nothing else.
#[derive(Parser)]
#[command(name = "cargo xtask bench", max_term_width = 110)]
pub(crate) struct Cli {
    /// Fewer and shorter rounds: a look, not a measurement
    #[arg(long)]
    quick: bool,
    /// Also write docs/bench.md, docs/bench.zh.md and the pictures in docs/bench
    #[arg(long)]
    pub(crate) write: bool,
    /// Measure only this part; may be given several times
    #[arg(long, value_parser = ["routes", "sign-ins", "idle", "waiters", "limits"])]
    pub(crate) only: Vec<String>,
    /// Rounds of every measurement
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// How long each measurement of a round takes
    #[arg(long, value_name = "MILLISECONDS")]
    millis: Option<u64>,
    /// The binary to measure [default: the one built beside this bench]
    #[arg(long, value_name = "FILE")]
    fed: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// The processes that the bench starts of itself.
#[derive(Subcommand)]
pub(crate) enum Role {
    /// A bare axum server
    #[command(hide = true)]
    Hello,
    /// WeChat's two endpoints, fast
    #[command(hide = true)]
    FakeWechat,
    /// Durable inserts through the store
    #[command(hide = true)]
    Inserts {
        /// The database's file, or the URL of one on PostgreSQL
        database: String,
        /// How many insert at a time
        tasks: usize,
        /// For how long
        millis: u64,
    },
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// Of each measurement in a round.
    pub(crate) time: Duration,
    pub(crate) starts: usize,
    /// Whether databases with many people are measured too.
    pub(crate) crowded: bool,
    /// Clients that wait at the same time.
    pub(crate) waiters: usize,
}

impl Cli {
    pub(crate) fn effort(&self) -> Effort {
        let (rounds, millis, starts) = if self.quick { (3, 400, 3) } else { (7, 1500, 10) };
        let time = Duration::from_millis(self.millis.unwrap_or(millis));
        let waiters = if self.quick { 1000 } else { 10_000 };
        Effort { rounds: self.rounds.unwrap_or(rounds).max(1), time, starts, crowded: !self.quick, waiters }
    }

    pub(crate) fn fed(&self) -> Result<PathBuf, Failed> {
        let path = match &self.fed {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("fed"),
        };
        if !path.is_file() {
            return Err(format!("there is no {}: `cargo xtask bench` builds it", path.display()).into());
        }
        Ok(path)
    }
}
