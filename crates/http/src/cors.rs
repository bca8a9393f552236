//! Which web pages may read our answers (Fetch standard, CORS protocol): those on an origin that some city
//! lists. What only names public facts is open to all.

use crate::client::text;
use crate::routes;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use downcity_service::Federation;

/// Paths that any page may read; nothing there depends on who asks.
const OPEN: [&str; 3] = ["/.well-known/", "/openapi.json", "/health"];

/// What the requesting page may do.
pub(crate) enum Allowed {
    /// No page asked, or the page may not read.
    Nothing,
    /// Any page may read.
    Anyone,
    /// This page may read.
    Origin(HeaderValue),
}

pub(crate) fn check(federation: &Federation, path: &str, headers: &HeaderMap) -> Allowed {
    if OPEN.iter().any(|open| path.starts_with(open)) {
        return Allowed::Anyone;
    }
    if crate::workspace::is_ours(path) {
        return Allowed::Nothing;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Allowed::Nothing };
    let listed = origin.to_str().is_ok_and(|origin| federation.directory().origins.contains(origin));
    if listed && !routes::PAGES.contains(&path) { Allowed::Origin(origin.clone()) } else { Allowed::Nothing }
}

/// Whether a request only asks what a page may do.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && text(headers, &header::ACCESS_CONTROL_REQUEST_METHOD).is_some()
}

/// The answer to a preflight question; the hallway adds who is allowed.
pub(crate) fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Writes what is allowed onto an answer.
pub(crate) fn stamp(allowed: Allowed, headers: &mut HeaderMap) {
    match allowed {
        Allowed::Nothing => {}
        Allowed::Anyone => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        Allowed::Origin(origin) => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            // For the login cookie of a front end on the same site; such an answer is never open to all.
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("retry-after, x-request-id"),
            );
        }
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}
