//! The two cookies of a sign-in: which browser started it, and which one finished it.
//!
//! With https they carry the `__Host-` prefix (RFC 6265bis §4.1.3.2), so that no neighbouring host can set
//! them. They are `Lax`, since the browser comes back from the provider by a cross-site navigation.

use axum::http::{HeaderMap, HeaderValue, header};
use downcity_service::core::attempt::LIFETIME;
use downcity_service::core::{AttemptId, OpaqueToken};

const LOGIN: &str = "dc_login";
const FINISH: &str = "dc_finish";

/// How many sign-ins one browser can have at their last step at the same time, in tabs side by side. The
/// oldest give way, so that nobody can fill a browser's cookie space by sending it through callbacks.
const FINISHES: usize = 4;

/// The browser that finished an attempt, and the state it brought.
pub(crate) struct Finish {
    pub(crate) finisher: OpaqueToken,
    pub(crate) state: String,
}

/// The login cookie of a request.
pub(crate) fn login(headers: &HeaderMap, secure: bool) -> Option<OpaqueToken> {
    find(headers, &name(LOGIN, secure)).and_then(|value| OpaqueToken::parse(&value))
}

/// What a request's finish cookie says about an attempt.
pub(crate) fn finish(headers: &HeaderMap, attempt: &str, secure: bool) -> Option<Finish> {
    let value = find(headers, &name(FINISH, secure))?;
    let entry = value.split('~').find(|entry| is_about(entry, attempt))?;
    let mut parts = entry.split('.').skip(1).map(OpaqueToken::parse);
    Some(Finish { finisher: parts.next()??, state: parts.next()??.reveal().to_owned() })
}

fn is_about(entry: &str, attempt: &str) -> bool {
    entry.split_once('.').is_some_and(|(id, _)| id == attempt)
}

/// Sets the login cookie.
pub(crate) fn set_login(token: &OpaqueToken, secure: bool) -> Option<HeaderValue> {
    set(LOGIN, token.reveal(), secure)
}

/// Adds an attempt to the finish cookie of a request.
pub(crate) fn set_finish(
    headers: &HeaderMap,
    attempt: &str,
    finisher: &OpaqueToken,
    state: &str,
    secure: bool,
) -> Option<HeaderValue> {
    let before = find(headers, &name(FINISH, secure)).unwrap_or_default();
    let others = before.split('~').filter(|entry| is_entry(entry) && !is_about(entry, attempt));
    let this = format!("{attempt}.{}.{state}", finisher.reveal());
    let entries: Vec<&str> = std::iter::once(this.as_str()).chain(others).take(FINISHES).collect();
    set(FINISH, &entries.join("~"), secure)
}

/// Whether a part of a cookie has the form that we gave it, so that nothing else is sent back.
fn is_entry(entry: &str) -> bool {
    let parts: Vec<&str> = entry.split('.').collect();
    matches!(parts[..], [id, finisher, state]
        if AttemptId::parse(id).is_ok() && OpaqueToken::parse(finisher).is_some() && OpaqueToken::parse(state).is_some())
}

/// A cookie's whole name.
pub(crate) fn name(base: &str, secure: bool) -> String {
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

/// A cookie's value, by its whole name. Others may hold any bytes: a neighbouring host that sets them must not hide ours.
pub(crate) fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().map(HeaderValue::as_bytes);
    let mut pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    let value = pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    str::from_utf8(value).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_neighbours_hide_none_of_ours() {
        let mut headers = HeaderMap::new();
        for line in ["nick=张三; dc_login2=x; dc_login=ours; dc_login=second", "other=1"] {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        assert_eq!(find(&headers, "dc_login").as_deref(), Some("ours"));
        assert_eq!(find(&headers, "other").as_deref(), Some("1"));
        assert_eq!(find(&headers, "nick").as_deref(), Some("张三"));
        assert_eq!(find(&headers, "login"), None);
        let broken = HeaderValue::from_bytes(b"bad=\xe9; good=1").unwrap();
        headers.insert(header::COOKIE, broken);
        assert_eq!((find(&headers, "bad"), find(&headers, "good").as_deref()), (None, Some("1")));
    }
}
