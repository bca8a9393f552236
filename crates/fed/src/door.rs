//! Where and how many: the address to listen at, and how many connections this machine gives room for.

use crate::problem::Problem;
use downcity_http::{App, Listening};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections at the most; fewer where the system allows fewer open files.
const MOST_CONNECTIONS: u64 = 20_000;
/// Connections that wait until they are taken. The standard library asks for 128: a crowd that comes at once, as after a
/// restart, would overflow that, and whoever finds it full tries again after a second. The system's own bound
/// (`net.core.somaxconn`) is 4096 where nobody changed it.
const BACKLOG: i32 = 4096;

/// Takes an address, so that it is known and free before anything else is made. `option` chooses another.
pub(crate) fn bind(address: SocketAddr, option: &str) -> Result<TcpListener, Problem> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(listener)
    });
    listener.map_err(|why| {
        let problem = Problem::new(format_args!("can't listen on {address}: {why}"));
        if why.kind() == io::ErrorKind::AddrInUse {
            return problem
                .next(format_args!("stop the program that listens there, or choose another with {option}"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpStream};
    use std::time::Duration;

    #[test]
    fn a_taken_address_names_the_option_that_chooses_another() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let told = bind(taken.local_addr().unwrap(), "--port").unwrap_err().to_string();
        assert!(told.ends_with("or choose another with --port"), "{told}");
    }

    #[test]
    fn a_crowd_that_comes_at_once_waits_at_the_door() {
        let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), "--listen").unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody is taken yet. Whoever finds no room is not connected before a second has passed.
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900)).unwrap();
        let crowd: Vec<_> = (0..400).map(connect).collect();
        assert_eq!(crowd.len(), 400);
    }
}
