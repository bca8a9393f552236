//! Connections that are kept without hyper while nothing is to be said: whatever a client may expect of HTTP/1 holds before,
//! during and after.

use crate::on_both_engines;
use crate::support::{HOME, On, World};
use downcity_store::testing::number;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

on_both_engines!(
    a_connection_goes_on_after_a_wait,
    a_connection_ends_after_a_wait_where_its_client_says_so,
    events_come_in_pieces_and_the_connection_goes_on,
    an_old_client_gets_its_events_and_the_end,
    who_hangs_up_takes_nothing_along,
    a_wait_with_a_body_is_answered,
);

/// Long enough for the server to have come to rest.
const A_WHILE: Duration = Duration::from_millis(200);

/// A connection, byte by byte.
struct Line(TcpStream);

impl Line {
    async fn to(world: &World) -> Self {
        Self(TcpStream::connect(world.base.trim_start_matches("http://")).await.unwrap())
    }

    /// Sends a request for a path, with more lines of a head, each with its line's end.
    async fn ask(&mut self, path: &str, version: &str, more: &str) {
        let head = format!("GET /{path} HTTP/{version}\r\nhost: x\r\nx-forwarded-for: {HOME}\r\n{more}\r\n");
        self.0.write_all(head.as_bytes()).await.unwrap();
    }

    /// Reads until this has come, and gives all that came.
    async fn until(&mut self, end: &str) -> String {
        let mut came = Vec::new();
        while !String::from_utf8_lossy(&came).contains(end) {
            let next = tokio::time::timeout(Duration::from_secs(20), self.0.read_u8()).await;
            came.push(
                next.expect("it comes in time")
                    .unwrap_or_else(|why| panic!("{why} before {end:?}: {}", String::from_utf8_lossy(&came))),
            );
        }
        String::from_utf8(came).unwrap()
    }

    /// Reads to the end of the connection.
    async fn rest(&mut self) -> String {
        let mut came = String::new();
        let read = tokio::time::timeout(Duration::from_secs(20), self.0.read_to_string(&mut came)).await;
        read.expect("the connection ends").unwrap();
        came
    }

    /// Shows that the connection still serves.
    async fn serves(&mut self) {
        self.ask("health", "1.1", "").await;
        let answer = self.until("}").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// Lets somebody sign in for whom another one waits already.
async fn sign_in(world: &World, url: &str) {
    tokio::time::sleep(A_WHILE).await;
    let callback = world.allow(url, "alice");
    world.come_back(HOME, &callback).await;
}

/// What came without the framing in chunks, each of which has to be whole.
fn unchunked(body: &str) -> String {
    let (mut rest, mut text) = (body, String::new());
    loop {
        let (size, more) = rest.split_once("\r\n").expect("a size");
        let size = usize::from_str_radix(size, 16).expect("a hexadecimal size");
        text.push_str(&more[..size]);
        rest = more[size..].strip_prefix("\r\n").expect("the end of a chunk");
        if size == 0 {
            assert_eq!(rest, "");
            return text;
        }
    }
}

async fn a_connection_goes_on_after_a_wait(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    let mut line = Line::to(&world).await;
    line.serves().await;
    line.ask(&format!("v1/accounts/oauth/result?state={state}&wait=20"), "1.1", "").await;
    tokio::time::sleep(A_WHILE).await;
    // Sent ahead: it is read when its turn comes.
    line.ask("v1/accounts/providers", "1.1", "").await;
    sign_in(&world, &url).await;
    let first = line.until("\"user_token\"").await;
    assert!(first.starts_with("HTTP/1.1 200") && first.contains("\r\nx-request-id: "), "{first}");
    assert_eq!(first.to_ascii_lowercase().matches("http/1.1").count(), 1, "{first}");
    let second = line.until("\"items\"").await;
    assert!(second.contains("HTTP/1.1 200"), "{second}");
    line.until("]}").await;
    line.serves().await;
    // And once more, on the same connection and with everything in one go.
    let (url, state) = world.start().await;
    let path = format!("v1/accounts/oauth/result?state={state}&wait=20");
    let both = format!(
        "GET /{path} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {HOME}\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n"
    );
    line.0.write_all(both.as_bytes()).await.unwrap();
    sign_in(&world, &url).await;
    line.until("\"user_token\"").await;
    line.until("\"status\":\"ok\"").await;
}

async fn a_connection_ends_after_a_wait_where_its_client_says_so(on: On) {
    let world = World::ready(on).await;
    for (version, more) in [("1.1", "connection: close\r\n"), ("1.0", "")] {
        let (url, state) = world.start().await;
        let mut line = Line::to(&world).await;
        line.ask(&format!("v1/accounts/oauth/result?state={state}&wait=20"), version, more).await;
        let (answer, ()) = tokio::join!(line.rest(), sign_in(&world, &url));
        assert!(answer.starts_with(&format!("HTTP/{version} 200")), "{answer}");
        assert!(answer.contains("\"user_token\""), "{answer}");
    }
}

async fn events_come_in_pieces_and_the_connection_goes_on(on: On) {
    let world = World::ready(on).await;
    let mut line = Line::to(&world).await;
    for _ in 0..2 {
        let (url, state) = world.start().await;
        line.ask(&format!("v1/accounts/oauth/events?state={state}"), "1.1", "").await;
        let head = line.until("\r\n\r\n").await.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200") && head.contains("transfer-encoding: chunked"), "{head}");
        let (body, ()) = tokio::join!(line.until("0\r\n\r\n"), sign_in(&world, &url));
        let text = unchunked(&body);
        assert!(text.starts_with("event: result\n") && text.ends_with("\n\n"), "{text}");
        assert!(text.contains("\"user_token\""), "{text}");
        line.serves().await;
    }
    let (url, state) = world.start().await;
    let close = "connection: close\r\n";
    line.ask(&format!("v1/accounts/oauth/events?state={state}"), "1.1", close).await;
    let (answer, ()) = tokio::join!(line.rest(), sign_in(&world, &url));
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(unchunked(body).contains("\"user_token\""), "{answer}");
}

async fn an_old_client_gets_its_events_and_the_end(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    let mut line = Line::to(&world).await;
    line.ask(&format!("v1/accounts/oauth/events?state={state}"), "1.0", "connection: keep-alive\r\n").await;
    let (answer, ()) = tokio::join!(line.rest(), sign_in(&world, &url));
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
    assert!(body.starts_with("event: result\n") && body.ends_with("\n\n"), "{body}");
}

async fn who_hangs_up_takes_nothing_along(on: On) {
    let world = World::ready(on).await;
    for (before, path) in ["result?wait=20&", "events?"].into_iter().enumerate() {
        let (url, state) = world.start().await;
        let path = format!("v1/accounts/oauth/{path}state={state}");
        let mut gone = Line::to(&world).await;
        gone.ask(&path, "1.1", "").await;
        tokio::time::sleep(A_WHILE).await;
        drop(gone);
        tokio::time::sleep(A_WHILE).await;
        sign_in(&world, &url).await;
        tokio::time::sleep(A_WHILE).await;
        let sessions = number(&world.store, "select count(*) as number from sessions").await;
        assert_eq!(sessions, i64::try_from(before).unwrap());
        assert_eq!(world.result(&state).await.ok()["status"], "done");
    }
}

async fn a_wait_with_a_body_is_answered(on: On) {
    let world = World::ready(on).await;
    let (url, state) = world.start().await;
    let mut line = Line::to(&world).await;
    let path = format!("v1/accounts/oauth/result?state={state}&wait=20");
    line.ask(&path, "1.1", "content-length: 2\r\n").await;
    line.0.write_all(b"{}").await.unwrap();
    let (answer, ()) = tokio::join!(line.until("\"user_token\""), sign_in(&world, &url));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    line.until("}").await;
}
