//! How long a silent peer is waited for, and one that takes nothing of what it is sent. A request's head, once begun, has to come within seconds, since who dawdles there
//! holds buffers for nothing. Between two requests, and before the first, a connection is kept for longer than those who
//! keep connections do. Were it closed sooner, the next request of a proxy or a client could meet the end of its connection
//! on the way. Browsers connect ahead, and clients keep connections that they opened and then did not need.

use axum::body::Bytes;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};

/// Until a request's head has to be there in full, from its first byte.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection is kept between two requests, and before the first. Go's and reqwest's clients keep theirs for 90 seconds, nginx and
/// usual balancers for 60.
pub(crate) const IDLE: Duration = Duration::from_secs(100);

/// How long a peer may take nothing of an answer that the kernel has no more room for.
const UNREAD: Duration = Duration::from_secs(60);

const IN_HEAD: u8 = 0;
const ANSWERING: u8 = 1;
const BETWEEN: u8 = 2;

/// What goes on on a connection. A new one owes its first head.
#[derive(Default)]
pub(crate) struct Turn {
    stage: AtomicU8,
    /// Something was given to be sent, and is not yet with the kernel.
    unsent: AtomicBool,
}

impl Turn {
    /// A head is there in full.
    pub(crate) fn answering(&self) {
        self.stage.store(ANSWERING, Ordering::Relaxed);
    }

    /// Its request was answered.
    pub(crate) fn answered(&self) {
        self.stage.store(BETWEEN, Ordering::Relaxed);
    }

    /// Whether the kernel has all that was given to be sent.
    pub(crate) fn all_is_sent(&self) -> bool {
        !self.unsent.load(Ordering::Relaxed)
    }

    fn is(&self, what: u8) -> bool {
        self.stage.load(Ordering::Relaxed) == what
    }
}

/// A connection that fails when its peer does not finish a head in time. hyper asks to flush only when all of its bytes were
/// taken, which is how [`Turn::all_is_sent`] knows.
pub(crate) struct Patient {
    stream: TcpStream,
    /// What is read before anything else.
    ahead: Bytes,
    turn: Arc<Turn>,
    /// Set only once a head was waited for.
    limit: Option<Pin<Box<Sleep>>>,
    /// Set only while the peer takes nothing.
    unread: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(crate) fn new(stream: TcpStream, turn: Arc<Turn>) -> Self {
        Self { stream, ahead: Bytes::new(), turn, limit: None, unread: None }
    }

    /// Waits for the first byte; false when that takes too long, or never comes.
    pub(crate) async fn begun(&self) -> bool {
        // A look at the bytes, since a new stream may be called readable before anybody knows.
        matches!(timeout(IDLE, self.stream.peek(&mut [0])).await, Ok(Ok(1)))
    }

    /// Waits until the peer has hung up. One that sends more is not watched any longer.
    pub(crate) async fn hung_up(&self) {
        if self.stream.peek(&mut [0]).await.is_ok_and(|count| count > 0) {
            std::future::pending::<()>().await;
        }
    }

    /// Lets this be read before anything else.
    pub(crate) fn put_back(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.ahead = [bytes, &self.ahead].concat().into();
        }
    }

    fn poll_limit(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.limit.get_or_insert_with(|| Box::pin(sleep(HEAD))).as_mut().poll(context)
    }

    /// The outcome of a try to write, if the peer takes anything in time.
    fn in_time(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.unread = None;
            return written;
        }
        let unread = self.unread.get_or_insert_with(|| Box::pin(sleep(UNREAD)));
        unread.as_mut().poll(context).map(|()| Err(ErrorKind::TimedOut.into()))
    }

    fn poll_bytes(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        buffer.put_slice(&self.ahead.split_to(buffer.remaining().min(self.ahead.len())));
        Poll::Ready(Ok(()))
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
        let read = this.poll_bytes(context, buffer);
        if buffer.filled().len() > before && this.turn.is(BETWEEN) {
            this.turn.stage.store(IN_HEAD, Ordering::Relaxed);
            this.limit = None;
        }
        if read.is_ready() {
            return read;
        }
        if !this.turn.is(IN_HEAD) {
            this.limit = None;
            return Poll::Pending;
        }
        this.poll_limit(context).map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Patient {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.turn.unsent.store(true, Ordering::Relaxed);
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.in_time(context, written)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.turn.unsent.store(false, Ordering::Relaxed);
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.turn.unsent.store(true, Ordering::Relaxed);
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, pieces);
        this.in_time(context, written)
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
        assert!(timeout(HEAD - Duration::from_secs(1), patient.read_u8()).await.is_err());
        // A byte now and then moves no limit.
        peer.write_all(b"G").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap(), b'G');
        fails_after(&mut patient).await;
        assert!(begun.elapsed() < HEAD + Duration::from_secs(1), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_of_an_answer_is_given_up_and_a_slow_one_is_not() {
        let (mut patient, _turn, mut peer) = pair().await;
        let answer = vec![b'x'; 64 << 20];
        let begun = Instant::now();
        // As much as the kernel has room for.
        assert_eq!(patient.write_all(&answer).await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), UNREAD.as_secs());
        let (mut patient, _turn, mut slow) = pair().await;
        let reading = async {
            let mut room = vec![0; 8 << 20];
            for _ in 0..8 {
                tokio::time::sleep(UNREAD - Duration::from_secs(1)).await;
                slow.read_exact(&mut room).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(patient.write_all(&answer), reading);
        written.unwrap();
        drop(patient);
        assert!(peer.read_u8().await.is_ok(), "what was sent before is there");
    }

    #[tokio::test(start_paused = true)]
    async fn before_the_first_byte_it_is_kept_as_between_requests() {
        let (patient, _turn, mut peer) = pair().await;
        assert!(
            timeout(IDLE - Duration::from_secs(1), patient.begun()).await.is_err(),
            "as long as clients do"
        );
        let begun = Instant::now();
        assert!(!patient.begun().await, "but not for ever");
        assert!(begun.elapsed() < IDLE + Duration::from_secs(1), "{:?}", begun.elapsed());
        peer.write_all(b"G").await.unwrap();
        assert!(patient.begun().await);
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_it_is_kept_until_a_head_begins() {
        let (mut patient, turn, mut peer) = pair().await;
        turn.answering();
        turn.answered();
        assert!(timeout(IDLE * 2, patient.read_u8()).await.is_err());
        peer.write_all(b"G").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap(), b'G');
        let took = fails_after(&mut patient).await;
        assert!(took >= HEAD - Duration::from_millis(10) && took < HEAD + Duration::from_secs(1), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_an_answer_is_not_hurried() {
        let (mut patient, turn, _peer) = pair().await;
        assert!(timeout(HEAD / 2, patient.read_u8()).await.is_err());
        turn.answering();
        assert!(timeout(HEAD * 20, patient.read_u8()).await.is_err());
    }
}
