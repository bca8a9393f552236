//! Memory and start of `fed serve` with nothing configured, as it ships.

use crate::cli::Effort;
use crate::people::{Engine, POPULATIONS, settle};
use crate::processes::{Server, scratch};
use crate::statistics::median;
use crate::{Failed, progress};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long it is left alone before its memory is read.
const REST: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Default)]
pub(crate) struct Idle {
    /// Resident memory in MiB.
    pub(crate) resident: f64,
    /// Milliseconds from starting the process to a good answer of `/ready`, in an empty folder: keys are made.
    pub(crate) first_start: f64,
    /// The same in a folder that was used before.
    pub(crate) later_start: f64,
    /// The slowest of all starts.
    pub(crate) slowest: f64,
    /// A later start and the resident memory after it, by [`POPULATIONS`] of the database, but for the first.
    pub(crate) crowded: Vec<(f64, f64)>,
}

pub(crate) fn measure(fed: &Path, effort: Effort) -> Result<Idle, Failed> {
    progress("starts and idle memory");
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for _ in 0..effort.starts {
        let data = scratch()?;
        first.push(start(fed, data.path())?.1);
        later.push(start(fed, data.path())?.1);
    }
    let data = scratch()?;
    let (server, _) = start(fed, data.path())?;
    std::thread::sleep(REST);
    let resident = server.resident()?;
    let slowest = first.iter().chain(&later).copied().fold(0.0, f64::max);
    let populations = POPULATIONS[1..].iter().filter(|_| effort.crowded);
    let crowded =
        populations.map(|&people| crowded(fed, effort, people)).collect::<Result<Vec<_>, Failed>>()?;
    Ok(Idle { resident, first_start: median(first), later_start: median(later), slowest, crowded })
}

fn crowded(fed: &Path, effort: Effort, people: i64) -> Result<(f64, f64), Failed> {
    progress(&format!("starts with {people} people in the database"));
    let data = scratch()?;
    start(fed, data.path())?;
    settle(Engine::Sqlite, data.path(), people)?;
    let starts = (0..effort.starts).map(|_| Ok(start(fed, data.path())?.1));
    let took = median(starts.collect::<Result<Vec<_>, Failed>>()?);
    let (server, _) = start(fed, data.path())?;
    std::thread::sleep(REST);
    Ok((took, server.resident()?))
}

fn start(fed: &Path, data: &Path) -> Result<(Server, f64), Failed> {
    let begin = Instant::now();
    let server = Server::fed(fed, data, &[])?;
    server.must("GET /ready", "", "")?;
    Ok((server, begin.elapsed().as_secs_f64() * 1000.0))
}
