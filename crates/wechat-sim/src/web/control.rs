//! The control API under `/_sim`, for tests in other processes and other languages.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::config::{App, Person};
use crate::error::SimError;
use crate::handle::Handle;
use crate::ids;
use crate::qr::{Session, Status};

/// The most sessions and calls that `state` shows; the newest ones.
const SHOWN: usize = 1000;

/// A refusal: a status and one sentence.
pub(crate) struct Refusal(StatusCode, String);

type Answer = Result<Json<Value>, Refusal>;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<SimError> for Refusal {
    fn from(error: SimError) -> Self {
        let status = match error {
            SimError::UnknownSession(_) | SimError::UnknownPerson(_) | SimError::UnknownApp(_) => {
                StatusCode::NOT_FOUND
            }
            SimError::Expired | SimError::Over => StatusCode::CONFLICT,
            SimError::NotQrconnect(_) | SimError::Page(_) => StatusCode::BAD_REQUEST,
        };
        Self(status, error.to_string())
    }
}

/// Which QR session, and who holds the phone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tap {
    uuid: Option<String>,
    state: Option<String>,
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
}

/// `GET /_sim/state`
pub(crate) async fn state(State(handle): State<Handle>) -> Json<Value> {
    let at = handle.moment();
    let world = handle.world();
    let sessions: Vec<Value> =
        world.sessions.newest_first().take(SHOWN).map(|(uuid, session)| show(uuid, session)).collect();
    let mut counts = BTreeMap::new();
    for call in &world.log {
        *counts.entry(call.endpoint).or_insert(0_u64) += 1;
    }
    let skip = world.log.len().saturating_sub(SHOWN);
    Json(json!({
        "url": handle.url(),
        "now_ms": at.now_ms,
        "apps": world.apps,
        "users": world.people,
        "switches": world.switches,
        "sessions": sessions,
        "counts": counts,
        "requests": world.log.iter().skip(skip).collect::<Vec<_>>(),
    }))
}

fn show(uuid: &str, session: &Session) -> Value {
    let code = match &session.status {
        Status::Confirmed { code } => Some(code),
        Status::Waiting | Status::Scanned | Status::Refused(_) => None,
    };
    let status = match &session.status {
        Status::Waiting => "waiting",
        Status::Scanned => "scanned",
        Status::Confirmed { .. } => "confirmed",
        Status::Refused(_) => "refused",
    };
    json!({
        "uuid": uuid,
        "appid": session.appid,
        "status": status,
        "code": code,
        "state": session.state,
        "redirect_uri": session.redirect_uri,
        "opened_ms": session.opened_ms,
        "watched_by": session.wake.receiver_count(),
    })
}

/// `POST /_sim/switches` with some of the switches: a partial update.
pub(crate) async fn switches(State(handle): State<Handle>, headers: HeaderMap, body: Bytes) -> Answer {
    let patch: Value = read(&headers, &body)?;
    let mut world = handle.world();
    world.switches.patch(&patch).map_err(|sentence| Refusal(StatusCode::BAD_REQUEST, sentence))?;
    world.wake_all();
    Ok(Json(json!({ "switches": world.switches })))
}

/// `POST /_sim/clock {"advance_ms": 300000}`
pub(crate) async fn clock(State(handle): State<Handle>, headers: HeaderMap, body: Bytes) -> Answer {
    let Advance { advance_ms } = read(&headers, &body)?;
    handle.advance(Duration::from_millis(advance_ms));
    Ok(Json(json!({ "now_ms": handle.now_ms() })))
}

/// `POST /_sim/scan {"uuid": …}` or `{"state": …}`
pub(crate) async fn scan(State(handle): State<Handle>, headers: HeaderMap, body: Bytes) -> Answer {
    let tap: Tap = read(&headers, &body)?;
    let uuid = which(&handle, &tap)?;
    handle.scan(&uuid)?;
    Ok(Json(json!({ "uuid": uuid })))
}

/// `POST /_sim/allow {"uuid" or "state": …, "user": …}`: answers the callback URL.
pub(crate) async fn allow(State(handle): State<Handle>, headers: HeaderMap, body: Bytes) -> Answer {
    let tap: Tap = read(&headers, &body)?;
    let uuid = which(&handle, &tap)?;
    let first = handle.people().first().map(|person| person.id.clone()).unwrap_or_default();
    let callback = handle.allow(&uuid, &tap.user.unwrap_or(first))?;
    Ok(Json(json!({ "uuid": uuid, "callback": callback })))
}

/// `POST /_sim/deny {"uuid" or "state": …}`
pub(crate) async fn deny(State(handle): State<Handle>, headers: HeaderMap, body: Bytes) -> Answer {
    let tap: Tap = read(&headers, &body)?;
    let uuid = which(&handle, &tap)?;
    let callback = handle.deny(&uuid)?;
    Ok(Json(json!({ "uuid": uuid, "callback": callback })))
}

/// `POST /_sim/apps` with one app: added, or put in the place of the one with its appid.
pub(crate) async fn apps(State(handle): State<Handle>, headers: HeaderMap, body: Bytes) -> Answer {
    let mut app: App = read(&headers, &body)?;
    if app.secret.is_empty() {
        app.secret = ids::secret(&app.appid);
    }
    handle.put_app(app.clone());
    Ok(Json(json!({ "app": app })))
}

/// `POST /_sim/users` with one person: added, or put in the place of the one with their id.
pub(crate) async fn users(State(handle): State<Handle>, headers: HeaderMap, body: Bytes) -> Answer {
    let person: Person = read(&headers, &body)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if person.id.is_empty() || person.id.len() > 64 || !person.id.bytes().all(plain) {
        // It becomes part of the avatar's address.
        let sentence = "`id` takes 1 to 64 letters, digits, `-` and `_`";
        return Err(Refusal(StatusCode::BAD_REQUEST, sentence.to_owned()));
    }
    handle.put_person(person.clone());
    Ok(Json(json!({ "user": person })))
}

/// `POST /_sim/reset`: everything as at the start.
pub(crate) async fn reset(State(handle): State<Handle>, headers: HeaderMap, body: Bytes) -> Answer {
    let _: BTreeMap<String, Value> = read(&headers, &body)?;
    handle.reset();
    Ok(Json(json!({})))
}

fn which(handle: &Handle, tap: &Tap) -> Result<String, Refusal> {
    match (&tap.uuid, &tap.state) {
        (Some(uuid), None) => Ok(uuid.clone()),
        (None, Some(state)) => Ok(handle.uuid_by_state(state)?),
        _ => Err(Refusal(StatusCode::BAD_REQUEST, "give either `uuid` or `state`".to_owned())),
    }
}

/// Reads a JSON body. The content type is required, because a page of another origin cannot send it unasked.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        let sentence = "send `content-type: application/json`";
        return Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence.to_owned()));
    }
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refusal(StatusCode::BAD_REQUEST, error.to_string()))
}
