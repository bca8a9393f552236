//! What holds on every route: request ids, hardening headers, the shape of errors, CORS.

use crate::kit::{assert_error, documented_routes, raw};
use crate::support::{Answer, HOME, On, World};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use std::collections::HashSet;

const LISTED: &str = "https://app.example.com";

async fn with_origin() -> World {
    let world = World::ready(On::Sqlite).await;
    let origins = json!({"city_id": "city_demo", "allowed_origins": [LISTED]});
    world.admin_post("cities/update", origins).await;
    world
}

fn to(world: &World, method: &str, path: &str) -> RequestBuilder {
    world.http.request(method.parse::<Method>().unwrap(), format!("{}{path}", world.base))
}

/// Requirement S7, and the contract's "Anything that carries a token answers no-store": everything but public
/// facts does.
#[tokio::test]
async fn every_route_answers_with_hardening_headers_and_a_request_id() {
    let world = World::ready(On::Sqlite).await;
    let mut ids = HashSet::new();
    let mut routes: Vec<_> =
        documented_routes().into_iter().map(|(method, path, _)| (method, path)).collect();
    routes.extend(
        [("GET", "/nowhere"), ("GET", "/openapi.json"), ("DELETE", "/v1/accounts/me")]
            .map(|(m, p)| (m.into(), p.into())),
    );
    for (method, path) in routes {
        let answer = Answer::of(to(&world, &method, &path)).await;
        let seen = format!("{method} {path}");
        assert!(ids.insert(answer.header("x-request-id").to_owned()), "{seen}: an id of its own");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{seen}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{seen}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{seen}");
        let csp = answer.header("content-security-policy");
        for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(csp.contains(rule), "{seen}: {csp}");
        }
        assert!(!csp.contains("unsafe"), "{seen}: {csp}");
        let public = ["/.well-known/jwks.json", "/openapi.json"].contains(&path.as_str());
        let cache = if public { "public, max-age=300" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), cache, "{seen}");
        assert!(answer.headers.get("server").is_none(), "{seen}");
    }
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_have_our_shape() {
    let world = World::new(On::Sqlite).await;
    for path in
        ["/", "/v1", "/v1/accounts", "/v1/accounts/nothing", "/v2/accounts/me", "/v1/accounts/me/", "/v1//x"]
    {
        assert_error(&Answer::of(to(&world, "GET", path)).await, 404, "unknown_route");
    }
    for (path, allowed) in [
        ("/v1/accounts/oauth/start", "POST"),
        ("/v1/accounts/me", "GET,HEAD"),
        ("/v1/accounts/oauth/callback", "GET,HEAD,POST"),
    ] {
        let answer = Answer::of(to(&world, "PUT", path)).await;
        assert_error(&answer, 405, "wrong_method");
        // RFC 9110 §15.5.6: a 405 names the methods that would do.
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
}

#[tokio::test]
async fn errors_speak_the_callers_language() {
    let world = World::new(On::Sqlite).await;
    let english = assert_error(&world.get_from(HOME, "accounts/me").await, 401, "authentication_required");
    assert!(english.is_ascii());
    let request = world.http.get(world.url("accounts/me")).header("accept-language", "zh-CN");
    let chinese = assert_error(&Answer::of(request).await, 401, "authentication_required");
    assert!(chinese.contains("令牌"), "{chinese}");
}

#[tokio::test]
async fn bodies_are_json_objects_within_the_limit() {
    let world = World::ready(On::Sqlite).await;
    let url = world.url("accounts/oauth/start");
    let send = |content_type: &'static str, body: Vec<u8>| {
        Answer::of(world.http.post(&url).header("content-type", content_type).body(body))
    };
    let good = br#"{"provider":"wechat"}"#;
    for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
        assert_eq!(send(content_type, good.to_vec()).await.status, 200, "{content_type}");
    }
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"]
    {
        assert_error(&send(content_type, good.to_vec()).await, 415, "unsupported_media_type");
    }
    for body in
        ["[1]", "null", "7", "\"x\"", "{", "{\"provider\":\"wechat\"", "{\"provider\":\"wechat\"} x", " "]
    {
        assert_error(&send("application/json", body.into()).await, 400, "bad_json");
    }
    assert_error(&send("application/json", b"{\"provider\":\"\xff\"}".to_vec()).await, 400, "bad_json");
    let mut largest = good.to_vec();
    largest.resize(256 * 1024, b' ');
    assert_eq!(send("application/json", largest.clone()).await.status, 200, "exactly the limit");
    largest.push(b' ');
    assert_error(&send("application/json", largest.clone()).await, 413, "body_too_large");
    let mut chunked = b"POST /v1/accounts/oauth/start HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
        content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for part in largest.chunks(0x4000) {
        chunked.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        chunked.extend_from_slice(part);
        chunked.extend_from_slice(b"\r\n");
    }
    let answer = raw(&world, &chunked).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body_too_large"), "{answer}");
}

/// Requirement S8 and contract: origins only from the cities' lists, never reflected otherwise.
#[tokio::test]
async fn cors_is_for_listed_origins_only() {
    let world = with_origin().await;
    let allow = |answer: &Answer| answer.header("access-control-allow-origin").to_owned();
    let ask = |origin: &'static str, path: &str| {
        Answer::of(world.http.get(world.url(path)).header("origin", origin))
    };
    let listed = ask(LISTED, "accounts/providers").await;
    assert_eq!(allow(&listed), LISTED);
    assert!(listed.header("vary").contains("origin"), "{}", listed.header("vary"));
    assert!(listed.header("access-control-expose-headers").contains("x-request-id"));
    assert_eq!(
        allow(&ask(LISTED, "accounts/me").await),
        LISTED,
        "also on errors, so that pages can read them"
    );
    for other in ["https://evil.test", "https://app.example.com.evil.test", "http://app.example.com", "null"]
    {
        let answer = ask(other, "accounts/providers").await;
        assert_eq!(allow(&answer), "", "{other}");
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
        assert!(answer.header("vary").contains("origin"));
    }
    for page in ["accounts/oauth/callback", "accounts/oauth/outcome", "accounts/email/open"] {
        assert_eq!(allow(&ask(LISTED, page).await), "", "{page} is for people");
    }
}

#[tokio::test]
async fn preflight_is_answered_without_running_anything() {
    let world = with_origin().await;
    let preflight = |origin: &'static str| {
        let request = to(&world, "OPTIONS", "/v1/accounts/oauth/start").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        Answer::of(request.header("access-control-request-headers", "authorization,content-type"))
    };
    let listed = preflight(LISTED).await;
    assert_eq!((listed.status, listed.text.as_str()), (204, ""));
    assert_eq!(listed.header("access-control-allow-origin"), LISTED);
    let methods = listed.header("access-control-allow-methods").to_uppercase();
    assert!(methods.contains("POST") && methods.contains("GET"), "{methods}");
    let headers = listed.header("access-control-allow-headers").to_lowercase();
    assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
    assert_eq!(preflight("https://evil.test").await.header("access-control-allow-origin"), "");
}

/// A page may start sign-ins only for a city that lists its origin, or from our own address.
#[tokio::test]
async fn a_city_is_started_only_from_its_own_pages() {
    let world = with_origin().await;
    world.admin_post("cities/create", json!({"name": "Other", "city_id": "city_other"})).await;
    let start = |origin: String, city: &'static str| {
        let request = world.http.post(world.url("accounts/oauth/start")).header("origin", origin);
        Answer::of(request.json(&json!({"provider": "wechat", "city_id": city})))
    };
    assert_eq!(start(LISTED.into(), "city_demo").await.status, 200);
    assert_eq!(start(world.base.clone(), "city_other").await.status, 200, "our own address");
    let other = start(LISTED.into(), "city_other").await;
    assert!(assert_error(&other, 403, "origin_not_allowed").contains("allowed_origins"));
    assert_eq!(other.header("access-control-allow-origin"), LISTED, "the page can read why");
    assert_error(&start("https://evil.test".into(), "city_demo").await, 403, "origin_not_allowed");
    assert_error(&start("null".into(), "city_demo").await, 403, "origin_not_allowed");
}
