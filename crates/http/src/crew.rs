//! The threads that serve connections: each has its own, and no request ever moves to another.
//!
//! A request is a few microseconds of work, and a scheduler that shares all of them among all threads adds noticeably to
//! that (`docs/performance.md`). What takes longer (password hashes, searches, names to be looked up) runs beside them, on
//! threads that are made when they are needed.

use crate::conversation::converse;
use crate::hallway::App;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use tokio::runtime;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{debug, error};

/// Threads for what blocks, for each thread that serves: more than password hashes and searches may take together, so that
/// none of them keeps a provider's name from being looked up.
const BLOCKING: usize = 64;

/// A connection that was accepted.
pub(crate) struct Guest {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    /// Its place among the connections that are served at a time.
    pub(crate) place: OwnedSemaphorePermit,
    /// Is waited for when the server stops.
    pub(crate) counted: TaskTrackerToken,
}

/// What ends one after the other.
pub(crate) struct Ends {
    /// Connections, with the next answer.
    pub(crate) closing: CancellationToken,
    /// Connections, at once.
    pub(crate) gone: CancellationToken,
    /// The threads. One that ended before the others would take what was spawned there with it: connections to the
    /// database that others use, and writes whose client is gone.
    pub(crate) ended: CancellationToken,
}

/// The threads of one listener. When it is dropped, they serve nobody any more once their connections have ended.
pub(crate) struct Crew(Vec<Seat>);

struct Seat {
    guests: UnboundedSender<Seated>,
    /// As many references as there are connections, and one more.
    count: Arc<()>,
}

/// A connection, and what counts it from the moment it was given to a thread: of many that come at once, none may be
/// given away before those in front of it are counted.
struct Seated {
    guest: Guest,
    count: Arc<()>,
}

impl Crew {
    /// Starts `size` threads, which end when they are told.
    pub(crate) fn start(size: usize, app: &App, ends: &Ends) -> io::Result<Self> {
        let seat = |number: usize| {
            let (guests, inbox) = unbounded_channel();
            // A child for each thread, since all of its connections look at it all the time.
            let closing = ends.closing.child_token();
            let serving = Serving { app: app.clone(), closing };
            let (gone, ended) = (ends.gone.clone(), ends.ended.clone());
            let runtime =
                runtime::Builder::new_current_thread().enable_all().max_blocking_threads(BLOCKING).build()?;
            std::thread::Builder::new().name(format!("door-{number}")).spawn(move || {
                runtime.block_on(async {
                    tokio::select!(() = serving.serve(inbox) => {}, () = gone.cancelled() => {});
                    ended.cancelled().await;
                });
            })?;
            Ok(Seat { guests, count: Arc::default() })
        };
        (0..size).map(seat).collect::<io::Result<_>>().map(Self)
    }

    /// Gives a connection to the thread that has the fewest. A thread that has ended, which only a panic does to it, has
    /// none at all: it is left out from then on.
    pub(crate) fn seat(&mut self, mut guest: Guest) {
        while let Some((number, seat)) =
            self.0.iter().enumerate().min_by_key(|(_, seat)| Arc::strong_count(&seat.count))
        {
            let seated = Seated { guest, count: Arc::clone(&seat.count) };
            let Err(SendError(back)) = seat.guests.send(seated) else { return };
            guest = back.guest;
            self.0.swap_remove(number);
            error!(
                left = self.0.len(),
                "a thread that serves connections has ended; others take its connections"
            );
        }
        error!(peer = %guest.peer, "a connection was closed: no thread that serves connections is left");
    }
}

struct Serving {
    app: App,
    closing: CancellationToken,
}

impl Serving {
    async fn serve(self, mut inbox: UnboundedReceiver<Seated>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                guest = inbox.recv() => match guest {
                    Some(guest) => self.welcome(guest, &mut connections),
                    None => break,
                },
                Some(_) = connections.join_next() => {}
            }
        }
        while connections.join_next().await.is_some() {}
    }

    fn welcome(&self, seated: Seated, connections: &mut JoinSet<()>) {
        let Seated { guest: Guest { stream, peer, place, counted }, count } = seated;
        let stream = match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(why) => return debug!(%peer, %why, "a connection can't be waited for"),
        };
        let (app, closing) = (self.app.clone(), self.closing.clone());
        connections.spawn(async move {
            if let Err(why) = converse(stream, peer, app, &closing).await {
                debug!(%peer, %why, "a connection ended early");
            }
            drop((place, count, counted));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use tokio::sync::Semaphore;
    use tokio_util::task::TaskTracker;

    fn seat() -> (Seat, UnboundedReceiver<Seated>) {
        let (guests, inbox) = unbounded_channel();
        (Seat { guests, count: Arc::default() }, inbox)
    }

    fn guest(listener: &TcpListener, places: &Arc<Semaphore>) -> Guest {
        Guest {
            stream: TcpStream::connect(listener.local_addr().unwrap()).unwrap(),
            peer: listener.local_addr().unwrap(),
            place: Arc::clone(places).try_acquire_owned().unwrap(),
            counted: TaskTracker::new().token(),
        }
    }

    #[tokio::test]
    async fn of_many_that_come_at_once_each_thread_gets_as_many() {
        let ((one, first), (other, mut second)) = (seat(), seat());
        let mut crew = Crew(vec![one, other]);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let places = Arc::new(Semaphore::new(16));
        // Neither thread has looked into its inbox yet.
        for _ in 0..16 {
            crew.seat(guest(&listener, &places));
        }
        assert_eq!((first.len(), second.len()), (8, 8));
        // Who has left makes room.
        for _ in 0..3 {
            drop(second.try_recv().unwrap());
        }
        for _ in 0..3 {
            crew.seat(guest(&listener, &places));
        }
        assert_eq!((first.len(), second.len()), (8, 8));
    }

    #[tokio::test]
    async fn a_thread_that_ended_gets_no_connections() {
        let ((dead, gone), (alive, mut inbox)) = (seat(), seat());
        // The dead one's only reference is ours; the other one is busy.
        drop(gone);
        let _busy = [Arc::clone(&alive.count), Arc::clone(&alive.count)];
        let mut crew = Crew(vec![dead, alive]);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let places = Arc::new(Semaphore::new(9));
        crew.seat(guest(&listener, &places));
        crew.seat(guest(&listener, &places));
        assert!(inbox.try_recv().is_ok() && inbox.try_recv().is_ok(), "both came to the thread that is left");

        drop(inbox);
        crew.seat(guest(&listener, &places));
        assert!(crew.0.is_empty(), "without a thread a connection is closed, and nothing waits for it");
        assert_eq!(places.available_permits(), 9);
    }
}
