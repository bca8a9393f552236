//! Listens: time limits that a slow or silent peer runs into, a limit on connections, an orderly end.
//!
//! HTTP/1.1 only, without TLS: what speaks to browsers from afar is a proxy, and proxies speak this.

use crate::crew::{Crew, Ends, Guest};
use crate::hallway::App;
#[cfg(target_os = "linux")]
use socket2::{SockFilter, SockRef};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::debug;

/// How long requests that have begun may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long handshakes that have begun may take to end when the server stops.
const HANDSHAKE: Duration = Duration::from_millis(50);
/// How long to wait when the system gives no connection, which is mostly for want of free files.
const BREATH: Duration = Duration::from_millis(100);

/// A listener that is served in the background.
pub struct Listening {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    threads: Arc<DropGuard>,
}

/// A listener that is served no more. Its threads end when this is dropped: what requests have begun there goes on until
/// then (writes whose client is gone, an exchange with a provider), and so do connections to the database that they
/// opened, which other threads use, too.
#[must_use = "dropped only after all that requests have begun is done"]
pub struct Closed {
    _threads: Arc<DropGuard>,
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
        let (closing, gone) = (CancellationToken::new(), CancellationToken::new());
        let threads = std::thread::available_parallelism()?.get();
        let ended = CancellationToken::new();
        let crew = Crew::start(
            threads,
            app,
            &Ends { closing: closing.clone(), gone: gone.clone(), ended: ended.clone() },
        )?;
        let threads = Arc::new(ended.drop_guard());
        let kept = Arc::clone(&threads);
        let task = async move {
            let _kept = kept;
            let _gone = gone.drop_guard();
            let connections = TaskTracker::new();
            serve(listener, most, crew, &connections, stopped).await;
            closing.cancel();
            connections.close();
            connections.wait().await;
        };
        Ok(Self { stop, task: tokio::spawn(task), threads })
    }

    /// Takes no new connections and lets running requests end, for ten seconds at the most; `hurry` ends the wait.
    pub async fn close(self, hurry: impl Future<Output = ()>) -> Closed {
        let Self { stop, mut task, threads } = self;
        // An error means that it has ended by itself.
        let _ = stop.send(());
        tokio::select! {
            _ = &mut task => {}
            () = tokio::time::sleep(DRAIN) => task.abort(),
            () = hurry => task.abort(),
        }
        Closed { _threads: threads }
    }
}

/// Takes connections until it is told to stop, and then those that the system has let in before.
async fn serve(
    listener: tokio::net::TcpListener,
    most: usize,
    mut crew: Crew,
    connections: &TaskTracker,
    stopped: oneshot::Receiver<()>,
) {
    // A handle that is dropped without `close` leaves the server running.
    let stopped = async move {
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let places = Arc::new(Semaphore::new(most));
    let mut seat = |stream, peer| {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            return debug!(%peer, "a connection was closed: there are too many");
        };
        crew.seat(Guest { stream, peer, place, counted: connections.token() });
    };
    accept_until(stopped, &listener, &mut seat).await;
    // They are connected already, or about to be: a listener that goes away would reset them.
    if refuse_handshakes(&listener) {
        accept_until(tokio::time::sleep(HANDSHAKE), &listener, &mut seat).await;
    }
    let Ok(listener) = listener.into_std() else { return };
    loop {
        match listener.accept() {
            Ok((stream, peer)) if stream.set_nonblocking(true).is_ok() => seat(stream, peer),
            Ok(_) => {}
            Err(why) if why.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(_) => return,
        }
    }
}

async fn accept_until(
    end: impl Future<Output = ()>,
    listener: &tokio::net::TcpListener,
    seat: &mut impl FnMut(TcpStream, SocketAddr),
) {
    tokio::pin!(end);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut end => return,
        };
        let accepted = accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer)));
        match accepted {
            Ok((stream, peer)) => seat(stream, peer),
            Err(why) => {
                debug!(%why, "a connection was not accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Lets nobody begin to connect any more, whereas those who have begun get in; false where the system can't. Whoever comes
/// now tries again after a second, and is refused then.
#[cfg(target_os = "linux")]
fn refuse_handshakes(listener: &tokio::net::TcpListener) -> bool {
    // Classic BPF over TCP's header (RFC 9293 §3.1): its flags are in byte 13, SYN is 2 and ACK 16; SYN alone begins.
    let (load, and, equal, answer) = (0x30, 0x54, 0x15, 0x06);
    let flags = [
        SockFilter::new(load, 0, 0, 13),
        SockFilter::new(and, 0, 0, 0x12),
        SockFilter::new(equal, 0, 1, 0x02),
        SockFilter::new(answer, 0, 0, 0),
        SockFilter::new(answer, 0, 0, u32::MAX),
    ];
    SockRef::from(listener).attach_filter(&flags).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn refuse_handshakes(_: &tokio::net::TcpListener) -> bool {
    false
}
