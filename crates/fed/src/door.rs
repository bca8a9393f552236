//! Listens: time limits that a slow or silent peer runs into, a limit on connections, an orderly end.

use crate::problem::Problem;
use axum::middleware::AddExtension;
use axum::{Extension, Router};
use axum_server::accept::Accept;
use axum_server::{Handle, Server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::future::{Ready, ready};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tower::Layer;
use tracing::debug;

/// Until a request's head has to be there in full, and how long an idle connection is kept.
const HEAD: Duration = Duration::from_secs(10);
/// How long requests that have begun may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
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

/// A running HTTP server.
pub(crate) struct Door {
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl Door {
    /// Serves `app` on `listener`, in the background.
    pub(crate) fn open(listener: TcpListener, app: Router) -> Result<Self, Problem> {
        let handle = Handle::new();
        let server = axum_server::from_tcp(listener)
            .map_err(|why| Problem::new(format_args!("can't listen: {why}")))?
            .handle(handle.clone())
            .first_request_timeout(HEAD)
            .accept_error_handler(|peer, why| debug!(?peer, %why, "a connection was not accepted"));
        let mut server: Server<SocketAddr, Places> = server.acceptor(Places::new());
        server.http_builder().http1().header_read_timeout(HEAD);
        server.http_builder().http2().keep_alive_interval(Some(HEAD)).keep_alive_timeout(HEAD);
        let task = tokio::spawn(server.serve(app.into_make_service_with_connect_info::<SocketAddr>()));
        Ok(Self { handle, task })
    }

    /// Takes no new connections and lets running requests end; `hurry` ends the wait.
    pub(crate) async fn close(mut self, hurry: impl Future<Output = ()>) {
        self.handle.graceful_shutdown(Some(DRAIN));
        tokio::select! {
            _ = &mut self.task => {}
            () = hurry => self.handle.shutdown(),
        }
    }
}

/// Gives each connection one of a limited number of places; where none is left, it is closed at once.
#[derive(Clone)]
struct Places {
    free: Arc<Semaphore>,
}

impl Places {
    fn new() -> Self {
        Self { free: Arc::new(Semaphore::new(connections())) }
    }
}

impl<S> Accept<TcpStream, S> for Places {
    type Stream = TcpStream;
    /// The place is part of the connection's service, and so is free again when the connection ends.
    type Service = AddExtension<S, Arc<OwnedSemaphorePermit>>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = Arc::clone(&self.free).try_acquire_owned() else {
            return ready(Err(io::Error::other("too many connections")));
        };
        ready(stream.set_nodelay(true).map(|()| (stream, Extension(Arc::new(place)).layer(service))))
    }
}

/// As many connections as leave room for files and for calls to the outside, after asking for all the system gives.
fn connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { raised.current } else { limit.current };
    let files = now.unwrap_or(u64::MAX);
    usize::try_from(MOST_CONNECTIONS.min(files / 4 * 3)).unwrap_or(usize::MAX).max(16)
}
