//! The `sns` endpoints over HTTP, and what can go wrong with their answers on the way.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;

use crate::handle::Handle;
use crate::sns::{Endpoint, Params, Reply};
use crate::switches::FaultKind;

/// The length of the body of [`FaultKind::Huge`].
const HUGE: usize = 10 * 1024 * 1024;
/// How long the first half of a broken answer gets to reach the caller.
const BREAK_AFTER: Duration = Duration::from_millis(30);
/// WeChat's content type for JSON: no charset, though the body is UTF-8.
const TEXT_PLAIN: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain")];
const HTML: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/html")];
const BAD_GATEWAY: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
const HTML_BODY: &str = "<!DOCTYPE html><html><body><p>系统繁忙，请稍后再试</p></body></html>";

type Query = RawQuery;

/// `/sns/oauth2/access_token`
pub(crate) async fn token(handle: State<Handle>, method: Method, query: Query, body: Bytes) -> Response {
    answer(handle.0, Endpoint::Token, &method, query, &body).await
}

/// `/sns/oauth2/refresh_token`
pub(crate) async fn refresh(handle: State<Handle>, method: Method, query: Query, body: Bytes) -> Response {
    answer(handle.0, Endpoint::Refresh, &method, query, &body).await
}

/// `/sns/auth`
pub(crate) async fn auth(handle: State<Handle>, method: Method, query: Query, body: Bytes) -> Response {
    answer(handle.0, Endpoint::Auth, &method, query, &body).await
}

/// `/sns/userinfo`
pub(crate) async fn userinfo(handle: State<Handle>, method: Method, query: Query, body: Bytes) -> Response {
    answer(handle.0, Endpoint::Userinfo, &method, query, &body).await
}

async fn answer(handle: Handle, endpoint: Endpoint, method: &Method, query: Query, body: &[u8]) -> Response {
    let params = Params::parse(query.0.unwrap_or_default().as_bytes(), body);
    let at = handle.moment();
    let reply = handle.world().call(endpoint, method.as_str(), &params, at, handle.url());
    if reply.delay_ms > 0 {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(reply.delay_ms)) => {}
            () = handle.stopping() => {}
        }
    }
    send(&handle, reply).await
}

/// Sends an answer, or what takes its place on the way.
pub(crate) async fn send(handle: &Handle, reply: Reply) -> Response {
    match reply.fault {
        None | Some(FaultKind::Errcode) => (TEXT_PLAIN, reply.body).into_response(),
        Some(FaultKind::BadGateway) => (StatusCode::BAD_GATEWAY, HTML, BAD_GATEWAY).into_response(),
        Some(FaultKind::Html) => (HTML, HTML_BODY).into_response(),
        Some(FaultKind::EmptyBody) => (TEXT_PLAIN, Bytes::new()).into_response(),
        Some(FaultKind::Reset) => broken(reply.body),
        Some(FaultKind::Huge) => (TEXT_PLAIN, huge(reply.body)).into_response(),
        Some(FaultKind::Hang) => {
            handle.stopping().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Announces the whole body, sends half of it and breaks the connection.
fn broken(body: Vec<u8>) -> Response {
    let length = body.len();
    let half = Bytes::from(body).slice(..length / 2);
    let parts = stream::unfold(Some(half), |half| async move {
        match half {
            Some(half) => Some((Ok(half), None)),
            None => {
                tokio::time::sleep(BREAK_AFTER).await;
                Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
            }
        }
    });
    (TEXT_PLAIN, [(header::CONTENT_LENGTH, length)], Body::from_stream(parts)).into_response()
}

/// The same JSON object with one more, very long field; sent without a length, so that only counting helps.
fn huge(mut body: Vec<u8>) -> Body {
    body.pop();
    body.extend_from_slice(b",\"padding\":\"");
    let missing = HUGE.saturating_sub(body.len() + 2);
    let chunk = Bytes::from(vec![b'x'; 64 * 1024]);
    let padding = (0..missing / chunk.len()).map(move |_| chunk.clone());
    let rest = Bytes::from([vec![b'x'; missing % (64 * 1024)], b"\"}".to_vec()].concat());
    let parts = std::iter::once(Bytes::from(body)).chain(padding).chain([rest]);
    Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)))
}
