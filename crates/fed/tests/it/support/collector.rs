//! A collector of OpenTelemetry that keeps what arrives, and a relay before WeChat that keeps the headers it sees.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A collector, and what it got.
#[derive(Clone, Default)]
pub(crate) struct Collector {
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    url: String,
}

impl Collector {
    /// Opens one on a free port.
    pub(crate) async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self { url, ..Self::default() };
        let app = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        collector
    }

    /// Its address, as `--otlp-endpoint` takes it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every body as it came.
    pub(crate) fn bodies(&self) -> Vec<Bytes> {
        self.got.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// The headers of every delivery.
    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        self.got.lock().unwrap().iter().map(|(headers, _)| headers.clone()).collect()
    }

    /// The attributes of whoever sent.
    pub(crate) fn senders(&self) -> Vec<Vec<KeyValue>> {
        let resources = self.read().into_iter().flat_map(|request| request.resource_spans);
        resources.filter_map(|spans| Some(spans.resource?.attributes)).collect()
    }

    /// Every span.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let resources = self.read().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|spans| spans.scope_spans).flat_map(|spans| spans.spans).collect()
    }

    /// The first span for which this holds, as soon as it has come.
    pub(crate) async fn wait_for(&self, what: &str, is: impl Fn(&Span) -> bool) -> Span {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(span) = self.spans().into_iter().find(&is) {
                return span;
            }
            assert!(Instant::now() < end, "no span {what}: {:#?}", self.spans());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn read(&self) -> Vec<ExportTraceServiceRequest> {
        let bodies = self.bodies();
        bodies.into_iter().map(|body| ExportTraceServiceRequest::decode(body).expect("OTLP")).collect()
    }
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) -> StatusCode {
    collector.got.lock().unwrap().push((headers, body));
    StatusCode::OK
}

/// The text of an attribute, also where it is a number.
pub(crate) fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == name)?.value.clone()?.value?;
    Some(match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

/// Stands before the simulator and keeps the names of all headers that come.
#[derive(Clone)]
pub(crate) struct Spy {
    to: String,
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Spy {
    /// Opens one before the server at `to`.
    pub(crate) async fn open(to: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spy = Self { to: to.to_owned(), url, seen: Arc::default() };
        let app = Router::new().fallback(pass).with_state(spy.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        spy
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The names of all headers that came.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn pass(State(spy): State<Spy>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    spy.seen.lock().unwrap().extend(head.headers.keys().map(|name| name.as_str().to_owned()));
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let onward = http.request(head.method, format!("{}{}", spy.to, head.uri)).body(body);
    let answer = onward.send().await.unwrap();
    let back = Response::builder().status(answer.status());
    back.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}
