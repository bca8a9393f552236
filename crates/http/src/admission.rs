//! What is let in: request bodies as fast as they have to come, and as many requests as can be worked on at a time.
//!
//! More at a time would not be done sooner, only all of them later. A request that finds no place is refused at once, with
//! the time to try again, which costs next to nothing (`docs/decisions/0025-as-many-as-can-be-served.md`).

use crate::error::{ApiError, Code};
use crate::{routes, workspace};
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::Method;
use http_body_util::BodyExt;
use std::mem::take;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 256 * 1024;
/// Until a body has to be there in full. It has no place yet while it comes, so the slow take nothing from others.
const BODY_TIME: Duration = Duration::from_secs(10);
/// What every connection may send of a body, in bytes; for more it needs one of the places for large ones.
const SMALL: usize = 16 * 1024;
/// Large bodies that are on their way at the same time: a bound of memory.
const LARGE: usize = 64;
/// Until a request whose body is there is answered. Longer than the store lets a silent database keep anything (17 s), which
/// says more of what is wrong.
const ANSWER_TIME: Duration = Duration::from_secs(20);
/// The same for those who wait for a person, a provider or the doctor, for 30 s at the most, and for a backup to begin.
const LONG_ANSWER_TIME: Duration = Duration::from_secs(40);
/// How long a body that is not wanted may pause before it is left alone.
const SILENT: Duration = Duration::from_millis(100);
/// `Retry-After` of a request that found no place, or was given up.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// The places of one door. Each kind of work has its own, so that one that is stuck (a provider that hangs, a table that
/// is locked) leaves the others room.
pub(crate) struct Places {
    starts: Semaphore,
    callbacks: Semaphore,
    workspace: Semaphore,
    others: Semaphore,
    large_bodies: Semaphore,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            starts: Semaphore::new(256),
            // They mostly wait for a provider, which is no work of ours.
            callbacks: Semaphore::new(1024),
            workspace: Semaphore::new(64),
            others: Semaphore::new(256),
            large_bodies: Semaphore::new(LARGE),
        }
    }
}

/// Whether a request does no work, but waits for a sign-in to go on.
fn only_waits(request: &Request) -> bool {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let asks_to_wait =
        || query.split('&').filter_map(|part| part.strip_prefix("wait=")).any(|seconds| seconds != "0");
    match path {
        routes::EVENTS => true,
        routes::RESULT | routes::STEPS_RESULT => asks_to_wait(),
        _ => false,
    }
}

/// Whether the answer to a request may be long in coming, or come piece by piece, so that nothing should be kept ready for
/// it meanwhile.
pub(crate) fn may_rest(request: &Request) -> bool {
    only_waits(request) && request.body().is_end_stream()
}

/// How long the answer to a request may take, counted from when its body is there; for streams until they begin.
pub(crate) fn answer_time(request: &Request) -> Duration {
    match request.uri().path() {
        routes::CALLBACK | routes::DOCTOR | routes::CHECKS | routes::BACKUP => LONG_ANSWER_TIME,
        _ if only_waits(request) => LONG_ANSWER_TIME,
        _ => ANSWER_TIME,
    }
}

/// A request was worked on for longer than that. What it had begun to write is written or undone as a whole by the store,
/// which waits for nobody.
pub(crate) fn too_long(span: Duration) -> ApiError {
    let cause = Some(format!("no answer within {} s", span.as_secs()));
    ApiError { cause, retry_after: Some(COME_AGAIN), ..ApiError::of(Code::Unavailable) }
}

impl Places {
    /// A place for this request, to be kept until it is answered. None for what has to be answered always, and for
    /// those who only wait.
    pub(crate) fn take(&self, request: &Request) -> Result<Option<SemaphorePermit<'_>>, ApiError> {
        let path = request.uri().path();
        let lane = match path {
            routes::HEALTH | routes::READY => return Ok(None),
            _ if only_waits(request) => return Ok(None),
            routes::CALLBACK => &self.callbacks,
            routes::START if *request.method() == Method::POST => &self.starts,
            _ if workspace::is_ours(path) => &self.workspace,
            _ => &self.others,
        };
        lane.try_acquire().map(Some).map_err(|_| overloaded())
    }

    /// Brings the body of a request into memory.
    pub(crate) async fn receive(&self, request: &mut Request) -> Result<(), ApiError> {
        if !request.body().is_end_stream() {
            let body = take(request.body_mut());
            let bytes = tokio::time::timeout(BODY_TIME, self.read(body)).await;
            *request.body_mut() = Body::from(bytes.map_err(|_| ApiError::of(Code::BodyTooSlow))??);
        }
        Ok(())
    }

    async fn read(&self, mut body: Body) -> Result<Vec<u8>, ApiError> {
        if body.size_hint().lower() > BODY_LIMIT as u64 {
            pour_away(body).await;
            return Err(ApiError::of(Code::BodyTooLarge));
        }
        let (mut bytes, mut large) = (Vec::new(), None);
        while let Some(frame) = body.frame().await {
            let cut =
                |why: axum::Error| ApiError { cause: Some(why.to_string()), ..ApiError::of(Code::BadJson) };
            let Ok(data) = frame.map_err(cut)?.into_data() else { continue };
            if bytes.len() + data.len() > BODY_LIMIT {
                pour_away(body).await;
                return Err(ApiError::of(Code::BodyTooLarge));
            }
            if large.is_none() && bytes.len() + data.len() > SMALL {
                large = Some(self.large_bodies.try_acquire().map_err(|_| overloaded())?);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes)
    }
}

/// Reads on for a moment: a connection that ends while its peer still sends takes the answer with it.
async fn pour_away(mut body: Body) {
    let mut poured = 0;
    // A peer that sends nothing, since it waits for the answer, gets it.
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(SILENT, body.frame()).await {
        poured += frame.data_ref().map_or(0, axum::body::Bytes::len);
        if poured > 4 * BODY_LIMIT {
            break;
        }
    }
}

fn overloaded() -> ApiError {
    ApiError { retry_after: Some(COME_AGAIN), ..ApiError::of(Code::Overloaded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, uri: &str) -> Request {
        Request::builder().method(method).uri(uri).body(Body::empty()).expect("a request")
    }

    #[test]
    fn one_kind_of_work_takes_no_place_of_another() {
        let places = Places::default();
        let start = asked(Method::POST, "/v1/accounts/oauth/start");
        let taken: Vec<_> = (0..256).map(|_| places.take(&start).expect("a place")).collect();
        let refused = places.take(&start).expect_err("no place is left");
        assert_eq!((refused.code, refused.retry_after), (Code::Overloaded, Some(COME_AGAIN)));
        for path in ["/v1/accounts/me", "/v1/accounts/oauth/callback?code=a&state=b", "/admin"] {
            assert!(places.take(&asked(Method::GET, path)).expect("a place").is_some(), "{path}");
        }
        drop(taken);
        assert!(places.take(&start).expect("a place again").is_some());
    }

    #[test]
    fn who_waits_for_others_may_take_longer_than_all_else() {
        for (path, seconds) in [
            ("/v1/accounts/oauth/result?state=a&wait=30", 40),
            ("/v1/accounts/login/result?wait=30&login_id=a", 40),
            ("/v1/accounts/oauth/events?state=a", 40),
            ("/v1/accounts/oauth/callback?code=a&state=b", 40),
            ("/v1/federation/doctor?only=wechat", 40),
            ("/v1/accounts/oauth/result?state=a", 20),
            ("/v1/accounts/oauth/result?state=a&wait=0", 20),
            ("/v1/accounts/me?wait=30", 20),
            ("/v1/cities/create", 20),
            ("/admin", 20),
            ("/ready", 20),
        ] {
            assert_eq!(answer_time(&asked(Method::GET, path)), Duration::from_secs(seconds), "{path}");
        }
    }

    #[test]
    fn what_must_always_answer_and_who_only_waits_need_no_place() {
        let places = Places::default();
        let waits = ["/v1/accounts/oauth/result?state=a&wait=20", "/v1/accounts/oauth/events?state=a"];
        for path in ["/health", "/ready"].into_iter().chain(waits) {
            assert!(places.take(&asked(Method::GET, path)).expect("let in").is_none(), "{path}");
        }
        let hasty = asked(Method::GET, "/v1/accounts/oauth/result?state=a");
        assert!(places.take(&hasty).expect("a place").is_some(), "who asks only once does some work");
    }
}
