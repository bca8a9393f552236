//! One request and its answer: bounded in time and size, never repeated, and no address in any error.

use crate::outside::OutsideError;
use reqwest::header::{CACHE_CONTROL, DATE, HeaderMap, LOCATION};
use reqwest::{Request, RequestBuilder};
use std::error::Error;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

/// The largest answer that is read, in bytes.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// The largest set of public keys that is read, in bytes.
pub(crate) const KEYS_LIMIT: usize = 256 * 1024;

/// What came back: status, body, and what checks look at besides.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The other side's clock, in seconds since 1970.
    pub(crate) date: Option<i64>,
    /// Where a redirect would lead.
    pub(crate) location: Option<String>,
}

/// Why nothing came back. The texts hold no address and nothing that was sent.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The client could not be made.
    Setup(OutsideError),
    /// The way there or back broke, took too long, or leads where we don't go.
    Transport(String),
    /// The answer was larger than the limit.
    TooLarge,
}

/// Sends a request and reads at most `limit` bytes of the answer; gives up at `until`. Also tells for how
/// long the answer says that it stays fresh.
pub(crate) async fn exchange(
    request: RequestBuilder,
    until: Instant,
    limit: usize,
) -> Result<(Reply, Option<Duration>), Fault> {
    let (client, request) = request.build_split();
    let request = request.map_err(broken)?;
    let span = span(&request);
    let exchange = async {
        let mut response = client.execute(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        Span::current().record("http.response.status_code", status);
        let fresh = max_age(response.headers());
        let date = date(response.headers());
        let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > limit {
                return Err(Fault::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((Reply { status, body, date, location }, fresh))
    };
    timeout_at(until, exchange.instrument(span))
        .await
        .unwrap_or_else(|_| Err(Fault::Transport("no full answer in time".into())))
}

/// The span of a call. Of the address only the host is told: secrets travel in what comes after it.
fn span(request: &Request) -> Span {
    info_span!(
        "call",
        otel.kind = "client",
        http.request.method = request.method().as_str(),
        server.address = request.url().host_str().unwrap_or_default(),
        http.response.status_code = Empty,
    )
}

/// `max-age` of `Cache-Control` (RFC 9111 §5.2.2.1).
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let control = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    let seconds = control.split(',').find_map(|part| part.trim().strip_prefix("max-age="))?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// `Date` (RFC 9110 §6.6.1).
fn date(headers: &HeaderMap) -> Option<i64> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// A transport error in words. The address stays out of it, since WeChat's secret travels there.
pub(crate) fn broken(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let what = if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection broke"
    };
    Fault::Transport(format!("{what} ({})", deepest(&error)))
}

/// The innermost cause of an error: the one that says something, and never the address.
pub(crate) fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().chars().filter(|c| !c.is_control()).take(200).collect()
}
