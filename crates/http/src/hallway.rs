//! What every request passes on its way in and out: a request id, headers that harden the answer, CORS, the
//! body of errors, and one log line for what went wrong.

use crate::client::accepted;
use crate::cors;
use crate::error::{ApiError, Code};
use crate::routes::House;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::{debug, error, warn};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// For answers that no browser should ever render.
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Takes a request in and its answer out.
pub(crate) async fn pass(State(house): State<House>, request: Request, next: Next) -> Response {
    let request_id = next_id();
    let lang = accepted(request.headers());
    let allowed = cors::check(&house.federation, request.uri().path(), request.headers());
    // Kept for the log: the path alone, since a query may hold a state or a code.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = if cors::is_preflight(&method, request.headers()) {
        cors::preflight()
    } else {
        // A panic in one request answers 500 and leaves the process up.
        AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
            ApiError { cause: Some("a handler panicked".into()), ..ApiError::of(Code::Internal) }
                .into_response()
        })
    };
    if let Some(problem) = problem_of(&mut response) {
        log(&problem, &request_id, method.as_str(), &path);
        let cookies = response.headers_mut().remove(header::SET_COOKIE);
        response = problem.render(lang.unwrap_or_default(), &request_id);
        if let Some(cookies) = cookies {
            response.headers_mut().insert(header::SET_COOKIE, cookies);
        }
    }
    let headers = response.headers_mut();
    cors::stamp(allowed, headers);
    harden(headers, house.secure);
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert(&REQUEST_ID, id);
    }
    response
}

/// The error that a handler left, or one for an answer that a layer below made without a body of ours.
fn problem_of(response: &mut Response) -> Option<ApiError> {
    if let Some(problem) = response.extensions_mut().remove::<ApiError>() {
        return Some(problem);
    }
    match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Some(ApiError::of(Code::BodyTooLarge)),
        StatusCode::METHOD_NOT_ALLOWED => Some(ApiError::of(Code::WrongMethod)),
        _ => None,
    }
}

fn log(problem: &ApiError, request_id: &str, method: &str, path: &str) {
    let (code, cause) = (problem.code.as_str(), problem.cause.as_deref().unwrap_or("-"));
    match problem.code {
        Code::Internal => error!(request_id, method, path, code, cause, "request failed"),
        Code::Unavailable => warn!(request_id, method, path, code, cause, "request failed"),
        _ => debug!(request_id, method, path, code, "request refused"),
    }
}

fn harden(headers: &mut HeaderMap, secure: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(&COOP, HeaderValue::from_static("same-origin"));
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(API_CSP));
    }
    // Only what a handler calls public may be kept anywhere: event streams come with `no-cache`, which allows it.
    let public =
        headers.get(header::CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"public"));
    if !public {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// Unique in this process and, by its random first half, very likely beyond.
fn next_id() -> String {
    static BOOT: LazyLock<u32> = LazyLock::new(|| {
        use std::hash::{BuildHasher, RandomState};
        u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or(0)
    });
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("{:08x}-{:x}", *BOOT, COUNT.fetch_add(1, Ordering::Relaxed))
}
