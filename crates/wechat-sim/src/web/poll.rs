//! The long poll: answers at once when there is news, else is held.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::handle::Handle;
use crate::qr::PollAnswer;
use crate::sns::Params;
use crate::world::{Call, Moment};

/// `GET /connect/l/qrconnect?uuid=…[&last=…][&f=json]`
pub(crate) async fn poll(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes(), b"");
    let uuid = params.text("uuid");
    let last = params.get("last").and_then(|last| last.parse().ok()).unwrap_or(408);
    let answer = tokio::select! {
        answer = wait(&handle, &uuid, last) => answer,
        () = handle.stopping() => PollAnswer::bare(408),
    };
    let at = handle.moment();
    let mut call = Call::new("poll", "GET", at);
    (call.uuid, call.code, call.errcode) = (uuid, answer.code.clone(), answer.errcode);
    handle.world().note(call);
    write(&answer, params.get("f") == Some("json"))
}

/// Returns when the answer differs from `last`, or with 408 when the hold is over.
async fn wait(handle: &Handle, uuid: &str, last: i32) -> PollAnswer {
    let deadline = tokio::time::Instant::now() + handle.config().hold;
    loop {
        let at = handle.moment();
        let (answer, session) = {
            let world = handle.world();
            let session = world.sessions.get(uuid);
            let session = session.map(|one| (one.wake.subscribe(), until_expiry(one.opened_ms, at)));
            (world.poll(uuid, at), session)
        };
        let Some((mut wake, expires)) = session else { return answer };
        if answer.errcode != last || handle.switches().poll_forced.is_some() {
            return answer;
        }
        let expiry = tokio::time::Instant::now() + expires;
        tokio::select! {
            // Either there is news, or the session was forgotten: look again.
            _ = wake.changed() => {}
            () = tokio::time::sleep_until(expiry.min(deadline)) => {
                if tokio::time::Instant::now() >= deadline {
                    return PollAnswer::bare(408);
                }
            }
        }
    }
}

/// Real time until the QR code expires, at least a moment so that a code which does not expire cannot spin.
fn until_expiry(opened_ms: i64, at: Moment) -> Duration {
    let left = opened_ms.saturating_add(at.lives.qr).saturating_sub(at.now_ms);
    if left > 0 { Duration::from_millis(left.unsigned_abs()) } else { Duration::from_secs(3600) }
}

fn write(answer: &PollAnswer, json: bool) -> Response {
    let (errcode, code) = (answer.errcode, &answer.code);
    // The code is of our own making (letters and digits), so it needs no escaping.
    let (kind, body) = match (json, errcode) {
        (false, _) => ("text/javascript", format!("window.wx_errcode={errcode};window.wx_code='{code}';")),
        (true, 405) => ("text/json", format!(r#"{{"wx_errcode":405,"wx_code":"{code}"}}"#)),
        (true, _) => ("text/json", format!(r#"{{"wx_errcode":{errcode}}}"#)),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], body).into_response()
}
