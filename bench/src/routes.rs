//! Single routes against a bare axum hello.

use crate::answer::Answer;
use crate::cli::Effort;
use crate::load::{self, Tally};
use crate::people::Engine;
use crate::processes::{Federation, Server, exchange};
use crate::statistics::median;
use crate::visitor::{self, Visitor, request};
use crate::{Failed, progress};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Connections at a time, the heaviest first.
pub(crate) const CONNECTIONS: [usize; 3] = [64, 16, 1];
/// What is measured; the first is what the others are compared with.
pub(crate) const ROUTES: [&str; 4] = ["axum hello", "accounts/providers", "accounts/me", "oauth/start"];

/// Medians for one route at one number of connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    /// Requests a second against those of hello in the same round.
    pub(crate) ratio: f64,
    pub(crate) tally: Tally,
    /// Microseconds of the server's processor time for each request.
    pub(crate) processor: f64,
}

/// By connections, then by route.
pub(crate) type Routes = Vec<Vec<Measured>>;

struct Target<'a> {
    server: &'a Server,
    request: Arc<[u8]>,
}

struct Sample {
    tally: Tally,
    processor: f64,
}

pub(crate) fn measure(fed: &Path, effort: Effort) -> Result<Routes, Failed> {
    let hello = Server::own("hello")?;
    let federation = Federation::start(fed, Engine::Sqlite, 0)?;
    let server = &federation.server;
    let token = token(server)?;
    let get = |line: &str, bearer: &str| request(server.address, line, bearer, "").into();
    let targets = [
        Target { server: &hello, request: request(hello.address, "GET /", "", "").into() },
        Target { server, request: get("GET /v1/accounts/providers", "") },
        Target { server, request: get("GET /v1/accounts/me", &token) },
        Target { server, request: visitor::start(server.address).into() },
    ];
    let mut found = Vec::new();
    for connections in CONNECTIONS {
        progress(&format!("routes, {connections} connections"));
        for target in &targets {
            sample(target, connections, effort.time / 4)?;
        }
        let mut rounds = Vec::new();
        for _ in 0..effort.rounds {
            let round = targets.iter().map(|target| sample(target, connections, effort.time));
            rounds.push(round.collect::<Result<Vec<_>, _>>()?);
        }
        found.push((0..targets.len()).map(|route| middle(&rounds, route)).collect());
    }
    Ok(found)
}

fn sample(target: &Target<'_>, connections: usize, time: Duration) -> Result<Sample, Failed> {
    let before = target.server.processor_seconds()?;
    let visitor = || Visitor::Same(Arc::clone(&target.request));
    let tally = load::run(target.server.address, connections, time, visitor)?;
    let used = target.server.processor_seconds()? - before;
    let processor = used * 1e6 / f64::from(u32::try_from(tally.done.max(1))?);
    Ok(Sample { tally, processor })
}

fn middle(rounds: &[Vec<Sample>], route: usize) -> Measured {
    let of = |pick: fn(&Sample) -> f64| median(rounds.iter().map(|round| pick(&round[route])));
    let ratios = rounds.iter().map(|round| round[route].tally.per_second / round[0].tally.per_second);
    Measured {
        ratio: median(ratios),
        tally: Tally {
            per_second: of(|sample| sample.tally.per_second),
            median: of(|sample| sample.tally.median),
            p99: of(|sample| sample.tally.p99),
            done: rounds.iter().map(|round| round[route].tally.done).sum(),
        },
        processor: of(|sample| sample.processor),
    }
}

/// Signs in once, for a token.
fn token(server: &Server) -> Result<String, Failed> {
    let mut visitor = Visitor::signing_in(server.address, Arc::new(AtomicU64::new(u64::MAX)));
    let mut out = Vec::new();
    visitor.begin(&mut out);
    let mut stream = std::net::TcpStream::connect(server.address)?;
    loop {
        let bytes = exchange(&mut stream, &out)?;
        let answer = Answer::read(&bytes).ok_or("half an answer")?;
        match visitor.next(answer, &mut out) {
            visitor::Progress::Underway => {}
            visitor::Progress::Done => return Ok(answer.text("user_token").unwrap_or_default().to_owned()),
            visitor::Progress::Wrong => {
                let body = String::from_utf8_lossy(&bytes).into_owned();
                return Err(format!("a sign-in went wrong: {body}").into());
            }
        }
    }
}
