//! What junk looks like: plausible names with impossible values, broken JSON, broken queries, odd headers.

use crate::kit::documented_routes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Who sends the junk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Guest,
    User,
    Admin,
}

/// One request that no client of ours would send.
#[derive(Debug, Clone)]
pub(crate) struct Junk {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) sender: Sender,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: Option<Vec<u8>>,
}

/// Stands for the state of a sign-in that is really waiting.
pub(crate) const REAL_STATE: &str = "REALSTATE";

/// Field names of all bodies and queries, and some of none.
const NAMES: [&str; 32] = [
    "provider",
    "city_id",
    "return_to",
    "code_challenge",
    "code_challenge_method",
    "lang",
    "fast_login",
    "name",
    "allowed_origins",
    "allowed_redirects",
    "confirm",
    "key",
    "value",
    "raw",
    "user_id",
    "metadata",
    "ttl",
    "state",
    "code",
    "code_verifier",
    "error",
    "iss",
    "attempt",
    "problem",
    "form_token",
    "decision",
    "__proto__",
    "",
    "a\u{0}b",
    "CITY_ID",
    "城",
    "city_id ",
];

fn text() -> impl Strategy<Value = String> {
    let known = [
        "wechat",
        "city_demo",
        "city_downcity",
        "S256",
        "zh",
        "always",
        "WECHAT_CLIENT_ID",
        "30m",
        "allow",
        "true",
        "-1",
        "https://app.example.com/done",
        "https://app.example.com",
        "",
        " ",
        "\u{0}",
        "a\u{0}b",
        "\r\n\r\nx: y",
        "\u{202e}",
        "../../etc/passwd",
        "' or 1=1 --",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "%00%ff",
        "😀",
        "\u{fffd}",
        REAL_STATE,
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "99999999999999999999999999d",
        "A=b\nB='",
        "\"",
        "\\",
        "//evil.test",
    ];
    prop_oneof![
        4 => select(known.to_vec()).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => (any::<char>(), 1usize..60_000).prop_map(|(c, n)| c.to_string().repeat(n / c.len_utf8())),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => text().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => select(vec![json!(0), json!(-1), json!(i64::MIN), json!(u64::MAX), json!(1e308), json!(1.5), json!(-0.0)]),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((select(&NAMES[..]), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Value>()),
        ]
    })
}

/// An object as text, where a name may come twice.
fn object() -> impl Strategy<Value = Vec<u8>> {
    vec((select(&NAMES[..]), json_value()), 0..8).prop_map(|pairs| {
        let pairs: Vec<String> =
            pairs.into_iter().map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
        format!("{{{}}}", pairs.join(",")).into_bytes()
    })
}

/// A body: an object, or one that is cut off, spoiled, nested without end, or no object at all.
pub(crate) fn body() -> impl Strategy<Value = Vec<u8>> {
    let cut = (object(), any::<prop::sample::Index>()).prop_map(|(mut text, at)| {
        let at = at.index(text.len());
        text.truncate(at);
        text
    });
    let spoiled = (object(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut text, at, byte)| {
        let at = at.index(text.len());
        text[at] = byte;
        text
    });
    let deep = (select(&NAMES[..]), select(vec!["[", "{\"a\":", "[{\"a\":["]), 1usize..20_000).prop_map(
        |(name, open, times)| format!("{{{}:{}", Value::from(name), open.repeat(times)).into_bytes(),
    );
    let trailing = (object(), text()).prop_map(|(mut text, tail)| {
        text.extend_from_slice(tail.as_bytes());
        text
    });
    prop_oneof![
        8 => object(),
        2 => json_value().prop_map(|value| value.to_string().into_bytes()),
        2 => cut,
        2 => spoiled,
        1 => deep,
        1 => trailing,
        1 => vec(any::<u8>(), 0..200),
        1 => (200_000usize..300_000).prop_map(|n| vec![b' '; n]),
    ]
}

fn query() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => text().prop_map(|text| form_urlencoded::byte_serialize(&text.as_bytes()[..text.len().min(15_000)]).collect()),
        1 => select(vec!["%", "%f", "%zz", "%ff%fe", "%00", "+", "a=b=c", "[]", ""]).prop_map(str::to_owned),
    ];
    let piece = piece.prop_map(|piece: String| piece.chars().take(15_000).collect::<String>());
    // No `wait`: with the real state it would rightly wait.
    vec((select(&NAMES[..]), piece), 0..4).prop_map(|pairs| {
        let name = |name: &str| form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>();
        pairs.into_iter().map(|(key, value)| format!("{}={value}", name(key))).collect::<Vec<_>>().join("&")
    })
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let names = [
        "accept-language",
        "x-forwarded-for",
        "x-forwarded-host",
        "cookie",
        "origin",
        "user-agent",
        "accept",
        "forwarded",
        "sec-fetch-site",
        "access-control-request-method",
        "x-request-id",
        "if-none-match",
        "range",
        "expect-ct",
    ];
    let odd = select(vec![
        "q=,;;q=9",
        "*",
        "null",
        "dc_finish=x.y; dc_login=",
        "dc_login=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ";;;===",
        "1.2.3.4, ::1, x",
        "[::1]:9",
        "bytes=0-",
        "cross-site",
        "POST",
        "for=\"[::1]\"",
    ]);
    let value = prop_oneof![
        3 => odd.prop_map(|text| text.as_bytes().to_vec()),
        2 => vec(prop_oneof![0x20u8..0x7f, 0x80u8..=0xff], 0..80),
        1 => (1usize..4_000).prop_map(|n| vec![b','; n]),
    ];
    vec((select(names.to_vec()), value), 0..3)
}

/// Junk for any route by any method.
pub(crate) fn junk() -> impl Strategy<Value = Junk> {
    let routes: Vec<(String, String)> =
        documented_routes().into_iter().map(|(method, path, _)| (method, path)).collect();
    let odd_methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "BREW"];
    let sender = select(vec![Sender::Guest, Sender::User, Sender::Admin]);
    let content_type = prop_oneof![
        6 => Just("application/json"),
        1 => select(vec!["text/plain", "application/x-www-form-urlencoded", "", "application/json;;;", "multipart/form-data"]),
    ];
    let odd_method = prop_oneof![5 => Just(None), 1 => select(odd_methods.to_vec()).prop_map(Some)];
    let parts = (select(routes), odd_method, query(), sender, headers(), content_type, body());
    parts.prop_map(|((method, path), odd, query, sender, mut headers, content_type, body)| {
        let method = odd.map_or(method, str::to_owned);
        let body = (!["GET", "HEAD", "TRACE"].contains(&method.as_str())).then_some(body);
        headers.push(("content-type", content_type.as_bytes().to_vec()));
        Junk { method, path, query, sender, headers, body }
    })
}
