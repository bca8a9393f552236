//! Traces: the spans of each request to a collector of OpenTelemetry, by OTLP over HTTP.
//!
//! Nobody waits for the collector. Spans queue for a thread of the SDK; what does not fit into the queue is dropped.

mod courier;

use crate::problem::Problem;
use courier::Courier;
use downcity_http::Adopt;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanId, TraceContextExt, TraceId, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::env;
use std::time::Duration;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::DynFilterFn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

/// How long the last spans may take to be delivered when the process ends.
const LAST_CALL: Duration = Duration::from_secs(5);

/// The way to a collector.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Opens the way to `endpoint`, or to where the environment says; `None` where nobody collects. Everything else is
    /// settled by the variables of OpenTelemetry: headers, sampler, queue, name of the service.
    pub(crate) fn open(endpoint: Option<&str>) -> Result<Option<Self>, Problem> {
        let endpoint = match (set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), endpoint) {
            (Some(whole), _) => whole,
            (None, Some(base)) => format!("{}/v1/traces", base.trim_end_matches('/')),
            (None, None) => return Ok(None),
        };
        let disabled = set("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if disabled || set("OTEL_TRACES_EXPORTER").is_some_and(|name| name == "none") {
            return Ok(None);
        }
        check(&endpoint)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(endpoint)
            .with_http_client(Courier::new()?)
            .build()
            .map_err(|why| Problem::usage(format_args!("the collector of traces can't be used: {why}")))?;
        let provider =
            SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter).build();
        Ok(Some(Self { provider }))
    }

    /// What turns spans of ours into traces. A trace begins with a request: what is done in none (housekeeping, the
    /// outbox) makes no trace.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let ours = DynFilterFn::new(|about, context: &tracing_subscriber::layer::Context<'_, S>| {
            about.is_span()
                && about.target().starts_with("downcity")
                && (about.name() == "request" || context.lookup_current().is_some())
        });
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("fed"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_level(false)
            .with_filter(ours)
    }

    /// Delivers what waits, for a short time at most.
    pub(crate) async fn close(self) {
        let closing = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(LAST_CALL));
        // What went wrong was logged when it did.
        let _ = closing.await;
    }
}

/// Puts a request's span under the one that its `traceparent` names.
pub(crate) const ADOPT: Adopt = |span, headers| {
    let caller =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
    if caller.span().span_context().is_valid() {
        // Fails only for a span that is under way already, which this one is not.
        let _ = span.set_parent(caller);
    }
};

/// The trace and the span in which this is asked.
pub(crate) fn current() -> Option<(TraceId, SpanId)> {
    Context::map_current(|context| {
        let span = context.span();
        let about = span.span_context();
        about.is_valid().then(|| (about.trace_id(), about.span_id()))
    })
}

fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// What the SDK would only find out when it sends.
fn check(endpoint: &str) -> Result<(), Problem> {
    // Not the address itself: it may hold a password.
    let fine = url::Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !fine {
        return Err(Problem::usage("the collector's address is not an http or https URL")
            .next("give --otlp-endpoint http://127.0.0.1:4318, for instance"));
    }
    let protocol = set("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| set("OTEL_EXPORTER_OTLP_PROTOCOL"));
    match protocol {
        Some(protocol) if protocol != "http/protobuf" => Err(Problem::usage(format_args!(
            "traces are sent by http/protobuf only, and OTEL_EXPORTER_OTLP_PROTOCOL asks for `{protocol}`"
        ))
        .next("remove the variable, and name the collector's port for HTTP, usually 4318")),
        _ => Ok(()),
    }
}

/// Who sends: `downcity`, unless the environment has another name.
fn resource() -> Resource {
    let named = set("OTEL_SERVICE_NAME").is_some()
        || set("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|list| list.contains("service.name="));
    let resource =
        Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if named { resource.build() } else { resource.with_service_name("downcity").build() }
}
