//! Whole sign-ins against what disk and processors allow. Each is four writes: the start, the claim and the completion
//! at the callback, collecting the result. The last two wait for the disk, which sign-ins at the same time share; on
//! PostgreSQL all four do.

use crate::cli::Effort;
use crate::load;
use crate::people::{DATABASE, Engine, POPULATIONS, settle};
use crate::processes::{Federation, scratch};
use crate::routes::CONNECTIONS;
use crate::statistics::median;
use crate::visitor::Visitor;
use crate::{Failed, progress};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Writes of one sign-in that wait for the disk.
fn commits(engine: Engine) -> f64 {
    match engine {
        Engine::Sqlite => 2.0,
        Engine::Postgres => 4.0,
    }
}

/// Requests that a sign-in makes: three to the Federation, two to the provider.
pub(crate) const REQUESTS: f64 = 5.0;

/// What was measured on one database.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) engine: Engine,
    /// Who had signed in before.
    pub(crate) people: i64,
    /// By [`CONNECTIONS`].
    pub(crate) found: Vec<SignIns>,
    /// Of the server after the load, in MiB.
    pub(crate) resident: f64,
}

/// Medians at one number of sign-ins at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignIns {
    pub(crate) per_second: f64,
    /// In milliseconds, start to result.
    pub(crate) median: f64,
    pub(crate) p99: f64,
    /// Durable inserts a second through the store alone.
    pub(crate) inserts: f64,
    /// As many sign-ins a second, by the writes of each that wait for the disk.
    pub(crate) commit_limit: f64,
    /// Milliseconds of the server's processor time for each sign-in.
    pub(crate) processor: f64,
}

impl Series {
    /// What a sign-in costs, at the first number of connections: on SQLite the server's processor time; on PostgreSQL, where
    /// another process works too, the time of the whole machine.
    fn cost(&self) -> f64 {
        self.found.first().map_or(0.0, |found| match self.engine {
            Engine::Sqlite => found.processor,
            Engine::Postgres => 1e3 / found.per_second.max(0.001),
        })
    }

    /// The same against the first series of this engine, which is among nobody.
    pub(crate) fn cost_among(&self, all: &[Self]) -> f64 {
        let none = all.iter().find(|first| first.engine == self.engine).map_or(0.0, Self::cost);
        self.cost() / none.max(0.001)
    }
}

/// Both engines with nobody in the database, and with many.
pub(crate) fn measure(fed: &Path, effort: Effort) -> Result<Vec<Series>, Failed> {
    let populations = if effort.crowded { &POPULATIONS[..] } else { &POPULATIONS[..1] };
    let each =
        Engine::all().iter().flat_map(|&engine| populations.iter().map(move |&people| (engine, people)));
    each.map(|(engine, people)| series(fed, effort, engine, people)).collect()
}

fn series(fed: &Path, effort: Effort, engine: Engine, people: i64) -> Result<Series, Failed> {
    progress(&format!("{}: a database with {people} people", engine.name()));
    let federation = Federation::start(fed, engine, people)?;
    let server = &federation.server;
    let persons = Arc::new(AtomicU64::new(1));
    let mut found = Vec::new();
    for connections in CONNECTIONS {
        progress(&format!("sign-ins, {connections} at a time"));
        let visitor = || Visitor::signing_in(server.address, Arc::clone(&persons));
        load::run(server.address, connections, effort.time / 4, visitor)?;
        let mut rounds = Vec::new();
        for _ in 0..effort.rounds {
            let inserts = inserts(engine, connections, effort.time)?;
            let before = server.processor_seconds()?;
            let tally = load::run(server.address, connections, effort.time, visitor)?;
            let used = server.processor_seconds()? - before;
            rounds.push((inserts, used * 1e3 / f64::from(u32::try_from(tally.done.max(1))?), tally));
        }
        let inserts = median(rounds.iter().map(|(inserts, _, _)| *inserts));
        found.push(SignIns {
            per_second: median(rounds.iter().map(|(_, _, tally)| tally.per_second)),
            median: median(rounds.iter().map(|(_, _, tally)| tally.median)),
            p99: median(rounds.iter().map(|(_, _, tally)| tally.p99)),
            inserts,
            commit_limit: inserts / commits(engine),
            processor: median(rounds.iter().map(|(_, processor, _)| *processor)),
        });
    }
    Ok(Series { engine, people, found, resident: server.resident()? })
}

/// Durable inserts a second, in a process and a database of their own.
fn inserts(engine: Engine, tasks: usize, time: Duration) -> Result<f64, Failed> {
    let data = scratch()?;
    let url = settle(engine, data.path(), i64::try_from(tasks)?)?;
    let database = url.map_or_else(|| data.path().join(DATABASE).into_os_string(), Into::into);
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("inserts").arg(database);
    let output = command.args([tasks.to_string(), time.as_millis().to_string()]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}
