//! How long a silent peer is waited for. A request's head has to come within seconds, since who dawdles there holds a place
//! for nothing; between two requests a connection is kept for longer than those who keep connections do. Were it closed
//! sooner, the next request of a proxy or a client could meet the end of its connection on the way.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Until a request's head has to be there in full: the first one from when the connection was made, a later one from its
/// first byte.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection is kept between two requests. Go's and reqwest's clients keep theirs for 90 seconds, nginx and
/// usual balancers for 60.
pub(crate) const IDLE: Duration = Duration::from_secs(100);

const IN_HEAD: u8 = 0;
const ANSWERING: u8 = 1;
const BETWEEN: u8 = 2;

/// What goes on on a connection. A new one owes its first head.
#[derive(Default)]
pub(crate) struct Turn(AtomicU8);

impl Turn {
    /// A head is there in full.
    pub(crate) fn answering(&self) {
        self.0.store(ANSWERING, Ordering::Relaxed);
    }

    /// Its request was answered.
    pub(crate) fn answered(&self) {
        self.0.store(BETWEEN, Ordering::Relaxed);
    }

    fn is(&self, what: u8) -> bool {
        self.0.load(Ordering::Relaxed) == what
    }
}

/// A connection that fails when its peer does not finish a head in time.
pub(crate) struct Patient {
    stream: TcpStream,
    turn: Arc<Turn>,
    /// Set only once a head was waited for.
    limit: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(crate) fn new(stream: TcpStream, turn: Arc<Turn>) -> Self {
        Self { stream, turn, limit: None }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && this.turn.is(BETWEEN) {
            this.turn.0.store(IN_HEAD, Ordering::Relaxed);
            this.limit = None;
        }
        if read.is_ready() {
            return read;
        }
        if !this.turn.is(IN_HEAD) {
            this.limit = None;
            return Poll::Pending;
        }
        let limit = this.limit.get_or_insert_with(|| Box::pin(sleep(HEAD)));
        limit.as_mut().poll(context).map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Patient {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    async fn pair() -> (Patient, Arc<Turn>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let turn = Arc::<Turn>::default();
        let (stream, _) = listener.accept().await.unwrap();
        (Patient::new(stream, Arc::clone(&turn)), turn, peer)
    }

    /// How long it waits for a byte that never comes; time goes by itself while nothing else happens.
    async fn fails_after(patient: &mut Patient) -> Duration {
        let begun = Instant::now();
        assert_eq!(patient.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_to_come_in_time_however_it_drips() {
        let (mut patient, _turn, mut peer) = pair().await;
        let begun = Instant::now();
        assert!(tokio::time::timeout(HEAD - Duration::from_secs(1), patient.read_u8()).await.is_err());
        // A byte now and then moves no limit.
        peer.write_all(b"G").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap(), b'G');
        fails_after(&mut patient).await;
        assert!(begun.elapsed() < HEAD + Duration::from_secs(1), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_it_is_kept_until_a_head_begins() {
        let (mut patient, turn, mut peer) = pair().await;
        turn.answering();
        turn.answered();
        assert!(tokio::time::timeout(IDLE * 2, patient.read_u8()).await.is_err());
        peer.write_all(b"G").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap(), b'G');
        let took = fails_after(&mut patient).await;
        assert!(took >= HEAD - Duration::from_millis(10) && took < HEAD + Duration::from_secs(1), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_an_answer_is_not_hurried() {
        let (mut patient, turn, _peer) = pair().await;
        assert!(tokio::time::timeout(HEAD / 2, patient.read_u8()).await.is_err());
        turn.answering();
        assert!(tokio::time::timeout(HEAD * 20, patient.read_u8()).await.is_err());
    }
}
