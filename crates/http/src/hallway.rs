//! What every request passes on its way in and out: a request id, headers that harden the answer, CORS, the
//! body of errors, and one log line for what went wrong.

use crate::admission::{answer_time, too_long};
use crate::browser;
use crate::client::{Peer, accepted, sender};
use crate::cors;
use crate::error::{ApiError, Code};
use crate::lazy_timer::LazyTimer;
use crate::routes::{self, House};
use crate::trace;
use crate::workspace;
use crate::workspace::look::Look;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use downcity_service::core::network::Network;
use downcity_service::limits::{Cost, TooMany};
use downcity_service::panics::panic_text;
use futures::FutureExt;
use std::hash::{BuildHasher, RandomState};
use std::mem::take;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tower::Service;
use tracing::{Instrument, debug, error, warn};

/// Room for the headers of an answer, made once.
pub(crate) const HEADERS: usize = 12;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// For answers that no browser should ever render.
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// What answers requests: the hallway and the routes behind it. The hallway stands around the router and not in it,
/// since a layer of a router is copied and boxed for every request.
#[derive(Clone)]
pub struct App {
    /// Absent for plain pages, which nothing is done about.
    house: Option<House>,
    router: Router,
}

impl From<Router> for App {
    /// Plain pages, without a hallway.
    fn from(router: Router) -> Self {
        Self { house: None, router }
    }
}

impl App {
    pub(crate) fn new(house: House, router: Router) -> Self {
        Self { house: Some(house), router }
    }

    /// Takes a request to its route. A panic there answers 500 and leaves the process up.
    async fn route(&self, request: Request) -> Response {
        match AssertUnwindSafe(self.router.clone().call(request)).catch_unwind().await {
            Ok(Ok(response)) => response,
            Err(panic) => {
                let cause = Some(format!("a handler panicked: {}", panic_text(&*panic)));
                ApiError { cause, ..ApiError::of(Code::Internal) }.into_response()
            }
        }
    }

    /// Takes a request to its route if there is room for it and its sender did not ask too often. It is answered in
    /// time; one that is not is left where it is, as when its sender hangs up.
    async fn serve(
        &self,
        house: &House,
        peer: SocketAddr,
        request: &mut Request,
        timer: &LazyTimer,
    ) -> Result<Response, ApiError> {
        house.places.receive(request).await?;
        let place = house.places.take(request)?;
        let (span, guest) = (answer_time(request), guest(house, peer, request));
        let work = async {
            if let Some((network, cost)) = guest {
                let admitted = house.federation.admit_guest(network, cost).await;
                admitted.map_err(|TooMany(wait)| ApiError {
                    retry_after: Some(wait),
                    ..ApiError::of(Code::TooManyTries)
                })?;
            }
            Ok(self.route(take(request)).await)
        };
        let answer = timer.within(span, pin!(work)).await;
        drop(place);
        answer.unwrap_or_else(|| {
            // It may have changed a setting and not come to tell this node.
            house.federation.look_at_settings();
            Err(too_long(span))
        })
    }

    /// Answers one request of a peer and takes its contents; `timer` is its connection's. The request is borrowed, not
    /// moved, because each async fn that owned it would reserve space for it in its future.
    pub(crate) async fn answer(
        &self,
        peer: SocketAddr,
        request: &mut Request,
        timer: &LazyTimer,
    ) -> Response {
        let Some(house) = &self.house else { return self.route(take(request)).await };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let span = trace::of(house, request, || request_id(number).to_str().unwrap_or_default().to_owned());
        let response = self.pass(house, (number, peer), request, timer).instrument(span.clone()).await;
        trace::answered(&span, response.status());
        response
    }

    /// Takes a request through the hallway and back.
    async fn pass(
        &self,
        house: &House,
        (number, peer): (u64, SocketAddr),
        request: &mut Request,
        timer: &LazyTimer,
    ) -> Response {
        request.extensions_mut().insert(Peer(peer));
        let began = Instant::now();
        let lang = accepted(request.headers());
        let allowed = cors::check(&house.federation, request.uri().path(), request.headers());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let page = (house.has_workspace() && workspace::is_ours(uri.path()))
            .then(|| Look::of(house, &uri, request.headers()));
        let mut response = if cors::is_preflight(&method, request.headers()) {
            cors::preflight()
        } else {
            self.serve(house, peer, request, timer).await.unwrap_or_else(IntoResponse::into_response)
        };
        if let Some(problem) = problem_of(&mut response) {
            let request_id = request_id(number);
            let request_id = request_id.to_str().unwrap_or_default();
            // The path alone, since a query may hold a state or a code.
            log(&problem, request_id, method.as_str(), uri.path());
            let kept = [header::SET_COOKIE, header::ALLOW];
            let kept = kept.map(|name| response.headers_mut().remove(&name).map(|value| (name, value)));
            response = match &page {
                Some(look) => workspace::trouble::render(&problem, look, request_id),
                None => problem.render(lang.unwrap_or_default(), request_id),
            };
            response.headers_mut().extend(kept.into_iter().flatten());
        }
        if let Some(Told(problem)) = response.extensions_mut().remove::<Told>() {
            let request_id = request_id(number);
            log(&problem, request_id.to_str().unwrap_or_default(), method.as_str(), uri.path());
        }
        let headers = response.headers_mut();
        headers.reserve(HEADERS.saturating_sub(headers.len()));
        harden(headers, house.secure);
        cors::stamp(allowed, headers);
        headers.insert(&REQUEST_ID, request_id(number));
        if house.federation.is_leaving() {
            // The next request of this peer finds another node.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        house.meters.answered(house.federation.metrics(), uri.path(), response.status(), began.elapsed());
        response
    }
}

/// The network that a guest's request counts for, and its cost; `None` where it counts for nothing: with a bearer, where
/// bearers are read (a wrong one is refused before any work), and outside `/v1` and the workspace, where answers are cheap
/// and public. In the workspace every request counts as a look, since reading its cookie is one.
fn guest(house: &House, peer: SocketAddr, request: &Request) -> Option<(Network, Cost)> {
    let (path, headers) = (request.uri().path(), request.headers());
    let workspace = workspace::is_ours(path);
    // Pages and the doctor's echo ask nobody for a bearer: one that is brought there proves nothing.
    let asks_nobody = || routes::PAGES.contains(&path) || path == routes::ECHO;
    let known = || headers.contains_key(header::AUTHORIZATION) && !asks_nobody();
    let guest = workspace || path.starts_with("/v1/") && !known();
    let cost = match *request.method() {
        Method::POST if path == routes::START => Cost::Start,
        // Like the GET that it leads to: nothing is stored, and a code that is turned away is lost.
        Method::POST if path == browser::CALLBACK => Cost::Look,
        Method::POST if !workspace => Cost::Work,
        _ => Cost::Look,
    };
    guest.then(|| (sender(Some(Peer(peer)), headers, &house.trusted_proxies).0, cost))
}

/// A problem that a page has told the person already, left on its answer for the log.
#[derive(Clone)]
pub(crate) struct Told(pub(crate) ApiError);

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
        Code::Unavailable | Code::ProviderUnavailable => {
            warn!(request_id, method, path, code, cause, "request failed");
        }
        _ => debug!(request_id, method, path, code, "request refused"),
    }
}

/// Adds what every answer carries. A handler's own policy for a page stands.
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

static COUNT: AtomicU64 = AtomicU64::new(1);

/// Unique in this process and, by its random first third, very likely beyond: 24 hexadecimal digits.
fn request_id(number: u64) -> HeaderValue {
    static BOOT: LazyLock<u128> = LazyLock::new(|| u128::from(RandomState::new().hash_one(0)) << 64);
    let id = *BOOT | u128::from(number);
    let digits: [u8; 24] =
        std::array::from_fn(|place| b"0123456789abcdef"[(id >> (92 - 4 * place)) as usize & 15]);
    HeaderValue::from_bytes(&digits).expect("hexadecimal digits may stand in a header")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;

    #[tokio::test]
    async fn the_text_of_a_panic_is_for_the_log_alone() {
        let broken = || async {
            if HEADERS > 0 {
                panic!("broken by {}", "hunter2");
            }
        };
        let app = App::from(Router::new().route("/", get(broken)));
        let mut response = app.route(Request::default()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem = problem_of(&mut response).unwrap();
        assert_eq!(problem.cause.as_deref(), Some("a handler panicked: broken by hunter2"));
        for response in [response, problem.render(downcity_service::core::Lang::default(), "1")] {
            let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
            assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
        }
    }
}
