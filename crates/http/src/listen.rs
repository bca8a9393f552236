//! Listens: time limits that a slow or silent peer runs into, a limit on connections, an orderly end.
//!
//! HTTP/1.1 only, without TLS: what speaks to browsers from afar is a proxy, and proxies speak this.

use crate::crew::{Crew, Guest};
use crate::hallway::App;
use crate::lazy_timer::LazyTimer;
use crate::patience::{IDLE, Patient, Turn};
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// What is kept of a connection that was not read yet, in bytes, and with that the largest head of a request.
const BUFFER: usize = 32 * 1024;
/// How long requests that have begun may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long to wait when the system gives no connection, which is mostly for want of free files.
const BREATH: Duration = Duration::from_millis(100);

/// A listener that is served in the background.
pub struct Listening {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Listening {
    /// Serves `app` on `listener`, at most `most` connections at a time; others are closed at once.
    ///
    /// # Errors
    /// When the system does not let the listener be waited for.
    pub fn open(listener: TcpListener, most: usize, app: &App) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stop, stopped) = oneshot::channel();
        let (graceful, gone) = (GracefulShutdown::new(), CancellationToken::new());
        let threads = std::thread::available_parallelism()?.get();
        let crew = Crew::start(threads, app, &gone)?;
        let task = async move {
            let _gone = gone.drop_guard();
            serve(listener, most, crew, &graceful, stopped).await;
            graceful.shutdown().await;
        };
        Ok(Self { stop, task: tokio::spawn(task) })
    }

    /// Takes no new connections and lets running requests end, for ten seconds at the most; `hurry` ends the wait.
    pub async fn close(self, hurry: impl Future<Output = ()>) {
        let Self { stop, mut task } = self;
        // An error means that it has ended by itself.
        let _ = stop.send(());
        tokio::select! {
            _ = &mut task => {}
            () = tokio::time::sleep(DRAIN) => task.abort(),
            () = hurry => task.abort(),
        }
    }
}

/// Takes connections until it is told to stop.
async fn serve(
    listener: tokio::net::TcpListener,
    most: usize,
    crew: Crew,
    graceful: &GracefulShutdown,
    stopped: oneshot::Receiver<()>,
) {
    // Whoever lets the handle go without a word wants it to go on.
    let stopped = async move {
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(stopped);
    let places = Arc::new(Semaphore::new(most));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => return,
        };
        let accepted = accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer)));
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(why) => {
                debug!(%why, "a connection was not accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            debug!(%peer, "a connection was closed: there are too many");
            continue;
        };
        crew.seat(Guest { stream, peer, place, watcher: graceful.watcher() });
    }
}

/// One connection and its requests.
pub(crate) fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    app: App,
) -> impl GracefulConnection<Error = hyper::Error> + Send {
    // Answers are written whole; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let turn = Arc::<Turn>::default();
    let stream = Patient::new(stream, Arc::clone(&turn));
    // A counter of this connection's own: one that all connections shared would go from core to core.
    let timer = LazyTimer::default();
    let kept = Arc::new((app, timer.clone(), turn));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let kept = Arc::clone(&kept);
        // At once: hyper looks at the connection again before it lets the answer begin.
        kept.2.answering();
        async move {
            let (app, timer, turn) = &*kept;
            let answer = app.answer(peer, received(request), timer).await;
            turn.answered();
            Ok::<_, Infallible>(answer)
        }
    });
    let mut http = http1::Builder::new();
    // Answers are small: one copied piece is sent sooner than two gathered by the kernel.
    http.writev(false)
        .max_buf_size(BUFFER)
        .timer(timer)
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service)
}

/// A request as the routes read it. Most have no body, and then need no room for one.
fn received(request: hyper::Request<Incoming>) -> Request {
    request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(body) })
}
