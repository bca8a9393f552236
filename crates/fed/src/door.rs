//! Where and how many: the address to listen at, and how many connections this machine gives room for.

use crate::problem::Problem;
use downcity_http::{App, Listening};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections at the most; fewer where the system allows fewer open files.
const MOST_CONNECTIONS: u64 = 20_000;

/// Takes an address, so that it is known and free before anything else is made.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, Problem> {
    TcpListener::bind(address).map_err(|why| {
        let problem = Problem::new(format_args!("can't listen on {address}: {why}"));
        if why.kind() == io::ErrorKind::AddrInUse {
            return problem.next("stop the program that listens there, or choose another with --listen");
        }
        problem
    })
}

/// Serves `app` on `listener`, in the background.
pub(crate) fn open(listener: TcpListener, app: &App) -> Result<Listening, Problem> {
    Listening::open(listener, connections(), app)
        .map_err(|why| Problem::new(format_args!("can't listen: {why}")))
}

/// As many connections as leave room for files and for calls to the outside, after asking for all the system gives.
fn connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { raised.current } else { limit.current };
    let files = now.unwrap_or(u64::MAX);
    usize::try_from(MOST_CONNECTIONS.min(files / 4 * 3)).unwrap_or(usize::MAX).max(16)
}
