//! One connection: requests and their answers. While there is something to read or to write, hyper speaks, and keeps some
//! 24 KiB of buffers for that. Most connections of a sign-in only wait for a person with a telephone, though, and some are
//! opened long before their first request. While there is nothing to read or write hyper is dropped, and made again later
//! (`docs/decisions/0034-who-waits-needs-no-buffers.md`).
//!
//! ```text
//! silent ── first byte ──▶ hyper ── an answer that is not there at once ──▶ waits ── the answer ──▶ hyper, which reads a
//!                            │                                                                      `head` and answers
//!                            └──── the head of a stream is sent ──▶ listens ── its end ──▶ hyper, or the end
//! ```
//!
//! While somebody waits or listens, `hung_up` watches the peer; while hyper talks it does so itself, and is told of
//! `closing`. An answer comes to hyper at once or as `ready` after a wait; both may be streams.

use crate::admission;
use crate::hallway::App;
use crate::lazy_timer::LazyTimer;
use crate::patience::{IDLE, Patient, Turn};
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Version, header};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::mem::take;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// What is kept of a connection that was not read yet, in bytes, and with that the largest head of a request.
const BUFFER: usize = 32 * 1024;

/// How long a peer that has said nothing yet may take to do so when the server stops: most of those have just connected,
/// and their request is on its way.
const FIRST_WORD: Duration = Duration::from_millis(250);

/// What goes on while hyper is away.
enum Rest {
    /// A request that is not answered yet; `head` is what a new hyper has to read so that it answers in the same manner.
    Waits { head: Vec<u8>, answer: Pin<Box<dyn Future<Output = Response> + Send>> },
    /// An answer has begun, and more of it comes now and then.
    Listens { chunked: bool, keeps: bool, body: Body },
}

/// What all requests of a connection share.
struct Kept {
    app: App,
    peer: SocketAddr,
    /// Of this connection's own: one that all connections shared would go from core to core.
    timer: LazyTimer,
    turn: Arc<Turn>,
}

/// What the requests share that one hyper reads.
struct Talk {
    kept: Arc<Kept>,
    /// The answer to the first one, where that was made during a rest.
    ready: Mutex<Option<Response>>,
    /// Word that hyper is not needed for a while.
    rest: Mutex<Option<Rest>>,
}

/// Talks with a peer until one of the two has had enough. When `closing` comes, a request that has begun is answered.
///
/// # Errors
/// When the peer breaks off, dawdles, or does not speak HTTP/1.
pub(crate) async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    app: App,
    closing: &CancellationToken,
) -> hyper::Result<()> {
    // Answers are written whole; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let turn = Arc::<Turn>::default();
    let mut stream = Patient::new(stream, Arc::clone(&turn));
    let silent_at_the_end = async {
        closing.cancelled().await;
        tokio::time::sleep(FIRST_WORD).await;
    };
    let begun = tokio::select! {
        biased;
        begun = stream.begun() => begun,
        () = silent_at_the_end => false,
    };
    if !begun {
        return Ok(());
    }
    let kept = Arc::new(Kept { app, peer, timer: LazyTimer::default(), turn });
    let mut answer = None;
    loop {
        // In a box, so that its room is given back for the rest.
        let Some((back, rest)) = Box::pin(talk(stream, &kept, answer.take(), closing)).await? else {
            return Ok(());
        };
        stream = back;
        match rest {
            Rest::Waits { head, answer: waits } => {
                answer = tokio::select! {
                    answer = waits => Some(answer),
                    () = stream.hung_up() => return Ok(()),
                };
                stream.put_back(&head);
            }
            Rest::Listens { chunked, keeps, body } => {
                let told = tell(&mut stream, body, chunked).await;
                if !keeps || told.is_err() {
                    // To a peer that has hung up nothing can be sent any more.
                    let _ = stream.shutdown().await;
                    return Ok(());
                }
            }
        }
    }
}

/// Lets hyper talk until the connection ends, or until it has nothing to do for a while. Its first request is answered
/// with `ready`, if there is one.
async fn talk(
    stream: Patient,
    kept: &Arc<Kept>,
    ready: Option<Response>,
    closing: &CancellationToken,
) -> hyper::Result<Option<(Patient, Rest)>> {
    let talk = Arc::new(Talk { kept: Arc::clone(kept), ready: Mutex::new(ready), rest: Mutex::default() });
    let theirs = Arc::clone(&talk);
    let service = service_fn(move |request| {
        let talk = Arc::clone(&theirs);
        // At once: hyper looks at the connection again before it lets the answer begin.
        talk.kept.turn.answering();
        async move {
            let answer = talk.answer(&mut received(request)).await;
            talk.kept.turn.answered();
            Ok::<_, Infallible>(answer)
        }
    });
    let mut http = http1::Builder::new();
    // Answers are small: one copied piece is sent sooner than two gathered by the kernel.
    http.writev(false).max_buf_size(BUFFER).timer(kept.timer.clone()).header_read_timeout(IDLE);
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let (mut closed, mut is_closed) = (pin!(closing.cancelled()), false);
    let rest = poll_fn(|context| {
        // Poll before `graceful_shutdown`: hyper closes a connection at once if it has not read a request yet.
        if let Poll::Ready(end) = Pin::new(&mut connection).poll(context) {
            return Poll::Ready(end.map(|()| None));
        }
        if !is_closed && closed.as_mut().poll(context).is_ready() {
            is_closed = true;
            Pin::new(&mut connection).graceful_shutdown();
            if let Poll::Ready(end) = Pin::new(&mut connection).poll(context) {
                return Poll::Ready(end.map(|()| None));
            }
        }
        // What hyper has not sent yet would be lost with it.
        match kept.turn.all_is_sent().then(|| lock(&talk.rest).take()).flatten() {
            Some(rest) => Poll::Ready(Ok(Some(rest))),
            None => Poll::Pending,
        }
    });
    let Some(rest) = rest.await? else { return Ok(None) };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    stream.put_back(&parts.read_buf);
    Ok(Some((stream, rest)))
}

impl Talk {
    async fn answer(self: &Arc<Self>, request: &mut Request) -> Response {
        let ready = lock(&self.ready).take();
        if ready.is_none() && !admission::may_rest(request) {
            return self.kept.answer(request).await;
        }
        let head = head(request);
        let chunked = request.version() == Version::HTTP_11;
        let asked = keeps(request.headers());
        let answer = match ready {
            Some(ready) => ready,
            None => self.answer_or_rest(of_its_own(take(request)), head).await,
        };
        if !is_stream(answer.headers()) {
            return answer;
        }
        let keeps = chunked && asked && keeps(answer.headers());
        answer.map(|body| {
            let rest = Some(Rest::Listens { chunked, keeps, body });
            Body::new(Later { talk: Arc::clone(self), rest })
        })
    }

    /// The answer, if it is there at once. Otherwise this never ends, and the answer is made during a rest.
    async fn answer_or_rest(&self, mut request: Request, head: Vec<u8>) -> Response {
        let kept = Arc::clone(&self.kept);
        let mut answer = Box::pin(async move { kept.answer(&mut request).await });
        match futures::poll!(&mut answer) {
            Poll::Ready(answer) => answer,
            Poll::Pending => {
                *lock(&self.rest) = Some(Rest::Waits { head, answer });
                std::future::pending().await
            }
        }
    }
}

impl Kept {
    fn answer(&self, request: &mut Request) -> impl Future<Output = Response> {
        self.app.answer(self.peer, request, &self.timer)
    }
}

/// Instead of a body that hyper would have to wait for.
struct Later {
    talk: Arc<Talk>,
    rest: Option<Rest>,
}

impl HttpBody for Later {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(rest) = this.rest.take() {
            *lock(&this.talk.rest) = Some(rest);
        }
        Poll::Pending
    }
}

/// Tells the rest of an answer whose head is sent, in chunks (RFC 9112 §7.1) or as it is.
async fn tell(stream: &mut Patient, mut body: Body, chunked: bool) -> io::Result<()> {
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame.transpose().map_err(io::Error::other)?,
            () = stream.hung_up() => return Err(io::ErrorKind::BrokenPipe.into()),
        };
        let Some(frame) = frame else { break };
        // Trailers were not announced; an empty chunk would be the last.
        let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) else { continue };
        if chunked {
            let piece = [format!("{:x}\r\n", data.len()).as_bytes(), &data, b"\r\n"].concat();
            stream.write_all(&piece).await?;
        } else {
            stream.write_all(&data).await?;
        }
    }
    if chunked {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    Ok(())
}

/// A request as the routes read it. Most have no body, and then need no room for one.
fn received(request: hyper::Request<Incoming>) -> Request {
    request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(body) })
}

/// As much of a request as says how it is to be answered: whether a body follows, and whether the connection is kept.
fn head(request: &Request) -> Vec<u8> {
    let mut head = format!("{} / {:?}\r\n", request.method(), request.version()).into_bytes();
    for value in request.headers().get_all(header::CONNECTION) {
        head.extend_from_slice(b"connection: ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// The same request in memory of its own. What hyper read is slices of its buffer, and would keep all of that.
fn of_its_own(mut request: Request) -> Request {
    if let Ok(uri) = request.uri().to_string().parse() {
        *request.uri_mut() = uri;
    }
    for value in request.headers_mut().values_mut() {
        if let Ok(own) = HeaderValue::from_bytes(value.as_bytes()) {
            *value = own;
        }
    }
    request
}

/// Whether headers let the connection go on (RFC 9112 §9.6).
fn keeps(headers: &HeaderMap) -> bool {
    let says_close = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("close")))
    };
    !headers.get_all(header::CONNECTION).iter().any(says_close)
}

fn is_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    /// What a peer reads of a body, and whether it was told to the end.
    async fn told(pieces: Vec<Result<&'static str, io::Error>>, chunked: bool) -> (String, bool) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = Patient::new(stream, Arc::default());
        let body = Body::from_stream(futures::stream::iter(pieces));
        let whole = tell(&mut stream, body, chunked).await.is_ok();
        drop(stream);
        let mut text = String::new();
        peer.read_to_string(&mut text).await.unwrap();
        (text, whole)
    }

    #[tokio::test]
    async fn a_body_is_told_in_chunks_and_an_empty_piece_does_not_end_it() {
        let pieces = || vec![Ok("abc"), Ok(""), Ok("0123456789abcdef!")];
        let chunks = "3\r\nabc\r\n11\r\n0123456789abcdef!\r\n0\r\n\r\n";
        assert_eq!(told(pieces(), true).await, (chunks.to_owned(), true));
        assert_eq!(told(pieces(), false).await, ("abc0123456789abcdef!".to_owned(), true));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_ended_as_if_it_were_whole() {
        let broken = || vec![Ok("abc"), Err(io::Error::other("no more"))];
        assert_eq!(told(broken(), true).await, ("3\r\nabc\r\n".to_owned(), false));
    }

    #[tokio::test]
    async fn a_stream_whose_head_was_waited_for_is_told_without_hyper_too() {
        let kept = Kept {
            app: App::from(axum::Router::new()),
            peer: SocketAddr::from(([127, 0, 0, 1], 1)),
            timer: LazyTimer::default(),
            turn: Arc::default(),
        };
        let ready = Response::builder().header(header::CONTENT_TYPE, "text/event-stream");
        let ready = Mutex::new(Some(ready.body(Body::from("data: x\n\n")).unwrap()));
        let talk = Arc::new(Talk { kept: Arc::new(kept), ready, rest: Mutex::default() });
        let mut body = talk.answer(&mut Request::default()).await.into_body();
        assert!(futures::poll!(body.frame()).is_pending());
        assert!(matches!(&*lock(&talk.rest), Some(Rest::Listens { chunked: true, keeps: true, .. })));
        let next = talk.answer(&mut Request::default()).await;
        assert_eq!(next.status(), axum::http::StatusCode::NOT_FOUND, "only the first request has an answer");
    }

    #[test]
    fn a_head_says_all_that_the_manner_of_an_answer_depends_on() {
        let request = Request::builder().uri("/secret?state=s").header("connection", "keep-alive, x");
        let request = request.header("authorization", "Bearer t").body(Body::empty()).unwrap();
        assert_eq!(head(&request), b"GET / HTTP/1.1\r\nconnection: keep-alive, x\r\n\r\n");
        assert!(keeps(request.headers()));
        for value in ["close", "x, Close", "keep-alive,close"] {
            let headers = HeaderMap::from_iter([(header::CONNECTION, HeaderValue::from_static(value))]);
            assert!(!keeps(&headers), "{value}");
        }
    }
}
