//! The two cookies of a sign-in: which browser started it, and which one finished it.
//!
//! With https they carry the `__Host-` prefix (RFC 6265bis §4.1.3.2), so that no neighbouring host can set
//! them. They are `Lax`, since the browser comes back from the provider by a cross-site navigation.

use axum::http::{HeaderMap, HeaderValue, header};
use downcity_service::core::OpaqueToken;
use downcity_service::core::attempt::LIFETIME;

const LOGIN: &str = "dc_login";
const FINISH: &str = "dc_finish";

/// The browser that finished an attempt, and the state it brought.
pub(crate) struct Finish {
    pub(crate) finisher: OpaqueToken,
    pub(crate) state: String,
}

/// The login cookie of a request.
pub(crate) fn login(headers: &HeaderMap, secure: bool) -> Option<OpaqueToken> {
    find(headers, &name(LOGIN, secure)).and_then(|value| OpaqueToken::parse(&value))
}

/// The finish cookie of a request.
pub(crate) fn finish(headers: &HeaderMap, secure: bool) -> Option<Finish> {
    let value = find(headers, &name(FINISH, secure))?;
    let (finisher, state) = value.split_once('.')?;
    Some(Finish {
        finisher: OpaqueToken::parse(finisher)?,
        state: OpaqueToken::parse(state)?.reveal().to_owned(),
    })
}

/// Sets the login cookie.
pub(crate) fn set_login(token: &OpaqueToken, secure: bool) -> Option<HeaderValue> {
    set(LOGIN, token.reveal(), secure)
}

/// Sets the finish cookie.
pub(crate) fn set_finish(finisher: &OpaqueToken, state: &str, secure: bool) -> Option<HeaderValue> {
    set(FINISH, &format!("{}.{state}", finisher.reveal()), secure)
}

fn name(base: &str, secure: bool) -> String {
    if secure { format!("__Host-{base}") } else { base.to_owned() }
}

fn set(base: &str, value: &str, secure: bool) -> Option<HeaderValue> {
    let seal = if secure { "; Secure" } else { "" };
    let line = format!(
        "{}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{seal}",
        name(base, secure),
        LIFETIME.as_secs()
    );
    HeaderValue::from_str(&line).ok()
}

fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = pairs.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}
