//! Carries spans to the collector: on the server's own runtime, since the SDK's thread has none.

use crate::problem::Problem;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::{info, warn};

/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a collector may take to answer, where the environment says nothing (OTEL_EXPORTER_OTLP_TIMEOUT).
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes: it says nothing that we need.
const ANSWER: usize = 16 * 1024;

/// The client of the exporter.
#[derive(Debug)]
pub(crate) struct Courier {
    client: reqwest::Client,
    runtime: Handle,
    /// Whether the last delivery failed: told once, not with each batch.
    failing: Arc<AtomicBool>,
}

impl Courier {
    /// Needs a runtime round it, whose tasks deliveries are.
    pub(crate) fn new() -> Result<Self, Problem> {
        let patience = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
        let patience = patience.iter().find_map(|name| super::set(name)?.parse().ok());
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(patience.map_or(PATIENCE, Duration::from_millis))
            .build()
            .map_err(|why| Problem::new(format_args!("no client for the collector can be made: {why}")))?;
        Ok(Self { client, runtime: Handle::current(), failing: Arc::default() })
    }
}

impl HttpClient for Courier {
    fn send_bytes<'life, 'made>(
        &'life self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'made>>
    where
        'life: 'made,
        Self: 'made,
    {
        let (client, failing) = (self.client.clone(), Arc::clone(&self.failing));
        let carrying = self.runtime.spawn(async move {
            let answer = carry(&client, request).await;
            let why = match &answer {
                Ok(answer) if answer.status().is_success() => None,
                Ok(answer) => Some(format!("it answers {}", answer.status())),
                Err(why) => Some(why.to_string()),
            };
            tell(&failing, why.as_deref());
            answer
        });
        Box::pin(async move { carrying.await? })
    }
}

async fn carry(client: &reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = client.execute(request.try_into().map_err(plain)?).await.map_err(plain)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(plain)? {
        body.extend_from_slice(&chunk[..chunk.len().min(ANSWER - body.len())]);
        if body.len() == ANSWER {
            break;
        }
    }
    let mut whole = Response::new(Bytes::from(body));
    *whole.status_mut() = answer.status();
    *whole.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(whole)
}

/// An error without the address, which may hold a password: the innermost cause says what went wrong.
fn plain(error: reqwest::Error) -> HttpError {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().into()
}

/// One line when deliveries begin to fail, and one when they are well again.
fn tell(failing: &AtomicBool, why: Option<&str>) {
    match (failing.swap(why.is_some(), Ordering::Relaxed), why) {
        (false, Some(why)) => warn!(
            why,
            "the collector gets no traces; it is tried again with each batch, what does not fit into the queue is \
            dropped, and requests are served as before"
        ),
        (true, None) => info!("the collector gets traces again"),
        _ => {}
    }
}
