//! Reading WeChat's answers: JSON that calls itself plain text and is not always quite JSON.

use serde_json::{Map, Value};
use std::borrow::Cow;
use std::net::IpAddr;

/// The fields of an answer.
pub(super) type Fields = Map<String, Value>;

/// What WeChat said.
pub(super) enum Answer {
    /// No error number, or 0.
    Fine(Fields),
    /// An error number other than 0.
    Refused(Refusal),
}

/// An error of WeChat's. Of its text only what can be told apart by form is kept, since the rest is foreign.
pub(super) struct Refusal {
    /// `errcode`.
    pub(super) code: i64,
    /// WeChat's request id, three groups of eight hexadecimal digits: what its support asks for.
    pub(super) rid: Option<String>,
    /// The address that errcode 40164 names: the one that this server calls from.
    pub(super) address: Option<IpAddr>,
}

/// An answer that is not in WeChat's format, and why.
#[derive(Debug)]
pub(super) struct Unreadable(pub(super) &'static str);

/// Reads an answer whatever its content type says: bytes as UTF-8 with what is broken replaced, control bytes
/// dropped (nicknames bring them in raw), escapes that JSON does not know taken as plain text. The error
/// number is looked at before anything else, since WeChat answers errors with HTTP 200.
pub(super) fn read(body: &[u8]) -> Result<Answer, Unreadable> {
    let text = String::from_utf8_lossy(body);
    let text: Cow<'_, str> = match text.contains(|c: char| c < ' ') {
        true => text.chars().filter(|c| *c >= ' ').collect::<String>().into(),
        false => text,
    };
    let text = text.trim_start_matches('\u{feff}');
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => serde_json::from_str(&mend(text)).map_err(|_| Unreadable(describe(text)))?,
    };
    let Value::Object(fields) = value else {
        return Err(Unreadable("JSON, but not an object"));
    };
    match errcode(&fields)? {
        None | Some(0) => Ok(Answer::Fine(fields)),
        Some(code) => {
            let errmsg = fields.get("errmsg").and_then(Value::as_str);
            let (rid, address) = (errmsg.and_then(rid), errmsg.and_then(address));
            Ok(Answer::Refused(Refusal { code, rid, address }))
        }
    }
}

/// A text field; an empty string, another type and absence are the same.
pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn describe(text: &str) -> &'static str {
    match text.trim_start().as_bytes().first() {
        None => "empty",
        Some(b'<') => "HTML or XML instead of JSON",
        Some(_) => "not JSON",
    }
}

fn errcode(fields: &Fields) -> Result<Option<i64>, Unreadable> {
    let odd = Unreadable("JSON whose errcode is not a number");
    match fields.get("errcode") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_i64().map(Some).ok_or(odd),
        Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| odd),
        Some(_) => Err(odd),
    }
}

/// The request id at the end of an error text, if it has exactly its form.
fn rid(errmsg: &str) -> Option<String> {
    let (_, tail) = errmsg.rsplit_once("rid: ")?;
    let tail = tail.trim();
    let group = |part: &str| part.len() == 8 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let fine = tail.split('-').count() == 3 && tail.split('-').all(group);
    fine.then(|| tail.to_owned())
}

/// The address in `invalid ip 192.0.2.1 ipv6 ::ffff:192.0.2.1, not in whitelist`, if it is one.
fn address(errmsg: &str) -> Option<IpAddr> {
    errmsg.strip_prefix("invalid ip ")?.split([' ', ',']).next()?.parse().ok()
}

/// Makes backslashes inside strings that start no escape of JSON (RFC 8259 §7) plain backslashes, and halves
/// of surrogate pairs U+FFFD. It adds no quote and removes none, so no text can grow into a field.
fn mend(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut inside = false;
    while let Some(c) = rest.chars().next() {
        let taken = if inside && c == '\\' {
            mend_escape(rest, &mut out)
        } else {
            inside ^= c == '"';
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[taken..];
    }
    out
}

/// Copies one escape from the front of `rest`; how many bytes it took.
fn mend_escape(rest: &str, out: &mut String) -> usize {
    let keep = match rest.as_bytes().get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
        Some(b'u') => match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push('\u{fffd}');
                return 6;
            }
            (Some(_), _) => 6,
            (None, _) => 0,
        },
        _ => 0,
    };
    if keep == 0 {
        out.push_str("\\\\");
        return 1;
    }
    out.push_str(&rest[..keep]);
    keep
}

/// The UTF-16 unit of an escape `\uXXXX` at the front of `text`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}
