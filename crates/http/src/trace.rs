//! The span of a request: what a trace tells of it. Only what we name ourselves goes in, never what somebody sent: no path,
//! query, header, address or body.
//!
//! Spans of ours are traces, events of ours are logs. Where nobody collects traces a span costs one look at a flag.

use crate::routes::House;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use tracing::field::Empty;
use tracing::{Span, info_span};

/// Puts a request's span under the one that its caller named (W3C Trace Context, `traceparent`).
pub type Adopt = fn(&Span, &HeaderMap);

/// The span of a request, `request_id` being what its answer and its log lines carry.
pub(crate) fn of(house: &House, request: &Request, request_id: impl FnOnce() -> String) -> Span {
    let span = info_span!(
        "request",
        otel.name = Empty,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
        request_id = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    if let Some(adopt) = house.adopt {
        adopt(&span, request.headers());
    }
    let (method, route) = (method(request.method()), house.meters.route(request.uri().path()));
    span.record("otel.name", format!("{method} {route}"));
    span.record("http.request.method", method);
    span.record("http.route", route);
    span.record("request_id", request_id());
    span
}

/// Adds how it was answered.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// A method by its name, if it is one that is usual: others are whatever somebody typed.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        _ => "_OTHER",
    }
}
