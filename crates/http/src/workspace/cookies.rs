//! The workspace's cookies: whose session it is, how the pages shall look, and what happened just now.
//!
//! With https they carry the `__Host-` prefix, and all are `Strict`: no other site's page can make a browser send
//! them. They count only under `/admin`.

use crate::cookies::{find, name};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downcity_service::admin_sessions::LIFETIME;
use downcity_service::core::OpaqueToken;
use std::time::Duration;

const SESSION: &str = "dc_admin";
const LOOK: &str = "dc_admin_look";
const FLASH: &str = "dc_admin_flash";

/// How long the way a person wants the pages to look is remembered.
const LOOK_KEPT: Duration = Duration::from_secs(365 * 86_400);
/// How long a message waits for the page that shows it.
const FLASH_KEPT: Duration = Duration::from_secs(60);
/// The longest message, in bytes.
const FLASH_LIMIT: usize = 1024;

/// A message about what was just done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flash {
    /// Whether it was done.
    pub(crate) good: bool,
    /// The sentence.
    pub(crate) text: String,
}

/// The session of a request.
pub(super) fn session(headers: &HeaderMap, secure: bool) -> Option<OpaqueToken> {
    find(headers, &name(SESSION, secure)).and_then(|value| OpaqueToken::parse(&value))
}

pub(super) fn set_session(token: &OpaqueToken, secure: bool) -> Option<HeaderValue> {
    set(SESSION, token.reveal(), LIFETIME, secure)
}

pub(super) fn end_session(secure: bool) -> Option<HeaderValue> {
    set(SESSION, "", Duration::ZERO, secure)
}

/// How the pages shall look: `lang.theme`.
pub(super) fn look(headers: &HeaderMap, secure: bool) -> Option<String> {
    find(headers, &name(LOOK, secure))
}

pub(super) fn set_look(value: &str, secure: bool) -> Option<HeaderValue> {
    set(LOOK, value, LOOK_KEPT, secure)
}

/// The message that waits to be shown.
pub(super) fn flash(headers: &HeaderMap, secure: bool) -> Option<Flash> {
    let value = find(headers, &name(FLASH, secure))?;
    let (mood, text) = value.split_once('.')?;
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    Some(Flash { good: mood == "good", text })
}

pub(super) fn set_flash(flash: &Flash, secure: bool) -> Option<HeaderValue> {
    let end = flash.text.floor_char_boundary(FLASH_LIMIT);
    let text = URL_SAFE_NO_PAD.encode(&flash.text[..end]);
    let mood = if flash.good { "good" } else { "bad" };
    set(FLASH, &format!("{mood}.{text}"), FLASH_KEPT, secure)
}

pub(super) fn end_flash(secure: bool) -> Option<HeaderValue> {
    set(FLASH, "", Duration::ZERO, secure)
}

fn set(base: &str, value: &str, kept: Duration, secure: bool) -> Option<HeaderValue> {
    let seal = if secure { "; Secure" } else { "" };
    let name = name(base, secure);
    let kept = kept.as_secs();
    HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age={kept}; HttpOnly; SameSite=Strict{seal}"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::COOKIE;

    #[test]
    fn a_message_comes_back_as_it_was_said_and_cut_where_it_is_too_long() {
        let said = Flash { good: true, text: "“WECHAT_CLIENT_ID” 已设置；OK.".to_owned() };
        let carried = |flash: &Flash| {
            let line = set_flash(flash, true).unwrap();
            let pair = line.to_str().unwrap().split(';').next().unwrap().to_owned();
            super::flash(&HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&pair).unwrap())]), true)
        };
        assert_eq!(carried(&said), Some(said));
        let long = Flash { good: false, text: "长".repeat(1000) };
        assert_eq!(carried(&long).unwrap().text.chars().count(), FLASH_LIMIT / 3);
    }
}
