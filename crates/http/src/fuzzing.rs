//! What fuzzing calls here (`fuzz/`), and of all rooms below: any bytes in place of what people, browsers and
//! providers send.

use crate::browser::{CallbackParams, PostedAnswer};
use crate::client::{Peer, sender};
use crate::wire::accounts::{OauthResultQuery, OauthStartRequest};
use crate::{cookies, extract};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use downcity_service::core::OpaqueToken;
use downcity_service::core::fuzzing::Fuzzed;
use downcity_service::core::network::Network;
use ipnet::IpNet;
use std::net::SocketAddr;

const OWN: &[(&str, Fuzzed)] = &[
    ("cookies", cookies_of),
    ("forwarded", forwarded),
    ("callback_query", callback_query),
    ("json_body", json_body),
];

/// All functions by the names of their corpora.
pub fn targets() -> impl Iterator<Item = (&'static str, Fuzzed)> {
    downcity_service::fuzzing::targets().chain(OWN.iter().copied())
}

/// Runs one of them.
///
/// # Panics
/// Where a promise does not hold, and where there is none of that name.
pub fn run(name: &str, bytes: &[u8]) {
    let found = targets().find(|(known, _)| *known == name);
    found.expect("a target of that name").1(bytes);
}

fn headers(name: &HeaderName, bytes: &[u8]) -> HeaderMap {
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    lines.map(|line| (name.clone(), line)).collect()
}

/// Cookies: what is set again is only what we had set.
fn cookies_of(bytes: &[u8]) {
    const ATTEMPT: &str = "01900000-0000-7000-8000-000000000000";
    let headers = headers(&header::COOKIE, bytes);
    for secure in [true, false] {
        let _ = cookies::login(&headers, secure);
        if let Some(finish) = cookies::finish(&headers, ATTEMPT, secure) {
            assert!(OpaqueToken::parse(&finish.state).is_some());
        }
        let fresh = OpaqueToken::from_bytes(&[1; 32]);
        let set = cookies::set_finish(&headers, ATTEMPT, &fresh, fresh.reveal(), secure);
        let set = set.as_ref().and_then(|set| set.to_str().ok()).expect("a header of ours");
        let (value, rest) = set.split_once("; Path=/").expect("our own attributes");
        assert!(value.len() < 1000 && !value.contains([';', ',', ' ']), "{value}");
        assert!(rest.ends_with(if secure { "; Secure" } else { "SameSite=Lax" }));
        let back = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(value).expect("a cookie"))]);
        assert!(cookies::finish(&back, ATTEMPT, secure).is_some_and(|found| found.finisher == fresh));
    }
}

/// `X-Forwarded-For`: nobody else's word counts, and a proxy's only as far as it knows.
fn forwarded(bytes: &[u8]) {
    let headers = headers(&HeaderName::from_static("x-forwarded-for"), bytes);
    let proxies: [IpNet; 1] = ["10.0.0.0/8".parse().expect("a network")];
    let peer = |text: &str| Peer(SocketAddr::new(text.parse().expect("an address"), 443));
    let stranger = sender(Some(peer("192.0.2.9")), &headers, &proxies);
    assert_eq!(stranger, (Network::parse("192.0.2.9").expect("an address"), false));
    let (network, behind) = sender(Some(peer("10.0.0.1")), &headers, &proxies);
    assert!(behind && Network::parse(&network.to_string()) == Some(network));
    assert_eq!(sender(None, &headers, &proxies), (Network::unknown(), false));
}

/// The query of the callback, and of the questions for an outcome.
fn callback_query(bytes: &[u8]) {
    if let Ok(params) = extract::form::<CallbackParams>(bytes) {
        downcity_service::fuzzing::callback(&params.into());
    }
    if let Ok(posted) = extract::form::<PostedAnswer>(bytes) {
        downcity_service::fuzzing::callback(&posted.into());
    }
    let _ = extract::form::<OauthResultQuery>(bytes);
}

/// A JSON body: what is wrong is told without what was sent.
fn json_body(bytes: &[u8]) {
    if let Err(problem) = extract::read::<OauthStartRequest>(bytes) {
        let told = problem.sentence(downcity_service::core::Lang::En);
        assert!(told.len() < 1000 + bytes.len() && !told.is_empty());
    }
}
